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
from torch import Tensor, nn
from torch.nn import functional as F
from torch.utils.data import DataLoader

from cropdash.classify import description, features, processes
from cropdash.classify.classifier import OnEpoch, ShouldStop
from cropdash.classify.cnn import checkpoint, distributed, precision
from cropdash.classify.cnn.encoding import Encoding
from cropdash.classify.cnn.patches import Batch, Patches
from cropdash.classify.cnn.settings import CnnConfig
from cropdash.classify.cnn.validate import EpochCheckpoint, ValidationCallback
from cropdash.classify.description import TrainingSchema
from cropdash.domain import Sample
from cropdash.domain.errors import TrainingFailed


def fit(
    network: nn.Module,
    train: Sequence[Sample],
    held_out: Sequence[Sample],
    encoding: Encoding,
    schema: TrainingSchema,
    config: CnnConfig,
    *,
    scratch: Path,
    on_epoch: OnEpoch,
    should_stop: ShouldStop,
) -> None:
    """Train `network` in place; it ends with the weights that did best on the zones held out.

    After each epoch the whole state is kept in `scratch`; with the same settings a training that
    finds it goes on from there and ends with the weights that it would have had unbroken.
    """
    L.seed_everything(config.seed, workers=True, verbose=False)
    shares = features.class_shares(train, int(network.n_classes))  # type: ignore[arg-type]
    options = distributed.trainer_options(config)
    patches = Patches(train, encoding, config, processes.rank(config))
    module = Training(network, config, shares, config.epochs * patches.steps)
    module.kept = description.identity(config, train)
    validator = ValidationCallback(held_out, encoding, schema, config, on_epoch, should_stop)
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
        network: nn.Module,
        config: CnnConfig,
        shares: NDArray[np.float64],
        steps: int,
    ) -> None:
        super().__init__()
        self.network, self.settings, self.steps = network, config, steps
        self.kept: dict[str, Any] = {}  # what a checkpoint was made with
        prior = torch.as_tensor(_logit_prior(shares, config.logit_adjustment), dtype=torch.float32)
        self.register_buffer("logit_prior", prior[:, None, None], persistent=False)
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
        logits = self.network(batch.inputs).float() + self.logit_prior  # (B, K, P, P)
        rows = logits.movedim(1, -1).flatten(0, -2)  # no copy of channels-last, and faster
        costs = F.cross_entropy(rows, batch.classes.flatten(), reduction="none")
        weights = batch.weights.flatten()
        loss: Tensor = (costs * weights).sum() / weights.sum().clamp(min=1e-6)
        if not torch.isfinite(loss):
            raise TrainingFailed(
                "The loss became infinite in step {a}: lower the learning rate.", a=index + 1
            )
        self.losses.append(float(loss.detach()))
        return loss

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
    def judged(self) -> nn.Module:
        """The weights that are scored and kept."""
        return self.average if self.average is not None else self.network


def _logit_prior(shares: NDArray[np.float64], strength: float) -> NDArray[np.float64]:
    """(K,) what is added to the logits in training, so that frequent classes start with a lead.

    Logit adjustment (Menon et al. 2021); classes without a pixel are never answered.
    """
    prior = strength * np.log(np.maximum(shares, 1e-8))
    return np.where(shares > 0, prior, -1e4)


def _quiet() -> None:
    """Lightning's hints on hardware and data loaders are not for our readers."""
    logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)
    warnings.filterwarnings("ignore", module=r"lightning\.pytorch.*")
