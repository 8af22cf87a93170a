"""Pictures lie where the ground is, and show what the arrays hold."""

import io

import numpy as np
import pytest
from PIL import Image
from pyproj import Transformer

from cropdash.domain import Cube, Grid, indices, sentinel2
from cropdash.domain.sentinel2 import BAND_SETS
from cropdash.figures import imagery, palette
from tests import worlds

# Two zones of the demo lie at the edges of their UTM zones, where a web map turns them most.
GRIDS = [
    Grid("EPSG:32631", 500_000.0, 5_500_000.0, 10.0, (30, 41)),
    Grid("EPSG:32630", 700_000.0, 5_300_000.0, 10.0, (64, 50)),
    Grid("EPSG:32631", 300_000.0, 4_800_000.0, 10.0, (80, 80)),
]


def opened(content: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(content)))


def numbered(shape: tuple[int, int]) -> np.ndarray:
    """(H, W, 4) picture in which no two pixels are alike."""
    order = np.arange(shape[0] * shape[1]).reshape(shape)
    return np.dstack([order % 256, order // 256, np.zeros(shape), np.full(shape, 255)]).astype(
        np.uint8
    )


@pytest.mark.parametrize("grid", GRIDS)
def test_every_pixel_lies_where_its_centre_is_on_the_web_map(grid):
    picture = numbered(grid.shape)
    warped = opened(imagery.png(picture, grid))
    (south, west), (north, east) = imagery.bounds(grid)
    rows, columns = np.mgrid[: grid.shape[0], : grid.shape[1]]
    x = grid.left + (columns + 0.5) * grid.pixel_size
    y = grid.top - (rows + 0.5) * grid.pixel_size
    to_web = Transformer.from_crs(grid.crs, 3857, always_xy=True)
    web = Transformer.from_crs(4326, 3857, always_xy=True)
    (left, right), (bottom, top) = web.transform([west, east], [south, north])
    webx, weby = to_web.transform(x, y)
    j = ((webx - left) / (right - left) * warped.shape[1]).astype(int)
    i = ((top - weby) / (top - bottom) * warped.shape[0]).astype(int)
    np.testing.assert_array_equal(warped[i, j], picture)


def test_placing_the_square_by_its_corners_would_be_pixels_off():
    """Why the pictures are warped: the law above fails for the plain square."""
    grid = GRIDS[2]
    to_web = Transformer.from_crs(grid.crs, 3857, always_xy=True)
    left, bottom, _, top = grid.bounds
    (x_nw, x_sw), _ = to_web.transform([left, left], [top, bottom])
    metres = abs(x_nw - x_sw) * np.cos(np.radians(43.3))
    assert metres / grid.pixel_size > 0.5


def test_the_rim_outside_the_zone_is_transparent():
    warped = opened(imagery.png(numbered(GRIDS[1].shape), GRIDS[1]))
    corners = warped[[0, 0, -1, -1], [0, -1, 0, -1], 3]
    assert (corners == 0).any()
    assert warped[warped.shape[0] // 2, warped.shape[1] // 2, 3] == 255


@pytest.mark.parametrize("mode", ["true_colour", "false_colour", "NDVI", "GNDVI"])
def test_missing_pixels_are_transparent_and_no_others(mode):
    cube = worlds.cube(seed=1)
    holes = np.random.default_rng(0).random(cube.grid.shape) < 0.4
    cube.reflectance[1][:, holes] = np.nan
    picture = imagery.composite(cube, cube.periods[1], mode)
    np.testing.assert_array_equal(picture[..., 3] == 0, holes)


def test_true_colour_takes_red_green_blue_by_name_not_by_place():
    cube = worlds.cube(seed=2)
    order = [2, 0, 3, 1]
    shuffled = Cube(
        cube.reflectance[:, order],
        cube.clear_dates,
        cube.periods,
        tuple(BAND_SETS["10m"][i] for i in order),
        cube.grid,
    )
    for mode in imagery.modes(cube.bands):
        np.testing.assert_array_equal(
            imagery.composite(cube, cube.periods[2], mode),
            imagery.composite(shuffled, cube.periods[2], mode),
        )


@pytest.mark.parametrize(
    ("bands", "first", "composites"),
    [
        ("10m", "true_colour", {"true_colour", "false_colour"}),
        ("all", "true_colour", {"true_colour", "false_colour", "short_wave"}),
        ("B3,B4,B8", "false_colour", {"false_colour"}),
        ("B4,B8", "NDVI", set()),
        ("B4,B8,B8A,B12", "NDVI", {"short_wave"}),
    ],
)
def test_pictures_are_those_that_the_bands_allow(bands, first, composites):
    there = sentinel2.bands_of(bands)
    modes = imagery.modes(there)
    assert modes[0] == first
    assert set(modes) & set(imagery.COMPOSITES) == composites
    assert set(modes) - composites == {index.name for index in indices.of_bands(there)}
    assert all(set(imagery.bands_of(mode)) <= set(there) for mode in modes)
    assert all(imagery.title(mode) and imagery.about(mode) for mode in modes)


@pytest.mark.parametrize("name", list(indices.TABLE))
def test_the_colours_of_an_index_run_from_its_lowest_to_its_highest_value(name):
    stops, of = imagery.ramp(name), indices.TABLE[name]
    assert (stops[0][0], stops[-1][0]) == (of.low, of.high)
    assert len({colour for _, colour in stops}) == len(stops)
    plane = np.array([[of.low - 1, of.low, of.high, of.high + 1, np.nan]], np.float32)
    drawn = imagery._ramp(plane, name)[0]
    assert tuple(drawn[0, :3]) == tuple(drawn[1, :3]) == palette.rgb(stops[0][1])
    assert tuple(drawn[2, :3]) == tuple(drawn[3, :3]) == palette.rgb(stops[-1][1])
    assert drawn[:, 3].tolist() == [255, 255, 255, 255, 0]


def test_brighter_ground_is_brighter_in_the_picture():
    cube = worlds.cube()
    cube.reflectance[0] = np.linspace(0, 0.4, cube.grid.shape[1], dtype=np.float32)
    picture = imagery.composite(cube, cube.periods[0], "true_colour").astype(int)
    assert (np.diff(picture[0, :, :3], axis=0) >= 0).all()
    assert (picture[0, 0, :3] == 0).all()
    assert (picture[0, -1, :3] == 255).all()


@pytest.mark.parametrize("side", [64, 1300])
def test_webp_shows_the_same_ground_as_png_in_fewer_bytes(side):
    grid = worlds.grid((120, 90))
    y, x = np.mgrid[:120, :90]
    smooth = np.dstack([2 * y, 2 * x, y + x, np.full_like(x, 255)]).clip(0, 255).astype(np.uint8)
    exact = Image.open(io.BytesIO(imagery.png(smooth, grid))).convert("RGBA")
    lossy = Image.open(io.BytesIO(imagery.webp(smooth, grid, side))).convert("RGBA")
    assert max(lossy.size) <= side
    near = np.asarray(exact.resize(lossy.size, Image.Resampling.NEAREST), dtype=float)
    solid = (near[..., 3] == 255) & (np.asarray(lossy)[..., 3] == 255)
    assert solid.mean() > 0.9
    assert np.abs(near - np.asarray(lossy))[solid].mean() < 4


def test_webp_takes_a_picture_that_is_coarser_than_the_grid():
    grid, rng = worlds.grid((120, 90)), np.random.default_rng(0)
    coarse = np.dstack([*rng.integers(0, 255, (3, 60, 45)), np.full((60, 45), 255)]).astype(
        np.uint8
    )
    fine = coarse.repeat(2, axis=0).repeat(2, axis=1)
    assert imagery.webp(coarse, grid) == imagery.webp(fine, grid)
