"""Means over neighbours that look alike."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cropdash.domain.errors import InvalidRaster
from cropdash.evaluate import smoothing


def world(seed, shape):
    rng = np.random.default_rng(seed)
    said = rng.dirichlet(np.ones(4), shape).transpose(2, 0, 1).astype(np.float32)
    return said, rng.uniform(0, 0.3, (5, *shape)).astype(np.float32)


def by_loops(said, guide):
    """Three times the weighted mean, pixel by pixel."""
    _, height, width = said.shape
    for _ in range(3):
        found = np.zeros_like(said)
        for row in range(height):
            for column in range(width):
                total, weights = np.zeros(len(said)), 0.0
                for r in range(max(row - 2, 0), min(row + 3, height)):
                    for c in range(max(column - 2, 0), min(column + 3, width)):
                        apart = np.mean((guide[:, row, column] - guide[:, r, c]) ** 2)
                        weight = np.exp(-apart / (2 * 0.08**2))
                        total, weights = total + weight * said[:, r, c], weights + weight
                found[:, row, column] = total / weights
        said = found
    return said


@pytest.mark.parametrize("shape", [(9, 13), (1, 7), (6, 2), (3, 1)])
def test_it_is_the_mean_that_loops_give(shape):
    said, guide = world(1, shape)
    np.testing.assert_allclose(smoothing.smoothed(said, guide), by_loops(said, guide), atol=1e-5)


@given(seed=st.integers(0, 50), strip=st.integers(1, 12))
def test_strips_change_nothing_and_sums_stay(seed, strip):
    said, guide = world(seed, (17, 11))
    whole = smoothing.smoothed(said, guide)
    before, smoothing._STRIP = smoothing._STRIP, strip
    try:
        np.testing.assert_allclose(smoothing.smoothed(said, guide), whole, atol=1e-6)
    finally:
        smoothing._STRIP = before
    np.testing.assert_allclose(whole.sum(axis=0), 1, atol=1e-5)


def test_speckle_goes_and_the_edge_of_a_field_stays():
    left = np.arange(20) < 9
    guide = np.where(left, 0.2, 0.8) + np.zeros((12, 14, 1))
    said = np.stack([np.where(left, 0.9, 0.1) + np.zeros((14, 1)), np.zeros((14, 20))])
    said[1] = 1 - said[0]
    said[:, 5, 3], said[:, 7, 15] = said[::-1, 5, 3], said[::-1, 7, 15]  # each on the wrong side
    found = smoothing.smoothed(said.astype(np.float32), guide.astype(np.float32))
    np.testing.assert_array_equal(found.argmax(axis=0), np.where(left, 0, 1) + np.zeros((14, 1)))


def test_a_season_with_gaps_is_judged_by_the_months_that_are_there():
    said, guide = world(3, (8, 6))
    holey = np.concatenate([guide, np.full((1, 8, 6), np.nan, np.float32)])
    np.testing.assert_allclose(
        smoothing.smoothed(said, holey), smoothing.smoothed(said, guide), atol=1e-6
    )
    unknown = np.full((2, 8, 6), np.nan, np.float32)
    assert np.isfinite(smoothing.smoothed(said, unknown)).all()


def test_sizes_that_differ_are_refused():
    said, guide = world(3, (8, 6))
    with pytest.raises(InvalidRaster, match="don't fit"):
        smoothing.smoothed(said, guide[:, :7])
