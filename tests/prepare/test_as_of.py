import datetime as dt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cropdash.domain import Cube, Layer, Period
from cropdash.domain.errors import ConfigError
from cropdash.prepare import as_of
from cropdash.prepare.gapfill import fill_gaps
from tests import worlds

PERIODS = tuple(Period.of(f"2023-{m:02d}") for m in (3, 4, 5, 6, 7))


def cube(seed: int = 0) -> Cube:
    """(5, 2, 7, 5) with clouds, filled over the whole season as a dataset is."""
    rng, grid = np.random.default_rng(seed), worlds.grid()
    clear = rng.integers(0, 3, (5, *grid.shape)).astype(np.uint8)
    seen = rng.random((5, 2, *grid.shape)).astype(np.float32)
    filled = fill_gaps(np.where(clear[:, None] > 0, seen, np.float32(np.nan)))
    still = Layer("height", rng.random((1, *grid.shape)).astype(np.float32))
    radar = Layer("VV", rng.random((5, *grid.shape)).astype(np.float32))
    return Cube(filled, clear, PERIODS, ("B4", "B8"), grid, (still, radar))


def with_noise_after(of: Cube, n: int, seed: int) -> Cube:
    """The same season up to its first n periods, and anything after, filled with it."""
    rng = np.random.default_rng(seed)
    clear = of.clear_dates.copy()
    clear[n:] = rng.integers(0, 3, clear[n:].shape)
    seen = np.where(clear[:, None] > 0, of.reflectance, np.float32(np.nan))
    seen[n:] = np.where(clear[n:, None] > 0, rng.random(seen[n:].shape), np.nan)
    values = of.layers[1].values.copy()
    values[n:] = rng.random(values[n:].shape)
    layers = (of.layers[0], Layer("VV", values))
    return Cube(fill_gaps(seen), clear, of.periods, of.bands, of.grid, layers)


@given(st.integers(0, 50), st.integers(1, 4), st.sampled_from([0, 12, 29]))
def test_what_comes_later_changes_no_bit_of_what_was_known(seed, n, days_after):
    day = PERIODS[n - 1].end + dt.timedelta(days=days_after)
    one, other = cube(seed), with_noise_after(cube(seed), n, seed + 1)
    known, again = as_of.known_by(one, day), as_of.known_by(other, day)
    np.testing.assert_array_equal(known.reflectance, again.reflectance)
    np.testing.assert_array_equal(known.clear_dates, again.clear_dates)
    for a, b in zip(known.layers, again.layers, strict=True):
        np.testing.assert_array_equal(a.values, b.values)
    assert np.isnan(known.reflectance[n:]).all()
    assert not known.clear_dates[n:].any()
    assert as_of.known(known.reflectance) <= n


def test_gaps_are_filled_from_observations_before_the_day_alone():
    clear = np.zeros((5, 1, 1), np.uint8)
    clear[[0, 4]] = 1
    seen = np.array([0.2, np.nan, np.nan, np.nan, 0.6], np.float32).reshape(5, 1, 1, 1)
    whole = Cube(fill_gaps(seen), clear, PERIODS, ("B4",), worlds.grid((1, 1)))
    assert whole.reflectance[1].item() == pytest.approx(0.4)
    known = as_of.known_by(whole, dt.date(2023, 6, 30))
    np.testing.assert_allclose(known.reflectance[:4].ravel(), 0.2)
    assert np.isnan(known.reflectance[4]).all()


def test_a_whole_season_is_as_it_is_and_a_running_period_is_not_there():
    one = cube()
    assert as_of.known_by(one, dt.date(2023, 7, 31)) is one
    assert as_of.known_by(one, dt.date(2024, 1, 1)) is one
    known = as_of.known_by(one, dt.date(2023, 7, 30))  # a day before July is over
    assert np.isnan(known.reflectance[4]).all()


def test_what_a_season_that_goes_on_still_lacks_is_no_gap_by_a_later_day():
    june = as_of.known_by(cube(), dt.date(2023, 6, 10))
    later = as_of.known_by(june, dt.date(2023, 6, 30))
    np.testing.assert_allclose(later.reflectance, june.reflectance, atol=2e-4)  # both rounded


def test_a_day_before_the_first_period_is_over_is_refused():
    with pytest.raises(ConfigError, match=r"2023-03.*ends on 2023-03-31"):
        as_of.known_by(cube(), dt.date(2023, 3, 30))


def test_a_month_that_is_left_out_is_filled_as_a_cloudy_one_is():
    one = cube(3)
    left = as_of.without(one, PERIODS[2])
    clear = one.clear_dates.copy()
    clear[2] = 0
    expected = fill_gaps(np.where(clear[:, None] > 0, one.reflectance, np.float32(np.nan)))
    np.testing.assert_array_equal(left.reflectance, expected)
    assert not left.clear_dates[2].any()
