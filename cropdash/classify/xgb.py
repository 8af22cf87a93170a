"""XGBoost on one row per pixel."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import xgboost
from numpy.typing import NDArray

from cropdash.classify import boosting, features, imbalance
from cropdash.classify.classifier import OnEpoch, ShouldStop
from cropdash.classify.description import (
    MODEL,
    STATISTICS,
    Frame,
    frame_of,
    identity,
    replacing,
    write_json,
)
from cropdash.domain import Cube, Float, Sample
from cropdash.errors import InvalidRun, NotEnoughData
from cropdash.legend import Legend
from cropdash.train_config import XgbConfig

WEIGHTS = "model.ubj"
_ROWS = 200_000  # pixels predicted at once: bounds the memory of a large zone
_VALIDATION_ROWS = 40_000  # enough for a steady loss, few enough not to slow each round


class XgbClassifier:
    """Gradient-boosted trees; see `Classifier` for what each method does."""

    def __init__(self, config: XgbConfig, legend: Legend) -> None:
        self._config, self._legend = config, legend
        self._frame: Frame | None = None
        self._booster: xgboost.Booster | None = None
        self._statistics: dict[str, dict[str, float]] = {}

    @property
    def config(self) -> XgbConfig:
        return self._config

    def fit(
        self,
        train: Sequence[Sample],
        validation: Sequence[Sample],
        *,
        folder: Path,
        on_epoch: OnEpoch,
        should_stop: ShouldStop,
    ) -> None:
        rng = np.random.default_rng(self._config.seed)
        frame = frame_of(train)
        rows, labels = draw(train, frame, self._config.pixels, self._config, rng)
        if not len(rows):
            raise NotEnoughData("No training pixel has both a crop and a series.")
        self._statistics = _statistics(rows, frame, self._config)
        found = imbalance.census(train, self._legend.n_classes)
        weights = imbalance.class_weights(found, self._config.class_weighting)[list(frame.classes)]
        watched = {"train": self._matrix(rows, labels, weights[labels])}
        rows, labels = draw(validation, frame, _VALIDATION_ROWS, _as_they_lie(self._config), rng)
        if len(rows):
            watched["validation"] = self._matrix(rows, labels)
        self._booster = boosting.grow(
            self._parameters(len(frame.classes)),
            watched,
            self._config,
            identity=identity(self._config, train),
            folder=folder,
            on_epoch=on_epoch,
            should_stop=should_stop,
        )
        self._frame = frame

    def predict_proba(self, cube: Cube) -> Float:
        booster, frame = self._trained()
        frame.check(cube)
        rows = features.table(cube, self._config.inputs, self._config.location)
        probabilities = np.zeros((self._legend.n_classes, len(rows)), dtype=np.float32)
        chosen = list(frame.classes)
        for start in range(0, len(rows), _ROWS):
            part = slice(start, start + _ROWS)
            said = booster.inplace_predict(rows[part]).reshape(-1, len(chosen))
            probabilities[chosen, part] = said.T
        return probabilities.reshape(-1, *cube.grid.shape)

    def save(self, folder: Path) -> None:
        booster, frame = self._trained()
        raw = booster.save_raw(raw_format="ubj")
        with replacing(folder / WEIGHTS) as temporary:
            temporary.write_bytes(raw)
        names = features.table_names(
            frame.bands, frame.n_periods, self._config.inputs, self._config.location
        )
        write_json(folder / STATISTICS, self._statistics)
        write_json(
            folder / MODEL,
            {
                "config": self._config.model_dump(mode="json"),
                "legend_hash": self._legend.hash,
                "bands": frame.bands,
                "n_periods": frame.n_periods,
                "classes": frame.classes,
                "features": names,
                "trees": booster.num_boosted_rounds(),
                "checksum": boosting.checksum(raw),
            },
        )

    def restore(self, folder: Path, model: Mapping[str, Any]) -> None:
        try:
            raw = boosting.checked((folder / WEIGHTS).read_bytes(), model["checksum"])
            booster = xgboost.Booster({"nthread": self._config.threads}, model_file=raw)
            self._statistics = json.loads((folder / STATISTICS).read_text(encoding="utf-8"))
            self._frame = Frame(tuple(model["bands"]), model["n_periods"], tuple(model["classes"]))
        except FileNotFoundError as error:
            raise InvalidRun(
                f"Run {folder.name} lacks {error.filename}: train it again."
            ) from error
        except (ValueError, KeyError, TypeError) as error:
            raise InvalidRun(
                f"{WEIGHTS} of run {folder.name} is damaged: train it again."
            ) from error
        self._booster = booster

    def _trained(self) -> tuple[xgboost.Booster, Frame]:
        if self._booster is None or self._frame is None:
            raise InvalidRun("This model is not trained yet: fit it first.")
        return self._booster, self._frame

    def _parameters(self, n_classes: int) -> dict[str, Any]:
        return {
            "objective": "multi:softprob",
            "num_class": n_classes,
            "tree_method": "hist",
            "eta": self._config.learning_rate,
            "max_depth": self._config.max_depth,
            "max_bin": self._config.max_bins,
            "subsample": self._config.subsample,
            "colsample_bytree": self._config.column_share,
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
        return xgboost.DMatrix(rows, labels, weight=weights, nthread=self._config.threads)


def _statistics(rows: Float, frame: Frame, config: XgbConfig) -> dict[str, dict[str, float]]:
    """Mean and deviation of each feature over the training rows."""
    names = features.table_names(frame.bands, frame.n_periods, config.inputs, config.location)
    moments = zip(names, np.nanmean(rows, axis=0), np.nanstd(rows, axis=0), strict=True)
    return {name: {"mean": float(m), "deviation": float(d)} for name, m, d in moments}


def _as_they_lie(config: XgbConfig) -> XgbConfig:
    """Settings under which every pixel has the same chance: scores are of the land as it is."""
    return config.model_copy(update={"weighting": "none"})


def draw(
    samples: Sequence[Sample],
    frame: Frame,
    limit: int,
    config: XgbConfig,
    rng: np.random.Generator,
) -> tuple[Float, NDArray[np.int32]]:
    """(N, F) rows and (N,) class positions of at most `limit` labelled pixels.

    With weighting `parcel` a pixel's chance falls with the square root of its parcel's size.
    """
    masks = [features.labelled(s) & np.isin(s.labels.crop, frame.classes) for s in samples]
    total = sum(int(m.sum()) for m in masks)
    if total == 0:
        return np.zeros((0, 1), np.float32), np.zeros(0, np.int32)
    chances = [_chance(s, m, config) for s, m in zip(samples, masks, strict=True)]
    shares = np.array([c.sum() for c in chances])
    quota = rng.multinomial(min(limit, total), shares / shares.sum())
    rows, labels = [], []
    for sample, mask, chance, n in zip(samples, masks, chances, quota, strict=True):
        pixels = np.flatnonzero(mask)
        n = min(int(n), len(pixels))
        picked = rng.choice(pixels, n, replace=False, p=chance / chance.sum()) if n else pixels[:0]
        rows.append(features.table(sample.cube, config.inputs, config.location)[picked])
        labels.append(np.searchsorted(frame.classes, sample.labels.crop.ravel()[picked]))
    return np.concatenate(rows), np.concatenate(labels).astype(np.int32)


def _chance(sample: Sample, mask: NDArray[np.bool_], config: XgbConfig) -> NDArray[np.float64]:
    if config.weighting == "none":
        return np.ones(int(mask.sum()))
    return features.parcel_weight(sample)[mask].astype(np.float64)
