"""Settings of the network."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from cropdash.settings.train import ParallelConfig


class CnnConfig(ParallelConfig):
    """The network: a convolution over time at each pixel, then a U-Net that corrects its answer."""

    classifier: Literal["cnn"] = Field("cnn", title="Model")
    network: Literal["hybrid", "seed"] = Field(
        "hybrid",
        title="Network",
        description="seed: the network of the seed project, layer by layer.",
    )
    inputs: Literal["quantiles", "digital"] = Field(
        "quantiles", title="Inputs",
        description="quantiles: where a value stands among the training pixels of its period, so that "
        "none lies outside of what was learned. digital: digital numbers as they are.",
    )  # fmt: skip
    location_noise: float = Field(
        0.2, ge=0, le=5, title="Location noise",
        description="How far each patch is moved in training, in deviations between the zones.",
    )  # fmt: skip
    period_dropout: float = Field(
        0.3, ge=0, le=0.9, title="Period dropout",
        description="Share of the periods of a training patch that are hidden as clouds would.",
    )  # fmt: skip
    context: bool = Field(
        True, title="Surroundings",
        description="The network also sees what lies around a pixel; off: its own series alone.",
    )  # fmt: skip
    context_dropout: float = Field(
        0.5, ge=0, le=0.95, title="Context dropout",
        description="Share of the training patches in which each pixel must be named without its "
        "surroundings.",
    )  # fmt: skip
    hidden_last_crop: float = Field(
        0.2, ge=0, le=1, title="Hidden last crops",
        description="Share of a training patch's parcels whose last crop is hidden, so that the "
        "network also answers where it is unknown.",
    )  # fmt: skip
    temporal_channels: int = Field(
        16, ge=4, le=256, title="Temporal channels",
        description="Width of the convolution over time that all pixels share.",
    )  # fmt: skip
    temporal_kernel: Literal[3, 5] = Field(
        3, title="Temporal kernel", description="Periods that one convolution sees."
    )
    temporal_hidden: int = Field(
        128, ge=8, le=1024, title="Hidden values",
        description="Width of the layer that mixes the periods.",
    )  # fmt: skip
    embedding: int = Field(
        64, ge=8, le=256, title="Embedding", description="Values per pixel that the U-Net sees."
    )
    unet_channels: tuple[Annotated[int, Field(ge=1, le=1024)], ...] = Field(
        (16, 32, 48), min_length=1, max_length=6, title="U-Net channels",
        description="Width of each level, from full to coarsest resolution.",
    )  # fmt: skip
    dropout: float = Field(0.1, ge=0, le=0.9, title="Dropout", description="Share of channels.")
    optimiser: Literal["adam", "adamw"] = Field(
        "adamw", title="Optimiser", description="AdamW decays weights and follows a one-cycle rate."
    )
    learning_rate: float = Field(2e-3, ge=1e-6, le=1, title="Learning rate", description="Peak.")
    weight_decay: float = Field(0.05, ge=0, le=1, title="Weight decay", description="AdamW only.")
    patch_size: int = Field(
        24, ge=8, le=512, title="Patch size", description="Pixels on a side of a training patch."
    )
    batch_size: int = Field(32, ge=2, le=256, title="Batch size", description="Patches a step.")
    steps_per_epoch: int = Field(
        80,
        ge=1,
        le=10_000,
        title="Steps an epoch",
        description="Optimiser steps between scores; fewer where the area is small.",
    )
    epochs: int = Field(10, ge=1, le=1000, title="Epochs", description="At most.")
    patience: int = Field(
        6, ge=1, le=1000, title="Patience",
        description="Epochs without a better validation score before training stops.",
    )  # fmt: skip
    weighting: Literal["none", "parcel"] = Field(
        "parcel", title="Pixel weighting",
        description="parcel: a pixel weighs one over the square root of its parcel's size.",
    )  # fmt: skip
    logit_adjustment: float = Field(
        0.0, ge=0, le=2, title="Logit adjustment",
        description="Strength with which rare classes are favoured (0 = none, 1 = balanced).",
    )  # fmt: skip
    ema_decay: float = Field(
        0.98, ge=0, lt=1, title="EMA decay",
        description="Decay of the moving average of weights that is kept (0 = off).",
    )  # fmt: skip
    half_precision: bool = Field(
        True, title="bfloat16", description="Faster; only used where the processor has it."
    )
    accelerator: Literal["cpu", "gpu"] = Field(
        "cpu", title="Train on", description="Processor cores or graphics cards."
    )

    def by_itself(self) -> CnnConfig:
        """The same settings without what lies around a pixel."""
        return super().by_itself().model_copy(update={"context": False})

    @model_validator(mode="after")
    def _the_seed_s_network_sees_surroundings(self) -> CnnConfig:
        if self.network == "seed" and not self.context:
            raise ValueError("the seed's network always sees surroundings: set network to hybrid")
        return self

    @model_validator(mode="after")
    def _every_process_has_patches(self) -> CnnConfig:
        if self.batch_size % self.processes or self.batch_size < 2 * self.processes:
            raise ValueError(
                f"{self.batch_size} patches a step can't be shared evenly by {self.processes} "
                "processes, two or more each: set batch_size to a multiple"
            )
        return self
