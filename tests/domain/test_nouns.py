import numpy as np
import pytest

from cropdash.domain import Cube, Grid, Labels, Sample, Scene, Season, Zone
from cropdash.domain.errors import ConfigError, InvalidRaster
from tests import worlds


def test_grid_bounds_and_transform_follow_north_up_rows():
    grid = worlds.grid((7, 5))
    assert grid.bounds == (500_000, 5_499_930, 500_050, 5_500_000)
    a, b, c, d, e, f = grid.transform
    column, row = 5, 7
    assert (a * column + b * row + c, d * column + e * row + f) == (grid.bounds[2], grid.bounds[1])


@pytest.mark.parametrize(("size", "shape"), [(0.0, (3, 3)), (-10.0, (3, 3)), (10.0, (0, 3))])
def test_impossible_grids_are_refused(size, shape):
    with pytest.raises(InvalidRaster):
        Grid("EPSG:32631", 0, 0, size, shape)


def test_zone_refuses_names_that_are_no_folder_and_unknown_splits():
    with pytest.raises(ConfigError):
        Zone("../up", "north", "train", worlds.grid())
    with pytest.raises(ConfigError):
        Zone("a", "north", "validation", worlds.grid())  # type: ignore[arg-type]


def test_transposed_arrays_are_refused():
    at = worlds.grid((7, 5))
    good = worlds.cube(at=at)
    with pytest.raises(InvalidRaster):
        Cube(good.reflectance.swapaxes(2, 3), good.clear_dates, good.periods, good.bands, at)
    with pytest.raises(InvalidRaster):
        Labels(np.zeros((5, 7), np.uint8), np.zeros((5, 7), np.int32), at)
    with pytest.raises(InvalidRaster):
        Scene(
            __import__("datetime").date(2023, 5, 1),
            np.zeros((4, 5, 7), np.float32),
            np.zeros((7, 5), np.uint8),
            at,
            ("B2", "B3", "B4", "B8"),
        )


def test_repeated_bands_are_refused():
    good = worlds.cube()
    with pytest.raises(InvalidRaster):
        Cube(good.reflectance, good.clear_dates, good.periods, ("B2", "B2", "B4", "B8"), good.grid)


def test_ndvi_uses_bands_by_name_and_is_nan_where_undefined():
    good = worlds.cube()
    values = good.reflectance.copy()
    values[0, :, 0, 0] = 0
    values[1, 3, 2, 1] = np.nan
    cube = Cube(values, good.clear_dates, good.periods, good.bands, good.grid)
    red, nir = values[2, 2, 4, 3], values[2, 3, 4, 3]
    assert cube.ndvi[2, 4, 3] == pytest.approx((nir - red) / (nir + red))
    assert np.isnan(cube.ndvi[0, 0, 0])
    assert np.isnan(cube.ndvi[1, 2, 1])
    with pytest.raises(InvalidRaster, match="B11"):
        cube.band("B11")


def test_sample_refuses_parts_of_different_grids():
    with pytest.raises(InvalidRaster):
        Sample(worlds.zone(), worlds.cube(), worlds.labels(at=worlds.grid((6, 5))))


def test_season_has_twelve_months():
    assert Season.of(2023).periods[0].id == "2023-01"
    assert Season.of(2023).periods[-1].id == "2023-12"
    assert len(Season.of(2023).periods) == 12
