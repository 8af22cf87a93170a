"""Where the class is unsure, the answer is its group."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from cropdash.domain.errors import NotEnoughData
from cropdash.evaluate.parcels import group_probabilities

_NEVER = 2.0  # a threshold that no sum of rounded probabilities reaches


class Answers(NamedTuple):
    """One answer per parcel, at one of two levels."""

    by_class: NDArray[np.bool_]  # (P,) True where the answer is a class, else a group
    answer: NDArray[np.int64]  # (P,) class or group index
    probability: NDArray[np.float32]  # (P,) of the answer


class HierarchicalScores(NamedTuple):
    """How far answers at two levels can be trusted; NaN where none was given."""

    by_class: float  # share of the parcels answered with a class
    class_accuracy: float  # of those
    group_accuracy: float  # of the parcels answered with a group
    accuracy: float  # of all answers, each at its level


def back_off(
    probabilities: NDArray[np.floating], group_of: NDArray[np.integer], threshold: float
) -> Answers:
    """The likeliest class of (P, K) where its probability reaches `threshold`, else the group.

    group_of (K,) is the index of each class's group. At threshold 0 every answer is a class, above
    1 every answer is the likeliest group (sum over its classes).
    """
    best = probabilities.argmax(axis=1)
    sure = probabilities.max(axis=1)
    groups = group_probabilities(probabilities, group_of)  # (P, G)
    by_class = sure >= threshold
    return Answers(
        by_class,
        np.where(by_class, best, groups.argmax(axis=1)).astype(np.int64),
        np.where(by_class, sure, groups.max(axis=1)).astype(np.float32),
    )


def choose_threshold(
    probabilities: NDArray[np.floating],
    truth: NDArray[np.integer],
    target: float = 0.9,
    weights: NDArray[np.floating] | None = None,
) -> float:
    """The lowest threshold from which on class answers are right at least `target` of the time.

    Fitted on held-out parcels (P, K), (P,), which count as much as their `weights` (P,) say, see
    `calibration.zone_weights`. They must be right that often, and must also be as sure on average: held-out
    zones that happen to be easy promise too much of others. Above 1 if no threshold reaches the target.
    """
    if len(truth) == 0:
        raise NotEnoughData("There is no held-out parcel to choose a threshold on.")
    sure = probabilities.max(axis=1)
    order = np.argsort(-sure, kind="stable")
    counted = (np.ones(len(truth)) if weights is None else weights)[order]
    right = (probabilities.argmax(axis=1) == truth)[order]
    total = np.cumsum(counted)
    kept = np.minimum(np.cumsum(counted * right), np.cumsum(counted * sure[order])) / total
    # Parcels that are equally sure are answered together: only the last of them is a threshold.
    last = np.append(np.diff(sure[order]) != 0, True)
    reached = np.flatnonzero((kept >= target) & last)
    return float(sure[order][reached[-1]]) if len(reached) else _NEVER


def hierarchical_scores(
    answers: Answers, truth: NDArray[np.integer], group_of: NDArray[np.integer]
) -> HierarchicalScores:
    """What the answers are worth against (P,) true classes."""
    right = np.where(answers.by_class, answers.answer == truth, answers.answer == group_of[truth])
    return HierarchicalScores(
        _mean(answers.by_class),
        _mean(right[answers.by_class]),
        _mean(right[~answers.by_class]),
        _mean(right),
    )


def _mean(values: NDArray[np.bool_]) -> float:
    return float(values.mean()) if len(values) else float("nan")
