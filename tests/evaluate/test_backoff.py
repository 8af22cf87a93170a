"""Answers at the level that the model is sure of."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cropdash.domain.errors import NotEnoughData
from cropdash.evaluate import backoff, calibration

GROUPS = np.array([0, 1, 1, 1, 2, 2, 0])
K = len(GROUPS)


def said(seed: int, parcels: int = 60) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    probabilities = rng.dirichlet(np.full(K, 0.4), parcels).astype(np.float32)
    truth = np.array([rng.choice(K, p=p / p.sum()) for p in probabilities.astype(float)])
    return probabilities, truth


@given(st.integers(0, 500))
def test_the_ends_are_the_class_and_the_group(seed: int) -> None:
    probabilities, truth = said(seed)
    classes = backoff.back_off(probabilities, GROUPS, 0.0)
    assert classes.by_class.all()
    np.testing.assert_array_equal(classes.answer, probabilities.argmax(1))
    groups = backoff.back_off(probabilities, GROUPS, 1.1)
    assert not groups.by_class.any()
    summed = np.stack([probabilities[:, g == GROUPS].sum(1) for g in range(3)], axis=1)
    np.testing.assert_array_equal(groups.answer, summed.argmax(1))
    scores = backoff.hierarchical_scores(groups, truth, GROUPS)
    assert scores.accuracy == pytest.approx((summed.argmax(1) == GROUPS[truth]).mean())
    assert np.isnan(scores.class_accuracy)


@given(st.integers(0, 500), st.integers(0, 59))
def test_answers_and_scores_equal_a_loop_over_parcels(seed: int, of: int) -> None:
    probabilities, truth = said(seed)
    threshold = float(probabilities.max(1)[of])  # that parcel itself is just sure enough
    answers = backoff.back_off(probabilities, GROUPS, threshold)
    right = {True: [], False: []}
    for i, row in enumerate(probabilities):
        groups = [sum(row[k] for k in range(K) if GROUPS[k] == g) for g in range(3)]
        by_class = row.max() >= threshold
        level, of_level = (row.tolist(), truth[i]) if by_class else (groups, GROUPS[truth[i]])
        answer = level.index(max(level))
        assert answers.by_class[i] == by_class
        assert answers.answer[i] == answer
        assert answers.probability[i] == pytest.approx(max(level), rel=1e-5)
        right[bool(by_class)].append(answer == of_level)
    assert answers.by_class[of]
    scores = backoff.hierarchical_scores(answers, truth, GROUPS)
    assert scores.by_class == pytest.approx(len(right[True]) / 60)
    assert scores.class_accuracy == pytest.approx(np.mean(right[True]))
    assert scores.accuracy == pytest.approx(np.mean(right[True] + right[False]))
    if right[False]:
        assert scores.group_accuracy == pytest.approx(np.mean(right[False]))


def test_parcels_that_are_equally_sure_are_answered_together() -> None:
    """The first two alone would reach the target, but the third is as sure as the second."""
    rows = np.array([[0.9, 0.1], [0.7, 0.3], [0.7, 0.3], [0.7, 0.3]])
    assert backoff.choose_threshold(rows, np.array([0, 0, 1, 1]), 0.9) == 0.9
    assert backoff.choose_threshold(rows, np.array([0, 0, 1, 1]), 0.5) == 0.7


@given(st.integers(0, 500), st.floats(0.3, 0.99), st.booleans())
def test_the_threshold_is_the_lowest_that_keeps_the_promise(
    seed: int, target: float, by_zone: bool
) -> None:
    probabilities, truth = said(seed)
    zones = np.random.default_rng(seed).integers(0, 4, len(truth))
    weights = calibration.zone_weights(zones) if by_zone else np.ones(len(truth))
    threshold = backoff.choose_threshold(probabilities, truth, target, weights if by_zone else None)
    sure, right = probabilities.max(1).astype(float), probabilities.argmax(1) == truth

    def kept(t: float) -> float:
        of = weights * (sure >= t)
        return min((of * right).sum(), (of * sure).sum()) / of.sum()

    # What lies within rounding of the target may be taken or left.
    reached = [t for t in np.unique(sure) if kept(t) >= target + 1e-6]
    just = [t for t in np.unique(sure) if kept(t) >= target - 1e-6]
    assert threshold in {float(np.float32(min(some, default=2.0))) for some in (reached, just)}


def test_zones_that_were_easy_do_not_make_a_model_surer_than_it_says() -> None:
    """All of them right, and said with 80 %: at 90 % none is answered by class."""
    rows = np.tile([0.8, 0.2], (50, 1))
    assert backoff.choose_threshold(rows, np.zeros(50, int), 0.9) > 1
    assert backoff.choose_threshold(rows, np.zeros(50, int), 0.75) == 0.8


def test_where_no_threshold_keeps_the_promise_no_answer_is_a_class() -> None:
    sure = np.array([[1.0, 0.0, 0.0], [0.8, 0.1, 0.1]], np.float32)
    threshold = backoff.choose_threshold(sure, np.array([1, 1]), 0.9)
    assert not backoff.back_off(sure, np.array([0, 0, 1]), threshold).by_class.any()


def test_without_a_parcel_there_is_no_threshold() -> None:
    with pytest.raises(NotEnoughData):
        backoff.choose_threshold(np.zeros((0, K)), np.zeros(0, int))
