"""The confusion matrix: counts, what they count, and the scores that follow."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cropdash.domain import BACKGROUND, IGNORE
from cropdash.domain.errors import ConfigError, InvalidRaster
from cropdash.evaluate import formulas
from cropdash.evaluate.formulas import Counts, Doubles

Unit = Literal["pixel", "parcel", "hectare"]
UNITS: tuple[Unit, ...] = get_args(Unit)


@dataclass(frozen=True, eq=False)
class Confusion:
    """Counts (K, K), rows = truth, columns = predicted, with the scores as properties.

    Per class, recall and F1 are NaN without support; precision is 0 with support but no
    prediction and NaN with neither. Macro scores average over the classes with support,
    undefined precision counting as 0, as scikit-learn's with labels=supported, zero_division=0.
    """

    counts: Counts  # int64, or float64 where weighted (hectares)
    unit: Unit = "pixel"
    includes_background: bool = False  # True if truth 0 was scored
    level: str = "class"  # of the legend

    def __post_init__(self) -> None:
        if self.counts.ndim != 2 or self.counts.shape[0] != self.counts.shape[1]:
            raise InvalidRaster("A confusion matrix must be square, not {a}.", a=self.counts.shape)
        check_unit(self.unit)

    @property
    def n_classes(self) -> int:
        """K, with the background."""
        return len(self.counts)

    @property
    def n_scored(self) -> float:
        """All that was scored, in `unit`."""
        return float(self.counts.sum())

    @property
    def support(self) -> Counts:
        """(K,) what is there of each class."""
        return formulas.support(self.counts)

    @property
    def predicted_total(self) -> Counts:
        """(K,) what was called each class."""
        return formulas.predicted_total(self.counts)

    @property
    def supported(self) -> tuple[int, ...]:
        """Ids of the classes with support: the list over which macro scores average."""
        return tuple(int(i) for i in np.flatnonzero(self.support > 0))

    @property
    def accuracy(self) -> float:
        """Share of all that was scored that is right; NaN if nothing was scored."""
        return float(formulas.accuracy(self.counts))

    @property
    def class_accuracy(self) -> Doubles:
        """(K,) share of all that was scored that is rightly called the class, or rightly not."""
        missed = self.support + self.predicted_total - 2 * formulas.hits(self.counts)
        total = self.n_scored
        return 1.0 - missed / total if total else np.full(self.n_classes, np.nan)

    @property
    def precision(self) -> Doubles:
        """(K,)"""
        return formulas.precision(self.counts)

    @property
    def recall(self) -> Doubles:
        """(K,)"""
        return formulas.recall(self.counts)

    @property
    def f1(self) -> Doubles:
        """(K,)"""
        return formulas.f1(self.counts)

    @property
    def macro_precision(self) -> float:
        """Mean precision of the classes with support."""
        return float(formulas.macro_precision(self.counts))

    @property
    def macro_recall(self) -> float:
        """Mean recall of the classes with support."""
        return float(formulas.macro_recall(self.counts))

    @property
    def macro_f1(self) -> float:
        """Mean F1 of the classes with support."""
        return float(formulas.macro_f1(self.counts))

    @property
    def weighted_f1(self) -> float:
        """Mean F1, each class counted by its support."""
        return float(formulas.weighted_f1(self.counts))

    @property
    def kappa(self) -> float:
        """Cohen's kappa."""
        return float(formulas.kappa(self.counts))

    @property
    def shares(self) -> Doubles:
        """(K, K) rows as shares of their support; NaN without support."""
        return formulas.row_shares(self.counts)

    def advantage_over(self, other: Confusion) -> Doubles:
        """(K, K) how much better this is than `other`, cell by cell, in shares of the row.

        The sign is flipped off the diagonal: positive always means that this one is better,
        by more hits on the diagonal and by fewer confusions off it.
        """
        self._check_same_kind(other)
        gain = self.shares - other.shares
        return np.where(np.eye(self.n_classes, dtype=bool), gain, -gain)

    def at_level(self, group_of: ArrayLike, level: str = "group") -> Confusion:
        """Counts of groups: `group_of` (K,) is the group's index of each class, 0 … G-1.

        Confusions within a group become hits.
        """
        groups = np.asarray(group_of)
        if groups.shape != (self.n_classes,) or groups.min() < 0:
            raise InvalidRaster(
                "group_of has shape {a}; it needs one index from 0 for each of the {b} classes.",
                a=groups.shape,
                b=self.n_classes,
            )
        member = np.zeros((self.n_classes, int(groups.max()) + 1), dtype=self.counts.dtype)
        member[np.arange(self.n_classes), groups] = 1  # (K, G)
        return replace(self, counts=member.T @ self.counts @ member, level=level)

    def __add__(self, other: Confusion) -> Confusion:
        self._check_same_kind(other)
        return replace(self, counts=self.counts + other.counts)

    def _check_same_kind(self, other: Confusion) -> None:
        for name in ("n_classes", "unit", "includes_background", "level"):
            mine, theirs = getattr(self, name), getattr(other, name)
            if mine != theirs:
                raise InvalidRaster(
                    "Two confusion matrices differ in {a} ({b} and {c}): count both in the same"
                    " way.",
                    a=name,
                    b=mine,
                    c=theirs,
                )


def confusion(
    truth: ArrayLike,
    predicted: ArrayLike,
    n_classes: int,
    weights: ArrayLike | None = None,
    *,
    include_background: bool = False,
    unit: Unit | None = None,
) -> Confusion:
    """Count truth against prediction; arrays of any shape, but all of the same.

    Truth 255 is never scored, truth 0 only with `include_background`. A prediction of 0, or
    of a class that is nowhere in truth, is an error like any other. With `weights`
    (hectares, say) counts are float64, else int64. `unit` names what is counted: by default
    "pixel", or "hectare" with weights.

    Raises InvalidRaster for unequal shapes, ids outside the legend, or negative weights.
    """
    if not 1 <= n_classes <= IGNORE:
        raise ConfigError("n_classes is {a}; it must lie between 1 and {b}.", a=n_classes, b=IGNORE)
    t, p = _ids(truth, "truth"), _ids(predicted, "predicted")
    w = None if weights is None else _weights(weights)
    for name, array in (("predicted", p), ("weights", w)):
        if array is not None and array.shape != t.shape:
            raise InvalidRaster(
                "{a} has shape {b} but truth has {c}.", a=name, b=array.shape, c=t.shape
            )
    scored = t != IGNORE
    if not include_background:
        scored &= t != BACKGROUND
    t, p = t[scored], p[scored]
    _check_range(t, n_classes, "truth")
    _check_range(p, n_classes, "predicted")
    cell = t.astype(np.int64) * n_classes + p
    counts = np.bincount(cell, None if w is None else w[scored], minlength=n_classes**2)
    counts = counts.astype(np.int64 if w is None else np.float64, copy=False)
    named = unit or ("pixel" if w is None else "hectare")
    return Confusion(counts.reshape(n_classes, n_classes), named, include_background)


def check_unit(unit: str) -> None:
    """Raise ConfigError unless `unit` is one of UNITS."""
    if unit not in UNITS:
        raise ConfigError("Unit {a} is unknown; use one of {b}.", a=repr(unit), b=", ".join(UNITS))


def _ids(values: ArrayLike, name: str) -> NDArray[Any]:
    array = np.asarray(values)
    if array.size == 0:
        return array.astype(np.int64)
    if array.dtype.kind not in "iu":
        raise InvalidRaster(
            "{a} holds {b}; class ids must be whole numbers.", a=name, b=array.dtype
        )
    return array


def _weights(values: ArrayLike) -> Doubles:
    array = np.asarray(values, dtype=np.float64)
    if not (np.isfinite(array) & (array >= 0)).all():
        raise InvalidRaster("Weights must be finite and not negative, as areas are.")
    return array


def _check_range(ids: NDArray[Any], n_classes: int, name: str) -> None:
    if ids.size and (ids.min() < 0 or ids.max() >= n_classes):
        wrong = ids.min() if ids.min() < 0 else ids.max()
        raise InvalidRaster(
            "{a} holds the class id {b}, but the legend's ids run from 0 to {c}: was it"
            " made with another legend?",
            a=name,
            b=wrong,
            c=n_classes - 1,
        )
