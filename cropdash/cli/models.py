"""Options of the commands that train: which model, on what, with which settings."""

from __future__ import annotations

from typing import Annotated

import typer

from cropdash.cli.options import datasets
from cropdash.domain.errors import ConfigError
from cropdash.settings import classifiers

FIRST, QUICK = classifiers.trainable()[0].name, classifiers.in_demo()[0].name  # defaults


def classifiers_named(incomplete: str) -> list[str]:
    """Names of classifiers that begin so, for a shell."""
    return [kind.name for kind in classifiers.trainable() if kind.name.startswith(incomplete)]


Settings = Annotated[
    list[str] | None, typer.Option("--set", metavar="NAME=VALUE", help="A setting; repeatable.")
]
Model = Annotated[
    str,
    typer.Option("--classifier", help=f"{classifiers.names()}.", autocompletion=classifiers_named),
]
Dataset = Annotated[
    str | None, typer.Argument(help="Dataset to train on.", autocompletion=datasets)
]


def assignments(settings: list[str] | None) -> dict[str, str]:
    """Names and values of `--set NAME=VALUE`; raises ConfigError for any other form."""
    pairs = [item.partition("=") for item in settings or ()]
    for name, equals, _ in pairs:
        if not equals:
            raise ConfigError("--set {a} is not of the form name=value.", a=repr(name))
    return {name.strip(): value.strip() for name, _, value in pairs}
