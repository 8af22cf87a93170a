"""The training loop of the network, with Lightning."""

from __future__ import annotations

import copy
import logging
import time
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import lightning as L
import numpy as np
import torch
from lightning.pytorch.callbacks import Callback
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F
from torch.utils.data import DataLoader

from cropdash.classify import features, precision, tiles, validation
from cropdash.classify.classifier import OnEpoch, ShouldStop
from cropdash.classify.description import Frame
from cropdash.classify.features import Statistics
from cropdash.classify.network import HybridNetwork
from cropdash.classify.patches import Batch, Patches
from cropdash.domain import Sample
from cropdash.errors import TrainingFailed
from cropdash.train_config import CnnConfig


def fit(
    network: HybridNetwork,
    train: Sequence[Sample],
    held_out: Sequence[Sample],
    statistics: Statistics,
    frame: Frame,
    config: CnnConfig,
    *,
    scratch: Path,
    on_epoch: OnEpoch,
    should_stop: ShouldStop,
) -> None:
    """Train `network` in place; it ends with the weights that did best on the zones held out."""
    L.seed_everything(config.seed, workers=True, verbose=False)
    prior = class_shares(train, network.head.out_channels)
    patches = Patches(train, statistics, config)
    module = Training(network, config, prior, frame, config.epochs * patches.steps)
    judge = Judge(held_out, statistics, frame, config, on_epoch, should_stop)
    _quiet()
    trainer = L.Trainer(
        accelerator="cpu",
        devices=1,
        max_epochs=config.epochs,
        precision="bf16-mixed" if precision.half(config) else "32-true",
        callbacks=[judge],
        gradient_clip_val=1.0,
        default_root_dir=scratch,
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
    )
    trainer.fit(module, DataLoader(patches, batch_size=None))
    if judge.best is not None:
        network.load_state_dict(judge.best)
    network.eval()


class Training(L.LightningModule):
    """Loss and optimiser; keeps a moving average of the weights beside the live ones."""

    def __init__(
        self,
        network: HybridNetwork,
        config: CnnConfig,
        prior: NDArray[np.float32],
        frame: Frame,
        steps: int,
    ) -> None:
        super().__init__()
        self.network, self.settings, self.steps = network, config, steps
        # Logit adjustment (Menon et al. 2021): frequent classes start with a lead in training.
        lead = config.logit_adjustment * np.log(np.maximum(prior, 1e-8))
        lead[[k for k in range(len(prior)) if k not in frame.classes]] = -1e4  # never answered
        self.register_buffer("lead", torch.from_numpy(lead.astype(np.float32)), persistent=False)
        self.average = copy.deepcopy(network) if config.averaging else None
        self.losses: list[float] = []

    def training_step(self, batch: Batch, index: int) -> Tensor:
        inputs, classes, weights = batch
        logits = self.network(inputs).float() + self.lead[:, None, None]  # type: ignore[index]
        losses = F.cross_entropy(logits, classes.clamp(min=0), reduction="none")
        loss = (losses * weights).sum() / weights.sum().clamp(min=1e-6)
        if not torch.isfinite(loss):
            raise TrainingFailed(
                f"The loss became infinite in step {index + 1}: lower the learning rate."
            )
        self.losses.append(float(loss.detach()))
        return loss

    def on_train_batch_end(self, outputs: Any, batch: Any, batch_idx: int) -> None:
        if self.average is None:
            return
        # A short memory at first, so that the random start is forgotten.
        decay = min(self.settings.averaging, (1 + self.global_step) / (10 + self.global_step))
        with torch.no_grad():
            live = self.network.state_dict()
            for name, kept in self.average.state_dict().items():
                if kept.dtype.is_floating_point:
                    kept.lerp_(live[name], 1 - decay)
                else:
                    kept.copy_(live[name])

    def configure_optimizers(self) -> Any:
        settings = self.settings
        parameters = self.network.parameters()
        if settings.optimiser == "adam":
            return torch.optim.Adam(parameters, settings.learning_rate)
        optimiser = torch.optim.AdamW(
            parameters, settings.learning_rate, weight_decay=settings.weight_decay
        )
        schedule = torch.optim.lr_scheduler.OneCycleLR(
            optimiser, settings.learning_rate, total_steps=self.steps
        )
        return {
            "optimizer": optimiser,
            "lr_scheduler": {"scheduler": schedule, "interval": "step"},
        }

    @property
    def judged(self) -> HybridNetwork:
        """The weights that are scored and kept."""
        return self.average if self.average is not None else self.network


class Judge(Callback):
    """Scores each epoch on the validation zones, keeps the best weights, stops in time."""

    def __init__(
        self,
        held_out: Sequence[Sample],
        statistics: Statistics,
        frame: Frame,
        config: CnnConfig,
        on_epoch: OnEpoch,
        should_stop: ShouldStop,
    ) -> None:
        self._validation, self._statistics, self._frame = held_out, statistics, frame
        self._config, self._on_epoch, self._should_stop = config, on_epoch, should_stop
        self._started = time.monotonic()
        self._best_score, self._waited = -np.inf, 0
        self.best: dict[str, Tensor] | None = None

    def on_train_batch_end(
        self, trainer: L.Trainer, pl_module: Any, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        if self._should_stop():
            trainer.should_stop = True

    def on_train_epoch_end(self, trainer: L.Trainer, pl_module: Any) -> None:
        module: Training = pl_module
        epoch = trainer.current_epoch + 1
        values = {
            "epoch": epoch,
            "iteration": trainer.global_step,
            "progress": epoch / self._config.epochs,
            "train_loss": float(np.mean(module.losses)),
            "learning_rate": float(trainer.optimizers[0].param_groups[0]["lr"]),
        }
        module.losses.clear()
        values |= self._score(module.judged)
        trainer.should_stop = trainer.should_stop or self._should_stop()
        self._keep(module.judged, values, trainer)
        self._on_epoch(values | {"seconds": round(time.monotonic() - self._started, 2)})

    def _keep(self, network: HybridNetwork, values: dict[str, float], trainer: L.Trainer) -> None:
        """Keep the weights if they are the best so far; without validation, the latest."""
        latest = np.inf if not len(self._validation) else -np.inf
        score = values.get("validation_score", latest)
        if self.best is None or score > self._best_score or score == np.inf:
            self._best_score, self._waited = score, 0
            self.best = {k: v.detach().clone() for k, v in network.state_dict().items()}
        else:
            self._waited += 1
            trainer.should_stop = trainer.should_stop or self._waited >= self._config.patience

    def _score(self, network: HybridNetwork) -> dict[str, float]:
        """Scores over the labelled pixels of the validation zones; none when asked to stop."""
        k = network.head.out_channels
        counts, loss, n = np.zeros((k, k), np.int64), 0.0, 0
        for sample in self._validation:
            if self._should_stop():
                return {}
            found, cost, known = self._score_zone(network, sample)
            counts, loss, n = counts + found, loss + cost, n + known
        network.train()
        if not len(self._validation):
            return {}
        scores = {f"validation_{name}": s for name, s in validation.scores(counts).items()}
        return scores | {"validation_loss": loss / max(n, 1)}

    def _score_zone(
        self, network: HybridNetwork, sample: Sample
    ) -> tuple[NDArray[np.int64], float, int]:
        """(K, K) counts, and the summed loss and number of the pixels of trained classes."""
        classes = self._frame.classes
        values, _ = features.layers(sample.cube, self._config.inputs)
        inputs = self._statistics.standardise(values)
        half = precision.half(self._config)
        said = tiles.predict(network, inputs, classes, half=half)  # (len(classes), H, W)
        mask = features.labelled(sample)
        truth = sample.labels.crop[mask].astype(np.int64)
        predicted = np.asarray(classes)[said.argmax(axis=0)[mask]]
        known = np.isin(truth, classes)
        of = np.searchsorted(classes, truth[known])
        right = said[:, mask][of, np.flatnonzero(known)]  # probability of the declared class
        cost = -float(np.log(np.maximum(right, 1e-7)).sum())
        found = validation.counts(truth, predicted, network.head.out_channels)
        return found, cost, int(known.sum())


def class_shares(train: Sequence[Sample], n_classes: int) -> NDArray[np.float32]:
    """(K,) share of the labelled pixels of each class."""
    counts = np.zeros(n_classes)
    for sample in train:
        counts += np.bincount(sample.labels.crop[features.labelled(sample)], minlength=n_classes)
    shares: NDArray[np.float32] = (counts / max(counts.sum(), 1)).astype(np.float32)
    return shares


def _quiet() -> None:
    """Lightning's hints on hardware and data loaders are not for our readers."""
    logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)
    warnings.filterwarnings("ignore", module=r"lightning\.pytorch.*")
