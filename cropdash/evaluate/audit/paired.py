"""Which of two maps is better, on the same sampled parcels."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtri

from cropdash.evaluate.audit.estimate import LEVEL, Sample, variance

_LEVELS = 200  # of weights that differ; a whole number of steps each


class Paired(NamedTuple):
    """Two maps: where only one is right, the difference in accuracy, and the sign test."""

    only_a: int  # sampled parcels that only the first names right
    only_b: int
    difference: float  # in the share of parcels named right, a minus b
    error: float
    low: float
    high: float  # 95 %
    p_value: float  # two-sided, of maps that are equally often right


def compare(sample: Sample, other: ArrayLike) -> Paired:
    """The sample's map (a) against another's classes (b) of the same units."""
    a = sample.truth == sample.mapped
    b = sample.truth == np.asarray(other, np.int64)
    sign = a.astype(np.float64) - b
    size = sample.sizes.sum()
    value = float((sample.weights * sign).sum() / size)
    error = float(np.sqrt(variance(sample, sign)) / size)
    half = float(ndtri((1 + LEVEL) / 2)) * error
    low, high = max(value - half, -1.0), min(value + half, 1.0)
    p = sign_test(sign, sample.weights)
    return Paired(int((sign > 0).sum()), int((sign < 0).sum()), value, error, low, high, p)


def sign_test(signs: ArrayLike, weights: ArrayLike) -> float:
    """Two-sided p-value of a weighted sum of signs (-1, 0, 1), each as likely + as -.

    With one weight for all it is the exact binomial sign test. With weights that differ by stratum
    the sum's distribution is worked out on weights of a 200th of the largest. Where strata
    favour different maps, it errs less often than it says: no sign then is as likely as the other.
    """
    sign, weight = np.asarray(signs, np.float64), np.asarray(weights, np.float64)
    told = sign != 0
    if not told.any():
        return 1.0
    steps = _steps(weight[told])
    seen = abs(int((steps * sign[told]).sum()))
    reach = int(steps.sum())
    chances = _sums(steps, 2 * reach + 1)  # from -reach to reach
    outside = np.abs(np.arange(-reach, reach + 1)) >= seen
    return float(min(1.0, max(chances[outside].sum(), 0.0)))


def _steps(weights: NDArray[np.float64]) -> NDArray[np.int64]:
    if np.allclose(weights, weights[0]):
        return np.ones(len(weights), np.int64)
    steps = np.rint(_LEVELS * weights / weights.max()).astype(np.int64)
    return np.where(steps < 1, 1, steps)


def _sums(steps: NDArray[np.int64], length: int) -> NDArray[np.float64]:
    """Chances of each sum of ±steps, from the least to the most: by its characteristic function."""
    kinds, counts = np.unique(steps, return_counts=True)
    angles = 2 * np.pi * np.arange(length // 2 + 1) / length
    waves = np.prod([np.cos(angles * k) ** c for k, c in zip(kinds, counts, strict=True)], axis=0)
    chances: NDArray[np.float64] = np.fft.irfft(waves, n=length)
    return np.fft.fftshift(chances)
