"""From what a model says to how sure it may be: adjusted by prior, scaled by temperature.

Fitted on zones that the model did not learn from; classes lie along the last axis unless said.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar

from cropdash.domain.errors import InvalidRaster, NotEnoughData
from cropdash.evaluate import formulas

_FLOOR = 1e-7  # probability below which a named class is not punished further
_LOG_RANGE = (-2.5, 2.5)  # of the temperature: 0.08 to 12
_TAUS = tuple(round(0.05 * i, 2) for i in range(17))  # 0 to 0.8


def zone_weights(zones: NDArray[Any]) -> NDArray[np.float64]:
    """(P,) what each parcel counts so that all of the (P,) zones count alike; they sum to P.

    Zones differ more than their parcels do, and what is asked about is other zones: a large one of
    easy parcels must not outvote the rest.
    """
    _, of, sizes = np.unique(zones, return_inverse=True, return_counts=True)
    return np.asarray(len(zones) / (len(sizes) * sizes[of]))


def adjust(
    probabilities: NDArray[np.floating], prior: NDArray[np.floating], tau: float, axis: int = -1
) -> NDArray[np.float32]:
    """Probabilities divided by prior^tau, so that rare classes are heard; sums stay 1.

    Post-hoc logit adjustment, Menon et al. 2021. prior (K,); a class with prior 0 stays at 0.
    """
    there = prior > 0
    weights = np.where(there, np.where(there, prior, 1.0) ** -tau, 0.0).astype(np.float32)
    shape = [1] * probabilities.ndim
    shape[axis] = len(prior)
    return _normalised(probabilities * weights.reshape(shape), axis)


def scale(
    probabilities: NDArray[np.floating], temperature: float, axis: int = -1
) -> NDArray[np.float32]:
    """Probabilities to the power of one over the temperature; sums stay 1, zeros stay 0.

    Temperature scaling, Guo et al. 2017: above 1 less sure, below 1 surer; no decision changes.
    """
    if not temperature > 0:
        raise InvalidRaster("A temperature is {a}; it must be positive.", a=temperature)
    return _normalised(np.power(probabilities, 1 / temperature, dtype=np.float32), axis)


def fit_temperature(probabilities: NDArray[np.floating], truth: NDArray[np.integer]) -> float:
    """Temperature at which (P, K) probabilities of (P,) true classes are likeliest.

    What the model can't name (probability 0) says nothing of its sureness and is left out.
    Raises NotEnoughData if nothing is left.
    """
    of_truth = np.take_along_axis(probabilities, truth[:, None].astype(np.int64), axis=1)[:, 0]
    named = of_truth > 0
    if not named.any():
        raise NotEnoughData("No calibration parcel has a class that the model can name.")
    # The floor is for classes that were named but barely; what is impossible stays so.
    said = probabilities[named].astype(np.float64)
    logs = np.full(said.shape, -np.inf)
    np.log(np.maximum(said, _FLOOR), out=logs, where=said > 0)
    truths = truth[named].astype(np.int64)

    def cost(log_temperature: float) -> float:
        scaled = logs / np.exp(log_temperature)
        top = scaled.max(axis=1, keepdims=True)
        total = np.log(np.exp(scaled - top).sum(axis=1)) + top[:, 0]
        return float((total - scaled[np.arange(len(truths)), truths]).mean())

    return float(np.exp(minimize_scalar(cost, bounds=_LOG_RANGE, method="bounded").x))


def fit_adjustment(
    probabilities: NDArray[np.floating],
    truth: NDArray[np.integer],
    prior: NDArray[np.floating],
    taus: Sequence[float] = _TAUS,
) -> float:
    """The tau at which the mean of accuracy and macro F1 of (N, K) probabilities is best.

    Of equal ones the smallest: it changes least.
    """
    k = probabilities.shape[1]
    scores = []
    for tau in taus:
        said = adjust(probabilities, prior, tau).argmax(axis=1)
        cells = truth.astype(np.int64) * k + said
        counts = np.bincount(cells, minlength=k * k).reshape(k, k)
        scores.append(float(formulas.accuracy(counts) + formulas.macro_f1(counts)) / 2)
    return float(taus[int(np.argmax(scores))])


def _normalised(values: NDArray[np.floating], axis: int) -> NDArray[np.float32]:
    total = values.sum(axis=axis, keepdims=True)
    shares: NDArray[np.float32] = np.divide(
        values, total, out=np.zeros_like(values, dtype=np.float32), where=total > 0
    )
    return shares
