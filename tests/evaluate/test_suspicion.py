"""Which declarations deserve a second look."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cropdash.domain.errors import ConfigError, InvalidRaster
from cropdash.evaluate import suspicion

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
    row = suspicion.evidence(np.array([1]), [one, two], [0.1, None], confused).iloc[0]
    assert (row["suggested"], row["against"], row["outside"], row["sets"]) == (2, 2, 1, 1)
    assert row["supported"] == pytest.approx(0.03)
    assert row["likelihood"] == pytest.approx(0.85)
    assert row["usual"] == pytest.approx(0.1)
    assert row["united"]
    assert row["judged"]


def test_what_a_model_never_learned_is_not_judged() -> None:
    declared, said = world(0)
    said[1][:, 3] = 0
    found = suspicion.evidence(declared, said, [None, None])
    np.testing.assert_array_equal(found["judged"], declared != 3)
    light = suspicion.lights(found, 0.5, 0.9)
    assert (light[declared == 3] == suspicion.NONE).all()
    assert found["usual"].isna().all()


@given(st.integers(0, 300), st.floats(0, 1), st.floats(0, 1), st.floats(0, 1))
def test_a_higher_limit_never_clears_a_parcel(seed: int, a: float, b: float, c: float) -> None:
    low, middle, high = sorted((a, b, c))
    found = suspicion.evidence(*world(seed), [None, None])
    for red, amber in (((low, high), (middle, high)), ((low, middle), (low, high))):
        before, after = suspicion.lights(found, *red), suspicion.lights(found, *amber)
        rank = {suspicion.GREEN: 0, suspicion.AMBER: 1, suspicion.RED: 2, suspicion.NONE: -1}
        assert all(rank[x] <= rank[y] for x, y in zip(before, after, strict=True))


def test_red_needs_the_models_to_agree_on_another_class() -> None:
    one = np.array([[0, 0.0001, 0.9, 0.1, 0, 0]], np.float32)
    two = np.array([[0, 0.0001, 0.1, 0.9, 0, 0]], np.float32)
    found = suspicion.evidence(np.array([1]), [one, two], [None, None])
    assert suspicion.lights(found, 0.5, 0.6).tolist() == [suspicion.AMBER]
    assert (
        suspicion.lights(suspicion.evidence(np.array([1]), [one], [None]), 0.5, 0.6)[0]
        == suspicion.RED
    )


def test_the_most_doubtful_come_first_and_what_is_not_judged_last() -> None:
    declared, said = world(2)
    said[0][:7, :] = np.eye(K)[0]
    ranked = suspicion.ranked(suspicion.evidence(declared, said, [None, None]))
    judged = ranked["judged"].to_numpy()
    assert not judged[-7:].any()
    assert (np.diff(ranked["supported"].to_numpy()[judged]) >= 0).all()
    assert isinstance(ranked, pd.DataFrame)


def test_limits_and_answers_that_do_not_fit_are_refused() -> None:
    declared, said = world(3)
    with pytest.raises(InvalidRaster):
        suspicion.evidence(declared[:-1], said, [None, None])
    with pytest.raises(InvalidRaster):
        suspicion.evidence(declared, [said[0], said[1][:-1]], [None, None])
    with pytest.raises(ConfigError):
        suspicion.lights(suspicion.evidence(declared, said, [None, None]), 0.6, 0.5)
