"""Temporal gap filling: every missing value from its nearest valid neighbours in time."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from cropdash.domain.compiled import compiled

_BLOCK = 4096  # series that are worked on at once: few enough to stay in a core's cache


def fill_gaps(reflectance: NDArray[np.floating[Any]]) -> NDArray[np.floating[Any]]:
    """Fill NaN along the first axis of a (T, ...) float32 or float64 array; returns a filled copy.

    A gap becomes the mean of the nearest earlier and the nearest later valid value of the
    same pixel and band; before the first or after the last valid value, the nearest one.
    Series without any valid value stay NaN. Rule of the seed project, extended to gaps
    longer than one period.

    Raises TypeError for arrays of another kind.
    """
    array = np.ascontiguousarray(reflectance)
    if array.dtype not in (np.float32, np.float64):
        raise TypeError(
            f"fill_gaps needs a float32 or float64 array with NaN for gaps, not {array.dtype}."
        )
    filled = np.empty(array.shape, dtype=array.dtype)
    if filled.size:
        _fill(array.reshape(len(array), -1), filled.reshape(len(array), -1), _BLOCK)
    return filled


@compiled
def _fill(source: NDArray[Any], target: NDArray[Any], block: int) -> None:
    """Fill (T, N) `source` into `target`, `block` series after the other.

    Each value is chosen, not branched to, so that the processor takes many at once.
    """
    periods, series = source.shape
    nearest = np.empty(block, source.dtype)
    for start in range(0, series, block):
        n = min(block, series - start)
        nearest[:] = np.nan
        for t in range(periods - 1, -1, -1):  # the target holds what comes later
            values, later = source[t, start : start + n], target[t, start : start + n]
            for i in range(n):
                known = nearest[i]
                nearest[i] = known if np.isnan(values[i]) else values[i]
                later[i] = nearest[i]
        nearest[:] = np.nan
        for t in range(periods):
            values, later = source[t, start : start + n], target[t, start : start + n]
            for i in range(n):
                before, after = nearest[i], later[i]
                nearest[i] = before if np.isnan(values[i]) else values[i]
                mean = (before + after) * source.dtype.type(0.5)
                mean = after if np.isnan(before) else mean
                mean = before if np.isnan(after) else mean
                later[i] = mean if np.isnan(values[i]) else values[i]
