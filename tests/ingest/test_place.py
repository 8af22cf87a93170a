"""`build --near` against services on the loopback device, beside the same land as files."""

from __future__ import annotations

import json
import os
import shutil
import sys

import pytest
from typer.testing import CliRunner

from cropdash.cli import app as command_line
from cropdash.domain.errors import ConfigError, CropdashError
from cropdash.storage import layout, provenance
from cropdash.storage.datasets import DatasetFolder
from tests.ingest import places
from tests.ingest.places import LAT, LON, SEASON
from tests.ingest.stac.api import serve

SEEDS = int(os.environ.get("PLACE_SEEDS", "2"))  # of the campaign; bench.faults asks for more


@pytest.fixture(scope="module")
def api(tmp_path_factory):
    folder = tmp_path_factory.mktemp("served")
    with serve(folder) as server:
        places.stock(server)
        yield server


@pytest.fixture(autouse=True)
def well(api):
    yield
    api.fault, api.slow_s = (lambda path: None), 1.5
    api.log.clear()
    api.faults.clear()


@pytest.fixture(scope="module")
def from_files(api, tmp_path_factory) -> DatasetFolder:
    """The dataset as it is built from files, with the zones that are proposed."""
    return places.from_files(tmp_path_factory.mktemp("files"), api.url)


def make(api, data, way=places.service):
    """Build the place; the outcome, and the dataset."""
    provider, catalogue = way(api.url, places.quick()), places.endpoint(api.url, places.quick())
    return places.make(data, "near", provider, catalogue)


@pytest.fixture(scope="module")
def fetched(api, tmp_path_factory):
    """The folder with the place as the services give it."""
    data = tmp_path_factory.mktemp("fetched")
    outcome, _ = make(api, data)
    assert (len(outcome.built), outcome.failed) == (3, {})
    return data


@pytest.fixture
def here(fetched, tmp_path):
    """A copy that may be changed."""
    return shutil.copytree(fetched, tmp_path / "data")


def test_services_give_the_dataset_that_files_give(fetched, from_files):
    assert_same(DatasetFolder(fetched, "near"), from_files)


def test_a_remote_file_gives_the_dataset_that_files_give(api, from_files, tmp_path):
    outcome, made = make(api, tmp_path, places.remote_file)
    assert (len(outcome.built), outcome.failed) == (3, {})
    assert_same(made, from_files)


def assert_same(made, from_files):
    found = places.differences(made, from_files)
    assert all(found[name] <= most for name, most in places.EQUAL.items()), found
    assert sum(len(made.parcels(z.zone_id)) for z in made.built_zones()) > 30


def test_a_command_builds_it_and_the_second_time_no_service_is_asked(
    api, from_files, tmp_path, monkeypatch
):
    monkeypatch.setenv("CROPDASH_DATA", str(tmp_path))
    monkeypatch.setenv("CPL_VSIL_CURL_NON_CACHED", "/vsicurl/http:")  # of other tests' files
    settings = tmp_path / "register.toml"
    settings.write_text(
        f'way = "wfs"\nname = "a register"\nurl = "{api.url}/wfs"\npage = 100\n'
        'layer = "RPG.{year}:parcelles_graphiques"\n'
        'id_column = "id_parcel"\ncode_column = "code_cultu"\n'
    )
    outline = {"type": "Polygon", "coordinates": [[[LON - 0.02, LAT - 0.013], [LON + 0.02, LAT - 0.013],
        [LON + 0.02, LAT + 0.013], [LON - 0.02, LAT + 0.013], [LON - 0.02, LAT - 0.013]]]}  # fmt: skip
    (tmp_path / "area.geojson").write_text(json.dumps(outline))
    words = [
        "build", "near", "--area", str(tmp_path / "area.geojson"), "--service", str(settings),
        "--number", "3", "--size", "64", "--season", SEASON.text, "--endpoint", api.url,
        "--workers", "1",
    ]  # fmt: skip
    said = CliRunner().invoke(command_line.app, words)
    assert said.exit_code == 0, (said.output, said.exception)
    for part in ("some 3 requests", "256 parcels", "3 zones", "requests, up to", "3 zones built"):
        assert part in said.output
    made = DatasetFolder(tmp_path, "near")
    note = made.report("near_1")["register"]
    assert (note["parcels"], note["service"]) == (256, f"{api.url}/wfs")
    assert len(note["digest"]) == 64
    before = {z.zone_id: made.fingerprint() for z in made.built_zones()}
    # Zones are built again from what is kept: the register's service is down.
    for zone in made.built_zones():
        made.forget_zone(zone.zone_id)
    api.fault = lambda path: "404" if path in ("/wfs", "/search", "/") else None
    api.log.clear()
    again = CliRunner().invoke(command_line.app, words)
    assert again.exit_code == 0, (again.output, again.exception)
    assert before == {z.zone_id: made.fingerprint() for z in made.built_zones()}
    assert {path.split("/")[1] for _, path, _ in api.log} == {"files"}
    # And the parcels need no net at all.
    api.fault = lambda path: "404"
    shown = CliRunner().invoke(command_line.app, [*words, "--estimate"])
    assert shown.exit_code == 0, shown.output


def test_a_dataset_that_was_begun_keeps_its_place(api, here):
    provider = places.service(api.url, places.quick())
    incoming = here / "incoming" / "near"
    before = {path.name: path.read_bytes() for path in incoming.iterdir()}
    elsewhere = places.place.Wanted(places.area.around(LAT + 0.001, LON, 1.6), 3, 64)
    for wanted in (elsewhere, places.wanted(2)):
        with pytest.raises(ConfigError, match="another place or other zones"):
            places.place.find("near", wanted, SEASON, here, provider=provider)
    assert {path.name: path.read_bytes() for path in incoming.iterdir()} == before


def test_the_list_of_scenes_makes_the_same_pixels_elsewhere(api, here, tmp_path, monkeypatch):
    monkeypatch.setenv("CROPDASH_DATA", str(here))
    made = DatasetFolder(here, "near")
    told = provenance.of_dataset(made)
    (one, *_) = told["zones"].values()
    assert len(one["scenes"]["scenes"]) == len(places.DAYS)
    scene = one["scenes"]["scenes"][0]
    assert scene["offsets"] == [-1000] * 4
    assert "05.09" in scene["why"]
    assert scene["hrefs"][0].startswith(api.url)
    assert len(scene["digest"]) == 64
    path = tmp_path / "near.json"
    said = CliRunner().invoke(command_line.app, ["provenance", "near", "--out", str(path)])
    assert said.exit_code == 0, said.output
    incoming = here / "incoming" / "near"
    words = [
        "build", "second", "--source", "stac", "--register", str(incoming / "register.parquet"),
        "--zones", str(incoming / "zones.csv"), "--season", SEASON.text, "--endpoint", api.url,
        "--scenes", str(path), "--workers", "1",
    ]  # fmt: skip
    # A scene that came later is no part of it, and the search is not asked.
    api.fault = lambda path: "404" if path == "/search" else None
    done = CliRunner().invoke(command_line.app, words)
    assert done.exit_code == 0, (done.output, done.exception)
    assert places.differences(made, DatasetFolder(here, "second"))["DN"] == 0


@pytest.mark.parametrize("how", ["changed", "gone"])
def test_a_scene_that_changed_or_is_gone_is_one_sentence(api, here, how):
    made = DatasetFolder(here, "near")
    made.forget_zone("near_1")
    name = places.products()[2].name
    file = api.folder / f"{name}_B04.tif"
    whole = file.read_bytes()
    try:
        if how == "gone":
            file.unlink()
        else:
            other = places.products()[1]
            file.write_bytes((api.folder / f"{other.name}_B04.tif").read_bytes())
        outcome, _ = make(api, here)
    finally:
        file.write_bytes(whole)
    (sentence,) = outcome.failed.values()
    assert name in sentence
    assert "list of scenes" in sentence
    assert "\n" not in sentence
    # With the scene as it was the zone is built.
    outcome, _ = make(api, here)
    assert outcome.built == ("near_1",)
    assert layout.SCENES.find(made.zone_folder("near_1"))["read"]


# faults ---------------------------------------------------------------------------


def test_a_campaign_of_faults_loses_and_falsifies_nothing(api, from_files, tmp_path, capsys):
    counts = places.campaign(api, from_files, tmp_path, range(SEEDS))
    with capsys.disabled():
        sys.stdout.write(f"\n{places.told_of(counts)}\n")
    assert (counts["wrong"], counts["lost"]) == (0, 0)
    assert counts["faults"] > 20 * SEEDS


def test_a_build_that_is_killed_goes_on_and_is_the_same(api, from_files, tmp_path):
    """The process is killed (SIGKILL) at drawn requests, until it comes to its end."""
    kills, made = places.killed(api, tmp_path, 2, seed=4)
    assert kills >= 2
    assert len(made.built_zones()) == 3
    assert places.alike(made, from_files)


def test_a_register_that_answers_in_part_ends_before_anything_is_built(api, tmp_path):
    api.fault = lambda path: "short" if path == "/wfs" else None
    with pytest.raises(CropdashError, match="in part"):
        make(api, tmp_path)
    assert not (tmp_path / "near").exists()
    assert not (tmp_path / "incoming" / "near" / "register.parquet").exists()
