import resource

import numpy as np
import pytest
import rasterio
from hypothesis import given, settings
from hypothesis import strategies as st

from cropdash.domain import Cube, Season
from cropdash.domain.errors import CorruptDataset, DiskFull
from cropdash.storage import rasters
from tests import worlds


def test_cube_survives_the_disk(tmp_path):
    plain = worlds.cube(3, worlds.grid((7, 5)), periods=4)
    values = plain.reflectance.copy()
    values[1, 2, 3, 4] = np.nan
    cube = Cube(values, plain.clear_dates, plain.periods, plain.bands, plain.grid)
    rasters.write_cube(tmp_path, cube)
    back = rasters.read_cube(tmp_path)
    assert (back.grid, back.periods, back.bands) == (cube.grid, cube.periods, cube.bands)
    np.testing.assert_allclose(back.reflectance, values, atol=0.5e-4 + 1e-7)
    np.testing.assert_array_equal(np.isnan(back.reflectance), np.isnan(values))
    np.testing.assert_array_equal(back.clear_dates, cube.clear_dates)


def test_composite_is_what_a_gis_expects(tmp_path):
    cube = worlds.cube(1, worlds.grid((300, 260)), periods=2)
    composite, _ = rasters.write_cube(tmp_path, cube)
    with rasterio.open(composite) as raster:
        assert raster.descriptions[:5] == (
            "2023-01 B2",
            "2023-01 B3",
            "2023-01 B4",
            "2023-01 B8",
            "2023-02 B2",
        )
        assert raster.profile["tiled"]
        assert raster.compression.name == "deflate"
        assert raster.overviews(1)
        assert raster.nodata == 65535
        assert raster.dtypes[0] == "uint16"
        assert raster.crs.to_epsg() == 32631
        assert raster.bounds == cube.grid.bounds


@given(st.floats(-0.5, 8, width=32))
@settings(deadline=None)
def test_encoding_is_exact_to_half_a_step_and_never_hits_the_missing_value(value):
    stored = rasters.encode(np.array([value], np.float32))
    assert stored[0] != rasters.MISSING
    expected = min(max(value, 0), 6.5534)
    assert rasters.decode(stored)[0] == pytest.approx(expected, abs=0.51e-4)


def test_labels_and_prediction_survive_the_disk(tmp_path):
    labels = worlds.labels(4)
    rasters.write_labels(tmp_path, labels)
    back = rasters.read_labels(tmp_path)
    np.testing.assert_array_equal(back.crop, labels.crop)
    np.testing.assert_array_equal(back.parcel_id, labels.parcel_id)
    confidence = np.random.default_rng(0).random(labels.crop.shape, np.float32)
    season = Season.of("2022-10..2023-09", "dekad")
    rasters.write_prediction(tmp_path / "p.tif", labels.crop, confidence, labels.grid, season)
    with rasterio.open(tmp_path / "p.tif") as file:
        said = {name: file.tags().get(name) for name in ("SEASON", "SEASON_START", "SEASON_END")}
    assert said == {
        "SEASON": "2022-10..2023-09", "SEASON_START": "2022-10-01", "SEASON_END": "2023-09-30",
    }  # fmt: skip
    crop, sure, grid = rasters.read_prediction(tmp_path / "p.tif")
    np.testing.assert_array_equal(crop, labels.crop)
    np.testing.assert_allclose(sure, confidence, atol=0.0051)
    assert grid == labels.grid


def test_truncated_rasters_are_named(tmp_path):
    rasters.write_cube(tmp_path, worlds.cube(1, worlds.grid((300, 260))))
    path = tmp_path / "composite.tif"
    path.write_bytes(path.read_bytes()[:2000])
    with pytest.raises(CorruptDataset, match=r"composite\.tif"):
        rasters.read_cube(tmp_path)


def test_a_failed_write_leaves_what_was_there(tmp_path, monkeypatch):
    labels = worlds.labels(4)
    path = rasters.write_labels(tmp_path, labels)
    before = path.read_bytes()

    def full(*args, **kwargs):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(rasters.rasterio.shutil, "copy", full)
    with pytest.raises(DiskFull, match=r"labels\.tif"):
        rasters.write_labels(tmp_path, worlds.labels(5))
    assert path.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["labels.tif"]


def test_a_disk_that_fills_up_under_a_raster_is_noticed(tmp_path):
    """GDAL itself ends some files in silence: no size of file may pass for written when it isn't."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    whole = {}
    for height in range(40, 80, 4):
        values = np.random.default_rng(height).integers(0, 60000, (4, height, 256)).astype("uint16")
        grid = worlds.grid((height, 256))
        path = tmp_path / f"{height}.tif"
        resource.setrlimit(resource.RLIMIT_FSIZE, (150_000, before[1]))
        try:
            rasters.write(path, values, grid, list("abcd"))
            whole[height] = True
        except DiskFull:
            whole[height] = False
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)
        assert path.exists() == whole[height]
        if whole[height]:
            np.testing.assert_array_equal(rasters.read(path)[0], values)
    assert len(set(whole.values())) == 2


def test_labels_say_their_season(tmp_path):
    season = Season.of("2022-10..2023-09", "dekad")
    path = rasters.write_labels(tmp_path, worlds.labels(1, worlds.grid((7, 5))), season)
    with rasterio.open(path) as file:
        said = {name: file.tags().get(name) for name in ("SEASON", "SEASON_START", "SEASON_END")}
    assert list(said.values()) == ["2022-10..2023-09", "2022-10-01", "2023-09-30"]
