"""Settings of a training run: flat, checked, and stored beside the weights."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, ValidationInfo, field_validator

from cropdash.domain import check_name
from cropdash.errors import ConfigError

Classifier = Literal["cnn", "xgboost"]


class TrainConfig(BaseModel):
    """What both models share."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    classifier: Classifier = Field(title="Model", description="Network or boosted trees.")
    dataset: str = Field(title="Dataset", description="Name of the dataset to train on.")
    also: str = Field(
        "", title="Also learn from",
        description="Dataset whose training zones are learned from beside the run's own, such as "
        "the simulated landscape where there are few parcels. Empty: none.",
    )  # fmt: skip
    map_unit: Literal["pixel", "parcel"] = Field(
        "pixel", title="Map by",
        description="parcel: inside a declared parcel the map shows the parcel's decision.",
    )  # fmt: skip
    seed: int = Field(0, ge=0, le=2**31 - 1, title="Seed", description="Fixes every random draw.")
    folds: int = Field(
        4, ge=2, le=10, title="Folds",
        description="The training zones are split into this many groups of whole zones.",
    )  # fmt: skip
    validation_fold: int = Field(
        0, ge=0, le=9, title="Validation fold",
        description="The group that is held out to stop early.",
    )  # fmt: skip
    rare: Literal["keep", "drop", "merge"] = Field(
        "keep", title="Rare classes",
        description="drop: not learned. merge: learned as the commonest class of their group.",
    )  # fmt: skip
    least_parcels: int = Field(
        10, ge=1, le=1_000_000, title="Least parcels",
        description="Training parcels below which a class counts as rare.",
    )  # fmt: skip
    location: bool = Field(
        True, title="Location",
        description="The model also sees latitude and longitude: it may learn what grows where.",
    )  # fmt: skip
    class_weighting: Literal["none", "effective"] = Field(
        "none", title="Class weighting",
        description="effective: a class weighs by its effective number of parcels.",
    )  # fmt: skip
    adjustment: bool = Field(
        True, title="Adjust for rare classes",
        description="How much rare classes are favoured is fitted on the validation zones.",
    )  # fmt: skip
    calibration: bool = Field(
        True, title="Calibrate",
        description="How sure the model may be is fitted on the validation zones.",
    )  # fmt: skip
    threads: int = Field(2, ge=1, le=64, title="Threads", description="Processor cores to use.")

    @field_validator("dataset", "also")
    @classmethod
    def _dataset_is_a_name(cls, value: str, info: ValidationInfo) -> str:
        try:
            return (
                value if info.field_name == "also" and not value else check_name(value, "Dataset")
            )
        except ConfigError as error:
            raise ValueError(str(error)) from error


class CnnConfig(TrainConfig):
    """The network: a temporal convolution at each pixel, then a U-Net over the embeddings."""

    classifier: Literal["cnn"] = Field("cnn", title="Model")
    inputs: Literal["reflectance", "sqrt_ndvi"] = Field(
        "sqrt_ndvi", title="Inputs",
        description="Reflectance as it is, or its square root and NDVI beside it.",
    )  # fmt: skip
    location_noise: float = Field(
        0.2, ge=0, le=5, title="Location noise",
        description="How far each patch is moved in training, in deviations between the zones.",
    )  # fmt: skip
    temporal_channels: int = Field(
        32, ge=4, le=256, title="Temporal channels",
        description="Width of the convolution over time that all pixels share.",
    )  # fmt: skip
    temporal_layers: int = Field(1, ge=1, le=4, title="Temporal layers", description="Its depth.")
    temporal_kernel: Literal[3, 5] = Field(
        3, title="Temporal kernel", description="Months that one convolution sees."
    )
    temporal_pooling: Literal["max", "dense"] = Field(
        "dense", title="Temporal pooling",
        description="Strongest response of the year, or a learned mix of all months.",
    )  # fmt: skip
    temporal_hidden: int = Field(
        256, ge=8, le=1024, title="Hidden values",
        description="Width of the layer that mixes the months, where they are mixed (dense).",
    )  # fmt: skip
    embedding: int = Field(
        64, ge=8, le=256, title="Embedding", description="Values per pixel that the U-Net sees."
    )
    unet_channels: tuple[int, ...] = Field(
        (32, 48, 64), min_length=1, max_length=6, title="U-Net channels",
        description="Width of each level, from full to coarsest resolution.",
    )  # fmt: skip
    skip_embedding: bool = Field(
        True, title="Skip connection of the embedding",
        description="The output layer sees each pixel's own embedding beside the U-Net's.",
    )  # fmt: skip
    dropout: float = Field(0.1, ge=0, le=0.9, title="Dropout", description="Share of channels.")
    optimiser: Literal["adam", "adamw"] = Field(
        "adamw", title="Optimiser", description="AdamW decays weights and follows a one-cycle rate."
    )
    learning_rate: float = Field(2e-3, ge=1e-6, le=1, title="Learning rate", description="Peak.")
    weight_decay: float = Field(0.05, ge=0, le=1, title="Weight decay", description="AdamW only.")
    patch_size: int = Field(
        48, ge=8, le=512, title="Patch size", description="Pixels on a side of a training patch."
    )
    batch_size: int = Field(8, ge=2, le=256, title="Batch size", description="Patches a step.")
    iterations: int = Field(
        80,
        ge=1,
        le=10_000,
        title="Steps an epoch",
        description="Optimiser steps between scores; fewer where the area is small.",
    )
    epochs: int = Field(14, ge=1, le=1000, title="Epochs", description="At most.")
    patience: int = Field(
        6, ge=1, le=1000, title="Patience",
        description="Epochs without a better validation score before training stops.",
    )  # fmt: skip
    weighting: Literal["none", "parcel"] = Field(
        "parcel", title="Pixel weighting",
        description="parcel: a pixel weighs one over the square root of its parcel's size.",
    )  # fmt: skip
    focus: float = Field(
        0.0, ge=0, le=5, title="Focus",
        description="Gamma of the focal loss: clear pixels count less (0 = cross-entropy).",
    )  # fmt: skip
    group_loss: float = Field(
        0.0, ge=0, le=5, title="Group loss",
        description="Weight of a second loss on the group (level 2) of the class (0 = off).",
    )  # fmt: skip
    logit_adjustment: float = Field(
        0.3, ge=0, le=2, title="Logit adjustment",
        description="Strength with which rare classes are favoured (0 = none, 1 = balanced).",
    )  # fmt: skip
    averaging: float = Field(
        0.98, ge=0, lt=1, title="Weight averaging",
        description="Decay of the moving average of weights that is kept (0 = off).",
    )  # fmt: skip
    half_precision: bool = Field(
        True, title="bfloat16", description="Faster; only used where the processor has it."
    )


class XgbConfig(TrainConfig):
    """Boosted trees on one row per pixel."""

    classifier: Literal["xgboost"] = Field("xgboost", title="Model")
    inputs: Literal["raw", "ndvi", "phenology"] = Field(
        "ndvi", title="Inputs",
        description="Reflectance alone; with NDVI and its changes; or with the dates and heights "
        "of the season as well.",
    )  # fmt: skip
    pixels: int = Field(
        40_000, ge=1_000, le=100_000_000, title="Training pixels", description="Drawn at most."
    )
    weighting: Literal["none", "parcel"] = Field(
        "parcel", title="Pixel drawing",
        description="parcel: small parcels are drawn more often than their area says.",
    )  # fmt: skip
    trees: int = Field(80, ge=1, le=5_000, title="Trees", description="Rounds at most.")
    learning_rate: float = Field(
        0.2, ge=1e-3, le=1, title="Learning rate", description="Shrinkage."
    )
    max_depth: int = Field(4, ge=1, le=16, title="Depth", description="Of a tree.")
    max_bins: int = Field(64, ge=8, le=1024, title="Bins", description="Of a feature's histogram.")
    subsample: float = Field(0.8, gt=0, le=1, title="Rows", description="Share a tree sees.")
    column_share: float = Field(0.5, gt=0, le=1, title="Columns", description="Share a tree sees.")
    min_child_weight: float = Field(
        0.02, ge=0, le=1000, title="Least weight of a leaf",
        description="Small values let rare classes have leaves of their own.",
    )  # fmt: skip
    reg_lambda: float = Field(
        4.0, ge=0, le=1000, title="Lambda", description="L2 regularisation of the leaves."
    )
    max_delta_step: float = Field(
        2.0, ge=0, le=100, title="Largest step of a leaf", description="0 = no limit."
    )
    external_memory: bool = Field(
        False, title="External memory",
        description="Training pixels stay on disk: slower, but there may be more than fit in "
        "memory.",
    )  # fmt: skip
    patience: int = Field(
        15, ge=1, le=1000, title="Patience", description="Rounds without a better validation score."
    )


_KINDS: dict[str, type[CnnConfig] | type[XgbConfig]] = {"cnn": CnnConfig, "xgboost": XgbConfig}

# What the seed project describes: its network and its recipe, and its trees on 48 raw values.
PRESETS: dict[str, dict[str, dict[str, Any]]] = {
    "cnn": {
        "light": {},
        "seed": {
            "inputs": "reflectance",
            "temporal_channels": 64,
            "temporal_layers": 2,
            "temporal_pooling": "max",
            "embedding": 64,
            "unet_channels": (64, 128, 256, 512, 512),
            "skip_embedding": False,
            "dropout": 0.3,
            "optimiser": "adam",
            "learning_rate": 1e-3,
            "weight_decay": 0.0,
            "patch_size": 24,
            "batch_size": 64,
            "weighting": "none",
            "logit_adjustment": 0.0,
            "averaging": 0.0,
            "half_precision": False,
            "location": False,
            "adjustment": False,
            "calibration": False,
        },
    },
    "xgboost": {
        "light": {},
        "seed": {
            "inputs": "raw",
            "weighting": "none",
            "max_depth": 6,
            "max_bins": 256,
            "learning_rate": 0.3,
            "subsample": 1.0,
            "column_share": 1.0,
            "min_child_weight": 1.0,
            "reg_lambda": 1.0,
            "max_delta_step": 0.0,
            "location": False,
            "adjustment": False,
            "calibration": False,
        },
    },
}


def parse(values: Mapping[str, Any]) -> CnnConfig | XgbConfig:
    """Settings from names and values (text is converted); raises ConfigError in one sentence."""
    kind = _KINDS.get(str(values.get("classifier")))
    if kind is None:
        raise ConfigError(
            f"Model {values.get('classifier')!r} is unknown: use {' or '.join(map(repr, _KINDS))}."
        )
    try:
        return kind.model_validate(_split_lists(kind, values))
    except ValidationError as error:
        raise ConfigError(" ".join(_sentence(kind, item) for item in error.errors())) from error


def preset_values(classifier: str, preset: str) -> dict[str, Any]:
    """The settings in which a preset differs from the defaults."""
    presets = PRESETS.get(classifier, {})
    if preset not in presets:
        raise ConfigError(
            f"Model {classifier!r} has no preset {preset!r}; it has {', '.join(presets) or 'none'}."
        )
    return dict(presets[preset])


def _split_lists(kind: type[TrainConfig], values: Mapping[str, Any]) -> dict[str, Any]:
    """Text such as "32,48,64" for settings that are lists; text of whole numbers as numbers."""
    tidy = dict(values)
    for name, value in tidy.items():
        field = kind.model_fields.get(name)
        if field is not None and isinstance(value, str):
            if "tuple" in str(field.annotation):
                tidy[name] = tuple(part.strip() for part in value.split(","))
            elif value.isdigit() and name not in ("dataset", "also"):
                tidy[name] = int(value)
    return tidy


def _sentence(kind: type[TrainConfig], item: Any) -> str:
    name = str(item["loc"][0]) if item["loc"] else "settings"
    if item["type"] == "extra_forbidden":
        return f"There is no setting {name!r}; there are {', '.join(kind.model_fields)}."
    if item["type"] == "missing":
        return f"Setting {name!r} is missing."
    return f"Setting {name!r} is {item['input']!r}: {item['msg'][0].lower()}{item['msg'][1:]}."
