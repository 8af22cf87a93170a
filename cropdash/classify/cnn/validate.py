"""Scores each epoch on zones held out, keeps the best weights, stops in time."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import lightning as L
import numpy as np
import torch
from lightning.pytorch.callbacks import Callback, Checkpoint
from numpy.typing import NDArray
from torch import Tensor, nn

from cropdash.classify import features, processes, stopping, validation
from cropdash.classify.classifier import OnEpoch, ShouldStop
from cropdash.classify.cnn import KIND, distributed, precision, tiles
from cropdash.classify.cnn.encoding import Encoding
from cropdash.classify.cnn.settings import CnnConfig
from cropdash.classify.description import TrainingSchema
from cropdash.domain import Sample


class ValidationCallback(Callback):
    """Tells each epoch's numbers; `best` holds the weights to keep."""

    def __init__(
        self,
        held_out: Sequence[Sample],
        encoding: Encoding,
        schema: TrainingSchema,
        config: CnnConfig,
        on_epoch: OnEpoch,
        should_stop: ShouldStop,
    ) -> None:
        # Processes that train together share the zones; the first one tells.
        first = processes.rank(config)
        self._validation = [held_out[i] for i in range(first, len(held_out), config.processes)]
        self._validates = len(held_out) > 0
        self._encoding, self._schema, self._config = encoding, schema, config
        self._on_epoch, self._should_stop = on_epoch, should_stop
        self.stopped = False  # asked to stop before the epoch's end
        self._started, self._before = time.monotonic(), 0.0
        self._losses: list[float] = []  # of the epochs so far, where there is one
        self.best: dict[str, Tensor] | None = None

    def state_dict(self) -> dict[str, Any]:
        """What a resumed training needs to judge as the unbroken one would."""
        return {
            "best": self.best,
            "losses": self._losses,
            "seconds": self._seconds(),
        }

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        self.best, self._losses = state_dict["best"], state_dict["losses"]
        self._before = state_dict["seconds"]

    def on_train_start(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        trainer.should_stop = self._is_over()

    def on_train_batch_end(
        self, trainer: L.Trainer, pl_module: Any, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        self._heed(trainer)

    def on_train_epoch_end(self, trainer: L.Trainer, pl_module: Any) -> None:
        epoch = trainer.current_epoch + 1
        values = {
            "epoch": epoch,
            "iteration": trainer.global_step,
            "progress": epoch / self._config.epochs,
            "train_loss": float(np.mean(pl_module.losses)),
            "learning_rate": float(trainer.optimizers[0].param_groups[0]["lr"]),
        }
        pl_module.losses.clear()
        distributed.share_weights(trainer, pl_module.judged)
        values |= self._score(pl_module.judged, trainer)
        self._heed(trainer)
        self._keep(pl_module.judged, values, trainer)
        if trainer.is_global_zero:
            self._on_epoch(values | {"seconds": round(self._seconds(), 2)})

    def _heed(self, trainer: L.Trainer) -> None:
        """Stop, all processes together, if one was asked to."""
        self.stopped = self.stopped or distributed.any_of(trainer, self._should_stop())
        trainer.should_stop = trainer.should_stop or self.stopped

    def _seconds(self) -> float:
        return self._before + time.monotonic() - self._started

    def _is_over(self) -> bool:
        return stopping.is_over(self._losses, self._config.epochs, self._config.patience)

    def _keep(self, network: nn.Module, values: Mapping[str, float], trainer: Any) -> None:
        """Keep the weights if they are those to keep; without validation, the latest."""
        if "validation_loss" in values:
            self._losses.append(values["validation_loss"])
        elif self.stopped and self.best is not None:
            return  # cut short before it was judged
        last = len(self._losses) - 1
        if not self._losses or stopping.kept(self._losses, self._config.epochs) == last:
            self.best = {k: v.detach().clone() for k, v in network.state_dict().items()}
        trainer.should_stop = trainer.should_stop or self._is_over()

    def _score(self, network: nn.Module, trainer: L.Trainer) -> dict[str, float]:
        """Scores over the labelled pixels of the validation zones; none when asked to stop."""
        k = int(network.n_classes)  # type: ignore[arg-type]
        counts, loss, n = np.zeros((k, k), np.int64), 0.0, 0
        for sample in self._validation:
            if self._should_stop():
                self.stopped = True
                break
            found, cost, known = self._score_zone(network, sample)
            counts, loss, n = counts + found, loss + cost, n + known
        network.train()
        self.stopped = distributed.any_of(trainer, self.stopped)
        if self.stopped or not self._validates:
            return {}
        told = np.append(counts.astype(np.float64).ravel(), (loss, n))
        *cells, loss, n = distributed.summed(trainer, torch.from_numpy(told)).tolist()
        counts = np.array(cells, np.int64).reshape(k, k)
        scores = {f"validation_{name}": s for name, s in validation.scores(counts).items()}
        return scores | ({"validation_loss": loss / n} if n else {})

    def _score_zone(
        self, network: nn.Module, sample: Sample
    ) -> tuple[NDArray[np.int64], float, int]:
        """(K, K) counts, and the summed loss and number of the pixels of trained classes."""
        classes = self._schema.classes
        inputs = self._encoding.of_cube(sample.cube)
        half = precision.half(self._config)
        said = tiles.predict(network, inputs, classes, half=half)  # (len(classes), H, W)
        mask = features.labelled(sample)
        truth = sample.labels.crop[mask].astype(np.int64)
        predicted = np.asarray(classes)[said.argmax(axis=0)[mask]]
        known = np.isin(truth, classes)
        of = np.searchsorted(classes, truth[known])
        right = said[:, mask][of, np.flatnonzero(known)]  # probability of the declared class
        cost = -float(np.log(np.maximum(right, 1e-7)).sum())
        found = validation.counts(truth, predicted, int(network.n_classes))  # type: ignore[arg-type]
        return found, cost, int(known.sum())


class EpochCheckpoint(Checkpoint):
    """Keeps the whole state after each epoch, for a training that is killed to go on from.

    An epoch that was cut short is not kept: going on from it would not give the weights of an
    unbroken training.
    """

    def __init__(self, folder: Path, validator: ValidationCallback) -> None:
        self._path, self._validator = folder / KIND.checkpoint, validator

    def on_train_epoch_end(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        if not self._validator.stopped:
            trainer.save_checkpoint(self._path)
