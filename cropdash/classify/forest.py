"""A forest of trees that are grown apart: extra trees or a random forest, on one row per pixel.

The baseline that every paper has. scikit-learn grows the trees; what is kept of them are plain
arrays, which are walked here, so that no pickle is written and predicting needs no scikit-learn.
A training that was broken off begins anew: it takes about as long as reading its zones.
Importing this loads nothing heavy.
"""

from __future__ import annotations

import io
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from cropdash.classify import description, features, sampling, validation
from cropdash.classify.classifier import LearnedFromRows, OnEpoch, ShouldStop
from cropdash.classify.description import TrainingSchema
from cropdash.domain import Float, Ints, Sample
from cropdash.i18n import sentence
from cropdash.settings.classifiers import Between, ClassifierKind, OneOf
from cropdash.settings.train import RowsConfig

_STEPS = 10  # times that a training tells how far it is
_LEAST = 1e-7  # probability, so that no loss is infinite


class ForestConfig(RowsConfig):
    """Trees grown apart on one row per pixel. More of them never answer worse: all are grown."""

    classifier: Literal["forest"] = Field("forest", title="Model")
    method: Literal["extra_trees", "random_forest"] = Field(
        "extra_trees", title="Method",
        description="Extra trees draw where to split; a random forest looks for the best place, on "
        "pixels drawn anew for each tree.",
    )  # fmt: skip
    trees: int = Field(100, ge=1, le=2_000, title="Trees", description="Of the forest.")
    max_depth: int = Field(24, ge=1, le=64, title="Depth", description="Of a tree.")
    max_features: float = Field(
        0.2, gt=0, le=1, title="Columns", description="Share that a split chooses from."
    )
    min_samples_leaf: int = Field(
        3, ge=1, le=1000, title="Least pixels of a leaf",
        description="Fewer let rare classes have leaves of their own.",
    )  # fmt: skip


class Trees(NamedTuple):
    """Several trees as arrays; node numbers count through all of them."""

    roots: Ints  # (M,)
    column: Ints  # (N,) that a node asks for, -1 for a leaf
    threshold: Float  # (N,) up to which a row goes left
    left: Ints  # (N,) its children; of a leaf its row in `chances`, and 0
    right: Ints
    chances: Float  # (L, C) of the leaves

    def check(self, features: int, classes: int) -> None:
        """Raise ValueError unless every way ends at a leaf, and asks for columns that there are."""
        size, leaf, own = len(self.column), self.column < 0, np.arange(len(self.column))
        shapes = [a.shape for a in (self.threshold, self.left, self.right)]
        whole = shapes == [(size,)] * 3 and self.chances.shape[1:] == (classes,)
        if not whole or (self.column >= features).any() or not np.isfinite(self.chances).all():
            raise ValueError("The trees are not those of the model.")
        ends = (self.left[leaf] >= 0) & (self.left[leaf] < len(self.chances))
        inner = [((c > own) & (c < size))[~leaf] for c in (self.left, self.right)]
        within = np.concatenate([ends, *inner, (self.roots >= 0) & (self.roots < size)])
        if not within.all() or np.isnan(self.threshold).any():
            raise ValueError("A tree's node has no child or leaf of its own.")

    def sums(self, rows: Float) -> NDArray[np.float64]:
        """(R, C) sums of the trees' chances for (R, F) rows without a gap."""
        total = np.zeros((len(rows), self.chances.shape[1]))
        for root in self.roots:
            at = np.full(len(rows), root, np.int32)
            there = np.arange(len(rows))
            while len(there):
                nodes = at[there]
                columns = self.column[nodes]
                inner = columns >= 0
                there, nodes, columns = there[inner], nodes[inner], columns[inner]
                goes_left = rows[there, columns] <= self.threshold[nodes]
                at[there] = np.where(goes_left, self.left[nodes], self.right[nodes])
            total += self.chances[self.left[at]]
        return total


class ForestClassifier(LearnedFromRows[ForestConfig]):
    """Extra trees or a random forest; see `Classifier` for what each method does."""

    rows_at_once = 8_192  # as many as fit into the caches

    def fit(
        self,
        train: Sequence[Sample],
        validation: Sequence[Sample],
        *,
        folder: Path,
        on_epoch: OnEpoch,
        should_stop: ShouldStop,
    ) -> None:
        """See `Classifier.fit`."""
        config, started = self._config, time.monotonic()
        schema = description.schema_of(train, config)
        rng = np.random.default_rng(config.seed)
        drawn = sampling.sides(train, validation, schema, config, rng)
        self._statistics = sampling.statistics([drawn["train"][0]], schema)
        judged = {n: (self._filled(rows, schema), truth) for n, (rows, truth) in drawn.items()}
        sums = {name: np.zeros((len(r), len(schema.classes))) for name, (r, _) in judged.items()}
        parts: list[Trees] = []
        for grown, done in self._grown(*judged["train"], rng):
            parts.append(trees_of(grown, len(schema.classes)))
            values = {"epoch": done, "trees": done, "progress": done / config.trees}
            for name, (known, classes) in judged.items():
                sums[name][:, grown.classes_] += grown.predict_proba(known) * len(grown.estimators_)
                values |= {f"{name}_{k}": v for k, v in _scores(sums[name] / done, classes).items()}
            on_epoch(values | {"seconds": round(time.monotonic() - started, 2)})
            if should_stop():
                break
        self._schema, self._trees = schema, _joined(parts)

    def _grown(
        self, rows: Float, labels: Ints, rng: np.random.Generator
    ) -> Iterator[tuple[Any, int]]:
        """Forests that are parts of the whole, and how many trees there are with each."""
        from sklearn.ensemble import ExtraTreesClassifier, RandomForestClassifier

        config = self._config
        extra = config.method == "extra_trees"
        make = ExtraTreesClassifier if extra else RandomForestClassifier
        ends = np.unique(np.linspace(0, config.trees, _STEPS + 1).astype(int))
        for before, done in pairwise(ends):
            forest = make(
                n_estimators=int(done - before),
                max_depth=config.max_depth,
                max_features=config.max_features,
                min_samples_leaf=config.min_samples_leaf,
                random_state=int(rng.integers(2**31)),
                n_jobs=config.threads,
            )
            yield forest.fit(rows, labels), int(done)

    def _answers(self, parts: Sequence[Float]) -> list[Float]:
        filled = [self._filled(rows, self.schema) for rows in parts]
        with ThreadPoolExecutor(self._config.threads) as pool:
            sums = list(pool.map(self._trees.sums, filled))
        return [(said / len(self._trees.roots)).astype(np.float32) for said in sums]

    def _packed(self) -> bytes:
        file = io.BytesIO()
        np.savez_compressed(file, allow_pickle=False, **self._trees._asdict())
        return file.getvalue()

    def _unpack(self, raw: bytes) -> None:
        with np.load(io.BytesIO(raw), allow_pickle=False) as arrays:
            self._trees = Trees(**arrays)
        self._trees.check(len(super()._told()["features"]), len(self.schema.classes))

    def _told(self) -> dict[str, Any]:
        return super()._told() | {"trees": len(self._trees.roots)}

    def _filled(self, rows: Float, schema: TrainingSchema) -> Float:
        """Rows without gaps: the training pixels' mean in their place, of a last crop 0."""
        means = {name: one["mean"] for name, one in self._statistics.items()}
        if schema.inputs.last_crop:
            means[features.LAST_CROP] = 0.0
        fill = np.array(list(means.values()), np.float32)
        return np.where(np.isnan(rows), fill, rows)


def trees_of(forest: Any, n_classes: int) -> Trees:
    """The arrays of a forest of scikit-learn whose classes are positions among `n_classes`."""
    return _joined([_tree(one.tree_, forest.classes_, n_classes) for one in forest.estimators_])


def _tree(tree: Any, classes: NDArray[np.int64], n_classes: int) -> Trees:
    leaf = tree.children_left < 0
    values = tree.value[leaf, 0]
    chances = np.zeros((len(values), n_classes), np.float32)
    chances[:, classes] = values / values.sum(axis=1, keepdims=True)
    # Rows are float32: the next smaller float32 of a threshold parts them just as it does.
    threshold = tree.threshold.astype(np.float32)
    above = threshold > tree.threshold
    threshold[above] = np.nextafter(threshold[above], np.float32(-np.inf))
    return Trees(
        np.zeros(1, np.int32),
        np.where(leaf, -1, tree.feature).astype(np.int32),
        threshold,
        np.where(leaf, np.cumsum(leaf) - 1, tree.children_left).astype(np.int32),
        np.where(leaf, 0, tree.children_right).astype(np.int32),
        chances,
    )


def _joined(parts: Sequence[Trees]) -> Trees:
    """The trees one after the other, their nodes and leaves numbered through."""
    nodes = np.cumsum([0, *(len(part.column) for part in parts)])
    leaves = np.cumsum([0, *(len(part.chances) for part in parts)])
    moved = [
        part._replace(
            roots=part.roots + node,
            left=part.left + np.where(part.column < 0, leaf, node),
            right=part.right + np.where(part.column < 0, 0, node),
        )
        for part, node, leaf in zip(parts, nodes, leaves, strict=False)
    ]
    roots, column, threshold, left, right, chances = map(np.concatenate, zip(*moved, strict=True))
    ids = (values.astype(np.int32) for values in (roots, column, left, right))
    roots, column, left, right = ids
    return Trees(roots, column, threshold, left, right, chances)


def _scores(said: NDArray[np.float64], truth: Ints) -> dict[str, float]:
    """Loss over the classes that can be named, and scores over all."""
    named = truth < said.shape[1]
    right = said[np.flatnonzero(named), truth[named]]
    loss = -float(np.log(np.maximum(right, _LEAST)).mean())
    return {"loss": loss, **validation.of_answers(said, truth)}


KIND = ClassifierKind(
    name="forest",
    label="Forest",
    hint=sentence("Many trees grown apart on each pixel's own year: the plain baseline."),
    settings=ForestConfig,
    weights="model.npz",
    build=ForestClassifier,
    presets={"light": {}, "random": {"method": "random_forest", "max_features": 0.1}},
    preset_hint=sentence(
        "light: extra trees. random: a random forest, whose splits are looked for and not drawn."
    ),
    space=(
        Between("trees", 50, 300, log=True),
        Between("max_features", 0.05, 0.6, log=True),
        Between("min_samples_leaf", 1, 20, log=True),
        OneOf("method", ("extra_trees", "random_forest")),
        OneOf("inputs", ("raw", "indices")),
    ),
    grid=(OneOf("max_features", (0.1, 0.2, 0.4)), OneOf("min_samples_leaf", (1, 3, 9))),
    packages=("scikit-learn",),
)
