"""A saved model is looked through before XGBoost sees it, which ends the process on some faults.

The format is UBJSON as XGBoost writes it: https://xgboost.readthedocs.io/en/stable/tutorials/saving_model.html.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

_WHOLE = {"i": ">i1", "U": ">u1", "I": ">i2", "l": ">i4", "L": ">i8"}
_TYPES = _WHOLE | {"d": ">f4", "D": ">f8"}
_DEEPEST = 16  # of lists in lists; a model has 8
_INNER = ("left_children", "right_children", "split_indices", "split_conditions")
_NODE = (*_INNER, "parents", "default_left", "base_weights")


def check(raw: bytes | bytearray, features: int, classes: int) -> dict[str, Any]:
    """What the model holds; raises ValueError unless these are trees of so many features and classes.

    Nodes must have children that come after them, each one parent, splits on features that there
    are, and numbers that are finite.
    """
    try:
        learner = _Reader(memoryview(raw)).value()["learner"]
        told = learner["learner_model_param"]
        wanted = {"num_feature": features, "num_class": classes}
        if any(int(told[name]) != number for name, number in wanted.items()):
            raise ValueError("it is of other features or classes")
        model = learner["gradient_booster"]["model"]
        trees, groups = model["trees"], np.asarray(model["tree_info"])
        known = len(groups) == len(trees) and groups.dtype.kind in "iu"
        if not known or ((groups < 0) | (groups >= classes)).any():
            raise ValueError("a tree votes for no class")
        indptr = np.asarray(model["iteration_indptr"])
        if indptr[0] != 0 or indptr[-1] != len(trees) or (np.diff(indptr) < 0).any():
            raise ValueError("its rounds are not those of its trees")
        _check_trees(trees, features)
        base = np.asarray(json.loads(told["base_score"]), np.float32)
        if base.size not in (1, classes) or not np.isfinite(base).all():
            raise ValueError("it does not tell what each class begins with")
    except (
        LookupError,
        TypeError,
        OverflowError,
        RecursionError,
        struct.error,
        UnicodeError,
    ) as error:
        raise ValueError(f"it holds no trees ({type(error).__name__})") from error
    return dict(learner)


def _check_trees(trees: Sequence[dict[str, Any]], features: int) -> None:
    sizes = np.array([int(tree["tree_param"]["num_nodes"]) for tree in trees])
    for name in _NODE:
        if [len(tree[name]) for tree in trees] != sizes.tolist():
            raise ValueError(f"a tree has more or fewer {name} than nodes")
    if not len(trees) or (sizes < 1).any():
        raise ValueError("it has an empty tree")
    left, right, split, condition = (
        np.concatenate([np.asarray(tree[name]) for tree in trees]) for name in _INNER
    )
    if any(part.dtype.kind not in "iu" for part in (left, right, split)):
        raise ValueError("a node's child or feature is no number of one")
    starts = np.repeat(np.cumsum(sizes) - sizes, sizes)
    own, size = np.arange(len(left)) - starts, np.repeat(sizes, sizes)
    leaf = left == -1
    ends = [~leaf & ((child <= own) | (child >= size)) for child in (left, right)]
    children = np.concatenate([(child + starts)[~leaf] for child in (left, right)])
    faults = (
        (leaf != (right == -1), "a node has one child"),
        (ends, "a node's child is none of the tree's"),
        (len(np.unique(children)) != len(children), "a node has two parents"),
        (
            ~leaf & ((split < 0) | (split >= features)),
            "a split asks for a feature that there is not",
        ),
        (np.isnan(condition) | (leaf & np.isinf(condition)), "a leaf or a split has no number"),
    )
    for wrong, sentence in faults:
        if np.any(wrong):
            raise ValueError(sentence)
    for tree, number in zip(trees, sizes.tolist(), strict=True):
        _check_categories(tree, number)


def _check_categories(tree: dict[str, Any], size: int) -> None:
    nodes, held = np.asarray(tree["categories_nodes"]), len(tree["categories"])
    first, count = (np.asarray(tree[f"categories_{part}"]) for part in ("segments", "sizes"))
    if not len(nodes) == len(first) == len(count):
        raise ValueError("a split by categories is not whole")
    if len(nodes) and (
        min(nodes.min(), first.min(), count.min()) < 0
        or nodes.max() >= size
        or (first + count).max() > held
    ):
        raise ValueError("a split asks for categories that there are not")


class _Reader:
    """UBJSON from front to back; arrays of numbers are NumPy's."""

    def __init__(self, raw: memoryview) -> None:
        self._raw, self._at, self._depth = raw, 0, 0

    def value(self) -> Any:
        return self._of(self._marker())

    def _of(self, marker: str) -> Any:
        if marker in _TYPES:
            return self._numbers(marker, 1)[0].item()
        if marker == "S":
            return self._text()
        if marker in "TFZ":
            return {"T": True, "F": False, "Z": None}[marker]
        if marker not in "[{":
            raise ValueError("it is no UBJSON")
        self._depth += 1
        if self._depth > _DEEPEST:
            raise ValueError("it is nested too deep")
        found = self._list() if marker == "[" else self._object()
        self._depth -= 1
        return found

    def _list(self) -> Any:
        kind = count = None
        if self._peek() == "$":
            self._marker()
            kind = self._marker()
        if self._peek() == "#":
            self._marker()
            count = self._length()
        if kind in _TYPES and count is not None:
            return self._numbers(str(kind), count)
        if count is not None:
            return [self._of(kind) if kind else self.value() for _ in range(self._held(count))]
        found = []
        while self._peek() != "]":
            found.append(self.value())
        self._marker()
        return found

    def _object(self) -> dict[str, Any]:
        found: dict[str, Any] = {}
        while self._peek() != "}":
            name = self._text()
            found[name] = self.value()
        self._marker()
        return found

    def _text(self) -> str:
        size = self._held(self._length())
        self._at += size
        return bytes(self._raw[self._at - size : self._at]).decode()

    def _length(self) -> int:
        marker = self._marker()
        if marker not in _WHOLE:
            raise ValueError("a length is none")
        return int(self._numbers(marker, 1)[0])

    def _numbers(self, marker: str, count: int) -> NDArray[Any]:
        kind = np.dtype(_TYPES[marker])
        self._held(count * kind.itemsize)
        values = np.frombuffer(self._raw, kind, count, self._at)
        self._at += count * kind.itemsize
        return values

    def _held(self, size: int) -> int:
        if not 0 <= size <= len(self._raw) - self._at:
            raise ValueError("it is cut short")
        return size

    def _peek(self) -> str:
        return chr(self._raw[self._at])

    def _marker(self) -> str:
        self._at += 1
        return chr(self._raw[self._at - 1])
