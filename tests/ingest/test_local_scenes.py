import datetime as dt
import shutil

import geopandas as gpd
import numpy as np
import pytest
import rasterio
from rasterio.transform import Affine
from shapely import box

from cropdash.domain import Grid
from cropdash.domain.errors import InvalidRegister, InvalidScene
from cropdash.ingest.local.source import LocalSource, read_scene
from cropdash.prepare import composite
from tests import worlds
from tests.worlds import FLANDERS, needs

GRID = worlds.grid((9, 6))
DATE = dt.date(2023, 5, 1)
NAMES = ("B2", "B3", "B4", "B8", "SCL")


def write(path, grid=GRID, names=NAMES, value=None):
    values = np.random.default_rng(0).integers(1, 5000, (len(names), *grid.shape)).astype(np.uint16)
    values[-1] = 5 if value is None else value
    profile = {
        "driver": "GTiff",
        "count": len(names),
        "height": grid.shape[0],
        "width": grid.shape[1],
        "dtype": "uint16",
        "crs": grid.crs,
        "transform": Affine(*grid.transform),
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    with rasterio.open(path, "w", **profile) as raster:
        raster.write(values)
        raster.descriptions = names
    return values


def zones_file(folder, **columns):
    left, bottom, right, top = GRID.bounds
    frame = gpd.GeoDataFrame(columns, geometry=[box(left + 20, bottom, right, top)], crs=GRID.crs)
    frame.to_crs(4326).to_file(folder / "zones.geojson", driver="GeoJSON")


def test_a_window_is_cut_by_position_and_bands_by_name(tmp_path):
    order = ("SCL", "B08", "B02", "B04", "B03")
    values = write(tmp_path / "x.tif", names=order)
    part = Grid(GRID.crs, GRID.left + 20, GRID.top - 30, 10, (4, 3))
    scene = read_scene(tmp_path / "x.tif", DATE, part)
    expected = values[[2, 4, 3, 1]][:, 3:7, 2:5] / 10_000
    np.testing.assert_allclose(scene.reflectance, expected, rtol=1e-6)


def test_outside_the_scene_is_no_data_and_far_away_is_no_scene(tmp_path):
    write(tmp_path / "x.tif")
    over = Grid(GRID.crs, GRID.left - 10, GRID.top, 10, (9, 6))
    scene = read_scene(tmp_path / "x.tif", DATE, over)
    assert np.isnan(scene.reflectance[:, :, 0]).all()
    assert not np.isnan(scene.reflectance[:, :, 1:]).any()
    assert not composite.clear_mask(scene)[:, 0].any()
    assert read_scene(tmp_path / "x.tif", DATE, Grid(GRID.crs, 0, GRID.top, 10, (9, 6))) is None


def test_faults_of_a_scene_are_named(tmp_path):
    few = tmp_path / "few.tif"
    write(few, names=("B2", "B3", "SCL"))
    with pytest.raises(InvalidScene, match=r"few\.tif.*B4"):
        read_scene(few, DATE, GRID)
    off = tmp_path / "off.tif"
    write(off, grid=Grid(GRID.crs, GRID.left + 3, GRID.top, 10, GRID.shape))
    with pytest.raises(InvalidScene, match=r"off\.tif.*pixels"):
        read_scene(off, DATE, GRID)
    other = tmp_path / "other.tif"
    write(other, grid=Grid("EPSG:32630", GRID.left, GRID.top, 10, GRID.shape))
    with pytest.raises(InvalidScene, match="EPSG:32630"):
        read_scene(other, DATE, GRID)


def test_a_truncated_scene_is_reported_and_the_others_go_on(tmp_path):
    zones_file(tmp_path, zone_id=["a"], region=["r"], split=["train"])
    for day in (1, 9, 20):
        write(tmp_path / "scenes" / f"S2_202305{day:02d}.tif")
    bad = tmp_path / "scenes" / "S2_20230509.tif"
    bad.write_bytes(bad.read_bytes()[:300])
    source = LocalSource(tmp_path)
    (zone,) = source.zones()
    warnings = []
    dates = [s.date.day for s in source.scenes(zone, warnings.append)]
    assert dates == [1, 20]
    assert len(warnings) == 1
    assert "S2_20230509.tif" in warnings[0]


def test_zones_need_their_columns_and_a_split(tmp_path):
    write(tmp_path / "scenes" / "20230501.tif")
    with pytest.raises(InvalidRegister, match=r"zones\.geojson"):
        LocalSource(tmp_path).zones()
    zones_file(tmp_path, zone_id=["a"], region=["r"])
    with pytest.raises(InvalidRegister, match="split"):
        LocalSource(tmp_path).zones()


def test_folders_without_scenes_dates_or_register_say_so(tmp_path):
    with pytest.raises(InvalidScene, match="scenes"):
        _ = LocalSource(tmp_path).season
    write(tmp_path / "scenes" / "undated.tif")
    with pytest.raises(InvalidScene, match=r"undated\.tif"):
        _ = LocalSource(tmp_path).season
    with pytest.raises(InvalidRegister, match="one register"):
        LocalSource(tmp_path).parcels(worlds.zone())


@needs(FLANDERS)
def test_flanders_composite_agrees_with_the_independent_one():
    source = LocalSource(FLANDERS)
    west, east = source.zones()
    assert (west.grid.shape, east.grid.shape) == ((64, 32), (64, 32))
    assert (west.split, east.split) == ("train", "test")
    assert source.season.periods[0].id == "2018-01"
    reference = np.load(FLANDERS / "reference_monthly_median.npy")
    for zone, columns in ((west, slice(0, 32)), (east, slice(32, 64))):
        cube = composite.stream(source.scenes(zone, pytest.fail), source.season.periods)
        np.testing.assert_allclose(
            cube.reflectance * 10_000, reference[..., columns], atol=1, equal_nan=True
        )


@needs(FLANDERS)
def test_parcels_of_a_zone_come_from_the_register():
    source = LocalSource(FLANDERS)
    west, _ = source.zones()
    frame = source.parcels(west)
    assert 0 < len(frame) < 18
    assert frame.crs.to_epsg() == 2154


@needs(FLANDERS)
def test_a_second_register_in_the_folder_is_refused(tmp_path):
    for name in ("a.gpkg", "b.gpkg"):
        shutil.copy(FLANDERS / "parcels.gpkg", tmp_path / name)
    with pytest.raises(InvalidRegister, match="holds 2"):
        LocalSource(tmp_path).parcels(worlds.zone())
