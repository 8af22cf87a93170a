"""XGBoost on one row per pixel."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import xgboost
from numpy.typing import NDArray

from cropdash.classify import features, imbalance, sampling
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
from cropdash.classify.xgboost import fit as boosting
from cropdash.classify.xgboost.rows import ZoneByZone, feature_types
from cropdash.classify.xgboost.settings import XgbConfig
from cropdash.domain import Cube, Float, Legend, Sample
from cropdash.domain.errors import InvalidRun

WEIGHTS = "model.ubj"
_ROWS = 200_000  # pixels predicted at once: bounds the memory of a large zone
_VALIDATION_ROWS = 40_000  # enough for a steady loss, few enough not to slow each round


class _HeldOut(NamedTuple):
    """Rows to judge by."""

    matrix: xgboost.DMatrix
    truth: sampling.Positions  # (N,), past the frame's list where the trees can't name it


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
        frame = frame_of(train)
        # On disk while it trains, where memory would not hold it; gone afterwards.
        with tempfile.TemporaryDirectory(prefix="rows-", dir=folder) as cache:
            rng = np.random.default_rng(self._config.seed)
            watched = {"train": self._learned(train, frame, rng, Path(cache))}
            held = self._held_out(validation, frame, rng)
            if held is not None:
                watched["validation"] = held.matrix
            self._booster = boosting.grow(
                self._parameters(len(frame.classes)),
                watched,
                self._config,
                truth=held.truth if held is not None else None,
                identity=identity(self._config, train),
                folder=folder,
                on_epoch=on_epoch,
                should_stop=should_stop,
            )
            del watched, held
        self._frame = frame

    def _learned(
        self, train: Sequence[Sample], frame: Frame, rng: np.random.Generator, cache: Path
    ) -> xgboost.DMatrix:
        """The training rows."""
        config = self._config
        found = imbalance.census(train, self._legend.n_classes)
        weights = imbalance.class_weights(found, config.class_weighting)[list(frame.classes)]
        if config.external_memory:
            return self._on_disk(train, frame, weights, rng, cache)
        rows, labels = sampling.draw(train, frame, config.pixels, config, rng)
        self._statistics = _statistics([rows], frame, config)
        return self._matrix(rows, labels, weights[labels])

    def _held_out(
        self, samples: Sequence[Sample], frame: Frame, rng: np.random.Generator
    ) -> _HeldOut | None:
        """Rows as they lie on the land; None without one of a class that can be named.

        Those of other classes are errors, as they are of the network, but have no loss.
        """
        every, order = sampling.with_others(frame, samples)
        rows, found = sampling.draw(
            samples, every, _VALIDATION_ROWS, _as_they_lie(self._config), rng
        )
        truth = order[found]
        named = truth < len(frame.classes)
        if not named.any():
            return None
        weights = named.astype(np.float64)
        return _HeldOut(self._matrix(rows, np.where(named, truth, 0), weights), truth)

    def _on_disk(
        self,
        train: Sequence[Sample],
        frame: Frame,
        weights: NDArray[np.float64],
        rng: np.random.Generator,
        cache: Path,
    ) -> xgboost.DMatrix:
        """The training rows in XGBoost's own files, made zone by zone."""
        config = self._config
        chosen = sampling.choose(train, frame, config.pixels, config, rng)
        parts = [
            partial(_rows_at, train, i, pixels, frame, config)
            for i, pixels in enumerate(chosen)
            if len(pixels)
        ]
        self._statistics = _statistics((part()[0] for part in parts), frame, config)
        return xgboost.ExtMemQuantileDMatrix(
            ZoneByZone(parts, weights, cache / "train", config),
            max_bin=config.max_bins,
            nthread=config.threads,
            enable_categorical=True,
        )

    def predict_proba(self, cube: Cube) -> Float:
        booster, frame = self._trained()
        frame.check(cube)
        rows = features.table(cube, self._config.inputs, *self._config.context)
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
            frame.bands, frame.n_periods, self._config.inputs, *self._config.context
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
        return xgboost.DMatrix(
            rows,
            labels,
            weight=weights,
            nthread=self._config.threads,
            feature_types=feature_types(self._config, rows.shape[1]),
            enable_categorical=True,
        )


def _rows_at(
    samples: Sequence[Sample],
    index: int,
    pixels: NDArray[np.int64],
    frame: Frame,
    config: XgbConfig,
) -> sampling.Rows:
    """Read when asked for, so that the other zones need not be in memory."""
    return sampling.rows_of(samples[index], pixels, frame, config)


def _statistics(
    parts: Iterable[Float], frame: Frame, config: XgbConfig
) -> dict[str, dict[str, float]]:
    """Mean and deviation of each feature over the training rows, part by part."""
    names = features.table_names(frame.bands, frame.n_periods, config.inputs, *config.context)
    n, total, squares = np.zeros((3, len(names)))
    for rows in parts:
        known = np.nan_to_num(rows.astype(np.float64))
        n += (~np.isnan(rows)).sum(axis=0)
        total += known.sum(axis=0)
        squares += (known * known).sum(axis=0)
    mean = total / np.maximum(n, 1)
    deviation = np.sqrt(np.maximum(squares / np.maximum(n, 1) - mean * mean, 0))
    moments = zip(names, mean, deviation, strict=True)
    return {name: {"mean": float(m), "deviation": float(d)} for name, m, d in moments}


def _as_they_lie(config: XgbConfig) -> XgbConfig:
    """Settings under which every pixel has the same chance: scores are of the land as it is."""
    return config.model_copy(update={"weighting": "none"})
