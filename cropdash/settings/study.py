"""Settings of what trains several times: cross-validation and the search for settings."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import product
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from cropdash.domain.errors import ConfigError, quoted
from cropdash.domain.message import Message, joined
from cropdash.settings import classifiers, faults
from cropdash.settings.classifiers import Between, OneOf, Value
from cropdash.settings.train import TrainConfig

Point = dict[str, Value]  # settings by name, as `--set` would take them


class StudyConfig(BaseModel):
    """What both kinds of study share; `fixed` are settings of each training."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["crossvalidate", "grid", "optuna"] = Field(title="Kind")
    classifier: str = Field(title="Model")
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
        if classifiers.kind(self.classifier).joins:
            raise ValueError(
                Message(
                    "a study trains models, and {a} joins trained ones", a=repr(self.classifier)
                )
            )
        if one.processes > 1:
            raise ValueError(Message("a study trains on one device: leave devices and nodes at 1"))
        return self

    def training(self, **changes: Value) -> TrainConfig:
        """Checked settings of one training; `changes` go before the fixed ones."""
        own = {"classifier": self.classifier, "dataset": self.dataset}
        return classifiers.parse({**self.fixed, **changes, **own})

    def by_itself(self) -> Self:
        """The same study, each pixel answered by its own series: for data without a map."""
        usual = self.training()
        own, alone = usual.model_dump(), usual.by_itself().model_dump()
        changed = {name: value for name, value in alone.items() if value != own[name]}
        return self.model_copy(update={"fixed": {**self.fixed, **changed}})


class CrossValidation(StudyConfig):
    """Every training zone is scored once, by a model that never saw it."""

    kind: Literal["crossvalidate"] = Field("crossvalidate", title="Kind")
    folds: int = Field(
        3, ge=2, le=10, title="Scored folds",
        description="Groups of whole training zones; each is scored by a model trained on the "
        "others.",
    )  # fmt: skip
    steps: int = Field(
        1, ge=1, le=6, title="Steps of a learning curve",
        description="Above 1 each fold is trained on half of its parcels too, on a quarter, and so on: "
        "how many more parcels would rare classes need?",
    )  # fmt: skip

    def step(self, number: int) -> TrainConfig:
        """Settings of a training at a step; from the second on parcels are left out by `decisions`."""
        return self.training(**({"decisions": "apply"} if number else {}))

    @property
    def n_trainings(self) -> int:
        """Of all folds and steps."""
        return self.folds * self.steps


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
            raise ValueError(
                Message("All settings that a search tries are fixed: leave some free.")
            )
        return self

    def space(self) -> tuple[Between | OneOf, ...]:
        """What is tried: settings that are fixed are left out."""
        kind = classifiers.kind(self.classifier)
        tried: tuple[Between | OneOf, ...] = kind.grid if self.kind == "grid" else kind.space
        return tuple(s for s in tried if s.name not in self.fixed)

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
        raise ConfigError(joined(_sentence(item) for item in error.errors())) from error


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
        return Message("There is no setting {a} of a study.", a=repr(name))
    return Message(
        "Setting {name} is {value}: {fault}.",
        name=repr(name),
        value=quoted(item["input"]),
        fault=faults.told(item),
    )
