"""XGBoost on one row per pixel."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import xgboost

from cropdash.classify import description, processes, sampling
from cropdash.classify.classifier import LearnedFromRows, OnEpoch, ShouldStop
from cropdash.classify.xgboost import fit as boosting
from cropdash.classify.xgboost import guard, together
from cropdash.classify.xgboost.settings import XgbConfig
from cropdash.classify.xgboost.walk import Walk
from cropdash.domain import Float, Sample


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
        """See `Classifier.fit`."""
        schema = description.schema_of(train, self._config)
        rng, config = np.random.default_rng(self._config.seed), self._config
        with together.joined(config):
            share = (processes.rank(config), config.processes)
            sides = sampling.sides(train, validation, schema, config, rng, share)
            self._statistics = sampling.statistics([sides["train"][0]], schema, together.summed)
            self._booster = boosting.grow(
                self._parameters(len(schema.classes)),
                {name: self._matrix(rows, len(schema.classes)) for name, rows in sides.items()},
                config,
                truth=sides["validation"][1] if "validation" in sides else None,
                identity=description.identity(config, train),
                folder=folder,
                on_epoch=on_epoch,
                should_stop=lambda: together.any_of(should_stop()),
            )
        self._schema = schema
        self._walk = self._walked(self._packed())

    def _answers(self, parts: Sequence[Float]) -> list[Float]:
        if self._walk is not None:
            return [self._walk.probabilities(rows, self._config.threads) for rows in parts]
        n = len(self.schema.classes)
        return [self._booster.inplace_predict(rows).reshape(-1, n) for rows in parts]

    def _packed(self) -> bytearray:
        packed: bytearray = self._booster.save_raw(raw_format="ubj")
        return packed

    def _unpack(self, raw: bytes) -> None:
        self._walk = self._walked(raw)
        threads = {"nthread": self._config.threads}
        self._booster = xgboost.Booster(threads, model_file=bytearray(raw))

    def _walked(self, raw: bytes | bytearray) -> Walk | None:
        n_features, n_classes = len(super()._told()["features"]), len(self.schema.classes)
        return Walk.of(guard.check(raw, n_features, n_classes), n_classes)

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

    def _matrix(self, side: sampling.Rows, n_classes: int) -> xgboost.DMatrix:
        """Rows as XGBoost takes them; classes that it can't name are errors, but have no loss."""
        (rows, labels), config = side, self._config
        named = labels < n_classes
        types = ["q"] * (rows.shape[1] - 1) + ["c"] if config.last_crop else None
        return xgboost.DMatrix(
            rows,
            np.where(named, labels, 0),
            weight=None if named.all() else named.astype(np.float64),
            nthread=config.threads,
            feature_types=types,
            enable_categorical=True,
        )
