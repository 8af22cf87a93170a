"""Training patches that differ as years and places do."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cropdash.classify.cnn import augmentation
from cropdash.prepare.gapfill import fill_gaps

T, C, H, W = 12, 3, 4, 5


def patch(seed: int) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(T, C, H, W)).astype(np.float32)


@given(seed=st.integers(0, 10_000), share=st.floats(0.05, 0.85))
def test_hidden_months_are_filled_as_a_dataset_fills_its_gaps(seed: int, share: float) -> None:
    inputs = patch(seed)
    before = inputs.copy()
    hidden = np.random.default_rng(seed).random(T) < share
    found = augmentation.without_months(inputs, hidden)
    expected = inputs.copy()
    if not hidden.all():
        expected[hidden] = np.nan
        expected = fill_gaps(expected)
    np.testing.assert_allclose(found, expected, rtol=1e-6)
    np.testing.assert_array_equal(inputs, before)  # the zone itself stays as it is


def test_only_the_place_moves_and_all_months_together() -> None:
    shared = patch(1)[:, :, 0, 0]
    moved = augmentation.displaced(shared, 2, 0.5, np.random.default_rng(2)) - shared
    assert not moved[:, 2:].any()
    assert np.ptp(moved[:, :2], axis=0) == pytest.approx([0, 0], abs=1e-6)
    assert moved[0, 0] != moved[0, 1]


def test_pixels_are_mixed_with_those_of_other_rows_by_their_shares():
    rng = np.random.default_rng(0)
    inputs = rng.normal(size=(6, 4, 3, 1, 5)).astype(np.float32)
    mixture, other, share = augmentation.mixed(inputs, 0.4, rng)
    assert sorted(other) == list(range(6))
    assert share.shape == (6, 1, 5)
    assert ((share >= 0.5) & (share <= 1)).all()
    assert share.min() < 0.9
    for r in range(6):
        for s in range(5):
            a = share[r, 0, s]
            expected = a * inputs[r, ..., 0, s] + (1 - a) * inputs[other[r], ..., 0, s]
            np.testing.assert_allclose(mixture[r, ..., 0, s], expected, atol=1e-6)


def test_class_ids_are_not_mixed():
    rng = np.random.default_rng(1)
    inputs = rng.normal(size=(6, 4, 3, 1, 5)).astype(np.float32)
    mixture, _, _ = augmentation.mixed(inputs, 1.0, rng, ids=1)
    np.testing.assert_array_equal(mixture[:, :, 0], inputs[:, :, 0])
    assert not np.isclose(mixture[:, :, 1:], inputs[:, :, 1:]).all()


def test_without_evenness_nothing_is_mixed():
    inputs = np.ones((3, 4, 2, 1, 5), np.float32)
    mixture, _, share = augmentation.mixed(inputs, 0.0, np.random.default_rng(0))
    assert mixture is inputs
    assert (share == 1).all()
