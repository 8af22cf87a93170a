"""What is learned from, as another year and another place would have given it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from cropdash.domain import Float, Ints
from cropdash.prepare import as_of

# One deviation of what a patch, or some pixels, are made to differ by, at variation 1.
_SHIFT = 0.6  # [months] of the season
_GAIN = 0.06  # of a band's reflectance, all year
_SOIL = 0.35  # of bare ground's reflectance, all year
_HAZE = 0.012  # reflectance that thin cloud adds in a period, most of it in the shortest band
_NOISE = 0.04  # of a band's reflectance, period by period
_RANK = 0.3  # of where a channel's values stand among those learned from, all year
_RANK_NOISE = 0.15  # of the same, period by period


def without_months(values: Float, hidden: NDArray[np.bool_]) -> Float:
    """(T, ...) as if clouds had covered the hidden (T,) months: a copy, filled as gaps are.

    A hidden month becomes the mean of the nearest earlier and the nearest later month that is
    left, as in a dataset's own gaps; where none is left nothing is hidden. Months that a season
    which goes on still lacks are neither filled nor filled from.
    """
    if not hidden.any():
        return values
    there = np.arange(len(values)) < as_of.known(values)
    left = np.flatnonzero(there & ~hidden)
    if not len(left):
        return values
    filled = values.copy()
    for month in np.flatnonzero(there & hidden):
        filled[month] = values[_neighbours(int(month), left.tolist())].mean(axis=0)
    return filled


def _neighbours(month: int, left: Sequence[int]) -> list[int]:
    """The nearest of the months `left` before and after; one alone at the ends."""
    before = [m for m in left if m < month][-1:]
    after = [m for m in left if m > month][:1]
    return before + after


def varied(series: Float, bands: Sequence[str], strength: float, rng: np.random.Generator) -> Float:
    """(T, B, H, W) reflectance of the same fields in another year, under another sky.

    The season begins earlier or later, bare ground is darker or brighter, bands gain, thin cloud
    lies over some periods, and each period has its noise. `strength` is a factor on all of it.
    """
    t, b = series.shape[:2]
    if not strength:
        return series
    moved, n = series.copy(), max(as_of.known(series), 1)  # a season may go on
    moved[:n] = shifted(series[:n], strength * _SHIFT * t / 12 * rng.normal())
    if {"B4", "B8"} <= set(bands):
        red, near = (moved[:, bands.index(name)] for name in ("B4", "B8"))
        bare = np.clip(1 - 1.6 * (near - red) / np.maximum(near + red, 1e-3), 0, 1)  # NDVI below .6
        moved = moved * np.exp(strength * _SOIL * rng.normal() * bare)[:, None]
    gain = _GAIN * rng.normal(size=(1, b)) + _NOISE * rng.normal(size=(t, b))
    haze = _HAZE * np.abs(rng.normal(size=(t, 1))) * (rng.random((t, 1)) < 0.3)
    haze = haze * np.linspace(1, 0.3, b)  # bands are in the order of their wavelength
    changed = moved * np.exp(strength * gain)[..., None, None] + (strength * haze)[..., None, None]
    return np.asarray(changed, np.float32)


def moved_ranks(shape: tuple[int, int], strength: float, rng: np.random.Generator) -> Float:
    """(T, C) what is added to where values stand among those that were learned from.

    In a place unlike them all of a channel stands higher or lower than it would have there, which
    no change of reflectance that holds for every crop would make of it.
    """
    year, period = rng.normal(size=(1, shape[1])), rng.normal(size=shape)
    return np.asarray(strength * (_RANK * year + _RANK_NOISE * period), np.float32)


def shifted(series: Float, periods: float) -> Float:
    """(T, ...) series later by that many periods, between two months on the line between them.

    The first and the last month stand for what was before and comes after.
    """
    last = len(series) - 1
    at = np.clip(np.arange(last + 1) - periods, 0, last)
    below = np.floor(at).astype(int)
    share = (at - below).astype(np.float32).reshape(-1, *(1,) * (series.ndim - 1))
    later: Float = (1 - share) * series[below] + share * series[np.minimum(below + 1, last)]
    return later


def without_last_crop(crop: Float, parcels: Ints, share: float, rng: np.random.Generator) -> Float:
    """A copy of the last crops (..., H, W) that are unknown (0) on a `share` of the (H, W) parcels.

    What lies between parcels goes together.
    """
    found, which = np.unique(parcels, return_inverse=True)
    hidden = (rng.random(len(found)) < share)[which].reshape(parcels.shape)
    return np.where(hidden, np.float32(0), crop)
