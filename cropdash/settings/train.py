"""Settings of a training run that all classifiers share: flat, checked, stored beside the weights."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator

from cropdash.domain import check_name, indices
from cropdash.domain.errors import ConfigError
from cropdash.domain.message import Message


class TrainConfig(BaseModel):
    """What all classifiers share; each adds its own."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    classifier: str = Field(title="Model")
    dataset: str = Field(title="Dataset", description="Name of the dataset to train on.")
    extra_datasets: tuple[str, ...] = Field(
        (), title="Also learn from",
        description="Datasets whose training zones are learned from beside the run's own: the same "
        "place in other years, or the simulated landscape where there are few parcels.",
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
    decisions: Literal["ignore", "apply"] = Field(
        "ignore", title="Decisions",
        description="apply: parcels that people said to be of another class are learned as that, and "
        "those that they left out are not learned. Decisions in test zones are never used.",
    )  # fmt: skip
    inputs: str = Field("", title="Inputs")
    location: bool = Field(
        True, title="Location",
        description="The model also sees latitude and longitude: it may learn what grows where.",
    )  # fmt: skip
    variation: float = Field(
        1.0, ge=0, le=5, title="Variation",
        description="How much what is learned from is made another year's and another place's: its "
        "season's start, gain, soil, haze and noise (0 = not at all).",
    )  # fmt: skip
    indices: tuple[str, ...] = Field(
        ("NDVI",), title="Indices",
        description="Indices that the model sees beside the bands, of those that the bands allow.",
    )  # fmt: skip
    layers: tuple[str, ...] = Field(
        (), title="Further layers",
        description="Layers of the dataset that the model also sees, such as elevation or VV,VH; "
        "a star stands for all that begin alike.",
    )  # fmt: skip
    last_crop: bool = Field(
        False, title="Last year's crop",
        description="The model also sees what the parcel bore the year before, where the dataset "
        "has it.",
    )  # fmt: skip
    in_season: bool = Field(
        False, title="Answer in season",
        description="The model also learns from seasons that are cut off at random days, and so can "
        "be asked before the season is over.",
    )  # fmt: skip
    adjustment: bool = Field(
        True, title="Adjust for rare classes",
        description="How much rare classes are favoured is fitted on the validation zones.",
    )  # fmt: skip
    calibration: bool = Field(
        True, title="Calibrate",
        description="How sure the model may be is fitted on the validation zones.",
    )  # fmt: skip
    smoothing: bool = Field(
        True, title="Smooth the map",
        description="A pixel is answered as the mean of those around it that grow alike; off: each "
        "pixel by itself. Parcels are answered as they were.",
    )  # fmt: skip
    sure: float = Field(
        0.9, ge=0, le=1, title="Sure answers",
        description="Share of a parcel's class answers that should be right; where the model is "
        "less sure, it answers with the group of crops.",
    )  # fmt: skip
    threads: int = Field(2, ge=1, le=64, title="Threads", description="Processor cores to use.")

    def by_itself(self) -> Self:
        """The same settings, each pixel answered by its own series: for data without a map."""
        return self.model_copy(update={"smoothing": False})

    @property
    def processes(self) -> int:
        """How many train together, on all machines."""
        return 1

    @property
    def machines(self) -> int:
        """On how many machines they are."""
        return 1

    @field_validator("indices")
    @classmethod
    def _indices_are_known(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        unknown = [name for name in value if name not in indices.TABLE]
        if unknown or len(set(value)) < len(value):
            raise ValueError(Message("name each index once, of {a}", a=", ".join(indices.TABLE)))
        return value

    @field_validator("layers")
    @classmethod
    def _layers_are_named(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if "" in value or len(set(value)) < len(value):
            raise ValueError(Message("name each layer once"))
        return value

    @field_validator("dataset")
    @classmethod
    def _dataset_is_a_name(cls, value: str) -> str:
        try:
            return check_name(value, "Dataset")
        except ConfigError as error:
            raise ValueError(str(error)) from error

    @field_validator("extra_datasets")
    @classmethod
    def _extra_datasets_are_names(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if len(set(value)) < len(value):
            raise ValueError(Message("name each dataset once"))
        return tuple(map(cls._dataset_is_a_name, value))


class ParallelConfig(TrainConfig):
    """What the classifiers share that several processes can train together."""

    devices: int = Field(
        1, ge=1, le=16, title="Devices",
        description="Processes a machine that share the training, each with its threads.",
    )  # fmt: skip
    nodes: int = Field(
        1, ge=1, le=64, title="Machines",
        description="Above 1 the run is started by torchrun on each of them.",
    )  # fmt: skip

    @property
    def processes(self) -> int:
        """How many processes train together, on all machines."""
        return self.devices * self.nodes

    @property
    def machines(self) -> int:
        """How many machines train together."""
        return self.nodes


class RowsConfig(TrainConfig):
    """What the classifiers share that learn from one row per pixel."""

    inputs: Literal["raw", "indices"] = Field(
        "indices", title="Inputs",
        description="Reflectance alone, or with the indices, their changes and statistics.",
    )  # fmt: skip
    pixels: int = Field(
        40_000, ge=1_000, le=100_000_000, title="Training pixels", description="Drawn at most."
    )
    weighting: Literal["none", "parcel"] = Field(
        "parcel", title="Pixel drawing",
        description="parcel: small parcels are drawn more often than their area says.",
    )  # fmt: skip
