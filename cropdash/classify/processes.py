"""One training in several processes: who is who.

Processes know each other by the variables that torchrun sets: RANK, WORLD_SIZE, MASTER_ADDR, ...
"""

from __future__ import annotations

import os

from cropdash.domain.errors import ConfigError
from cropdash.settings.train import TrainConfig


def rank(config: TrainConfig) -> int:
    """This process's number among those of the training; 0 writes."""
    return int(os.environ.get("RANK", 0)) if config.processes > 1 else 0


def check(config: TrainConfig) -> None:
    """Raises ConfigError if the other processes are not there."""
    together = int(os.environ.get("WORLD_SIZE", 1)) if config.processes > 1 else 1
    if together != config.processes:
        raise ConfigError(
            "The settings ask for {a} x {b} processes and there are {c}: start the run by"
            " torchrun on each node, or set nodes to 1.",
            a=config.machines,
            b=config.processes // config.machines,
            c=together,
        )
