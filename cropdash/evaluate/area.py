"""How much of each crop there is, corrected for the errors of the map."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from cropdash.errors import InvalidRaster

_95 = 1.959963984540054  # standard deviations that hold 95 % of a normal distribution


def estimate_area(counts: ArrayLike, mapped: ArrayLike) -> pd.DataFrame:
    """Area of each class from a map and a sample of it whose truth is known.

    counts (K, K) are sampled units, rows = truth as everywhere here (the source has the map in
    rows); mapped (K,) is the area that the map gives each class, in any unit of area. The map's
    classes are the strata of the sample.

    Columns class_id, sampled (units mapped as the class), mapped, estimated, standard_error, low,
    high (95 %), users_accuracy (of what is mapped, the share that is right) and producers_accuracy
    (of what is there, the share that is mapped), each with its `_error` (standard error).
    One row per class that is mapped or found. A class that is mapped but of which fewer than two
    units were sampled leaves every area that it may hold unknown: `unsampled` says how much mapped
    area that is, and it takes no part.

    Olofsson et al. 2014, Good practices for estimating area and assessing accuracy of land
    change, Remote Sensing of Environment 148, equations 5 to 11.
    """
    sample, areas = _checked(counts, mapped)
    by_map = sample.T  # (map, truth)
    n = by_map.sum(axis=1)
    used = n >= 2
    weights = np.where(used, areas, 0.0)
    total = weights.sum()
    weights = weights / total if total else weights  # (K,) W_i
    share = np.divide(by_map, n[:, None], out=np.zeros_like(by_map), where=n[:, None] > 0)
    cells = weights[:, None] * share  # (K, K) p_ij
    found = cells.sum(axis=0)  # (K,) estimated share of the area
    spread = np.where(used, n - 1, 1.0)[:, None]
    variance = (weights[:, None] ** 2 * share * (1 - share) / spread)[used].sum(axis=0)
    error = np.sqrt(variance) * total
    right = np.diag(share)
    table = pd.DataFrame(
        {
            "class_id": np.arange(len(areas)),
            "sampled": n,
            "mapped": areas,
            "estimated": found * total,
            "standard_error": error,
            "low": np.maximum(found * total - _95 * error, 0.0),
            "high": found * total + _95 * error,
            "users_accuracy": np.where(used, right, np.nan),
            "users_accuracy_error": np.where(
                used, np.sqrt(right * (1 - right) / spread[:, 0]), np.nan
            ),
            "producers_accuracy": _ratio(np.diag(cells), found),
            "producers_accuracy_error": _producers_error(share, n, np.where(used, areas, 0.0)),
        }
    )
    there = (areas > 0) | (by_map.sum(axis=0) > 0)
    rows = pd.DataFrame(table[there].reset_index(drop=True))
    rows.attrs["unsampled"] = float(areas[~used].sum())
    return rows


def _producers_error(
    share: NDArray[np.float64], n: NDArray[np.float64], areas: NDArray[np.float64]
) -> NDArray[np.float64]:
    """(K,) standard error of the producer's accuracy: equation 7 of the source."""
    spread = np.maximum(n - 1, 1)
    size = (areas[:, None] * share).sum(axis=0)  # (K,) estimated area of each true class
    producers = _ratio(areas * np.diag(share), size)
    doubt = areas[:, None] ** 2 * share * (1 - share) / spread[:, None]  # (map, truth)
    own = np.diag(doubt) * (1 - producers) ** 2
    others = producers**2 * (doubt.sum(axis=0) - np.diag(doubt))
    return _ratio(np.sqrt(own + others), size)


def _ratio(a: NDArray[np.float64], b: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.divide(a, b, out=np.full_like(a, np.nan), where=b > 0)


def _checked(
    counts: ArrayLike, mapped: ArrayLike
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    sample, areas = np.asarray(counts, np.float64), np.asarray(mapped, np.float64)
    if sample.ndim != 2 or sample.shape != (len(areas), len(areas)):
        raise InvalidRaster(
            f"Counts of shape {sample.shape} don't fit {len(areas)} mapped areas: expected (K, K)."
        )
    if (sample < 0).any() or (areas < 0).any():
        raise InvalidRaster("Counts and areas must not be negative.")
    return sample, areas
