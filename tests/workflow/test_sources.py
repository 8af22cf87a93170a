import subprocess
import sys

import pytest

from cropdash.domain import Season
from cropdash.domain.errors import ConfigError, InvalidRegister
from cropdash.ingest import zones
from cropdash.ingest.local.source import LocalSource
from cropdash.settings import build
from cropdash.simulate import SimulatedSource
from cropdash.workflow import sources
from tests import worlds


def parse(source, **values):
    return build.parse({"source": source, "dataset": "d", **values})


@pytest.fixture
def squares(tmp_path):
    path = tmp_path / "zones.csv"
    zones.write(path, [worlds.zone("a", "test", worlds.grid((40, 20)))])
    return path


def test_the_simulated_source_has_the_settings():
    config = parse("simulated", size=48, seed=7, season=2020, zones_per_region=3)
    source = sources.open_source(config)
    assert source == SimulatedSource(seed=7, size=48, season=Season.of(2020), zones_per_region=3)
    assert sources.title_of(config, source) == "Simulated landscape 2020"
    assert sources.settings_of(config) == {
        "seed": 7, "size": 48, "season": "2020", "every": "month", "bands": ["B2", "B3", "B4", "B8"],
        "zones_per_region": 3,
    }  # fmt: skip


def test_the_local_source_needs_its_folder(tmp_path):
    assert sources.open_source(parse("local", folder=tmp_path)) == LocalSource(tmp_path)
    with pytest.raises(ConfigError, match="no folder"):
        sources.open_source(parse("local", folder=tmp_path / "none"))


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
    source = sources.open_source(config)
    assert (source.endpoint.url, source.endpoint.collection) == (url, "my-collection")
    assert (source.layout.id_column, source.layout.code_column) == ("ID", "CROP")
    assert [z.zone_id for z in source.zones()] == ["a"]
    assert source.season.periods[0].id == "2022-01"
    assert set(sources.settings_of(config)) == {
        "season", "every", "bands", "register_path", "zones_path", "id_column", "code_column", "code_table",
        "endpoint", "collection",
    }  # fmt: skip


def test_faults_of_the_zones_file_come_through(tmp_path):
    with pytest.raises(InvalidRegister, match=r"zones\.csv"):
        sources.open_source(
            parse("stac", register_path=tmp_path, zones_path=tmp_path / "zones.csv")
        )


def test_no_provider_is_loaded_before_it_is_wanted():
    code = (
        "import sys; import cropdash.workflow.sources, cropdash.workflow.build, cropdash.jobs.launch;"
        " heavy = {'ee', 'odc', 'pystac_client', 'distributed', 'dask', 'torch', 'xgboost'};"
        " sys.exit(' '.join(heavy & set(sys.modules)) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
