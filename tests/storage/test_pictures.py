"""Periods of a zone read for pictures, against the whole cube."""

import numpy as np
import pytest

from cropdash.domain import Cube
from cropdash.domain.errors import CorruptDataset
from cropdash.storage import pictures, rasters
from tests import worlds


@pytest.fixture
def written(tmp_path) -> tuple[Cube, object]:
    cube = worlds.cube(seed=3, at=worlds.grid((48, 36)), periods=5)
    cube.reflectance[1, 2, :7, :5] = np.nan
    rasters.write_cube(tmp_path, cube)
    return rasters.read_cube(tmp_path), tmp_path


@pytest.mark.parametrize("chosen", [(0,), (3, 1), (0, 1, 2, 3, 4)])
def test_periods_are_those_of_the_whole_cube(written, chosen):
    cube, folder = written
    part = pictures.read(folder, [cube.periods[i] for i in chosen])
    np.testing.assert_array_equal(part.reflectance, cube.reflectance[list(chosen)])
    np.testing.assert_array_equal(part.clear_dates, cube.clear_dates[list(chosen)])
    assert part.bands == cube.bands
    assert part.grid == cube.grid


def test_bands_are_read_in_the_order_asked_for(written):
    cube, folder = written
    part = pictures.read(folder, [cube.periods[2].id], ("B8", "B3"))
    assert part.bands == ("B8", "B3")
    np.testing.assert_array_equal(part.reflectance, cube.reflectance[2:3, [3, 1]])
    with pytest.raises(CorruptDataset, match="B12"):
        pictures.read(folder, [cube.periods[2].id], ("B12",))


def test_coarser_pixels_are_the_mean_of_the_known_ones(written):
    cube, folder = written
    part = pictures.read(folder, cube.periods, side=24)
    assert part.grid.shape == (24, 18)
    assert part.grid.bounds == cube.grid.bounds
    blocks = cube.reflectance.reshape(5, 4, 24, 2, 18, 2)
    with np.errstate(invalid="ignore"):
        known = ~np.isnan(blocks)
        mean = np.nansum(blocks, axis=(3, 5)) / known.sum(axis=(3, 5))
    np.testing.assert_allclose(part.reflectance, mean, atol=2e-4)


@pytest.mark.parametrize(
    ("shape", "side", "expected"),
    [
        ((1000, 1000), 512, (500, 500)),
        ((1000, 800), 300, (250, 200)),
        ((333, 333), 200, (333, 333)),  # odd: stays
        ((256, 256), 512, (256, 256)),
        ((256, 256), None, (256, 256)),
        ((2, 6), 1, (1, 3)),  # no further: 3 is odd
    ],
)
def test_sides_are_halved_until_they_fit(shape, side, expected):
    grid = worlds.grid(shape)
    coarse = pictures.coarser(grid, side)
    assert coarse.shape == expected
    assert coarse.bounds == grid.bounds


def test_a_period_that_is_not_there_is_said(written):
    _, folder = written
    with pytest.raises(CorruptDataset, match="build the zone again"):
        pictures.read(folder, ["2031-01"])


@pytest.mark.parametrize("name", ["composite.tif", "clear_dates.tif"])
def test_a_truncated_file_is_said(written, name):
    cube, folder = written
    whole = (folder / name).read_bytes()
    (folder / name).write_bytes(whole[: len(whole) // 3])
    with pytest.raises(CorruptDataset, match=folder.name):
        pictures.read(folder, cube.periods)
