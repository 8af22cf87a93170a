"""A map of fields: probabilities of pixels as means over the neighbours that look alike."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from cropdash.domain import Float
from cropdash.domain.errors import InvalidRaster

_REACH = 2  # [px] to each side
_ALIKE = 0.08  # of NDVI, deviation of the weight by the season: what fields vary within
_PASSES = 3  # one mean after the other reaches farther within a field than a wider one would
_STRIP = 64  # rows at once: bounds the memory of a large zone


def smoothed(probabilities: Float, guide: Float) -> Float:
    """(K, H, W) as bilateral means (Tomasi & Manduchi 1998) of 5 x 5 pixels, three times over.

    A neighbour weighs less the more its season (T, H, W) of NDVI differs, so that edges of fields
    stay where they are. Sums over the classes stay as they were; a value of the guide that is
    missing says nothing. Raises InvalidRaster if the two differ in size.
    """
    if probabilities.ndim != 3 or guide.ndim != 3 or probabilities.shape[1:] != guide.shape[1:]:
        raise InvalidRaster(
            "Probabilities of shape {a} don't fit seasons of {b}: expected (K, H, W) and"
            " (T, H, W).",
            a=probabilities.shape,
            b=guide.shape,
        )
    there = np.flatnonzero(probabilities.any(axis=(1, 2)))
    height, found = guide.shape[1], np.zeros_like(probabilities)
    margin = _PASSES * _REACH
    for start in range(0, height, _STRIP):
        stop = min(start + _STRIP, height)
        first, last = max(start - margin, 0), min(stop + margin, height)
        part, seasons = probabilities[there, first:last], guide[:, first:last]
        pairs = list(_neighbours(seasons))
        for _ in range(_PASSES):
            part = _mean(part, pairs)
        found[there, start:stop] = part[:, start - first : stop - first]
    return found


Place = tuple[slice, slice]


def _mean(values: Float, pairs: Sequence[tuple[Place, Place, Float]]) -> Float:
    total, weights = values.copy(), np.ones(values.shape[1:], np.float32)
    for here, there, weight in pairs:
        for one, other in ((here, there), (there, here)):
            total[(slice(None), *one)] += weight * values[(slice(None), *other)]
            weights[one] += weight
    return total / weights


def _neighbours(guide: Float) -> Iterator[tuple[Place, Place, Float]]:
    """Each pair of places within reach, once, and how much one says of the other."""
    for down in range(_REACH + 1):
        for right in range(-_REACH if down else 1, _REACH + 1):
            here, there = _pair(guide.shape[1:], down, right)
            apart = (guide[(slice(None), *here)] - guide[(slice(None), *there)]) ** 2
            known = ~np.isnan(apart)
            mean = np.where(known, apart, 0).sum(axis=0) / np.maximum(known.sum(axis=0), 1)
            yield here, there, np.exp(mean / (-2 * _ALIKE**2)).astype(np.float32)


def _pair(shape: tuple[int, ...], down: int, right: int) -> tuple[Place, Place]:
    """Where a pixel and its neighbour both lie, as slices of either."""
    height, width = shape
    rows = slice(0, max(height - down, 0)), slice(min(down, height), height)
    left, far = slice(0, max(width - abs(right), 0)), slice(min(abs(right), width), width)
    columns = (left, far) if right >= 0 else (far, left)
    return (rows[0], columns[0]), (rows[1], columns[1])
