"""Scores of one confusion matrix as named numbers, each with its denominator."""

from __future__ import annotations

import math
from collections.abc import Collection
from typing import Any, Literal

import numpy as np

from cropdash.domain import BACKGROUND
from cropdash.domain.errors import ConfigError
from cropdash.evaluate.matrix import Confusion

Averaged = Literal["supported", "trained", "all"]


def summary(
    confusion: Confusion,
    *,
    trained: Collection[int] | None = None,
    average_over: Averaged = "supported",
) -> dict[str, Any]:
    """Scores, what they were counted over, and the classes that were never trained on.

    trained: ids (at the matrix' own level) of the classes seen in training, None if unknown.
    average_over: classes of the macro scores: with support in the test ("supported"), those of
    them that were seen in training ("trained"), or the whole legend ("all": the convention of
    the seed project, undefined scores counting as 0; background only if it is scored).
    Values are plain numbers, text and lists; None stands for an undefined score.
    """
    over = averaged_classes(confusion, trained, average_over)
    unseen = never_trained(confusion, trained)
    return {
        "accuracy": _plain(confusion.accuracy),
        **{f"macro_{name}": value for name, value in _macros(confusion, over).items()},
        "weighted_f1": _plain(confusion.weighted_f1),
        "kappa": _plain(confusion.kappa),
        "n_scored": _count(confusion),
        "unit": confusion.unit,
        "level": confusion.level,
        "background": "in" if confusion.includes_background else "out",
        "average_over": average_over,
        "classes_averaged": list(over),
        "n_classes_averaged": len(over),
        "never_trained": None if trained is None else list(unseen),
        "never_trained_share": None if trained is None else _share(confusion, unseen),
    }


def averaged_classes(
    confusion: Confusion, trained: Collection[int] | None, average_over: Averaged
) -> tuple[int, ...]:
    """Ids of the classes that macro scores average over; see `summary`."""
    if average_over == "supported":
        return confusion.supported
    if average_over == "all":
        first = BACKGROUND if confusion.includes_background else BACKGROUND + 1
        # Above the class level, background shares its group with crops: take every group.
        return tuple(range(first if confusion.level == "class" else 0, confusion.n_classes))
    if average_over != "trained":
        raise ConfigError(
            "average_over is {a}; use 'supported', 'trained' or 'all'.", a=repr(average_over)
        )
    if trained is None:
        raise ConfigError("average_over='trained' needs the list of trained classes.")
    return tuple(i for i in confusion.supported if i in set(trained))


def never_trained(confusion: Confusion, trained: Collection[int] | None) -> tuple[int, ...]:
    """Ids with support in the test but never seen in training: all of it is counted as error.

    Background is not among them: no model is trained to name it.
    """
    if trained is None:
        return ()
    known = {*trained, *([BACKGROUND] if confusion.level == "class" else [])}
    return tuple(i for i in confusion.supported if i not in known)


def _macros(confusion: Confusion, over: tuple[int, ...]) -> dict[str, float | None]:
    if not over:
        return dict.fromkeys(("precision", "recall", "f1"))
    chosen = list(over)
    return {
        name: _plain(float(np.nan_to_num(getattr(confusion, name)[chosen]).mean()))
        for name in ("precision", "recall", "f1")
    }


def _share(confusion: Confusion, ids: tuple[int, ...]) -> float | None:
    total = confusion.n_scored
    return float(confusion.support[list(ids)].sum()) / total if total else None


def _count(confusion: Confusion) -> int | float:
    total = confusion.n_scored
    return int(total) if confusion.counts.dtype.kind in "iu" else total


def _plain(value: float) -> float | None:
    return None if math.isnan(value) else value
