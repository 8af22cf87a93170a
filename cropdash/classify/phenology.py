"""The season of a pixel in a few numbers."""

from __future__ import annotations

import numpy as np

from cropdash.domain import Float

NAMES = (
    "period of the NDVI peak",
    "period of the lowest NDVI",
    "period of the steepest rise",
    "period of the steepest fall",
    "steepest rise of NDVI",
    "steepest fall of NDVI",
    "periods above half of the NDVI range",
    "NDVI rises after a fall",
)
GREEN = "GNDVI"  # whose series is told beside
_RISE = 0.1  # NDVI that counts as growing again: less is noise of a median


def describe(ndvi: Float) -> Float:
    """(T, N) NDVI to (len(NAMES), N) dates, slopes and lengths; NaN where a value is missing.

    After TIMESAT's seasonality parameters (Jonsson & Eklundh 2004), simplified for the few
    values of such a series.
    """
    change = np.diff(ndvi, axis=0)
    low, high = ndvi.min(axis=0), ndvi.max(axis=0)
    growing = change > _RISE
    regrowths = (growing[1:] & ~growing[:-1]).sum(axis=0) + growing[0]
    described = np.stack(
        [
            ndvi.argmax(axis=0),
            ndvi.argmin(axis=0),
            change.argmax(axis=0),
            change.argmin(axis=0),
            change.max(axis=0),
            change.min(axis=0),
            (ndvi > (low + high) / 2).sum(axis=0),
            regrowths,
        ]
    ).astype(np.float32)
    described[:, np.isnan(ndvi).any(axis=0)] = np.nan
    return described
