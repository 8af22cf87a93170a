"""One training of the network in several processes: what they do together."""

from __future__ import annotations

from typing import Any

import lightning as L
import torch
from lightning.fabric.plugins.environments.torchelastic import TorchElasticEnvironment
from torch import Tensor, nn

from cropdash.classify import processes
from cropdash.classify.cnn.settings import CnnConfig
from cropdash.domain.errors import ConfigError


def trainer_options(config: CnnConfig) -> dict[str, Any]:
    """What Lightning's trainer is told of devices and of the other processes.

    Raises ConfigError if the machine lacks the devices, or the other processes are not there.
    """
    _check_devices(config)
    processes.check(config)
    return {
        "accelerator": config.accelerator,
        "devices": config.devices,
        "num_nodes": config.nodes,
        "strategy": "ddp" if config.processes > 1 else "auto",
        "use_distributed_sampler": False,  # each process draws patches of its own
    }


def plugins(config: CnnConfig) -> list[Any]:
    """What tells Lightning that the processes are started by someone else."""
    return [TorchElasticEnvironment()] if config.processes > 1 else []


def summed(trainer: L.Trainer, values: Tensor) -> Tensor:
    """The sum of every process's `values`; themselves where there is one process."""
    if trainer.world_size == 1:
        return values
    there = values.to(trainer.strategy.root_device)
    total: Tensor = trainer.strategy.reduce(there, reduce_op="sum")
    return total.cpu()


def any_of(trainer: L.Trainer, mine: bool) -> bool:
    """True in every process if `mine` is in one: they stop together or wait for ever."""
    if trainer.world_size == 1:
        return mine
    return bool(summed(trainer, torch.tensor(float(mine))) > 0)


def share_weights(trainer: L.Trainer, network: nn.Module) -> None:
    """Give every process the first one's numbers: those of normalisation differ by a step."""
    if trainer.world_size > 1:
        for values in network.state_dict().values():
            torch.distributed.broadcast(values, 0)


def _check_devices(config: CnnConfig) -> None:
    if config.accelerator == "cpu":
        return
    there = torch.cuda.device_count() if torch.cuda.is_available() else 0
    if there < config.devices:
        raise ConfigError(
            "The settings ask for {a} GPU and PyTorch finds {b} on this machine: set"
            " accelerator to cpu, or install a PyTorch build for its GPU.",
            a=config.devices,
            b=there,
        )
