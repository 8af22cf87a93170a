"""How much of each crop there is, corrected for the errors of the map."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from cropdash.domain.errors import InvalidRaster

_95 = 1.959963984540054  # standard deviations that hold 95 % of a normal distribution
_TOGETHER = 64  # units whose draws are held at a time
Doubles = NDArray[np.float64]


def estimate_area(counts: ArrayLike, mapped_ha: ArrayLike) -> pd.DataFrame:
    """Area of each class from a map and a random sample of it whose truth is known.

    counts (K, K) are sampled units, rows = truth as everywhere here (the source has the map in
    rows); mapped_ha (K,) is the area that the map gives each class. The map's classes are the
    strata of the sample.

    Columns class_id, sampled (units mapped as the class), mapped_ha, estimated_ha,
    standard_error_ha, low_ha, high_ha (95 %), users_accuracy (of what is mapped, the share that is
    right) and producers_accuracy (of what is there, the share that is mapped), each with its
    `_error` (standard error). One row per class that is mapped or found. A class that is mapped
    but of which fewer than two units were sampled leaves every area that it may hold unknown: its
    accuracies are NaN, attrs["unsampled_ha"] says how much area that is, and it takes no part.

    Olofsson et al. 2014, Good practices for estimating area and assessing accuracy of land
    change, Remote Sensing of Environment 148, equations 5 to 11.
    """
    sample, areas = _checked(counts, mapped_ha)
    n = sample.sum(axis=0)  # (K,) by map class
    used, spread = n >= 2, np.maximum(n - 1, 1)
    share = _ratio(sample, n, empty=0.0).T  # (map, truth)
    held = np.where(used, areas, 0.0)
    cells = held[:, None] * share  # [ha]
    doubt = held[:, None] ** 2 * share * (1 - share) / spread[:, None]
    right, found, error = np.diag(share), cells.sum(axis=0), np.sqrt(doubt.sum(axis=0))
    of_producer = _producers_error(share, doubt, held)
    table = pd.DataFrame(
        {
            "class_id": np.arange(len(areas)),
            "sampled": n,
            "mapped_ha": areas,
            "estimated_ha": found,
            "standard_error_ha": error,
            "low_ha": np.maximum(found - _95 * error, 0.0),
            "high_ha": found + _95 * error,
            "users_accuracy": np.where(used, right, np.nan),
            "producers_accuracy": np.where(used, _ratio(np.diag(cells), found), np.nan),
            "users_accuracy_error": np.where(used, np.sqrt(right * (1 - right) / spread), np.nan),
            "producers_accuracy_error": np.where(used, of_producer, np.nan),
        }
    )
    rows = pd.DataFrame(table[(areas > 0) | (sample.sum(axis=1) > 0)].reset_index(drop=True))
    rows.attrs["unsampled_ha"] = float(areas[~used].sum())
    return rows


def by_zones(
    counts: ArrayLike, mapped_ha: ArrayLike, rng: np.random.Generator, draws: int = 1000
) -> tuple[Doubles, Doubles, Doubles]:
    """(U, K) areas of each true class in U units, with the low and high ends of 95 % intervals.

    counts (Z, K, K) are units of Z scored zones, rows = truth; mapped_ha (U, K) is what the map gives
    each class. What is mapped as a class is shared out as it was in those zones; the intervals are
    of zones drawn anew, since neighbours err together: they hold where errors are as in those zones.
    A class that no zone was mapped as stays as it is mapped.
    """
    sample, areas = np.asarray(counts, np.float64), np.asarray(mapped_ha, np.float64)
    if sample.ndim != 3 or sample.shape[1:] != (areas.shape[-1],) * 2:
        raise InvalidRaster(
            "Counts of shape {a} don't fit {b} mapped areas: expected (K, K).",
            a=sample.shape,
            b=areas.shape[-1],
        )
    times = rng.multinomial(len(sample), np.full(len(sample), 1 / len(sample)), draws)
    found = areas @ _shares(sample.sum(axis=0))
    shares = np.stack([_shares(np.tensordot(drawn, sample, axes=1)) for drawn in times])
    ends = np.empty((2, *areas.shape))
    for first in range(0, len(areas), _TOGETHER):
        part = slice(first, first + _TOGETHER)
        ends[:, part] = np.quantile(areas[part] @ shares, (0.025, 0.975), axis=0)
    return found, ends[0], ends[1]


def _shares(counts: Doubles) -> Doubles:
    """(map, truth) of what is mapped as each class; of what is never mapped so, itself."""
    mapped = counts.T
    n = mapped.sum(axis=1, keepdims=True)
    return np.where(n > 0, _ratio(mapped, n, empty=0.0), np.eye(len(counts)))


def _producers_error(share: Doubles, doubt: Doubles, areas: Doubles) -> Doubles:
    """(K,) standard error of the producer's accuracy: equation 7 of the source.

    share (map, truth) and doubt (map, truth), its variance as an area [ha²].
    """
    size = (areas[:, None] * share).sum(axis=0)  # (K,) estimated area of each true class
    producers = _ratio(areas * np.diag(share), size)
    own = np.diag(doubt) * (1 - producers) ** 2
    others = producers**2 * (doubt.sum(axis=0) - np.diag(doubt))
    return _ratio(np.sqrt(own + others), size)


def _ratio(a: Doubles, b: Doubles, empty: float = np.nan) -> Doubles:
    """a / b; `empty` where b is 0."""
    there = np.broadcast_to(b, a.shape) > 0
    found: Doubles = np.divide(a, b, out=np.full(a.shape, empty), where=there)
    return found


def _checked(counts: ArrayLike, mapped_ha: ArrayLike) -> tuple[Doubles, Doubles]:
    sample, areas = np.asarray(counts, np.float64), np.asarray(mapped_ha, np.float64)
    if sample.ndim != 2 or sample.shape != (len(areas), len(areas)):
        raise InvalidRaster(
            "Counts of shape {a} don't fit {b} mapped areas: expected (K, K).",
            a=sample.shape,
            b=len(areas),
        )
    if (sample < 0).any() or (areas < 0).any():
        raise InvalidRaster("Counts and areas must not be negative.")
    return sample, areas
