"""The season in a few numbers, and the indices that the trees see, against plain loops."""

import dataclasses
import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cropdash.classify import features, phenology
from cropdash.classify.inputs import PHENOLOGY, Inputs
from tests import worlds

SEEN = Inputs(PHENOLOGY, ("NDVI",))


def described(*ndvi):
    found = phenology.describe(np.array(ndvi, np.float32)[:, None])[:, 0]
    return dict(zip(phenology.NAMES, found.tolist(), strict=True))


def test_a_season_with_one_peak():
    found = described(0.2, 0.15, 0.3, 0.7, 0.9, 0.55, 0.5, 0.3)
    assert found == pytest.approx(
        {
            "period of the NDVI peak": 4,  # counted from 0
            "period of the lowest NDVI": 1,
            "period of the steepest rise": 2,  # of its first period
            "period of the steepest fall": 4,
            "steepest rise of NDVI": 0.4,
            "steepest fall of NDVI": -0.35,
            "periods above half of the NDVI range": 3,  # 0.7, 0.9 and 0.55 are above 0.525
            "NDVI rises after a fall": 1,
        },
        abs=1e-6,
    )


@pytest.mark.parametrize(
    ("ndvi", "rises"),
    [
        ((0.5, 0.5, 0.5, 0.5), 0),
        ((0.9, 0.6, 0.3, 0.2), 0),
        ((0.2, 0.5, 0.3, 0.2), 1),  # from the first month on
        ((0.5, 0.2, 0.3, 0.6), 1),
        ((0.2, 0.29, 0.38, 0.3), 0),  # below what counts
        ((0.2, 0.31, 0.42, 0.3), 1),  # above
        ((0.2, 0.5, 0.2, 0.5, 0.8, 0.3, 0.6), 3),  # cuts of a meadow
    ],
)
def test_each_spell_of_growth_counts_once(ndvi, rises):
    assert described(*ndvi)["NDVI rises after a fall"] == rises


def test_half_of_the_range_itself_is_not_above_it():
    assert described(0.0, 0.5, 1.0, 0.25)["periods above half of the NDVI range"] == 1


@given(st.integers(0, 999), st.integers(2, 13), st.integers(1, 5))
def test_it_equals_a_loop_over_pixels(seed, periods, pixels):
    rng = np.random.default_rng(seed)
    ndvi = rng.uniform(-0.2, 0.95, (periods, pixels)).astype(np.float32)
    ndvi[rng.random(ndvi.shape) < 0.03] = np.nan
    found = phenology.describe(ndvi)
    assert found.shape == (len(phenology.NAMES), pixels)
    assert found.dtype == np.float32
    for n in range(pixels):
        series = ndvi[:, n].tolist()
        if np.isnan(series).any():
            assert np.isnan(found[:, n]).all()
            continue
        change = [float(np.float32(b) - np.float32(a)) for a, b in itertools.pairwise(series)]
        middle = (np.float32(min(series)) + np.float32(max(series))) / 2
        growing = [c > 0.1 for c in change]
        expected = [
            series.index(max(series)),
            series.index(min(series)),
            change.index(max(change)),
            change.index(min(change)),
            max(change),
            min(change),
            sum(value > middle for value in series),
            sum(now and not before for before, now in itertools.pairwise([False, *growing])),
        ]
        assert found[:, n].tolist() == pytest.approx(expected, abs=1e-6)


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
    ndvi = (near - red) / (near + red)
    for t in range(5):
        month = f"{t + 1:02d}"
        wanted = (near[t] - green[t]) / (near[t] + green[t])
        np.testing.assert_allclose(column[f"{month} green NDVI"], wanted, atol=1e-6)
        np.testing.assert_allclose(column[f"{month} NDVI"], ndvi[t], atol=1e-6)
        for band in cube.bands:
            np.testing.assert_array_equal(column[f"{month} {band}"], cube.band(band)[t].ravel())
        if t:
            change = ndvi[t] - ndvi[t - 1]
            np.testing.assert_allclose(column[f"{month} NDVI change"], change, atol=1e-6)
    statistics = {
        "NDVI minimum": ndvi.min(0),
        "NDVI maximum": ndvi.max(0),
        "NDVI mean": ndvi.mean(0),
        "NDVI deviation": ndvi.std(0),
        **dict(zip(phenology.NAMES, phenology.describe(ndvi), strict=True)),
    }
    for name, wanted in statistics.items():
        np.testing.assert_allclose(column[name], wanted, atol=1e-6)


def test_green_ndvi_is_unknown_where_a_band_is_or_both_are_dark():
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
    first = features.table_names(cube.bands, 2, SEEN).index("01 green NDVI")
    index = rows[:, first : first + 2].T.reshape(2, 2, 3)
    unknown = np.zeros((2, 2, 3), bool)
    unknown[0, 0, 0] = unknown[1, 0, 1] = unknown[0, 1, 2] = True
    np.testing.assert_array_equal(np.isnan(index), unknown)
    assert (index[1, 1, 0], index[1, 1, 1]) == (1.0, -1.0)
