"""Settings of several models as one."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from cropdash.train_config.shared import TrainConfig


class EnsembleConfig(TrainConfig):
    """Trained runs whose answers are joined; nothing is learned but how much each counts."""

    classifier: Literal["ensemble"] = Field("ensemble", title="Model")
    members: tuple[str, ...] = Field(
        min_length=2, max_length=8, title="Members", description="Trained runs, by their ids."
    )
