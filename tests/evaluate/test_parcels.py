"""Parcel means against a loop over parcels, and levels against sums."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.ndimage import binary_erosion

from cropdash.domain import interior
from cropdash.domain.errors import InvalidRaster
from cropdash.evaluate.parcels import (
    group_probabilities,
    parcel_decisions,
    parcel_probabilities,
)

K, H, W = 5, 11, 17


@st.composite
def worlds(draw):
    """Blocky parcels with large and out-of-order ids, some land without parcels, probabilities."""
    rng = np.random.default_rng(draw(st.integers(0, 2**31)))
    block = draw(st.sampled_from([1, 2, 4, 6]))
    ids = rng.choice(np.array([0, 3, 70_000, 8, 2_000_000, 5], np.int32), (H, W))
    parcel_id = np.repeat(np.repeat(ids, block, axis=0), block, axis=1)[:H, :W]
    probabilities = rng.dirichlet(np.ones(K), (H, W)).transpose(2, 0, 1).astype(np.float32)
    return probabilities, np.ascontiguousarray(parcel_id)


@given(worlds())
def test_means_equal_a_loop_over_parcels(world):
    probabilities, parcel_id = world
    got = parcel_probabilities(probabilities, parcel_id)
    expected_ids = [i for i in np.unique(parcel_id) if i != 0]
    assert got.ids.tolist() == expected_ids
    for i, mean, n in zip(*got, strict=True):
        mask = parcel_id == i
        core = binary_erosion(mask, np.ones((3, 3)), border_value=1)
        used = core if core.any() else mask
        assert n == used.sum()
        np.testing.assert_allclose(mean, probabilities[:, used].mean(axis=1), rtol=1e-5)


@given(worlds())
def test_means_of_probabilities_sum_to_one(world):
    np.testing.assert_allclose(parcel_probabilities(*world).probabilities.sum(axis=1), 1, rtol=1e-5)


def test_the_border_of_a_parcel_is_left_out_where_it_has_a_core():
    parcel_id = np.zeros((6, 9), np.int32)
    parcel_id[1:4, 1:4], parcel_id[1:3, 6:8] = 7, 9
    probabilities = np.zeros((2, 6, 9), np.float32)
    probabilities[0] = 1
    probabilities[:, 2, 2] = (0, 1)  # the one core pixel of parcel 7
    got = parcel_probabilities(probabilities, parcel_id)
    np.testing.assert_array_equal(got.probabilities, [[0, 1], [1, 0]])
    assert got.n_pixels.tolist() == [1, 4]


def test_the_edge_of_the_raster_is_no_border_and_no_parcel_has_no_interior():
    assert interior(np.full((3, 4), 2, np.int32)).all()
    assert not interior(np.zeros((3, 4), np.int32)).any()


def test_a_zone_without_parcels_gives_an_empty_table():
    got = parcel_probabilities(np.ones((K, 3, 4), np.float32), np.zeros((3, 4), np.int32))
    assert got.probabilities.shape == (0, K)
    assert parcel_decisions(got.probabilities).predicted.shape == (0,)


def test_decisions_take_the_most_probable_class():
    got = parcel_decisions(np.array([[0.1, 0.7, 0.2], [0.5, 0.5, 0.0]], np.float32))
    assert got.predicted.tolist() == [1, 0]
    assert got.predicted.dtype == np.uint8
    np.testing.assert_allclose(got.confidence, [0.7, 0.5])


@given(worlds(), st.permutations([0, 0, 1, 2, 2]))
def test_the_probability_of_a_group_is_the_sum_of_its_classes(world, group_of):
    probabilities, _ = world
    got = group_probabilities(probabilities, group_of, axis=0)
    assert got.shape == (3, H, W)
    for g in range(3):
        members = [k for k in range(K) if group_of[k] == g]
        np.testing.assert_allclose(got[g], probabilities[members].sum(axis=0), rtol=1e-5)


def test_shapes_that_do_not_fit_are_refused():
    with pytest.raises(InvalidRaster, match="don't fit"):
        parcel_probabilities(np.ones((K, 3, 4), np.float32), np.zeros((4, 3), np.int32))
    with pytest.raises(InvalidRaster, match="expected"):
        parcel_decisions(np.ones(3))
    with pytest.raises(InvalidRaster, match="group_of"):
        group_probabilities(np.ones((2, 3)), [0, 1])
