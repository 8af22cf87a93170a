"""Settings of what trains several times: cross-validation and the search for settings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import product
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from cropdash.domain.errors import ConfigError
from cropdash.settings import train
from cropdash.settings.train import Classifier, CnnConfig, TrainConfig

Value = int | float | str | bool
Point = dict[str, Value]  # settings by name, as `--set` would take them


@dataclass(frozen=True)
class Between:
    """Any value from `low` to `high`."""

    name: str
    low: float
    high: float
    log: bool = False  # as many draws from .001 to .01 as from .01 to .1


@dataclass(frozen=True)
class OneOf:
    """One of a few values."""

    name: str
    values: tuple[Value, ...]


# What a search tries: few settings, those that move the scores most.
SPACES: dict[str, tuple[Between | OneOf, ...]] = {
    "cnn": (
        Between("learning_rate", 5e-4, 8e-3, log=True),
        Between("weight_decay", 1e-3, 0.3, log=True),
        Between("dropout", 0.0, 0.4),
        Between("hidden_months", 0.0, 0.6),
        Between("logit_adjustment", 0.0, 1.0),
        OneOf("pixel_networks", (0, 1)),
        OneOf("temporal_channels", (16, 32, 64)),
        OneOf("unet_channels", ("16,32,48", "32,48,64", "48,64,96")),
    ),
    "xgboost": (
        Between("trees", 40, 320, log=True),
        Between("learning_rate", 0.05, 0.4, log=True),
        Between("max_depth", 3, 8),
        Between("min_child_weight", 0.005, 5.0, log=True),
        Between("reg_lambda", 0.5, 32.0, log=True),
        Between("column_share", 0.2, 1.0),
        OneOf("inputs", ("raw", "ndvi", "phenology")),
    ),
}
# The two pairs of settings that the seed project tunes.
GRIDS: dict[str, tuple[OneOf, ...]] = {
    "cnn": (OneOf("learning_rate", (5e-4, 1e-3, 2e-3, 4e-3)), OneOf("temporal_kernel", (3, 5))),
    "xgboost": (OneOf("trees", (40, 80, 160)), OneOf("learning_rate", (0.1, 0.2, 0.3))),
}


class StudyConfig(BaseModel):
    """What both kinds of study share; `fixed` are settings of each training."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["crossvalidate", "grid", "optuna"] = Field(title="Kind")
    classifier: Classifier = Field(title="Model", description="Network or boosted trees.")
    dataset: str = Field(title="Dataset", description="Name of the dataset to train on.")
    fixed: dict[str, Any] = Field(
        default_factory=dict, title="Settings of each training",
        description="Those that differ from the defaults.",
    )  # fmt: skip

    @model_validator(mode="after")
    def _fixed_settings_fit(self) -> StudyConfig:
        try:
            one = self.training()
        except ConfigError as error:
            raise ValueError(str(error)) from error
        if isinstance(one, CnnConfig) and one.processes > 1:
            raise ValueError("a study trains on one device: leave devices and nodes at 1")
        return self

    def training(self, **changes: Value) -> TrainConfig:
        """Checked settings of one training; `changes` go before the fixed ones."""
        own = {"classifier": self.classifier, "dataset": self.dataset}
        return train.parse({**self.fixed, **changes, **own})


class CrossValidation(StudyConfig):
    """Every training zone is scored once, by a model that never saw it."""

    kind: Literal["crossvalidate"] = Field("crossvalidate", title="Kind")
    folds: int = Field(
        3, ge=2, le=10, title="Scored folds",
        description="Groups of whole training zones; each is scored by a model trained on the "
        "others.",
    )  # fmt: skip


class Search(StudyConfig):
    """Many trainings under settings that differ, to find those that score best."""

    kind: Literal["optuna", "grid"] = Field(
        "optuna", title="How",
        description="optuna: each trial learns from those before it. grid: all combinations of "
        "two settings.",
    )  # fmt: skip
    trials: int = Field(20, ge=1, le=1000, title="Trials", description="At most.")
    minutes: float = Field(
        60.0, ge=0, le=100_000, title="Minutes",
        description="After which no new trial begins (0 = no limit).",
    )  # fmt: skip
    folds: int = Field(
        1, ge=1, le=10, title="Folds for each trial",
        description="1: the validation fold alone. More: each trial is trained once a fold and "
        "scored by their mean.",
    )  # fmt: skip
    prune: bool = Field(
        True, title="Prune",
        description="Trials that do worse than the median of the others are ended early.",
    )  # fmt: skip
    draws: int = Field(
        0, ge=0, le=2**31 - 1, title="Seed of the search", description="Fixes what is tried."
    )

    @model_validator(mode="after")
    def _something_is_tried(self) -> Search:
        if not self.space():
            raise ValueError("All settings that a search tries are fixed: leave some free.")
        return self

    def space(self) -> tuple[Between | OneOf, ...]:
        """What is tried: settings that are fixed are left out."""
        table: Mapping[str, tuple[Between | OneOf, ...]] = GRIDS if self.kind == "grid" else SPACES
        return tuple(s for s in table[self.classifier] if s.name not in self.fixed)

    def grid(self) -> list[Point]:
        """All combinations of a grid."""
        axes = [s for s in self.space() if isinstance(s, OneOf)]
        combined = product(*(axis.values for axis in axes))
        return [dict(zip((a.name for a in axes), values, strict=True)) for values in combined]

    @property
    def n_trials(self) -> int:
        """Trials that there will be if nothing ends the search before."""
        return min(self.trials, len(self.grid())) if self.kind == "grid" else self.trials

    def first_point(self) -> Point | None:
        """The settings that a search starts from, if they lie within what is tried."""
        usual = self.training().model_dump()
        point = {s.name: _as_text(usual[s.name]) for s in self.space()}
        return point if all(_holds(s, point[s.name]) for s in self.space()) else None


def parse(values: Mapping[str, Any]) -> CrossValidation | Search:
    """A checked study from names and values; raises ConfigError in one sentence."""
    kind = CrossValidation if values.get("kind") == "crossvalidate" else Search
    try:
        return kind.model_validate(dict(values))
    except ValidationError as error:
        raise ConfigError(" ".join(_sentence(item) for item in error.errors())) from error


def _as_text(value: Any) -> Value:
    return ",".join(map(str, value)) if isinstance(value, tuple) else value


def _holds(setting: Between | OneOf, value: Value) -> bool:
    if isinstance(setting, OneOf):
        return value in setting.values
    return isinstance(value, (int, float)) and setting.low <= value <= setting.high


def _sentence(item: Any) -> str:
    if item["type"] == "value_error":
        return str(item["ctx"]["error"])
    name = ".".join(map(str, item["loc"]))
    if item["type"] == "extra_forbidden":
        return f"There is no setting {name!r} of a study."
    return f"Setting {name!r} is {item['input']!r}: {item['msg'][0].lower()}{item['msg'][1:]}."
