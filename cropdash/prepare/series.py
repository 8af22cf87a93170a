"""Per-parcel statistics of a cube, period by period."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cropdash.domain import Cube, Float, Labels, indices


def parcel_series(cube: Cube, labels: Labels) -> pd.DataFrame:
    """One row per parcel with at least one pixel, and period.

    Columns: parcel_id, period, n_pixels, clear_share (share of pixels with an observation of
    that period, the rest was filled), and `<name>_mean`, `<name>_std` over the parcel's pixels of
    each band, of each index that the bands allow, and of each further layer; a layer that is the
    same all season is the same in each row.
    """
    ids, index = np.unique(labels.parcel_id, return_inverse=True)
    inside = labels.parcel_id.ravel() > 0
    ids, index = ids[ids > 0], index.ravel()[inside]
    index = index - (1 if (~inside).any() else 0)  # (M,) row of each pixel's parcel
    n = np.bincount(index, minlength=len(ids))
    t = len(cube.periods)
    observed = (cube.clear_dates > 0).reshape(t, -1)[:, inside]  # (T, M)
    columns: dict[str, NDArray[np.generic]] = {
        "parcel_id": np.repeat(ids.astype(np.int32), t),
        "period": np.tile(np.array([p.id for p in cube.periods]), len(ids)),
        "n_pixels": np.repeat(n.astype(np.int32), t),
        "clear_share": _by_parcel([_mean(o, index, n) for o in observed]),
    }
    for name, values in _values(cube):
        pixels = values.reshape(len(values), -1)[:, inside]  # (T, M) or (1, M)
        moments = [_moments(plane, index, len(ids)) for plane in pixels] * (t // len(values))
        columns[f"{name}_mean"] = _by_parcel([mean for mean, _ in moments])
        columns[f"{name}_std"] = _by_parcel([std for _, std in moments])
    return pd.DataFrame(columns)


def _values(cube: Cube) -> Iterator[tuple[str, Float]]:
    """Name and (T, H, W), or (1, H, W), of all that the cube holds or allows."""
    yield from ((band, cube.band(band)) for band in cube.bands)
    yield from ((index.name, cube.index(index.name)) for index in indices.of_bands(cube.bands))
    yield from ((layer.name, layer.values) for layer in cube.layers)


def pixel_counts(labels: Labels, parcel_ids: NDArray[np.int32]) -> NDArray[np.int32]:
    """Number of pixels of each parcel; 0 for parcels too small to hold a pixel's centre."""
    counts = np.bincount(labels.parcel_id.ravel(), minlength=int(parcel_ids.max(initial=0)) + 1)
    return counts[parcel_ids].astype(np.int32)


def _moments(
    plane: NDArray[np.floating], index: NDArray[np.intp], n_parcels: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Mean and standard deviation by parcel of one (M,) plane; NaN pixels are left out."""
    valid = ~np.isnan(plane)
    values, of = plane[valid].astype(np.float64), index[valid]
    n = np.bincount(of, minlength=n_parcels)
    mean = _mean(values, of, n)
    deviation = values - mean[of]
    return mean, np.sqrt(_mean(deviation * deviation, of, n))


def _mean(
    values: NDArray[np.generic], index: NDArray[np.intp], n: NDArray[np.intp]
) -> NDArray[np.float64]:
    total = np.bincount(index, weights=values, minlength=len(n))
    mean = np.full(len(n), np.nan)
    np.divide(total, n, out=mean, where=n > 0)
    return mean


def _by_parcel(planes: list[NDArray[np.float64]]) -> NDArray[np.float32]:
    """T rows of (P,) to a column in the order parcel, period."""
    return np.stack(planes, axis=1).ravel().astype(np.float32)
