"""How sure a score is, and how honest a confidence is."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtri, stdtrit

from cropdash.domain.errors import ConfigError, InvalidRaster, NotEnoughData
from cropdash.evaluate import formulas, resampling
from cropdash.evaluate.formulas import Counts, Doubles
from cropdash.evaluate.matrix import Confusion

Metric = Callable[[Counts], Doubles]  # (..., K, K) -> (...,)
METRICS: dict[str, Metric] = {
    "accuracy": formulas.accuracy,
    "macro_precision": formulas.macro_precision,
    "macro_recall": formulas.macro_recall,
    "macro_f1": formulas.macro_f1,
    "weighted_f1": formulas.weighted_f1,
    "kappa": formulas.kappa,
}


class Interval(NamedTuple):
    """A score and where it may lie."""

    value: float  # of all zones together
    low: float
    high: float
    level: float  # e.g. 0.95
    drawn: resampling.Drawn  # what was resampled
    n_zones: int


def intervals(
    confusions: Mapping[str, Confusion],
    *,
    rng: np.random.Generator,
    draws: int = 2000,
    level: float = 0.95,
) -> dict[str, Interval]:
    """Intervals of the scores in METRICS, from one matrix per zone: see `around`.

    Zones in which something is scored are left out one at a time; with fewer than four, parcels
    are drawn within each zone instead (unit "parcel" only; NotEnoughData for others, whose cells
    are not independent draws). `rng` and `draws` are of these.

    What is covered is the score that so many zones have in the mean. A macro score averages over
    the classes that they happen to hold, so leaving out the only zone of a class leaves it out
    too: that which classes occur is chance is part of the interval.
    """
    check_level(level)
    confusions = resampling.scored(confusions)
    counts = resampling.stack(confusions)  # (Z, K, K)
    drawn = resampling.drawn_unit(len(counts))
    if drawn == "zones":
        samples = resampling.left_out(counts)
    else:
        check_parcels(confusions)
        samples = resampling.draw_parcels(counts, draws, rng)
    total = counts.sum(axis=0)
    found = {}
    for name, metric in METRICS.items():
        value = float(metric(total))
        low, high = around(value, metric(samples), drawn, level)
        found[name] = Interval(value, max(low, -1.0), min(high, 1.0), level, drawn, len(counts))
    return found


def around(
    value: float, resampled: Doubles, drawn: resampling.Drawn, level: float, held: int | None = None
) -> tuple[float, float]:
    """Bounds at equal distances from a number, by how it varies in (R,) resampled data; NaN if unknown.

    Zones: the jackknife's standard error of the number without one zone at a time (Tukey 1958),
    times Student's t on one degree of freedom less than there are zones, or zones that `held`
    what is counted. Parcels: the bootstrap's standard error of (R,) draws, times the normal's.
    Such an interval always holds the number it is one of, which quantiles of draws need not.
    """
    known = resampled[~np.isnan(resampled)]
    if known.size < 2 or math.isnan(value):
        return float("nan"), float("nan")
    tail = (1 - level) / 2
    if drawn == "zones":
        error = math.sqrt((known.size - 1) * float(known.var()))
        times = -float(stdtrit((held or known.size) - 1, tail))
    else:
        error, times = float(known.std(ddof=1)), -float(ndtri(tail))
    return value - times * error, value + times * error


def check_level(level: float) -> None:
    """Raise ConfigError unless the level of an interval lies between 0 and 1."""
    if not 0 < level < 1:
        raise ConfigError("The level of an interval is {a}; it must lie between 0 and 1.", a=level)


def check_parcels(confusions: Mapping[str, Confusion]) -> None:
    """Raise NotEnoughData unless every matrix counts parcels."""
    units = {c.unit for c in confusions.values()}
    if units != {"parcel"}:
        raise NotEnoughData(
            "An interval by {a} needs at least {b} zones, not {c}: choose the unit parcel"
            " or predict more zones.",
            a=", ".join(sorted(units)),
            b=resampling.MIN_ZONES,
            c=len(confusions),
        )


def reliability(confidence: ArrayLike, correct: ArrayLike, n_bins: int = 10) -> pd.DataFrame:
    """Confidence against truth in equal bins of [0, 1].

    Columns low, high, n (parcels), confidence (mean), accuracy (share correct); the means of
    an empty bin are NaN. A bin holds its upper edge, the first one its lower edge as well.
    """
    c, right = _judged(confidence, correct)
    if n_bins < 1:
        raise ConfigError("n_bins is {a}; it must be at least 1.", a=n_bins)
    edges = np.linspace(0.0, 1.0, n_bins + 1)
    index = np.clip(np.searchsorted(edges, c, side="left") - 1, 0, n_bins - 1)
    n = np.bincount(index, minlength=n_bins)
    mean = np.full((2, n_bins), np.nan)
    for row, values in enumerate((c, right)):
        np.divide(np.bincount(index, values, minlength=n_bins), n, out=mean[row], where=n > 0)
    return pd.DataFrame(
        {"low": edges[:-1], "high": edges[1:], "n": n, "confidence": mean[0], "accuracy": mean[1]}
    )


def calibration_error(confidence: ArrayLike, correct: ArrayLike, n_bins: int = 10) -> float:
    """Expected calibration error: |accuracy - confidence| of the bins, weighted by their parcels.

    0 = as sure as it is right. Guo et al. 2017, On calibration of modern neural networks.
    """
    table = reliability(confidence, correct, n_bins)
    gap = (table["accuracy"] - table["confidence"]).abs().fillna(0.0)
    return float((gap * table["n"]).sum() / table["n"].sum())


def error_by_chance(confidence: ArrayLike, n_bins: int = 10) -> float:
    """The calibration error that as many parcels show on average where every confidence is true.

    By the normal approximation of each bin: no error below it can be told from none.
    """
    c, _ = _judged(confidence, np.zeros_like(confidence))
    bins = np.clip(np.ceil(c * n_bins).astype(int) - 1, 0, n_bins - 1)
    spread = np.sqrt(np.bincount(bins, c * (1 - c)))  # of the number that are right
    return float(np.sqrt(2 / np.pi) * spread.sum() / len(c))


def _judged(confidence: ArrayLike, correct: ArrayLike) -> tuple[Doubles, NDArray[np.float64]]:
    c = np.asarray(confidence, dtype=np.float64)
    right = np.asarray(correct, dtype=np.float64)
    if c.shape != right.shape or c.ndim != 1:
        raise InvalidRaster(
            "confidence has shape {a} and correct {b}; both must be (P,).", a=c.shape, b=right.shape
        )
    if c.size == 0:
        raise NotEnoughData("There is no scored parcel: predict at least one test zone first.")
    # Means of float32 probabilities pass 1 by a rounding error; more than that is a mistake.
    if not ((c >= 0) & (c <= 1 + 1e-5)).all():
        raise InvalidRaster("Confidences must lie between 0 and 1.")
    return np.minimum(c, 1.0), right
