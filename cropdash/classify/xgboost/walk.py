"""The probabilities that XGBoost's trees give, many pixels at a time: the same numbers, sooner.

XGBoost leads one pixel after the other down a tree, and waits at each node for where it goes. Here
each node is asked of a block of pixels at once, from the leaves upwards: small trees are full, so that
little is asked in vain, and nothing is waited for.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cropdash.domain import Float
from cropdash.domain.compiled import compiled

_BLOCK = 256  # pixels: their features and the answers of a tree's nodes stay in a core's cache
_NODES = 127  # of the largest tree for which this is worth while: six levels
_NODE = {
    "left_children": np.int32,
    "right_children": np.int32,
    "split_indices": np.int32,
    "split_conditions": np.float32,  # of a leaf: what it adds
    "default_left": np.bool_,  # where a missing value goes
}


@dataclass(frozen=True)
class Walk:
    """The trees of a model that `guard.check` has looked through, one behind the other."""

    starts: NDArray[np.int64]  # (T + 1,) of each tree's nodes
    nodes: tuple[NDArray[Any], ...]  # (N,) each, in the order of _NODE
    classes: NDArray[np.int32]  # (T,) that each tree votes for
    base: Float  # (C,) what each class begins with

    @staticmethod
    def of(learner: Mapping[str, Any], n_classes: int) -> Walk | None:
        """None for large trees and for splits by categories, which are left to XGBoost."""
        model, told = learner["gradient_booster"]["model"], learner["learner_model_param"]
        trees = model["trees"]
        sizes = [len(tree["left_children"]) for tree in trees]
        if max(sizes) > _NODES or any(len(tree["categories_nodes"]) for tree in trees):
            return None
        return Walk(
            np.cumsum([0, *sizes]),
            tuple(
                np.concatenate([np.asarray(tree[name]) for tree in trees]).astype(kind)
                for name, kind in _NODE.items()
            ),
            np.asarray(model["tree_info"], np.int32),
            np.array(np.broadcast_to(json.loads(told["base_score"]), n_classes), np.float32),
        )

    def probabilities(self, rows: Float, threads: int) -> Float:
        """(N, C) of (N, F) rows; each of the threads takes every so many of the blocks.

        Raises ValueError for rows without a feature that a node asks for.
        """
        if rows.ndim != 2 or rows.shape[1] <= self.nodes[2].max():
            raise ValueError(f"the trees ask for more features than rows of {rows.shape} have")
        found = np.empty((len(self.base), len(rows)), np.float32)
        sizes = int(np.diff(self.starts).max()), _BLOCK
        with ThreadPoolExecutor(threads) as pool:
            list(
                pool.map(
                    lambda first: _walk(
                        rows, self.starts, *self.nodes, self.classes, self.base, *sizes,
                        first, threads, found,
                    ),
                    range(threads),
                )
            )  # fmt: skip
        return found.T


@compiled
def _walk(  # noqa: C901  (one loop for the compiler: calls from block to block would cost)
    table: Float,
    starts: NDArray[np.int64],
    left: NDArray[np.int32],
    right: NDArray[np.int32],
    feature: NDArray[np.int32],
    condition: Float,
    missing_left: NDArray[np.bool_],
    classes: NDArray[np.int32],
    base: Float,
    largest: int,
    block: int,
    first: int,
    step: int,
    found: Float,
) -> None:
    """Fill every `step`th block of (C, N) `found`, from the `first`."""
    n_rows, n_features = table.shape
    columns = np.empty((n_features, block), np.float32)
    answers = np.empty((largest, block), np.float32)  # of each node
    sums = np.empty((len(base), block), np.float32)
    most, total = np.empty(block, np.float32), np.empty(block, np.float64)
    for start in range(first * block, n_rows, step * block):
        n = min(block, n_rows - start)
        for i in range(n):
            for f in range(n_features):
                columns[f, i] = table[start + i, f]
        for c in range(len(base)):
            sums[c] = base[c]
        for tree in range(len(starts) - 1):
            root = starts[tree]
            for node in range(starts[tree + 1] - 1, root - 1, -1):  # children come after parents
                answer = answers[node - root]
                if left[node] < 0:
                    answer[:] = condition[node]
                    continue
                value, limit = columns[feature[node]], condition[node]
                lower, upper = answers[left[node]], answers[right[node]]
                if missing_left[node]:
                    for i in range(n):
                        down, up = lower[i], upper[i]
                        answer[i] = up if value[i] >= limit else down
                else:
                    for i in range(n):
                        down, up = lower[i], upper[i]
                        answer[i] = down if value[i] < limit else up
            told, answer = sums[classes[tree]], answers[0]
            for i in range(n):
                told[i] += answer[i]
        most[:], total[:] = sums[0], 0.0  # softmax, summed as XGBoost does
        for told in sums:
            for i in range(n):
                most[i] = max(most[i], told[i])
        for told in sums:
            for i in range(n):
                told[i] = math.exp(told[i] - most[i])
                total[i] += told[i]
        for c in range(len(base)):
            for i in range(n):
                found[c, start + i] = sums[c, i] / np.float32(total[i])
