"""Reflectance of canopies from the table."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.interpolate import RegularGridInterpolator

from cropdash.simulate.canopy_table import Leaves, canopy_table, covered

BANDS = 4


def leaves(rng: np.random.Generator, dates: int, pieces: int, **fixed: float) -> Leaves:
    shape = (dates, pieces)
    low_high = {"area": (0.01, 7.4), "chlorophyll": (2, 70), "dead": (0.01, 0.99)}
    drawn = {name: rng.uniform(*ends, shape) for name, ends in low_high.items()}
    drawn |= {name: np.full(shape, value) for name, value in fixed.items()}
    return Leaves(**drawn, angle=rng.uniform(31, 69, pieces))


@given(st.integers(0, 10_000), st.integers(1, 3), st.integers(1, 7))
@settings(max_examples=25, deadline=None)
def test_the_table_is_interpolated_linearly(seed: int, dates: int, pieces: int) -> None:
    """Reference: scipy's interpolator on the coefficients, one point after another."""
    rng = np.random.default_rng(seed)
    stand = leaves(rng, dates, pieces)
    ground = rng.uniform(0.02, 0.4, (dates, BANDS, pieces))
    sun = np.radians(rng.uniform(26, 69, dates))
    table = canopy_table()
    reference = RegularGridInterpolator(table.axes, table.coefficients)
    found = covered(stand, ground, sun)
    assert found.shape == (dates, BANDS, pieces)
    for n in range(dates):
        for p in range(pieces):
            state = (stand.area[n, p], stand.chlorophyll[n, p], stand.dead[n, p], stand.angle[p])
            a, b, c = reference([*state, np.degrees(sun[n])])[0].T  # (B, 3)
            expected = a + b * ground[n, :, p] / (1 - c * ground[n, :, p])
            np.testing.assert_allclose(found[n, :, p], expected, rtol=1e-4)


@given(st.integers(0, 10_000))
@settings(max_examples=20, deadline=None)
def test_without_leaves_the_ground_is_seen_as_it_is(seed: int) -> None:
    rng = np.random.default_rng(seed)
    ground = rng.uniform(0.02, 0.5, (2, BANDS, 5))
    bare = leaves(rng, 2, 5, area=0.0)
    np.testing.assert_allclose(covered(bare, ground, np.array([0.5, 1.2])), ground, atol=2e-3)


def test_a_deep_canopy_hides_its_ground_and_a_thin_one_does_not() -> None:
    dark, bright = np.full((1, BANDS, 6), 0.05), np.full((1, BANDS, 6), 0.35)
    contrast = {}
    for area in (0.5, 7.0):
        stand = leaves(np.random.default_rng(1), 1, 6, area=area, dead=0.0, chlorophyll=40.0)
        sun = np.array([0.7])
        contrast[area] = covered(stand, bright, sun) - covered(stand, dark, sun)
    assert (contrast[7.0][:, :3] < 0.01).all()  # in the visible
    assert (contrast[0.5] > 5 * contrast[7.0]).all()


def test_dead_leaves_are_red_and_green_ones_are_not() -> None:
    ground = np.full((1, BANDS, 8), 0.1)
    states = {}
    for dead in (0.0, 1.0):
        stand = leaves(np.random.default_rng(2), 1, 8, area=4.0, dead=dead, chlorophyll=40.0)
        states[dead] = covered(stand, ground, np.ones(1))
    red, near = states[1.0][0, 2], states[1.0][0, 3]
    assert (red > 3 * states[0.0][0, 2]).all()
    assert (near < states[0.0][0, 3]).all()


@pytest.mark.parametrize("beyond", [0.0, 200.0])
def test_beyond_its_ends_the_table_holds(beyond: float) -> None:
    rng = np.random.default_rng(3)
    ground = np.full((1, BANDS, 3), 0.1)
    stand = leaves(rng, 1, 3, chlorophyll=beyond)
    held = Leaves(stand.area, np.clip(stand.chlorophyll, 1, 72), stand.dead, stand.angle)
    sun = np.array([1.5])
    np.testing.assert_array_equal(covered(stand, ground, sun), covered(held, ground, sun))
    assert np.isfinite(covered(stand, ground, sun)).all()


def test_the_table_is_physical() -> None:
    a, b, c = np.moveaxis(canopy_table().coefficients, -1, 0)
    for part in (a, b, c):
        assert np.isfinite(part).all()
        assert part.min() >= 0
        assert part.max() <= 1.001
    # Leaves over a ground of .3 scatter more in the near infrared, but make no light.
    assert (a + b * 0.3 / (1 - c * 0.3)).max() < 0.65
