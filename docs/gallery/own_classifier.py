"""A classifier of your own: each pixel takes the class whose mean season is nearest to its own.

    python -m docs.gallery.own_classifier DATASET

To keep it, move the file into cropdash/classify/ without what stands below `KIND`, and give it its
line in cropdash/settings/classifiers.py: then pages and commands offer it as well.
"""

from __future__ import annotations

import io
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import numpy as np
from pydantic import Field

import cropdash
from cropdash.classify import description, sampling, validation
from cropdash.classify.classifier import LearnedFromRows, OnEpoch, ShouldStop
from cropdash.domain import Float, Sample
from cropdash.settings.classifiers import Between, ClassifierKind
from cropdash.settings.train import RowsConfig


class CentroidConfig(RowsConfig):
    """Distances to the mean of each class."""

    classifier: Literal["centroid"] = Field("centroid", title="Model")
    sharpness: float = Field(1.0, gt=0, le=100, title="Sharpness", description="Of the answer.")


class CentroidClassifier(LearnedFromRows[CentroidConfig]):
    """See `Classifier` for what each method does."""

    rows_at_once = 100_000

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
        config, rng = self.config, np.random.default_rng(self.config.seed)
        schema = description.schema_of(train, config)
        rows, labels = sampling.draw(
            train, schema, config.pixels, config.weighting, rng, config.variation
        )
        self._statistics = sampling.statistics([rows], schema)
        scaled = self._scaled(rows)
        self._means = np.stack([scaled[labels == k].mean(0) for k in range(len(schema.classes))])
        self._schema = schema
        held, truth = sampling.as_it_lies(validation, schema, rng)
        on_epoch({"epoch": 1, "progress": 1.0} | self._judged(held, truth))

    def _answers(self, parts: Sequence[Float]) -> list[Float]:
        return [self._shares(rows) for rows in parts]

    def _packed(self) -> bytes:
        file = io.BytesIO()
        np.save(file, self._means, allow_pickle=False)
        return file.getvalue()

    def _unpack(self, raw: bytes) -> None:
        self._means = np.load(io.BytesIO(raw), allow_pickle=False)

    def _judged(self, rows: Float, truth: sampling.Positions) -> dict[str, float]:
        if not len(truth):
            return {}
        scores = validation.of_answers(self._shares(rows), truth)
        return {f"validation_{name}": value for name, value in scores.items()}

    def _scaled(self, rows: Float) -> Float:
        moments = [(one["mean"], one["deviation"]) for one in self._statistics.values()]
        mean, deviation = np.array(moments, np.float32).T
        scaled: Float = np.nan_to_num((rows - mean) / np.maximum(deviation, 1e-6))
        return scaled

    def _shares(self, rows: Float) -> Float:
        scaled = self._scaled(rows)
        apart = np.stack([((scaled - mean) ** 2).mean(1) for mean in self._means], axis=1)
        near = np.exp(-self.config.sharpness * (apart - apart.min(1, keepdims=True)))
        said: Float = near / near.sum(1, keepdims=True)
        return said


KIND = ClassifierKind(
    name="centroid",
    label="Nearest centroid",
    hint="The class whose mean season is nearest.",
    settings=CentroidConfig,
    weights="model.npy",
    build=CentroidClassifier,
    space=(Between("sharpness", 0.1, 20.0, log=True),),
)


def main(dataset: str) -> cropdash.Run:
    """Train it on a dataset, and say how right it is."""
    cropdash.add_classifier(KIND.name, __name__)
    run = cropdash.train(dataset, KIND.name, sharpness=2.0)
    print(cropdash.score(run))
    return run


if __name__ == "__main__":
    main(*sys.argv[1:])
