"""A map of fields: probabilities of pixels as means over the neighbours that look alike."""

from __future__ import annotations

import math

import numpy as np

from cropdash.domain import Float
from cropdash.domain.compiled import compiled
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
        part = np.ascontiguousarray(probabilities[there, first:last])
        seasons = np.ascontiguousarray(guide[:, first:last])
        weights = _weights(seasons, _REACH, _ALIKE)
        for _ in range(_PASSES):
            part = _mean(part, weights, _REACH)
        found[there, start:stop] = part[:, start - first : stop - first]
    return found


@compiled
def _weights(guide: Float, reach: int, alike: float) -> Float:
    """(D, H, W) share that each of the D places around a pixel has in its mean; sums are 1."""
    periods, height, width = guide.shape
    weights = np.zeros(((2 * reach + 1) ** 2, height, width), np.float32)
    for y in range(height):
        total, n = np.zeros(width, np.float32), -1
        for down in range(-reach, reach + 1):
            for right in range(-reach, reach + 1):
                n += 1
                first, last = max(-right, 0), min(width - right, width)
                if not 0 <= y + down < height or first >= last:
                    continue
                apart, known = np.zeros(last - first), np.zeros(last - first)
                for t in range(periods):
                    here = guide[t, y, first:last]
                    there = guide[t, y + down, first + right : last + right]
                    for i in range(len(here)):
                        square = (here[i] - there[i]) ** 2
                        missing = np.isnan(square)
                        apart[i] += 0 if missing else square
                        known[i] += 0 if missing else 1
                shares, sums = weights[n, y, first:last], total[first:last]
                for i in range(len(shares)):
                    shares[i] = math.exp(apart[i] / max(known[i], 1) / (-2 * alike**2))
                    sums[i] += shares[i]
        for n in range(len(weights)):
            weights[n, y] /= total
    return weights


@compiled
def _mean(values: Float, weights: Float, reach: int) -> Float:
    """(K, H, W) values as means of what lies around them."""
    _, height, width = values.shape
    found = np.zeros_like(values)
    for y in range(height):
        for k in range(len(values)):
            n = -1
            for down in range(-reach, reach + 1):
                for right in range(-reach, reach + 1):
                    n += 1
                    first, last = max(-right, 0), min(width - right, width)
                    if not 0 <= y + down < height or first >= last:
                        continue
                    shares, mean = weights[n, y, first:last], found[k, y, first:last]
                    there = values[k, y + down, first + right : last + right]
                    for i in range(len(mean)):
                        mean[i] += shares[i] * there[i]
    return found
