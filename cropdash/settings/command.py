"""What a person would type for the settings of a form."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel

from cropdash.settings.build import BuildConfig
from cropdash.settings.ensemble import EnsembleConfig
from cropdash.settings.study import Search, StudyConfig
from cropdash.settings.train import TrainConfig

_NAMES = {"draws": "seed"}  # options of a study that are called otherwise


def command_line(config: TrainConfig | BuildConfig | StudyConfig) -> str:
    """What to type for the same job: settings that differ from their defaults."""
    words = ["python", "-m", "cropdash"]
    if isinstance(config, BuildConfig):
        words += ["build", config.dataset, "--source", config.source, *_options(config)]
    elif isinstance(config, StudyConfig):
        words += _of_study(config)
    elif isinstance(config, EnsembleConfig):
        words += [config.classifier, *config.members]
    else:
        words += ["train", config.dataset, "--classifier", config.classifier]
        words += _settings(_changed(config))
    return shlex.join(words)


def option_of(name: str) -> str:
    """The option of a setting, without its dashes: "register" of "register_path"."""
    return _NAMES.get(name, name).removesuffix("_path").replace("_", "-")


def _of_study(config: StudyConfig) -> list[str]:
    command = "search" if isinstance(config, Search) else "crossvalidate"
    words = [command, config.dataset, "--classifier", config.classifier]
    return [*words, *_options(config), *_settings(_changed(config.training()))]


def _options(config: BuildConfig | StudyConfig) -> list[str]:
    words = []
    for name, value in _changed(config).items():
        option = option_of(name)
        if isinstance(value, bool):  # a switch, here turned from its default
            words.append(f"--{option}" if value else f"--no-{option}")
        else:
            words += [f"--{option}", _typed(value)]
    return words


def _settings(changed: Mapping[str, Any]) -> list[str]:
    return [
        word for name, value in changed.items() for word in ("--set", f"{name}={_typed(value)}")
    ]


def _changed(config: BaseModel) -> dict[str, Any]:
    """Settings that differ from their defaults, without those that every command names."""
    fields, values = type(config).model_fields, config.model_dump()
    named = ("classifier", "source", "dataset", "fixed")
    return {
        name: values[name]
        for name, field in fields.items()
        if name not in named and values[name] != field.default
    }


def _typed(value: Any) -> str:
    """A setting as `--set` reads it."""
    return ",".join(map(str, value)) if isinstance(value, tuple) else str(value)
