"""Rounds of boosting that can be broken off and gone on with."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import xgboost
from numpy.typing import NDArray
from xgboost.callback import CallbackContainer

from cropdash.classify import processes, stopping, validation
from cropdash.classify.classifier import (
    MOST,
    OnEpoch,
    ShouldStop,
    checked,
    checksum,
    warn_of_checkpoint,
)
from cropdash.classify.sampling import Positions
from cropdash.classify.xgboost import KIND
from cropdash.classify.xgboost.settings import XgbConfig
from cropdash.domain.errors import TrainingFailed
from cropdash.files import atomic

_DIGEST = 64  # characters of a SHA-256 in hexadecimal
_KEEPS = 10  # times that a training is kept on its way


def grow(
    parameters: Mapping[str, Any],
    watched: Mapping[str, xgboost.DMatrix],
    config: XgbConfig,
    *,
    truth: Positions | None,
    identity: Mapping[str, Any],
    folder: Path,
    on_epoch: OnEpoch,
    should_stop: ShouldStop,
) -> xgboost.Booster:
    """The trees up to the round to keep (see `stopping`), so that loading needs no second number.

    `truth` (N,) are the classes of the validation rows, also of those that the trees can't name.
    Ten times on its way the trees are kept in `folder`; a training with the same
    `identity` that finds them goes on from there and ends with the trees that it would have had unbroken.
    """
    evaluated = [(matrix, name) for name, matrix in watched.items()]

    def metric(predicted: NDArray[np.float32], matrix: xgboost.DMatrix) -> list[tuple[str, float]]:
        return _scores(predicted, truth if matrix is watched.get("validation") else None, matrix)

    container = CallbackContainer(
        [_Observer(config, list(watched), on_epoch, should_stop)], metric=metric
    )
    # Seeded by round, not once: a round draws the same whether or not others ran before it here.
    settled = dict(parameters) | {"seed_per_iteration": True}
    booster = _begun(settled, watched, folder, json.dumps(identity, sort_keys=True))
    for number in range(booster.num_boosted_rounds(), config.trees):
        if stopping.is_over(_losses(booster), config.trees, config.patience):
            break
        booster.update(watched["train"], number)
        if container.after_iteration(booster, number, watched["train"], evaluated):
            break
        if (number + 1) % max(1, config.trees // _KEEPS) == 0:
            booster = _kept(booster, settled, watched, folder / KIND.checkpoint, config)
    losses = _losses(booster)
    return booster[: stopping.kept(losses, config.trees) + 1] if losses else booster


def _begun(
    parameters: Mapping[str, Any],
    watched: Mapping[str, xgboost.DMatrix],
    folder: Path,
    identity: str,
) -> xgboost.Booster:
    """The trees kept by an earlier training with the same settings, or none."""
    cache = list(watched.values())
    raw = _readable(folder / KIND.checkpoint)
    if raw is not None:
        booster = xgboost.Booster(dict(parameters), cache, model_file=raw)
        if booster.attr("identity") == identity:
            return booster
    booster = xgboost.Booster(dict(parameters), cache)
    booster.set_attr(identity=identity)
    return booster


def _readable(path: Path) -> bytearray | None:
    """The trees kept there, behind their checksum; None if there are none, or damaged ones."""
    if not path.is_file():
        return None
    try:
        content = atomic.read_bytes(path, MOST)
        return bytearray(checked(content[_DIGEST:], content[:_DIGEST].decode("ascii")))
    except (OSError, ValueError) as error:
        warn_of_checkpoint(path, error)
        return None


def _kept(
    booster: xgboost.Booster,
    parameters: Mapping[str, Any],
    watched: Mapping[str, xgboost.DMatrix],
    path: Path,
    config: XgbConfig,
) -> xgboost.Booster:
    """Keep the trees, and go on with them as a resumed training would.

    A booster sums its predictions round by round, one that was loaded all at once: the last bits
    differ, and with them the next trees. Loaded again here, both are the same.
    """
    raw = booster.save_raw(raw_format="ubj")
    if processes.rank(config) == 0:
        with atomic.replacing(path) as temporary:
            temporary.write_bytes(checksum(raw).encode("ascii") + raw)
    return xgboost.Booster(dict(parameters), list(watched.values()), model_file=raw)


def _losses(booster: xgboost.Booster) -> list[float]:
    """Of the rounds so far, on the zones held out; kept in the model itself, and so on its way."""
    told: list[float] = json.loads(booster.attr("losses") or "[]")
    return told


def _scores(
    predicted: NDArray[np.float32], truth: Positions | None, matrix: xgboost.DMatrix
) -> list[tuple[str, float]]:
    """Accuracy, macro F1 and their mean of (N, C) class probabilities.

    The truth is the matrix's own without one that names classes past the C as well. Of several
    processes each tells of its own training rows, and of the same validation rows.
    """
    known = matrix.get_label() if truth is None else truth
    said = predicted.reshape(len(known), -1)
    return list(validation.of_answers(said, known).items())


class _Observer(xgboost.callback.TrainingCallback):  # type: ignore[misc]
    """Tells each round, remembers the best, keeps the trees, and ends training when asked to."""

    def __init__(
        self,
        config: XgbConfig,
        watched: list[str],
        on_epoch: OnEpoch,
        should_stop: ShouldStop,
    ) -> None:
        self._config, self._watched = config, watched
        self._on_epoch, self._should_stop = on_epoch, should_stop
        self._started = time.monotonic()

    def after_iteration(self, model: Any, epoch: int, evals_log: Mapping[str, Any]) -> bool:
        values: dict[str, float] = {
            "epoch": epoch + 1,
            "trees": epoch + 1,
            "progress": (epoch + 1) / self._config.trees,
            "seconds": round(time.monotonic() - self._started, 2),
        }
        for name in self._watched:
            log = evals_log[name]
            values[f"{name}_loss"] = float(log["mlogloss"][-1])
            for metric in ("accuracy", "macro_f1", "score"):
                values[f"{name}_{metric}"] = float(log[metric][-1])
        if not np.isfinite(values["train_loss"]):
            raise TrainingFailed("The training loss became infinite: lower the learning rate.")
        if "validation_loss" in values:
            model.set_attr(losses=json.dumps([*_losses(model), values["validation_loss"]]))
        self._on_epoch(values)
        return self._should_stop()
