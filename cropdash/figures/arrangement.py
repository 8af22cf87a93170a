"""Which labels a confusion matrix is drawn with, and in what order."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, Self, TypeVar

import numpy as np
from numpy.typing import NDArray

from cropdash.domain import Legend, Level
from cropdash.domain.errors import ConfigError
from cropdash.figures import wording
from cropdash.i18n import say

Shares = NDArray[np.float64]


class Matrix(Protocol):
    """What a figure needs of a confusion matrix."""

    @property
    def counts(self) -> NDArray[Any]:
        """(K, K) counts, rows = truth."""

    @property
    def unit(self) -> Any:
        """ "pixel", "parcel" or "hectare"."""

    @property
    def shares(self) -> Shares:
        """(K, K) shares of each row."""

    def at_level(self, group_of: NDArray[np.int64]) -> Self:
        """The same counts by group or family."""

    def advantage_over(self, other: Self) -> Shares:
        """(K, K) where this one is better than another."""


M = TypeVar("M", bound=Matrix)


@dataclass(frozen=True)
class Labels:
    """The rows, and columns, of a matrix as it is drawn."""

    names: tuple[str, ...]  # (n,) whole
    classes: tuple[tuple[int, ...], ...]  # (n,) class ids behind each
    has_other: bool  # True if the last one is the rest
    breaks: tuple[float, ...]  # where one family ends and the next begins
    groups: tuple[int | None, ...]  # id of each at its level; None for the rest
    blocks: tuple[tuple[str, int, int], ...]  # family of several, its first and last row

    @property
    def index_of_class(self) -> dict[int, int]:
        """Where each class stands, by its id."""
        return {k: i for i, members in enumerate(self.classes) for k in members}


def arrange(
    left: M,
    right: M,
    legend: Legend,
    *,
    level: Level = "class",
    top_k: int | None = 20,
    only: Collection[int] = (),
    fold: Collection[str] = (),
) -> Labels:
    """Which labels are drawn, in what order.

    Both matrices are at class level. The groups of `level` in `only`, or if that is empty the
    `top_k` with the most support (all if None), stand by family; the rest is "other". Groups
    that neither matrix holds are left out. Those of a family (see `family_of`) in `fold` are one
    row together.
    """
    _check(left, right, legend, top_k)
    group_of = legend.group_of(level)
    there = [_by_group(m.counts.sum(axis=axis), group_of) for m in (left, right) for axis in (0, 1)]
    present = np.flatnonzero(np.sum(there, axis=0) > 0)
    support = there[1] + there[3]
    ranked = present[np.argsort(-support[present], kind="stable")]
    chosen = {int(g) for g in only} & set(present.tolist())
    shown = chosen or set(ranked[:top_k].tolist())
    order = [g for g in _order(legend, level) if g in shown]
    rest = [int(g) for g in present if g not in shown]
    return _labels(legend, level, order, rest, fold)


def positions(labels: Labels, legend: Legend) -> NDArray[np.int64]:
    """(K,) row of each class; classes that are not drawn hold nothing, so any row will do."""
    index = labels.index_of_class
    last = len(labels.names) - 1
    return np.array([index.get(k, last) for k in range(legend.n_classes)], dtype=np.int64)


def _check(left: Matrix, right: Matrix, legend: Legend, top_k: int | None) -> None:
    expected = (legend.n_classes, legend.n_classes)
    for matrix in (left, right):
        if matrix.counts.shape != expected:
            raise ConfigError(
                "A confusion matrix of shape {a} does not fit the legend of {b} classes: draw"
                " matrices at class level.",
                a=matrix.counts.shape,
                b=legend.n_classes,
            )
    if top_k is not None and top_k < 1:
        raise ConfigError("top_k is {a}; show at least one class.", a=top_k)


def _by_group(values: NDArray[Any], group_of: NDArray[np.int64]) -> Shares:
    return np.bincount(group_of, values).astype(np.float64)


def _order(legend: Legend, level: Level) -> list[int]:
    """Groups of a level, relatives together."""
    group_of = legend.group_of(level)
    return list(dict.fromkeys(int(group_of[crop.id]) for crop in legend.ordered()))


def _labels(
    legend: Legend, level: Level, order: list[int], rest: list[int], fold: Collection[str]
) -> Labels:
    names = wording.group_labels(legend, level)
    group_of = legend.group_of(level)
    held = [tuple(int(k) for k in np.flatnonzero(group_of == g)) for g in order]
    of = [family_of(legend, level, classes[0]) for classes in held]
    shown: list[str] = []
    members: list[tuple[int, ...]] = []
    families: list[str] = []
    ids: list[int | None] = []
    for g, classes, family in zip(order, held, of, strict=True):
        if family in fold and family in families:  # relatives stand together, so the last row
            shown[-1], ids[-1] = wording.kin_label(legend, _above(level), family), None
            members[-1] += classes
            continue
        shown.append(names[g])
        members.append(classes)
        families.append(family)
        ids.append(g)
    breaks = [i + 0.5 for i in range(len(families) - 1) if families[i] != families[i + 1]]
    if rest:
        breaks.append(len(shown) - 0.5)
        shown.append(say("Other: {n} more", n=len(rest)))
        members.append(tuple(int(k) for k in np.flatnonzero(np.isin(group_of, rest))))
        ids.append(None)
    return Labels(
        tuple(shown),
        tuple(members),
        bool(rest),
        tuple(breaks),
        tuple(ids),
        _blocks(families, legend, level),
    )


def _blocks(
    families: Sequence[str], legend: Legend, level: Level
) -> tuple[tuple[str, int, int], ...]:
    """Families with several rows: name, first and last row."""
    rows: dict[str, list[int]] = {}
    for i, family in enumerate(families):
        rows.setdefault(family, []).append(i)
    several = {family: at for family, at in rows.items() if family and len(at) > 1}
    above = _above(level)
    return tuple(
        (wording.kin_label(legend, above, name), at[0], at[-1]) for name, at in several.items()
    )


def _above(level: Level) -> Level:
    return "group" if level == "class" else "family"


def family_of(legend: Legend, level: Level, class_id: int) -> str:
    """What holds a class's group of `level`: of a class its group, of a group its family."""
    crop = legend.classes[class_id]
    return {"class": crop.group, "group": crop.family}.get(level, "")
