"""The registry of sources: what each is, opened from its settings."""

import subprocess
import sys
from dataclasses import replace

import pytest

from cropdash.domain import Season
from cropdash.domain.errors import ConfigError, InvalidRegister
from cropdash.ingest import zones
from cropdash.ingest.local.source import LocalSource
from cropdash.settings import sources
from cropdash.settings.build import BuildConfig
from cropdash.simulate.source import SimulatedSource
from tests import worlds

SEASON = {"season": "2022-10..2023-09", "every": "dekad", "bands": "all"}


def parse(source, **values):
    return sources.parse({"source": source, "dataset": "d", **values})


def opened(config):
    return sources.of(config).open(config)


@pytest.fixture
def squares(tmp_path):
    path = tmp_path / "zones.csv"
    zones.write(path, [worlds.zone("a", "test", worlds.grid((40, 20)))])
    return path


def test_the_simulated_source_has_the_settings():
    config = parse("simulated", size=48, seed=7, season=2020, zones_per_region=3)
    source = opened(config)
    assert source == SimulatedSource(seed=7, size=48, season=Season.of(2020), zones_per_region=3)
    assert sources.of(config).title(config, source) == "Simulated landscape 2020"


def test_the_local_source_needs_its_folder(tmp_path):
    assert opened(parse("local", folder=tmp_path)) == LocalSource(tmp_path)
    assert opened(parse("local", folder=tmp_path, code_column="GWS")).layout.code_column == "GWS"
    with pytest.raises(ConfigError, match="no folder"):
        opened(parse("local", folder=tmp_path / "none"))


@pytest.mark.parametrize(
    ("endpoint", "url"),
    [
        ("earth-search", "https://earth-search.aws.element84.com/v1"),
        ("https://host.example/stac", "https://host.example/stac"),
    ],
)
def test_the_stac_source_has_its_register_and_zones(tmp_path, squares, endpoint, url):
    config = parse(
        "stac", register_path=tmp_path / "r.gpkg", zones_path=squares, endpoint=endpoint,
        collection="my-collection", id_column="ID", code_column="CROP", season=2022,
    )  # fmt: skip
    source = opened(config)
    assert (source.endpoint.url, source.endpoint.collection) == (url, "my-collection")
    assert (source.layout.id_column, source.layout.code_column) == ("ID", "CROP")
    assert [z.zone_id for z in source.zones()] == ["a"]
    assert source.season.periods[0].id == "2022-01"


@pytest.mark.parametrize("name", sources.MODULES)
def test_every_source_is_opened_with_the_season_and_the_bands(name, tmp_path, squares):
    files = {
        "folder": tmp_path, "register_path": tmp_path / "r", "zones_path": squares,
        "project": "my-project", "table_path": squares,
    }  # fmt: skip
    kind = sources.kind(name)
    own = {k: v for k, v in files.items() if k in kind.settings.model_fields}
    source = opened(config := parse(name, **SEASON, **own))
    assert source.season == Season.of("2022-10..2023-09", "dekad")
    assert (len(source.season.periods), len(source.bands)) == (36, 10)
    assert "2022-10..2023-09" in kind.title(config, source)
    assert source.name == kind.name == name


def test_faults_of_the_zones_file_come_through(tmp_path):
    with pytest.raises(InvalidRegister, match=r"zones\.csv"):
        opened(parse("stac", register_path=tmp_path, zones_path=tmp_path / "zones.csv"))


def test_what_decides_the_data_is_told_apart_from_where_it_runs(tmp_path):
    one = parse(
        "earthengine", register_path="r", zones_path="z", project="project-1", workers=1
    ).content
    other = parse(
        "earthengine", register_path="r", zones_path="z", project="project-2", workers=9
    ).content
    assert one == other
    assert not {"workers", "project"} & set(one)
    assert one != parse(
        "earthengine", register_path="r", zones_path="z", project="project-1", bands="all"
    ).content  # fmt: skip


def test_an_option_that_one_source_alone_must_have_names_it():
    assert sources.implied({"workers": "2", "folder": "x"}) == "local"
    assert sources.implied({"project": "my-project"}) == "earthengine"
    assert sources.implied({"register_path": "r", "size": "64", "endpoint": "x"}) is None


def test_the_demo_is_the_first_source_as_it_comes():
    first = sources.kinds()[0]
    assert sources.demo() == first.settings(dataset="demo")
    assert sources.demo(size=64).model_dump()["size"] == 64


def test_a_source_that_is_not_registered_is_named():
    with pytest.raises(ConfigError, match="'moon' is unknown: use 'simulated', 'local'"):
        sources.kind("moon")


@pytest.mark.parametrize("kind", sources.kinds(), ids=lambda kind: kind.name)
def test_each_kind_is_whole(kind):
    assert issubclass(kind.settings, BuildConfig)
    assert kind.settings.model_fields["source"].default == kind.name
    assert kind.label
    assert kind.hint.endswith(".")
    assert replace(kind, name="x").settings is kind.settings  # plain data
    if service := kind.service({}):
        assert service.address.startswith("https://")


def test_no_provider_is_loaded_before_it_is_wanted():
    code = (
        "import sys; import cropdash.workflow.build, cropdash.jobs.launch, cropdash.cli.app;"
        " from cropdash.settings import sources; sources.kinds();"
        " heavy = {'ee', 'pystac_client', 'distributed', 'dask', 'torch', 'xgboost'};"
        " sys.exit(' '.join(heavy & set(sys.modules)) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
