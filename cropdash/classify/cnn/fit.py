"""The training loop of the network, with Lightning."""

from __future__ import annotations

import copy
import logging
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import lightning as L
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import DataLoader

from cropdash.classify import description, imbalance
from cropdash.classify.classifier import OnEpoch, ShouldStop
from cropdash.classify.cnn import checkpoint, distributed, losses, precision
from cropdash.classify.cnn.network import HybridNetwork
from cropdash.classify.cnn.patches import Batch, Patches, PixelBatch
from cropdash.classify.cnn.settings import CnnConfig
from cropdash.classify.cnn.validate import EpochCheckpoint, ValidationCallback
from cropdash.classify.description import TrainingSchema
from cropdash.classify.features import Statistics
from cropdash.classify.imbalance import Census
from cropdash.domain import Sample
from cropdash.domain.errors import TrainingFailed


def fit(
    network: HybridNetwork,
    train: Sequence[Sample],
    held_out: Sequence[Sample],
    statistics: Statistics,
    schema: TrainingSchema,
    config: CnnConfig,
    *,
    groups: NDArray[np.int64],
    scratch: Path,
    on_epoch: OnEpoch,
    should_stop: ShouldStop,
) -> None:
    """Train `network` in place; it ends with the weights that did best on the zones held out.

    After each epoch the whole state is kept in `scratch`; with the same settings a training that
    finds it goes on from there and ends with the weights that it would have had unbroken.
    """
    L.seed_everything(config.seed, workers=True, verbose=False)
    found = imbalance.census(train, network.n_classes)
    options = distributed.trainer_options(config)
    patches = Patches(train, statistics, config, distributed.rank(config))
    module = Training(network, config, found, groups, config.epochs * patches.steps)
    module.kept = description.identity(config, train)
    validator = ValidationCallback(held_out, statistics, schema, config, on_epoch, should_stop)
    before = checkpoint.find(scratch, module.kept)
    _quiet()
    trainer = L.Trainer(
        **options,
        max_epochs=config.epochs,
        precision="bf16-mixed" if precision.half(config) else "32-true",
        callbacks=[validator, EpochCheckpoint(scratch, validator)],
        plugins=[checkpoint.SafetensorsIO(), *distributed.plugins(config)],
        gradient_clip_val=1.0,
        default_root_dir=scratch,
        logger=False,
        enable_progress_bar=False,
        enable_model_summary=False,
    )
    patches.epoch_of = lambda: trainer.current_epoch
    trainer.fit(module, DataLoader(patches, batch_size=None), ckpt_path=before)
    if validator.best is not None:
        network.load_state_dict(validator.best)
    network.eval()


class Training(L.LightningModule):
    """Loss and optimiser; keeps a moving average of the weights beside the live ones."""

    def __init__(
        self,
        network: HybridNetwork,
        config: CnnConfig,
        found: Census,
        groups: NDArray[np.int64],
        steps: int,
    ) -> None:
        super().__init__()
        self.network, self.settings, self.steps = network, config, steps
        self.kept: dict[str, Any] = {}  # what a checkpoint was made with
        weights = imbalance.class_weights(found, config.class_weighting)
        constants = {
            "logit_prior": (_logit_prior(found, config.logit_adjustment), torch.float32),
            "class_weights": (weights, torch.float32),
            "group_of": (groups, torch.int64),
        }
        for name, (values, kind) in constants.items():
            self.register_buffer(name, torch.as_tensor(values, dtype=kind), persistent=False)
        self.average = None
        if config.ema_decay:
            self.average = copy.deepcopy(network).requires_grad_(False)
        self.losses: list[float] = []

    def on_train_batch_start(self, batch: Any, batch_idx: int) -> None:
        # Dropout is drawn by the step's number, so that a resumed training draws the same.
        own = self.global_rank * 500_009
        torch.manual_seed(self.settings.seed * 1_000_003 + self.global_step + own)

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        checkpoint["settings"] = self.kept

    def training_step(self, batch: Batch, index: int) -> Tensor:
        loss = self._loss_in_place(batch)
        if batch.pixels is not None:
            loss = loss + self._loss_alone(batch.pixels)
        if not torch.isfinite(loss):
            raise TrainingFailed(
                f"The loss became infinite in step {index + 1}: lower the learning rate."
            )
        self.losses.append(float(loss.detach()))
        return loss

    def _loss_in_place(self, batch: Batch) -> Tensor:
        both = self.network.answers(batch.inputs, batch.shared)
        logits, *own = (self._with_prior(said) for said in both if said is not None)
        costs = losses.pixel_losses(logits, batch.classes, self.settings.focal_gamma)
        for said in own:
            costs = costs + self.settings.auxiliary_pixel_loss * losses.pixel_losses(
                said, batch.classes
            )
        if self.settings.group_loss:
            grouped = losses.group_losses(logits, batch.classes, self.group_of)  # type: ignore[arg-type]
            costs = costs + self.settings.group_loss * grouped
        return losses.weighted_mean(costs, batch.weights * self.class_weights[batch.classes])  # type: ignore[index]

    def _loss_alone(self, pixels: PixelBatch) -> Tensor:
        """Of the pixel networks; where pixels were mixed, by the shares of both crops.

        The networks learn apart from each other and from the U-Net: one sum, no shared weight.
        """
        logits = self._with_prior(self.network.alone(pixels.inputs))
        total = torch.zeros_like(pixels.shares[0])
        for classes, share in zip(pixels.classes, pixels.shares, strict=True):
            weights = share * self.class_weights[classes]  # type: ignore[index]
            total = total + weights * losses.pixel_losses(
                logits, classes, self.settings.focal_gamma
            )
        return total.mean()

    def _with_prior(self, logits: Tensor) -> Tensor:
        return logits.float() + self.logit_prior[:, None, None]  # type: ignore[index]

    def on_train_batch_end(self, outputs: Any, batch: Any, batch_idx: int) -> None:
        if self.average is None:
            return
        # A short memory at first, so that the random start is forgotten.
        decay = min(self.settings.ema_decay, (1 + self.global_step) / (10 + self.global_step))
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


def _logit_prior(found: Census, strength: float) -> NDArray[np.float64]:
    """(K,) what is added to the logits in training, so that frequent classes start with a lead.

    Logit adjustment (Menon et al. 2021); classes without a pixel are never answered.
    """
    prior = strength * np.log(np.maximum(found.shares, 1e-8))
    return np.where(found.pixels > 0, prior, -1e4)


def _quiet() -> None:
    """Lightning's hints on hardware and data loaders are not for our readers."""
    logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)
    warnings.filterwarnings("ignore", module=r"lightning\.pytorch.*")
