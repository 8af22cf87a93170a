"""Measures that are taken of simulated and real fields alike."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cropdash.domain import indices

QUANTILES = (0.10, 0.25, 0.50, 0.75, 0.90)  # of parcel areas
SIZES_HA = (0.3, 1.0, 2.0, 4.0, 8.0, 16.0)  # borders of the classes of parcel size
NDVI = "NDVI"

Floats = NDArray[np.floating[Any]]


def quantiles(pixels: Floats, bands: Sequence[str], months: Sequence[int]) -> pd.DataFrame:
    """month, band, p10, p50, p90 of reflectance (T, B, N), and of NDVI, in periods of these months.

    Periods of one month count together; NaN where nothing was seen.
    """
    of_bands = [pixels[:, list(bands).index(name)] for name in indices.TABLE[NDVI].bands]
    index = indices.TABLE[NDVI].values(*of_bands)  # (T, N)
    values = np.concatenate([pixels, index[:, None]], axis=1)
    found = []
    for month in np.unique(months):
        here = np.concatenate(list(values[np.asarray(months) == month]), axis=-1)
        table = pd.DataFrame(here.T, columns=[*bands, NDVI]).quantile([0.1, 0.5, 0.9]).T
        found.append(table.set_axis(["p10", "p50", "p90"], axis=1).assign(month=month))
    table = pd.concat(found).rename_axis("band").reset_index()
    return table[["month", "band", "p10", "p50", "p90"]]


def weighted_mean(values: Floats, weights: Floats) -> float:
    """Mean of parcels, each counted by `weights`; NaN if they count for nothing.

    A parcel that a zone's edge cuts is the more likely to be met the larger it is: counted by the
    share of it that lies inside, the mean is that of the open country (Horvitz and Thompson 1952).
    """
    total = float(np.sum(weights))
    return float(np.sum(values * weights) / total) if total > 0 else float("nan")


def weighted_quantiles(values: Floats, weights: Floats) -> NDArray[np.float64]:
    """(5,) the least values at or under which QUANTILES of the weight lie; NaN without weight."""
    if not np.sum(weights) > 0:
        return np.full(len(QUANTILES), np.nan)
    order = np.argsort(values)
    share = np.cumsum(weights[order]) / np.sum(weights)
    # Where a share is met exactly, a sum's rounding must not pass on to the next value.
    found = np.searchsorted(share, np.array(QUANTILES) - 1e-9)
    return np.asarray(values[order][found], np.float64)


def border_counts(parcel_id: NDArray[np.integer[Any]], area_ha: Floats) -> pd.DataFrame:
    """size, pixels, border: pixels of parcels, and those with a neighbour of another parcel.

    parcel_id (H, W), 0 = none; area_ha by parcel id, from 0 on. Neighbours share a side; the
    raster's own edge is no border.
    """
    padded = np.pad(parcel_id, 1, "edge")
    around = (padded[:-2, 1:-1], padded[2:, 1:-1], padded[1:-1, :-2], padded[1:-1, 2:])
    is_border = np.logical_or.reduce([side != parcel_id for side in around])
    size = np.digitize(area_ha, SIZES_HA)[parcel_id]
    inside = parcel_id > 0
    classes = len(SIZES_HA) + 1
    pixels = np.bincount(size[inside], minlength=classes)
    border = np.bincount(size[inside & is_border], minlength=classes)
    return pd.DataFrame({"size": range(classes), "pixels": pixels, "border": border})


def border_share(counts: pd.DataFrame) -> pd.DataFrame:
    """low_ha, high_ha, share of border pixels (NaN without pixels); sizes with two limits only."""
    total = counts.groupby("size")[["pixels", "border"]].sum()
    total = total.reindex(range(1, len(SIZES_HA)), fill_value=0).astype(float)
    share = (total["border"] / total["pixels"].where(total["pixels"] > 0)).to_numpy()
    return pd.DataFrame({"low_ha": SIZES_HA[:-1], "high_ha": SIZES_HA[1:], "share": share})
