"""The registry of classifiers: what there is, and what each is called, learns with and needs.

Everything that differs between classifiers is asked here, so that pages and the command line know
none of them by name. A classifier is a module that exposes `KIND`, and a line in `MODULES`; to
import the module must load nothing heavy.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ValidationError

from cropdash.domain.errors import ConfigError, quoted
from cropdash.domain.message import Message, joined
from cropdash.settings import faults

if TYPE_CHECKING:
    from cropdash.settings.train import TrainConfig

# Where each is, in the order in which pages offer them.
MODULES = {
    "cnn": "cropdash.classify.cnn",
    "xgboost": "cropdash.classify.xgboost",
    "forest": "cropdash.classify.forest",
    "ensemble": "cropdash.settings.ensemble",
}
Value = int | float | str | bool


@dataclass(frozen=True)
class Between:
    """A setting that a search tries: any value from `low` to `high`."""

    name: str
    low: float
    high: float
    log: bool = False  # as many draws from .001 to .01 as from .01 to .1


@dataclass(frozen=True)
class OneOf:
    """A setting that a search tries: one of a few values."""

    name: str
    values: tuple[Value, ...]


@dataclass(frozen=True)
class ClassifierKind:
    """What is to be known of a classifier before any is made."""

    name: str
    label: str  # as pages and tables call it
    hint: str  # one sentence on what it does
    settings: type[TrainConfig]
    weights: str  # file of a run that holds the trained model
    build: Callable[[Any, Any], Any] | None = None  # of settings and legend; None: it joins runs
    rounds: str = ""  # setting of how long it trains, where the zones held out may end it before
    checkpoint: str = ""  # file that a training keeps to go on from, if it can
    presets: Mapping[str, Mapping[str, Any]] = field(default_factory=lambda: {"light": {}})
    preset_hint: str = ""  # a sentence on each of them, "light: …"
    space: tuple[Between | OneOf, ...] = ()  # what a search tries: what moves the scores most
    grid: tuple[OneOf, ...] = ()  # two settings whose combinations a grid tries
    packages: tuple[str, ...] = ()  # whose versions a run records
    in_demo: bool = False  # trained by `demo` and by the first page's button
    demo_s: float | None = None  # [s] a run of the demo took, alone on two cores with AVX2
    curve_hint: str = ""  # one sentence below its learning curves, where one is needed

    @property
    def joins(self) -> bool:
        """True if it joins trained runs, and so learns from no row of its own."""
        return self.build is None


@cache
def kinds() -> tuple[ClassifierKind, ...]:
    """All classifiers, in the order in which pages offer them."""
    return tuple(import_module(path).KIND for path in MODULES.values())


def trainable() -> tuple[ClassifierKind, ...]:
    """Those that learn from a dataset."""
    return tuple(k for k in kinds() if not k.joins)


def joining() -> ClassifierKind:
    """The one that joins trained runs."""
    return next(k for k in kinds() if k.joins)


def in_demo() -> tuple[ClassifierKind, ...]:
    """Those that are trained first, the quickest of them at the front."""
    return tuple(k for k in reversed(kinds()) if k.in_demo)


def kind(name: object) -> ClassifierKind:
    """The classifier of that name; raises ConfigError if there is none."""
    for one in kinds():
        if one.name == name:
            return one
    raise ConfigError(
        "Model {a} is unknown: use {b}.", a=repr(name), b=" or ".join(map(repr, MODULES))
    )


def label(name: str) -> str:
    """What pages call it; the name itself of one that is no longer there."""
    return next((k.label for k in kinds() if k.name == name), name)


def hint_of_curve(name: str) -> str:
    """The sentence below its learning curves, if it has one."""
    return next((k.curve_hint for k in kinds() if k.name == name), "")


def names() -> str:
    """Those that can be trained, as an option's help tells them."""
    return " or ".join(repr(k.name) for k in trainable())


def packages() -> tuple[str, ...]:
    """The distributions that any of them computes with."""
    return tuple(dict.fromkeys(name for k in kinds() for name in k.packages))


def presets() -> str:
    """The presets of each, as an option's help tells them."""
    return "; ".join(f"{k.name}: {', '.join(map(repr, k.presets))}" for k in trainable())


def preset_values(classifier: str, preset: str) -> dict[str, Any]:
    """The settings in which a preset differs from the defaults."""
    there = kind(classifier).presets
    if preset not in there:
        raise ConfigError(
            "Model {a} has no preset {b}; it has {c}.",
            a=repr(classifier),
            b=repr(preset),
            c=", ".join(there) or "none",
        )
    return dict(there[preset])


def parse(values: Mapping[str, Any]) -> TrainConfig:
    """Settings from names and values (text is converted); raises ConfigError in one sentence."""
    settings = kind(values.get("classifier")).settings
    try:
        return settings.model_validate(_split_lists(settings, values))
    except ValidationError as error:
        raise ConfigError(joined(_sentence(settings, item) for item in error.errors())) from error


def _split_lists(settings: type[BaseModel], values: Mapping[str, Any]) -> dict[str, Any]:
    """Text such as "32,48,64" for settings that are lists; text of whole numbers as numbers."""
    tidy = dict(values)
    for name, value in tidy.items():
        known = settings.model_fields.get(name)
        if known is not None and isinstance(value, str):
            if "tuple" in str(known.annotation):
                tidy[name] = tuple(part.strip() for part in value.split(",") if part.strip())
            elif value.isdigit() and known.annotation is not str:
                tidy[name] = int(value)
    return tidy


def _sentence(settings: type[BaseModel], item: Any) -> str:
    name = str(item["loc"][0]) if item["loc"] else "settings"
    if item["type"] == "extra_forbidden":
        return Message(
            "There is no setting {a}; there are {b}.",
            a=repr(name),
            b=", ".join(settings.model_fields),
        )
    if item["type"] == "missing":
        return Message("Setting {a} is missing.", a=repr(name))
    return Message(
        "Setting {name} is {value}: {fault}.",
        name=repr(name),
        value=quoted(item["input"]),
        fault=faults.told(item),
    )
