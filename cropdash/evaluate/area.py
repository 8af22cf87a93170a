"""How much of each crop there is, corrected for the errors of the map."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy.special import stdtrit

from cropdash.domain.errors import InvalidRaster

_95 = 1.959963984540054  # standard deviations that hold 95 % of a normal distribution
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
    used = n >= 2
    share = _ratio(sample, n, empty=0.0).T  # (map, truth)
    spread = np.maximum(n - 1, 1)
    held = np.where(used, areas, 0.0)
    doubt = held[:, None] ** 2 * share * (1 - share) / spread[:, None]
    right = np.diag(share)
    table = _table(sample, areas, used, np.sqrt(doubt.sum(axis=0)), _95)
    table["users_accuracy_error"] = np.where(used, np.sqrt(right * (1 - right) / spread), np.nan)
    error = _producers_error(share, doubt, held)
    table["producers_accuracy_error"] = np.where(used, error, np.nan)
    return _rows_there(table, sample, areas, used)


def estimate_area_by_zone(counts: ArrayLike, mapped_ha: ArrayLike) -> pd.DataFrame:
    """As `estimate_area`, where whole zones were sampled instead of units.

    counts (Z, K, K) are what was sampled in each zone, in hectares or units. Neighbours err alike,
    so that many units of few zones say less than as many units from everywhere: the error is that
    of a ratio estimate over zones (Cochran 1977, Sampling Techniques, chapters 6 and 9), with
    Student's t on Z - 1 degrees of freedom. With one zone it is NaN.
    """
    zones = np.asarray(counts, np.float64)
    if zones.ndim != 3:
        raise InvalidRaster(f"Counts of shape {zones.shape}: expected (zones, K, K).")
    sample, areas = _checked(zones.sum(axis=0), mapped_ha)
    zones = zones[zones.any(axis=(1, 2))]  # where nothing was sampled nothing is known
    z, used = len(zones), sample.sum(axis=0) > 0
    share = _ratio(sample, sample.sum(axis=0), empty=0.0)  # (truth, map)
    scale = np.where(used, _ratio(areas, sample.sum(axis=0), empty=0.0), 0.0)  # (K,)
    off = zones - share * zones.sum(axis=1)[:, None, :]  # what a zone errs otherwise than all
    residual = off @ scale  # (Z, K) by true class [ha]
    if z < 2:
        error, reach = np.full(len(areas), np.nan), np.nan
    else:
        error = np.sqrt(z / (z - 1) * (residual**2).sum(axis=0))
        reach = float(stdtrit(z - 1, 0.975))
    return _rows_there(_table(sample, areas, used, error, reach), sample, areas, used)


def _table(
    sample: Doubles, areas: Doubles, used: NDArray[np.bool_], error: Doubles, reach: float
) -> pd.DataFrame:
    """All K classes with their estimates; `reach` is how many errors an interval spans."""
    share = _ratio(sample, sample.sum(axis=0), empty=0.0)  # (truth, map)
    cells = share * np.where(used, areas, 0.0)  # [ha]
    found = cells.sum(axis=1)
    return pd.DataFrame(
        {
            "class_id": np.arange(len(areas)),
            "sampled": sample.sum(axis=0),
            "mapped_ha": areas,
            "estimated_ha": found,
            "standard_error_ha": error,
            "low_ha": np.maximum(found - reach * error, 0.0),
            "high_ha": found + reach * error,
            "users_accuracy": np.where(used, np.diag(share), np.nan),
            "producers_accuracy": np.where(used, _ratio(np.diag(cells), found), np.nan),
        }
    )


def _rows_there(
    table: pd.DataFrame, sample: Doubles, areas: Doubles, used: NDArray[np.bool_]
) -> pd.DataFrame:
    rows = pd.DataFrame(table[(areas > 0) | (sample.sum(axis=1) > 0)].reset_index(drop=True))
    rows.attrs["unsampled_ha"] = float(areas[~used].sum())
    return rows


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
            f"Counts of shape {sample.shape} don't fit {len(areas)} mapped areas: expected (K, K)."
        )
    if (sample < 0).any() or (areas < 0).any():
        raise InvalidRaster("Counts and areas must not be negative.")
    return sample, areas
