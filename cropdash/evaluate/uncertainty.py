"""How sure a score is, and how honest a confidence is."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtr, stdtrit

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
    drawn: resampling.Drawn  # what the bootstrap drew
    n_zones: int


def intervals(
    confusions: Mapping[str, Confusion],
    *,
    rng: np.random.Generator,
    draws: int = 2000,
    level: float = 0.95,
) -> dict[str, Interval]:
    """Percentile intervals of the scores in METRICS, from one matrix per zone.

    Zones in which something is scored are drawn with replacement, with quantiles expanded for
    their small number (see `percentiles`); with fewer than four, parcels within each zone
    (unit "parcel" only; NotEnoughData for others, whose cells are not independent draws).
    A draw's macro scores average over the classes with support in the draw.
    """
    check_level(level)
    confusions = resampling.scored(confusions)
    counts = resampling.stack(confusions)  # (Z, K, K)
    drawn = resampling.drawn_unit(len(counts))
    if drawn == "zones":
        weights = resampling.zone_weights(len(counts), draws, rng)
        samples = resampling.draw_zones(counts, weights)
    else:
        check_parcels(confusions)
        samples = resampling.draw_parcels(counts, draws, rng)
    total, zones = counts.sum(axis=0), len(counts) if drawn == "zones" else None
    return {
        name: Interval(
            float(metric(total)),
            *percentiles(metric(samples), level, zones),
            level,
            drawn,
            len(counts),
        )
        for name, metric in METRICS.items()
    }


def percentiles(values: Doubles, level: float, n_zones: int | None = None) -> tuple[float, float]:
    """The middle `level` of the draws that are defined; NaN if none is.

    Draws of few zones spread less than their mean does from sample to sample, and have lighter
    tails than Student's t. With `n_zones` the quantiles are expanded for both: Hesterberg 2015,
    What teachers should know about the bootstrap, The American Statistician 69.
    """
    defined = values[~np.isnan(values)]
    if defined.size == 0:
        return float("nan"), float("nan")
    tail = (1 - level) / 2
    if n_zones is not None and n_zones > 1:
        tail = float(ndtr(math.sqrt(n_zones / (n_zones - 1)) * stdtrit(n_zones - 1, tail)))
    low, high = np.quantile(defined, [tail, 1 - tail])
    return float(low), float(high)


def check_level(level: float) -> None:
    if not 0 < level < 1:
        raise ConfigError(f"The level of an interval is {level}; it must lie between 0 and 1.")


def check_parcels(confusions: Mapping[str, Confusion]) -> None:
    """Raise NotEnoughData unless every matrix counts parcels."""
    units = {c.unit for c in confusions.values()}
    if units != {"parcel"}:
        raise NotEnoughData(
            f"An interval by {', '.join(sorted(units))} needs at least {resampling.MIN_ZONES}"
            f" zones, not {len(confusions)}: choose the unit parcel or predict more zones."
        )


def reliability(confidence: ArrayLike, correct: ArrayLike, n_bins: int = 10) -> pd.DataFrame:
    """Confidence against truth in equal bins of [0, 1].

    Columns low, high, n (parcels), confidence (mean), accuracy (share correct); the means of
    an empty bin are NaN. A bin holds its upper edge, the first one its lower edge as well.
    """
    c, right = _judged(confidence, correct)
    if n_bins < 1:
        raise ConfigError(f"n_bins is {n_bins}; it must be at least 1.")
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


def _judged(confidence: ArrayLike, correct: ArrayLike) -> tuple[Doubles, NDArray[np.float64]]:
    c = np.asarray(confidence, dtype=np.float64)
    right = np.asarray(correct, dtype=np.float64)
    if c.shape != right.shape or c.ndim != 1:
        raise InvalidRaster(
            f"confidence has shape {c.shape} and correct {right.shape}; both must be (P,)."
        )
    if c.size == 0:
        raise NotEnoughData("There is no scored parcel: predict at least one test zone first.")
    # Means of float32 probabilities pass 1 by a rounding error; more than that is a mistake.
    if not ((c >= 0) & (c <= 1 + 1e-5)).all():
        raise InvalidRaster("Confidences must lie between 0 and 1.")
    return np.minimum(c, 1.0), right
