"""What sets places and years apart, measured of a zone, simulated or real, in one number each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cropdash.domain import indices

MAIZE, GRASS, CEREALS = 30, 6, (2, 4, 8, 15, 18, 36, 48)  # winter cereals
BARE, DENSE = 0.3, 0.8  # NDVI below which land is bare, and above which a stand is closed
LEAST = 60  # inner pixels of a field whose evenness is measured
WHOLE = 0.9  # share of a field that must have been seen
EVENNESS = (
    "NDVI deviation within a field",
    *(f"correlation of the deviations at {d} px" for d in (1, 2, 3)),
    "correlation of the deviations from month to month",
)

_Floats = NDArray[np.floating[Any]]
_Ids = NDArray[np.integer[Any]]


def measure(
    seen: _Floats, bands: Sequence[str], months: Sequence[int], crop: _Ids, parcel_id: _Ids
) -> dict[str, float]:
    """Each measure by name, NaN where there was nothing to measure.

    seen: reflectance (T, B, H, W) in periods of these months (T,), NaN where nothing was seen; crop
    and parcel_id (H, W), where parcel 0 is no parcel.
    """
    of_bands = (seen[:, list(bands).index(name)] for name in indices.TABLE["NDVI"].bands)
    ndvi, red = indices.TABLE["NDVI"].values(*of_bands), seen[:, list(bands).index("B4")]
    month, field = np.asarray(months), parcel_id > 0

    def percentile(values: _Floats, of: Sequence[int], share: float = 50) -> float:
        """Of the known values (T, P) in these months."""
        found = values[np.isin(month, of)]
        found = found[np.isfinite(found)]
        return float(np.percentile(found, share)) if found.size else float("nan")

    bare = np.where(ndvi < BARE, red, np.nan)[:, field]
    cereal, maize, grass = (np.isin(crop, of) & field for of in (CEREALS, MAIZE, GRASS))
    dense = np.where(ndvi > DENSE, red, np.nan)[:, cereal]
    spring = percentile(bare, (4, 5, 6))
    return {
        "red of bare ground, January to March": percentile(bare, (1, 2, 3)),
        "red of bare ground, April to June": spring,
        "red of the brightest tenth of bare ground, April to June": percentile(bare, (4, 5, 6), 90),
        "red of closed cereals, April to June": percentile(dense, (4, 5, 6)),
        "NDVI after cereals, October and November": percentile(ndvi[:, cereal], (10, 11)),
        "NDVI before maize, January": percentile(ndvi[:, maize], (1,)),
        "NDVI of maize, June": percentile(ndvi[:, maize], (6,)),
        "NDVI of maize, September": percentile(ndvi[:, maize], (9,)),
        "NDVI of grassland, January": percentile(ndvi[:, grass], (1,)),
        "NDVI of grassland, July": percentile(ndvi[:, grass], (7,)),
    } | dict(zip(EVENNESS, evenness(ndvi, parcel_id), strict=True))


def evenness(ndvi: _Floats, parcel_id: _Ids) -> tuple[float, ...]:
    """The measures of EVENNESS, of NDVI (T, H, W) in parcels (H, W).

    Pixels count whose eight neighbours are of their parcel, and parcels in periods in which they
    were seen nearly whole. The first is the median over parcels and periods; the correlations are
    over all of them, from one period to the next the mean over parcels.
    """
    ids = _inner(parcel_id)
    size = np.bincount(ids.ravel())
    sizes = np.where(np.arange(len(size)) > 0, size, 0)

    def sums(values: NDArray[Any]) -> _Floats:
        total = np.bincount(ids.ravel(), np.nan_to_num(values).ravel(), minlength=len(size))
        return np.asarray(total, dtype=np.float64)

    spreads, steps = [], []
    product, square = np.zeros(3), np.zeros(3)
    before = np.full(ids.shape, np.nan)
    for period in ndvi:
        seen = np.isfinite(period) & (ids > 0)
        count = np.maximum(sums(seen), 1)
        whole = (sizes > 0) & (count >= WHOLE * sizes)
        off = np.where(
            seen & whole[ids], period - (sums(np.where(seen, period, 0)) / count)[ids], np.nan
        )
        spreads.append(np.sqrt(sums(off**2) / count)[whole])
        for d in (1, 2, 3):
            for one, other, same in (
                (off[d:], off[:-d], ids[d:] == ids[:-d]),
                (off[:, d:], off[:, :-d], ids[:, d:] == ids[:, :-d]),
            ):
                here = same & np.isfinite(one) & np.isfinite(other)
                product[d - 1] += (one[here] * other[here]).sum()
                square[d - 1] += (one[here] ** 2 + other[here] ** 2).sum() / 2
        both = np.isfinite(off) & np.isfinite(before)
        scale = np.sqrt(sums(np.where(both, off, 0) ** 2) * sums(np.where(both, before, 0) ** 2))
        steps.append(sums(np.where(both, off * before, 0))[scale > 0] / scale[scale > 0])
        before = off
    spread, step = np.concatenate(spreads), np.concatenate(steps)
    correlation = product / np.where(square > 0, square, np.nan)
    of_all = (np.median(spread) if spread.size else np.nan, *correlation)
    return tuple(float(value) for value in (*of_all, step.mean() if step.size else np.nan))


def _inner(parcel_id: _Ids) -> _Ids:
    """(H, W) the parcels without their edges; those of too few pixels are none."""
    height, width = parcel_id.shape
    padded = np.pad(parcel_id, 1)
    around = [padded[i : i + height, j : j + width] for i in range(3) for j in range(3)]
    ids = np.where(np.logical_and.reduce([side == parcel_id for side in around]), parcel_id, 0)
    return np.where(np.bincount(ids.ravel())[ids] >= LEAST, ids, 0)
