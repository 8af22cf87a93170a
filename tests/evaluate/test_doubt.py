"""Which declarations deserve a second look."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cropdash.errors import ConfigError, InvalidRaster
from cropdash.evaluate import doubt

K = 6


def world(seed: int, parcels: int = 80) -> tuple[np.ndarray, list[np.ndarray]]:
    rng = np.random.default_rng(seed)
    said = [rng.dirichlet(np.full(K, 0.3), parcels).astype(np.float32) for _ in range(2)]
    return rng.integers(1, K, parcels), said


def test_the_evidence_of_a_planted_swap() -> None:
    one = np.array([[0, 0.02, 0.9, 0.08, 0, 0]], np.float32)
    two = np.array([[0, 0.04, 0.8, 0.16, 0, 0]], np.float32)
    confused = np.zeros((K, K))
    confused[1, [1, 2]] = 90, 10
    row = doubt.evidence(np.array([1]), [one, two], [0.1, None], confused).iloc[0]
    assert (row["suggested"], row["against"], row["outside"], row["sets"]) == (2, 2, 1, 1)
    assert row["supported"] == pytest.approx(0.03)
    assert row["likelihood"] == pytest.approx(0.85)
    assert row["usual"] == pytest.approx(0.1)
    assert row["united"]


def test_support_is_held_against_what_parcels_declared_so_get() -> None:
    """A crop that the models seldom recognise is no more doubtful for it; worked out by hand."""
    said = np.array([[0, 0.8, 0.2], [0, 0.04, 0.96], [0, 0.9, 0.1], [0, 0.94, 0.06]])
    found = doubt.evidence(np.array([1, 1, 2, 2]), [said], [None])
    np.testing.assert_allclose(found["expected"], [0.42, 0.42, 0.08, 0.08])
    np.testing.assert_allclose(found["support"], [0.8 / 0.42, 0.04 / 0.42, 1.25, 0.75])
    assert doubt.lights(found, 0.1, 0.8).tolist() == ["green", "red", "green", "amber"]
    assert doubt.ranked(found).index.tolist() == [1, 3, 2, 0]


def test_what_cannot_be_judged_says_why_and_lends_nothing_to_the_others() -> None:
    declared, said = world(0)
    said[1][:, 3] = 0  # the second model never names it
    for p in said:
        p[declared == 4, 4] = 0.001  # both hardly recognise it
    pixels = np.full(len(declared), 9)
    pixels[:2] = 0, 1
    declared[:2] = 2
    trained = np.arange(K) != 5
    found = doubt.evidence(declared, said, [None, None], trained=trained, pixels=pixels)
    expected = np.select(
        [np.isin(declared, (3, 5)), declared == 4], [doubt.UNTRAINED, doubt.UNRECOGNISED], ""
    )
    expected = expected.astype(object)
    expected[:2] = doubt.NO_PIXEL, doubt.FEW_PIXELS
    np.testing.assert_array_equal(found["reason"], expected)
    np.testing.assert_array_equal(found["judged"], expected == "")
    light = doubt.lights(found, 0.5, 0.9)
    np.testing.assert_array_equal(light == doubt.NONE, expected != "")
    assert found["usual"].isna().all()
    others = (declared == 2) & (expected == "")
    mean = np.mean([p[others, 2] for p in said])
    np.testing.assert_allclose(found["expected"][others], mean, rtol=1e-6)


def test_a_class_ruled_out_for_one_parcel_is_the_strongest_doubt_not_an_unknown_class() -> None:
    said = np.array([[0, 0.9, 0.1], [0, 0, 1]], np.float32)  # the second: rounded to nothing
    found = doubt.evidence(np.array([1, 1]), [said], [None])
    assert doubt.lights(found, 0.05, 0.3).tolist() == [doubt.GREEN, doubt.RED]


@given(st.integers(0, 300), st.floats(0, 1), st.floats(0, 1), st.floats(0, 1))
def test_a_higher_limit_never_clears_a_parcel(seed: int, a: float, b: float, c: float) -> None:
    low, middle, high = sorted((a, b, c))
    found = doubt.evidence(*world(seed), [None, None])
    for red, amber in (((low, high), (middle, high)), ((low, middle), (low, high))):
        before, after = doubt.lights(found, *red), doubt.lights(found, *amber)
        rank = {doubt.GREEN: 0, doubt.AMBER: 1, doubt.RED: 2, doubt.NONE: -1}
        assert all(rank[x] <= rank[y] for x, y in zip(before, after, strict=True))


def test_red_needs_the_models_to_agree_on_another_class() -> None:
    one = np.array([[0, 0.0001, 0.9, 0.1], [0, 1, 0, 0]], np.float32)
    two = np.array([[0, 0.0001, 0.1, 0.9], [0, 1, 0, 0]], np.float32)
    declared = np.array([1, 1])
    found = doubt.evidence(declared, [one, two], [None, None])
    assert doubt.lights(found, 0.5, 0.6).tolist() == [doubt.AMBER, doubt.GREEN]
    alone = doubt.evidence(declared, [one], [None])
    assert doubt.lights(alone, 0.5, 0.6).tolist() == [doubt.RED, doubt.GREEN]


def test_the_most_doubtful_come_first_and_what_is_not_judged_last() -> None:
    declared, said = world(2)
    pixels = np.repeat([0, 9], [7, 73])
    ranked = doubt.ranked(doubt.evidence(declared, said, [None, None], pixels=pixels))
    judged = ranked["judged"].to_numpy()
    assert sorted(ranked.index[-7:]) == list(range(7))
    assert judged.sum() == 73
    assert (np.diff(ranked["support"].to_numpy()[judged]) >= 0).all()
    assert isinstance(ranked, pd.DataFrame)


def test_limits_and_answers_that_do_not_fit_are_refused() -> None:
    declared, said = world(3)
    with pytest.raises(InvalidRaster):
        doubt.evidence(declared[:-1], said, [None, None])
    with pytest.raises(InvalidRaster):
        doubt.evidence(declared, [said[0], said[1][:-1]], [None, None])
    with pytest.raises(ConfigError):
        doubt.lights(doubt.evidence(declared, said, [None, None]), 0.6, 0.5)
