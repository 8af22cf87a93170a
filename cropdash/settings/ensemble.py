"""Several trained models as one: the classifier that joins runs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import Field

from cropdash.domain.errors import InvalidRun
from cropdash.settings import classifiers
from cropdash.settings.classifiers import ClassifierKind
from cropdash.settings.train import TrainConfig

_SHARED = ("dataset", "seed", "folds", "validation_fold")  # what decides which zones are held out


class EnsembleConfig(TrainConfig):
    """Trained runs whose answers are joined; nothing is learned but how much each counts."""

    classifier: Literal["ensemble"] = Field("ensemble", title="Model")
    members: tuple[str, ...] = Field(
        min_length=2, max_length=8, title="Members", description="Trained runs, by their ids."
    )


KIND = ClassifierKind(
    name="ensemble",
    label="Ensemble",
    hint="Trained runs whose answers are joined.",
    settings=EnsembleConfig,
    weights="stack.json",
)


def ensemble_of(members: Mapping[str, Mapping[str, Any]]) -> EnsembleConfig:
    """Settings of the ensemble of some runs, given by id and settings.

    Raises InvalidRun unless they learned from the same zones of one dataset: what one of them
    has learned from can't tell how much to trust it.
    """
    configs = list(members.values())
    for name in _SHARED:
        found = {str(config.get(name)) for config in configs}
        if len(found) > 1:
            raise InvalidRun(
                "These runs differ in {a} ({b}): an ensemble needs runs that held out the same"
                " zones.",
                a=name,
                b=", ".join(sorted(found)),
            )
    if any(classifiers.kind(config["classifier"]).joins for config in configs):
        raise InvalidRun("An ensemble can't be a member of another: name the runs it is made of.")
    return EnsembleConfig(members=tuple(members), **{n: configs[0][n] for n in _SHARED})
