"""Scores of confusion counts (..., K, K), rows = truth; vectorised over the leading axes.

A class has support when its row is not empty. Per class, in all functions below:
recall and F1 are NaN without support; precision is 0 for a class that has support but is
never predicted, and NaN for one that has neither.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Doubles = NDArray[np.float64]
Counts = NDArray[Any]  # (..., K, K) int64 or float64


def support(counts: Counts) -> Counts:
    """(..., K) what is there of each class in truth."""
    out: Counts = counts.sum(axis=-1)
    return out


def predicted_total(counts: Counts) -> Counts:
    """(..., K) what was called each class."""
    out: Counts = counts.sum(axis=-2)
    return out


def hits(counts: Counts) -> Counts:
    """(..., K) what was called by its right name."""
    out: Counts = np.diagonal(counts, axis1=-2, axis2=-1)
    return out


def accuracy(counts: Counts) -> Doubles:
    """(...,) share of hits in all that was scored; NaN where nothing was."""
    return _ratio(hits(counts).sum(axis=-1), counts.sum(axis=(-2, -1)))


def recall(counts: Counts) -> Doubles:
    """(..., K) share of each class that was found."""
    return _ratio(hits(counts), support(counts))


def precision(counts: Counts) -> Doubles:
    """(..., K) share of what was called a class that is one."""
    shares = _ratio(hits(counts), predicted_total(counts))
    return np.where(np.isnan(shares) & (support(counts) > 0), 0.0, shares)


def f1(counts: Counts) -> Doubles:
    """(..., K) harmonic mean of precision and recall."""
    there = support(counts)
    shares = _ratio(2 * hits(counts), there + predicted_total(counts))
    return np.where(there > 0, shares, np.nan)


def macro(values: Doubles, counts: Counts) -> Doubles:
    """(...,) mean of per-class `values` (..., K) over the classes with support."""
    there = support(counts) > 0
    return _ratio(np.where(there, values, 0.0).sum(axis=-1), there.sum(axis=-1))


def macro_precision(counts: Counts) -> Doubles:
    """(...,) mean precision over the classes with support."""
    return macro(precision(counts), counts)


def macro_recall(counts: Counts) -> Doubles:
    """(...,) mean recall over the classes with support, also called balanced accuracy."""
    return macro(recall(counts), counts)


def macro_f1(counts: Counts) -> Doubles:
    """(...,) mean F1 over the classes with support."""
    return macro(f1(counts), counts)


def weighted_f1(counts: Counts) -> Doubles:
    """(...,) mean F1 weighted by support."""
    there = support(counts)
    return _ratio((np.nan_to_num(f1(counts)) * there).sum(axis=-1), there.sum(axis=-1))


def kappa(counts: Counts) -> Doubles:
    """(...,) Cohen's kappa (1960): agreement beyond that of the margins; NaN if they leave none."""
    total = counts.sum(axis=(-2, -1))
    margins = support(counts).astype(np.float64) * predicted_total(counts)
    by_chance = _ratio(margins.sum(axis=-1), np.square(total, dtype=np.float64))
    return _ratio(accuracy(counts) - by_chance, 1.0 - by_chance)


def row_shares(counts: Counts) -> Doubles:
    """(..., K, K) each row as shares of its support; rows without support are NaN."""
    return _ratio(counts, support(counts)[..., None])


def _ratio(part: Counts, whole: Counts) -> Doubles:
    part, whole = np.asarray(part, np.float64), np.asarray(whole, np.float64)
    out = np.full(np.broadcast_shapes(part.shape, whole.shape), np.nan)
    np.divide(part, whole, out=out, where=whole != 0)
    return out
