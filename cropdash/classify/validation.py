"""How an epoch or a round is judged, the same for both models."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def counts(
    truth: NDArray[np.int64], predicted: NDArray[np.int64], n_classes: int
) -> NDArray[np.int64]:
    """(K, K) pixels by declared class (rows) and predicted class (columns)."""
    pairs = truth * n_classes + predicted
    return np.bincount(pairs, minlength=n_classes**2).reshape(n_classes, n_classes)


def scores(counts: NDArray[np.int64]) -> dict[str, float]:
    """Accuracy, macro F1 over the classes with support, and their mean."""
    hits, truth, said = np.diag(counts), counts.sum(1), counts.sum(0)
    supported = truth > 0
    accuracy = float(hits.sum() / max(truth.sum(), 1))
    f1 = 2 * hits[supported] / (truth + said)[supported]
    macro = float(f1.mean()) if supported.any() else 0.0
    # Both matter to the reader of a map: neither alone may choose the weights.
    return {"accuracy": accuracy, "macro_f1": macro, "score": (accuracy + macro) / 2}


def of_answers(said: NDArray[np.floating], truth: NDArray[np.integer]) -> dict[str, float]:
    """`scores` of (N, C) probabilities; a truth of C or more is a class that can't be named."""
    known, answered = truth.astype(np.int64), said.argmax(axis=1)
    return scores(counts(known, answered, max(said.shape[1], int(known.max()) + 1)))
