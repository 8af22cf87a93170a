"""From names and values, typed or as text, to checked settings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from cropdash.domain.errors import ConfigError
from cropdash.settings.train.cnn import CnnConfig
from cropdash.settings.train.ensemble import EnsembleConfig
from cropdash.settings.train.shared import TrainConfig
from cropdash.settings.train.xgb import XgbConfig

Settings = CnnConfig | XgbConfig | EnsembleConfig
_KINDS: dict[str, type[Settings]] = {
    "cnn": CnnConfig,
    "xgboost": XgbConfig,
    "ensemble": EnsembleConfig,
}


def parse(values: Mapping[str, Any]) -> Settings:
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
