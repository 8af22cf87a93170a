"""The rows that trees learn from."""

import dataclasses

import numpy as np
import pytest

from cropdash.classify import features
from cropdash.classify.inputs import Inputs
from cropdash.domain import Layer
from cropdash.prepare import as_of
from tests import worlds

SEEN = Inputs("indices", ("NDVI", "GNDVI"))


@pytest.mark.parametrize("order", [(0, 1, 2, 3), (3, 1, 0, 2)])
def test_the_columns_hold_what_their_names_say(order):
    """By name, whatever the order of the bands, in a zone that is not square."""
    plain = worlds.cube(3, worlds.grid((4, 9)), periods=5)
    cube = dataclasses.replace(
        plain,
        reflectance=np.ascontiguousarray(plain.reflectance[:, list(order)]),
        bands=tuple(plain.bands[i] for i in order),
    )
    rows = features.table(cube, SEEN)
    names = features.table_names(cube.bands, 5, SEEN)
    column = dict(zip(names, rows.T, strict=True))
    green, red, near = (cube.band(name).reshape(5, -1) for name in ("B3", "B4", "B8"))
    for index, other in (("NDVI", red), ("GNDVI", green)):
        values = (near - other) / (near + other)
        for t in range(5):
            np.testing.assert_allclose(column[f"{t + 1:02d} {index}"], values[t], atol=1e-6)
            if t:
                change = values[t] - values[t - 1]
                np.testing.assert_allclose(column[f"{t + 1:02d} {index} change"], change, atol=1e-6)
        for name, wanted in (
            ("minimum", values.min(0)),
            ("maximum", values.max(0)),
            ("mean", values.mean(0)),
            ("deviation", values.std(0)),
        ):
            np.testing.assert_allclose(column[f"{index} {name}"], wanted, atol=1e-6)
    for t in range(5):
        for band in cube.bands:
            name = f"{t + 1:02d} {band}"
            np.testing.assert_array_equal(column[name], cube.band(band)[t].ravel())


def test_an_index_is_unknown_where_a_band_is_or_both_are_dark():
    cube = worlds.cube(4, worlds.grid((2, 3)), periods=2)
    values = cube.reflectance.copy()
    green, near = cube.bands.index("B3"), cube.bands.index("B8")
    values[0, green, 0, 0] = np.nan
    values[1, near, 0, 1] = np.nan
    values[0, [green, near], 1, 2] = 0.0
    values[1, [green, near], 1, 0] = 0.0, 0.2
    values[1, [green, near], 1, 1] = 0.2, 0.0
    cube = dataclasses.replace(cube, reflectance=values)
    rows = features.table(cube, SEEN)
    first = features.table_names(cube.bands, 2, SEEN).index("01 GNDVI")
    index = rows[:, first : first + 2].T.reshape(2, 2, 3)
    unknown = np.zeros((2, 2, 3), bool)
    unknown[0, 0, 0] = unknown[1, 0, 1] = unknown[0, 1, 2] = True
    np.testing.assert_array_equal(np.isnan(index), unknown)
    assert (index[1, 1, 0], index[1, 1, 1]) == (1.0, -1.0)


def in_a_zone(seed=5, shape=(5, 8)):
    """A zone with gaps, a height, radar and last crops, and what sees all of it."""
    grid, rng = worlds.grid(shape), np.random.default_rng(seed)
    plain = worlds.cube(seed, grid, periods=6)
    clear = rng.integers(0, 2, plain.clear_dates.shape).astype(np.uint8)
    clear[:2] = 1
    layers = (
        Layer("elevation", rng.random((1, *shape), np.float32)),
        Layer("VV", rng.random((6, *shape), np.float32)),
    )
    before = rng.integers(0, 9, shape).astype(np.uint8)
    cube = dataclasses.replace(plain, clear_dates=clear, layers=layers, last_crop=before)
    seen = Inputs("indices", ("NDVI",), True, (("elevation", 1), ("VV", 6)), True, True)
    return cube, seen


@pytest.mark.parametrize("known", [2, 4, 6])
def test_chosen_pixels_have_the_rows_that_they_have_in_the_whole_zone(known):
    cube, seen = in_a_zone()
    pixels = np.array([37, 0, 12, 13, 5])
    some = features.of_pixels(cube, pixels)
    assert some.grid.shape == (1, 5)
    whole = features.table(as_of.first_periods(cube, known), seen)
    np.testing.assert_array_equal(
        features.table(as_of.first_periods(some, known), seen), whole[pixels]
    )
