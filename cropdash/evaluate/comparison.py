"""Two models on the same ground: which is better, where, and whether by chance."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from cropdash.domain.errors import InvalidRaster, NotEnoughData
from cropdash.evaluate import formulas, resampling
from cropdash.evaluate.formulas import Doubles
from cropdash.evaluate.matrix import Confusion, confusion
from cropdash.evaluate.pairs import Pairs, draw_pairs
from cropdash.evaluate.uncertainty import METRICS, around, check_level, check_parcels

# Below so many discordant parcels the chi-square is too coarse (the usual rule of 25).
EXACT_BELOW = 25


class McNemar(NamedTuple):
    """Do two models err on the same parcels equally often?"""

    only_left: int  # parcels that only the left model names right
    only_right: int
    p_value: float  # two-sided
    exact: bool  # binomial test; else chi-square with continuity correction


class Difference(NamedTuple):
    """A score of two models, left minus right."""

    left: float
    right: float
    value: float
    low: float
    high: float
    p_value: float  # two-sided, see `differences`
    drawn: resampling.Drawn
    n_zones: int


def mcnemar(left_correct: ArrayLike, right_correct: ArrayLike) -> McNemar:
    """McNemar's test (1947) on the same parcels (P,), each judged right or wrong by both models."""
    left, right = np.asarray(left_correct, bool), np.asarray(right_correct, bool)
    if left.shape != right.shape:
        raise InvalidRaster(
            "The left model has {a} parcels and the right {b}: compare them on the same ones.",
            a=left.size,
            b=right.size,
        )
    b, c = int((left & ~right).sum()), int((right & ~left).sum())
    if b + c < EXACT_BELOW:
        tail = sum(math.comb(b + c, i) for i in range(min(b, c) + 1)) / 2 ** (b + c)
        return McNemar(b, c, min(1.0, 2 * tail), exact=True)
    statistic = max(abs(b - c) - 1, 0) ** 2 / (b + c)
    # Upper tail of the chi-square with one degree of freedom.
    return McNemar(b, c, math.erfc(math.sqrt(statistic / 2)), exact=False)


def differences(
    left: Mapping[str, Confusion],
    right: Mapping[str, Confusion],
    *,
    rng: np.random.Generator,
    pairs: Pairs | None = None,
    draws: int = 2000,
    level: float = 0.95,
) -> dict[str, Difference]:
    """The difference of every score in METRICS with its interval, resampled alike for both models.

    Both map the same zones, in the same order, to matrices of the same truth; zones in which
    nothing is scored don't count. They are left out one at a time; with fewer than four, parcels are
    drawn within zones, for which `pairs` is needed (NotEnoughData). See `uncertainty.around`.

    p is the share of ways to exchange the models zone by zone that set them as far apart as they
    are (Fisher's randomisation test; with Z zones never below 2 / 2^Z), or, where parcels are
    drawn, twice the share of draws on the other side of 0.
    """
    check_level(level)
    _check_same_zones(left, right)
    left, right = resampling.scored(left), resampling.scored(right)
    samples = _draw_both(left, right, pairs, draws, rng)
    a, b = resampling.stack(left), resampling.stack(right)
    drawn = resampling.drawn_unit(len(a))
    exchanged = _exchange(a, b, draws, rng) if drawn == "zones" else None
    out = {}
    for name, metric in METRICS.items():
        one, two = (float(metric(counts.sum(axis=0))) for counts in (a, b))
        gain = metric(samples[0]) - metric(samples[1])
        low, high = around(one - two, gain, drawn, level)
        if exchanged is None:
            p = _p_of_draws(gain)
        else:
            p = _p_of_exchanges(metric(exchanged[0]) - metric(exchanged[1]), one - two)
        out[name] = Difference(one, two, one - two, low, high, p, drawn, len(a))
    return out


def class_f1_intervals(
    left: Mapping[str, Confusion],
    right: Mapping[str, Confusion],
    *,
    rng: np.random.Generator,
    pairs: Pairs | None = None,
    draws: int = 2000,
    level: float = 0.95,
) -> pd.DataFrame:
    """class_id, f1_low, f1_high: interval of each class' F1 difference; see `differences`.

    NaN where the class has no support, and where zones are resampled but fewer than four of them
    hold the class: they say nothing of how zones differ.
    """
    check_level(level)
    _check_same_zones(left, right)
    left, right = resampling.scored(left), resampling.scored(right)
    samples = _draw_both(left, right, pairs, draws, rng)
    gain = formulas.f1(samples[0]) - formulas.f1(samples[1])  # (D, K)
    totals = [resampling.stack(side).sum(axis=0) for side in (left, right)]
    value = formulas.f1(totals[0]) - formulas.f1(totals[1])  # (K,)
    drawn, held = resampling.drawn_unit(len(left)), [None] * len(value)
    if drawn == "zones":
        held = (resampling.stack(left).sum(axis=2) > 0).sum(axis=0).tolist()  # zones, by class
        value[np.array(held) < resampling.MIN_ZONES] = np.nan
    bounds = np.array(
        [
            around(float(one), column, drawn, level, n)
            for one, column, n in zip(value, gain.T, held, strict=True)
        ]
    )  # (K, 2)
    return pd.DataFrame(
        {"class_id": np.arange(len(bounds)), "f1_low": bounds[:, 0], "f1_high": bounds[:, 1]}
    )


def class_table(left: Confusion, right: Confusion) -> pd.DataFrame:
    """Both models class by class: one row per class with support or a prediction.

    class_id, support (in the unit counted), then left_ and right_ predicted, precision,
    recall, f1, and f1_difference (left minus right).
    """
    check_same_truth(left, right)
    columns: dict[str, NDArray[Any]] = {
        "class_id": np.arange(left.n_classes),
        "support": left.support,
    }
    for side, matrix in (("left", left), ("right", right)):
        columns[f"{side}_predicted"] = matrix.predicted_total
        for name in ("precision", "recall", "f1"):
            columns[f"{side}_{name}"] = getattr(matrix, name)
    table = pd.DataFrame(columns)
    table["f1_difference"] = table["left_f1"] - table["right_f1"]
    there = table[["support", "left_predicted", "right_predicted"]].sum(axis=1) > 0
    return table[there].reset_index(drop=True)


def cell_table(left: Confusion, right: Confusion) -> pd.DataFrame:
    """The cells of both matrices, largest advantage first.

    truth, predicted (class ids), left, right (counts), left_share, right_share (of the row),
    advantage (positive = left better; see `Confusion.advantage_over`); cells empty in both
    are left out.
    """
    check_same_truth(left, right)
    truth, predicted = np.nonzero((left.counts > 0) | (right.counts > 0))
    table = pd.DataFrame({"truth": truth, "predicted": predicted})
    for side, matrix in (("left", left), ("right", right)):
        table[side] = matrix.counts[truth, predicted]
        table[f"{side}_share"] = matrix.shares[truth, predicted]
    table["advantage"] = left.advantage_over(right)[truth, predicted]
    order = table["advantage"].abs().sort_values(ascending=False, kind="stable").index
    return table.loc[order].reset_index(drop=True)


def zone_table(left: Mapping[str, Confusion], right: Mapping[str, Confusion]) -> pd.DataFrame:
    """zone_id, n_scored, left_ and right_ accuracy and macro_f1 with their differences, by zone."""
    _check_same_zones(left, right)
    rows = []
    for zone, a in left.items():
        row: dict[str, object] = {"zone_id": zone, "n_scored": a.n_scored}
        for name in ("accuracy", "macro_f1"):
            one, two = getattr(a, name), getattr(right[zone], name)
            row |= {f"left_{name}": one, f"right_{name}": two, f"{name}_difference": one - two}
        rows.append(row)
    return pd.DataFrame(rows)


def check_same_truth(left: Confusion, right: Confusion) -> None:
    """Raise InvalidRaster unless both matrices count the same truth in the same way."""
    same_kind = (left.unit, left.level, left.n_classes) == (
        right.unit,
        right.level,
        right.n_classes,
    )
    if not same_kind or not np.allclose(left.support, right.support):
        raise InvalidRaster(
            "The two models were not scored on the same truth: score both on the same zones,"
            " in the same unit and at the same level."
        )


def _check_same_zones(left: Mapping[str, Confusion], right: Mapping[str, Confusion]) -> None:
    if list(left) != list(right):
        raise InvalidRaster("The two models were not scored on the same zones, in the same order.")
    for zone, matrix in left.items():
        check_same_truth(matrix, right[zone])


def _draw_both(
    left: Mapping[str, Confusion],
    right: Mapping[str, Confusion],
    pairs: Pairs | None,
    draws: int,
    rng: np.random.Generator,
) -> tuple[Doubles, Doubles]:
    """(R, K, K) counts of both models, resampled alike."""
    a, b = resampling.stack(left), resampling.stack(right)
    if resampling.drawn_unit(len(a)) == "zones":
        return resampling.left_out(a), resampling.left_out(b)
    if pairs is None:
        raise NotEnoughData(
            "With fewer than {a} zones the difference needs the parcels themselves: pass"
            " `pairs`, or predict more zones.",
            a=resampling.MIN_ZONES,
        )
    for matrices, said in ((left, pairs.left), (right, pairs.right)):
        check_parcels(matrices)
        counted = confusion(pairs.truth, said, a.shape[1], unit="parcel", include_background=True)
        total = resampling.stack(matrices).sum(axis=0)
        if not np.array_equal(counted.counts, total):
            raise InvalidRaster(
                "`pairs` are other parcels than those scored: pair them as they were counted."
            )
    return draw_pairs(pairs, a.shape[1], draws, rng)


def _exchange(
    a: NDArray[Any], b: NDArray[Any], draws: int, rng: np.random.Generator
) -> tuple[Doubles, Doubles]:
    """(D, K, K) counts of both models with those of some zones exchanged."""
    ways = resampling.exchanges(len(a), draws, rng)
    return (
        resampling.draw_zones(a, 1 - ways) + resampling.draw_zones(b, ways),
        resampling.draw_zones(a, ways) + resampling.draw_zones(b, 1 - ways),
    )


def _p_of_exchanges(gains: Doubles, found: float) -> float:
    defined = np.abs(gains[~np.isnan(gains)])
    if math.isnan(found) or defined.size == 0:
        return float("nan")
    return float((defined >= abs(found) - 1e-12).mean())


def _p_of_draws(gain: Doubles) -> float:
    defined = gain[~np.isnan(gain)]
    if defined.size == 0:
        return float("nan")
    # One is added so that a finite number of draws never claims certainty.
    tail = min((defined <= 0).sum(), (defined >= 0).sum()) + 1
    return float(min(1.0, 2 * tail / (defined.size + 1)))
