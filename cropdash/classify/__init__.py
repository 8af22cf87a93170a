"""The classifiers behind one Protocol. Importing this loads nothing heavy."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from cropdash import legend as legends
from cropdash.classify import description
from cropdash.classify.classifier import Classifier
from cropdash.classify.description import MODEL
from cropdash.domain import Legend
from cropdash.domain.errors import ConfigError, DamagedFile, InvalidRun
from cropdash.settings import classifiers
from cropdash.settings.train import TrainConfig

__all__ = ["Classifier", "build", "forget_checkpoint", "load"]


def build(config: TrainConfig, legend: Legend | None = None) -> Classifier:
    """An untrained classifier of the kind that the settings name."""
    make = classifiers.kind(config.classifier).build
    if make is None:
        raise InvalidRun(
            "Model {a} joins trained runs: name its members.", a=repr(config.classifier)
        )
    classifier: Classifier = make(config, legend or legends.load())
    return classifier


def load(run_folder: Path, legend: Legend | None = None) -> Classifier:
    """The trained classifier of a run's folder.

    Raises InvalidRun if a file is missing or damaged, or if it was trained on another legend.
    """
    legend = legend or legends.load()
    try:
        model: dict[str, Any] = MODEL.read(run_folder)
        config = classifiers.parse(model["config"])
    except FileNotFoundError as error:
        raise InvalidRun(
            "Run {a} has no trained model yet: let its training finish.", a=run_folder.name
        ) from error
    except (DamagedFile, KeyError, TypeError) as error:
        raise InvalidRun(
            "{a} of run {b} is damaged: train it again.", a=MODEL.file, b=run_folder.name
        ) from error
    except ConfigError as error:
        raise InvalidRun(
            "Run {a} was trained by another version ({b}): train it again.",
            a=run_folder.name,
            b=error,
        ) from error
    if model.get("legend_hash") != legend.hash:
        raise InvalidRun(
            "Run {a} was trained on another legend: train it again.", a=run_folder.name
        )
    classifier = build(config, legend)
    try:
        classifier.restore(run_folder, model)
    except FileNotFoundError as error:
        raise InvalidRun(
            "Run {a} lacks {b}: train it again.", a=run_folder.name, b=error.filename
        ) from error
    except (DamagedFile, OSError, ValueError, KeyError, TypeError) as error:
        weights = classifiers.kind(config.classifier).weights
        raise description.damaged(run_folder, weights) from error
    return classifier


def forget_checkpoint(run_folder: Path) -> None:
    """Delete what a finished training kept on its way."""
    for kind in classifiers.trainable():
        if kind.checkpoint:
            (run_folder / kind.checkpoint).unlink(missing_ok=True)
