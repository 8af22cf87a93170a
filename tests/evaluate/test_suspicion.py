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


@given(st.integers(0, 300), st.integers(1, 3))
def test_the_evidence_equals_a_loop_over_parcels(seed: int, models: int) -> None:
    rng = np.random.default_rng(seed)
    declared = rng.integers(0, K, 25)
    said = [rng.dirichlet(np.full(K, 0.3), 25).astype(np.float32) for _ in range(models)]
    said[0][:5, 2] = 0
    thresholds = [0.3, None, 0.05][:models]
    confused = rng.integers(0, 9, (K, K))
    confused[4] = 0
    found = suspicion.evidence(declared, said, thresholds, confused)
    assert found["sets"].eq(sum(t is not None for t in thresholds)).all()
    for i, row in found.iterrows():
        own = declared[i]
        mean = [float(np.mean([p[i, k] for p in said])) for k in range(K)]
        other = max((k for k in range(K) if k != own), key=lambda k: mean[k])
        named = [int(p[i].argmax()) for p in said]
        lacking = [
            p[i, own] < t and named[m] != own
            for m, (p, t) in enumerate(zip(said, thresholds, strict=True))
            if t is not None
        ]
        assert row["declared"] == own
        assert row["supported"] == pytest.approx(mean[own], abs=1e-6)
        assert row["suggested"] == other
        assert row["likelihood"] == pytest.approx(mean[other], abs=1e-6)
        assert row["against"] == sum(k != own for k in named)
        assert row["outside"] == sum(lacking)
        assert row["united"] == (set(named) != {own} and len(set(named)) == 1)
        assert row["judged"] == (own > 0 and all(p[i, own] > 0 for p in said))
        usual = confused[own, other] / confused[own].sum() if own != 4 else np.nan
        assert row["usual"] == pytest.approx(usual, nan_ok=True)


def test_a_parcel_on_a_limit_is_on_its_better_side() -> None:
    found = pd.DataFrame(
        {"supported": [0.24, 0.25, 0.5, 0.1, 0.1], "united": [True] * 4 + [False]}
    ).assign(judged=[True] * 3 + [False, True])
    light = suspicion.lights(found, 0.25, 0.5).tolist()
    assert light == ["red", "amber", "green", "none", "amber"]
    assert suspicion.lights(found, 0.0, 1.0).tolist() == ["amber"] * 3 + ["none", "amber"]
    assert suspicion.lights(found, 0.5, 0.5).tolist() == ["red", "red", "green", "none", "amber"]


def test_of_equally_supported_ones_the_likelier_other_class_comes_first() -> None:
    found = pd.DataFrame(
        {
            "judged": [False, True, True, True],
            "supported": [0.0, 0.4, 0.2, 0.2],
            "likelihood": [0.9, 0.6, 0.5, 0.7],
        }
    )
    assert suspicion.ranked(found).index.tolist() == [3, 2, 1, 0]


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
    with pytest.raises(InvalidRaster):
        suspicion.evidence(declared, said, [None])
    with pytest.raises(InvalidRaster):
        suspicion.evidence(declared, [], [])
    for red, amber in ((0.6, 0.5), (-0.1, 0.5), (0.5, 1.1)):
        with pytest.raises(ConfigError):
            suspicion.lights(suspicion.evidence(declared, said, [None, None]), red, amber)
