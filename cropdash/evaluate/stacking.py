"""Several models as one: a weighted product of what they say, fitted where none has learned."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import logsumexp

from cropdash.domain.errors import InvalidRaster, NotEnoughData

_FLOOR = 1e-4  # what a member at least gives a class that another names
Doubles = NDArray[np.float64]


@dataclass(frozen=True)
class Stack:
    """p(k) proportional to exp(bias_k + sum over members of weight_m * log p_m(k))."""

    weights: tuple[float, ...]  # (M,) not negative
    biases: tuple[float, ...]  # (K,)

    def apply(
        self, probabilities: Sequence[NDArray[np.floating]], axis: int = -1
    ) -> NDArray[np.float32]:
        """The members' probabilities as one, of the same shape; classes lie along `axis`.

        A class that no member names stays at 0.
        """
        if len(probabilities) != len(self.weights):
            raise InvalidRaster(
                "{a} models' answers for a stack of {b}.", a=len(probabilities), b=len(self.weights)
            )
        named = np.any([p > 0 for p in probabilities], axis=0)
        logits = np.zeros(probabilities[0].shape, np.float32)
        for weight, said in zip(self.weights, probabilities, strict=True):
            logits += np.float32(weight) * np.log(np.maximum(said, _FLOOR), dtype=np.float32)
        shape = [1] * logits.ndim
        shape[axis] = len(self.biases)
        logits += np.asarray(self.biases, np.float32).reshape(shape)
        logits[~named] = -np.inf
        top = logits.max(axis=axis, keepdims=True)
        raised = np.exp(logits - np.where(np.isfinite(top), top, 0))
        total = raised.sum(axis=axis, keepdims=True)
        shares: NDArray[np.float32] = np.divide(
            raised, total, out=np.zeros_like(raised), where=total > 0
        )
        return shares

    def to_json(self) -> dict[str, Any]:
        """Its weights and biases, to be kept on disk."""
        return asdict(self)

    @staticmethod
    def from_json(values: Mapping[str, Any]) -> Stack:
        """What `to_json` gave."""
        return Stack(tuple(values["weights"]), tuple(values["biases"]))


def fit_stack(
    probabilities: Sequence[NDArray[np.floating]], truth: NDArray[np.integer], l2: float = 0.01
) -> Stack:
    """The stack under which (P,) true classes are likeliest, from M arrays of (P, K).

    A logarithmic opinion pool (Genest & Zidek 1986) with class biases; `l2` draws the weights to
    an even share and the biases to 0. Truths that no member names say nothing and are left out.
    Raises NotEnoughData if none is left.
    """
    named = np.any([p > 0 for p in probabilities], axis=0)  # (P, K)
    kept = named[np.arange(len(truth)), truth.astype(np.int64)]
    if not kept.any():
        raise NotEnoughData("No held-out parcel has a class that any of the models can name.")
    logs = np.stack([np.log(np.maximum(p[kept], _FLOOR)) for p in probabilities]).astype(np.float64)
    truths, allowed = truth[kept].astype(np.int64), named[kept]
    m, _, k = logs.shape
    start = np.concatenate([np.full(m, 1 / m), np.zeros(k)])
    found = minimize(
        cost_and_gradient,
        start,
        args=(logs, truths, allowed, l2),
        jac=True,
        method="L-BFGS-B",
        bounds=[(0.0, None)] * m + [(None, None)] * k,
    )
    return Stack(tuple(found.x[:m].tolist()), tuple(found.x[m:].tolist()))


def cost_and_gradient(
    x: Doubles, logs: Doubles, truth: NDArray[np.int64], allowed: NDArray[np.bool_], l2: float
) -> tuple[float, Doubles]:
    """Mean negative log-likelihood with its penalty, and its gradient by weights and biases.

    x (M + K,), logs (M, P, K), truth (P,), allowed (P, K).
    """
    m, p, _ = logs.shape
    weights, biases = x[:m], x[m:]
    logits = np.where(allowed, np.tensordot(weights, logs, 1) + biases, -np.inf)  # (P, K)
    total = logsumexp(logits, axis=1)
    rows = np.arange(p)
    off = weights - 1 / m
    cost = (total - logits[rows, truth]).mean() + l2 * ((off**2).sum() + (biases**2).sum())
    wrong = np.exp(logits - total[:, None])
    wrong[rows, truth] -= 1  # (P, K) what is said minus what is true
    by_weight = (wrong * logs).sum(axis=(1, 2)) / p + 2 * l2 * off
    by_bias = wrong.sum(axis=0) / p + 2 * l2 * biases
    return float(cost), np.concatenate([by_weight, by_bias])
