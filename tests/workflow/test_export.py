"""A simulated landscape as files, read back as local data."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pyogrio
import pytest
import rasterio
from typer.testing import CliRunner

from cropdash.cli.app import app
from cropdash.domain import Season
from cropdash.domain.errors import ConfigError
from cropdash.domain.sentinel2 import BAND_SETS
from cropdash.ingest.local.source import LocalSource
from cropdash.prepare.composite import stream
from cropdash.simulate.source import SimulatedSource
from cropdash.workflow.export import export

SOURCE = SimulatedSource(size=40, zones_per_region=2)
NORTH = [zone for zone in SOURCE.zones() if zone.region == "nord_picardie"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("export")
    assert export(SOURCE, NORTH, path) == len(list((path / "scenes").glob("*.tif")))
    return path


def test_local_source_reads_the_same_composite(folder: Path) -> None:
    local = LocalSource(folder)
    zones = {zone.zone_id: zone for zone in local.zones()}
    for zone in NORTH:
        assert zones[zone.zone_id].grid == zone.grid
        assert zones[zone.zone_id].split == zone.split
        ours = stream(list(SOURCE.scenes(zone)), SOURCE.season.periods)
        theirs = stream(list(local.scenes(zone)), local.season.periods)
        np.testing.assert_array_equal(ours.clear_dates, theirs.clear_dates)
        # One digital number, and its half from rounding before and after the median.
        np.testing.assert_allclose(ours.reflectance, theirs.reflectance, atol=1.01e-4)


def test_ten_bands_of_a_season_from_october_are_read_back(tmp_path: Path) -> None:
    season = Season.of("2022-10..2023-09", "dekad")
    source = replace(SOURCE, season=season, bands=BAND_SETS["all"])
    zone = NORTH[0]
    export(source, [zone], tmp_path)
    local = LocalSource(tmp_path, season, source.bands)
    ours = stream(list(source.scenes(zone)), season.periods)
    (found,) = local.zones()
    theirs = stream(list(local.scenes(found)), season.periods)
    assert theirs.bands == ours.bands == BAND_SETS["all"]
    assert {period.start.year for period in theirs.periods} == {2022, 2023}
    np.testing.assert_array_equal(ours.clear_dates, theirs.clear_dates)
    np.testing.assert_allclose(ours.reflectance, theirs.reflectance, atol=1.01e-4)


def test_the_command_writes_bands_and_season_and_says_how_to_build_them(tmp_path: Path) -> None:
    command = ["simulate", "export", str(tmp_path), "--zone", "brittany_1", "--size", "32"]
    command += ["--season", "2022-12..2023-02", "--bands", "B4,B8,B8A"]
    told = CliRunner().invoke(app, command)
    assert told.exit_code == 0, told.output
    assert "--season 2022-12..2023-02 --bands B4,B8,B8A" in told.output
    files = sorted((tmp_path / "scenes").glob("*.tif"))
    assert {path.stem[-8:-4] for path in files} == {"2022", "2023"}
    with rasterio.open(files[0]) as scene:
        assert scene.descriptions == ("B4", "B8", "B8A", "SCL")
    refused = CliRunner().invoke(app, [*command[:-1], "B4,B8,B9"])
    assert isinstance(refused.exception, ConfigError)
    assert "B9 is no band" in str(refused.exception)


def test_register_is_the_rpgs(folder: Path) -> None:
    path = folder / "register.gpkg"
    assert [row[0] for row in pyogrio.list_layers(path)] == ["PARCELLES_GRAPHIQUES"]
    info = pyogrio.read_info(path, layer="PARCELLES_GRAPHIQUES")
    assert info["crs"] == "EPSG:2154"
    official = ["ID_PARCEL", "SURF_PARC", "CODE_CULTU", "CODE_GROUP", "CULTURE_D1", "CULTURE_D2"]
    assert list(info["fields"]) == official
    local = LocalSource(folder)
    for zone in NORTH:
        codes = set(SOURCE.parcels(zone)["CODE_CULTU"])
        assert codes <= set(local.parcels(zone)["CODE_CULTU"])


def test_zones_of_two_utm_zones_are_refused(tmp_path: Path) -> None:
    zones = [zone for zone in SOURCE.zones() if zone.region in ("brittany", "nord_picardie")]
    with pytest.raises(ConfigError, match="EPSG:32630 and EPSG:32631"):
        export(SOURCE, zones, tmp_path)
