"""XGBoost on one row per pixel."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import xgboost
from numpy.typing import NDArray

from cropdash.classify import description, sampling
from cropdash.classify.classifier import LearnedFromRows, OnEpoch, ShouldStop
from cropdash.classify.description import TrainingSchema
from cropdash.classify.xgboost import fit as boosting
from cropdash.classify.xgboost.rows import ZoneByZone, feature_types
from cropdash.classify.xgboost.settings import XgbConfig
from cropdash.domain import Float, Sample


class _HeldOut(NamedTuple):
    """Rows to judge by."""

    matrix: xgboost.DMatrix
    truth: sampling.Positions  # (N,), past the schema's list where the trees can't name it


class XgbClassifier(LearnedFromRows[XgbConfig]):
    """Gradient-boosted trees; see `Classifier` for what each method does."""

    rows_at_once = 200_000

    def fit(
        self,
        train: Sequence[Sample],
        validation: Sequence[Sample],
        *,
        folder: Path,
        on_epoch: OnEpoch,
        should_stop: ShouldStop,
    ) -> None:
        schema = description.schema_of(train, self._config)
        # On disk while it trains, where memory would not hold it; gone afterwards.
        with tempfile.TemporaryDirectory(prefix="rows-", dir=folder) as cache:
            rng = np.random.default_rng(self._config.seed)
            watched = {"train": self._learned(train, schema, rng, Path(cache))}
            held = self._held_out(validation, schema, rng)
            if held is not None:
                watched["validation"] = held.matrix
            self._booster = boosting.grow(
                self._parameters(len(schema.classes)),
                watched,
                self._config,
                truth=held.truth if held is not None else None,
                identity=description.identity(self._config, train),
                folder=folder,
                on_epoch=on_epoch,
                should_stop=should_stop,
            )
            del watched, held
        self._schema = schema

    def _learned(
        self, train: Sequence[Sample], schema: TrainingSchema, rng: np.random.Generator, cache: Path
    ) -> xgboost.DMatrix:
        """The training rows."""
        config = self._config
        if config.external_memory:
            return self._on_disk(train, schema, rng, cache)
        rows, labels = sampling.draw(train, schema, config.pixels, config.weighting, rng)
        self._statistics = sampling.statistics([rows], schema)
        return self._matrix(rows, labels)

    def _held_out(
        self, samples: Sequence[Sample], schema: TrainingSchema, rng: np.random.Generator
    ) -> _HeldOut | None:
        """Rows as they lie on the land; None without one of a class that can be named.

        Those of other classes are errors, as they are of the network, but have no loss.
        """
        rows, truth = sampling.as_it_lies(samples, schema, rng)
        named = truth < len(schema.classes)
        if not named.any():
            return None
        weights = named.astype(np.float64)
        return _HeldOut(self._matrix(rows, np.where(named, truth, 0), weights), truth)

    def _on_disk(
        self,
        train: Sequence[Sample],
        schema: TrainingSchema,
        rng: np.random.Generator,
        cache: Path,
    ) -> xgboost.DMatrix:
        """The training rows in XGBoost's own files, made zone by zone."""
        config = self._config
        chosen = sampling.choose(train, schema, config.pixels, config.weighting, rng)
        parts = [
            partial(_rows_at, train, i, pixels, schema)
            for i, pixels in enumerate(chosen)
            if len(pixels)
        ]
        self._statistics = sampling.statistics((part()[0] for part in parts), schema)
        return xgboost.ExtMemQuantileDMatrix(
            ZoneByZone(parts, cache / "train", config),
            max_bin=config.max_bins,
            nthread=config.threads,
            enable_categorical=True,
        )

    def _answers(self, parts: Sequence[Float]) -> list[Float]:
        n = len(self.schema.classes)
        return [self._booster.inplace_predict(rows).reshape(-1, n) for rows in parts]

    def _packed(self) -> bytearray:
        packed: bytearray = self._booster.save_raw(raw_format="ubj")
        return packed

    def _unpack(self, raw: bytes) -> None:
        threads = {"nthread": self._config.threads}
        self._booster = xgboost.Booster(threads, model_file=bytearray(raw))

    def _told(self) -> dict[str, Any]:
        return super()._told() | {"trees": self._booster.num_boosted_rounds()}

    def _parameters(self, n_classes: int) -> dict[str, Any]:
        return {
            "objective": "multi:softprob",
            "num_class": n_classes,
            "tree_method": "hist",
            "eta": self._config.learning_rate,
            "max_depth": self._config.max_depth,
            "max_bin": self._config.max_bins,
            "subsample": self._config.subsample,
            "colsample_bytree": self._config.colsample_bytree,
            "min_child_weight": self._config.min_child_weight,
            "reg_lambda": self._config.reg_lambda,
            "max_delta_step": self._config.max_delta_step,
            "nthread": self._config.threads,
            "seed": self._config.seed,
            "eval_metric": "mlogloss",
        }

    def _matrix(
        self,
        rows: Float,
        labels: NDArray[np.int32],
        weights: NDArray[np.float64] | None = None,
    ) -> xgboost.DMatrix:
        return xgboost.DMatrix(
            rows,
            labels,
            weight=weights,
            nthread=self._config.threads,
            feature_types=feature_types(self._config, rows.shape[1]),
            enable_categorical=True,
        )


def _rows_at(
    samples: Sequence[Sample], index: int, pixels: NDArray[np.int64], schema: TrainingSchema
) -> sampling.Rows:
    """Read when asked for, so that the other zones need not be in memory."""
    return sampling.rows_of(samples[index], pixels, schema)
