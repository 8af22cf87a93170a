"""The two models behind one Protocol. Importing this loads neither torch nor xgboost."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from cropdash import legend as legends
from cropdash.classify.classifier import Classifier
from cropdash.classify.description import CHECKPOINT, MODEL, ROUNDS
from cropdash.domain import Legend
from cropdash.domain.errors import ConfigError, InvalidRun
from cropdash.settings import train
from cropdash.settings.train import CnnConfig, TrainConfig, XgbConfig

__all__ = ["Classifier", "build", "forget_checkpoint", "load"]
# Models written before these settings have no part for them.
_AS_IT_WAS = {
    "cnn": {"own_loss": 0.0, "pixel_networks": 0, "zone_mean": False},
    "xgboost": {"zone_mean": False},
}


def build(config: TrainConfig, legend: Legend | None = None) -> Classifier:
    """An untrained classifier of the kind that the settings name."""
    legend = legend or legends.load()
    if isinstance(config, CnnConfig):
        from cropdash.classify.cnn.model import CnnClassifier

        return CnnClassifier(config, legend)
    if isinstance(config, XgbConfig):
        from cropdash.classify.xgboost.model import XgbClassifier

        return XgbClassifier(config, legend)
    return build(train.parse(config.model_dump()), legend)


def load(run_folder: Path, legend: Legend | None = None) -> Classifier:
    """The trained classifier of a run's folder.

    Raises InvalidRun if a file is missing or damaged, or if it was trained on another legend.
    """
    legend = legend or legends.load()
    try:
        model: dict[str, Any] = json.loads((run_folder / MODEL).read_text(encoding="utf-8"))
        config = train.parse(_AS_IT_WAS.get(model["config"]["classifier"], {}) | model["config"])
    except FileNotFoundError as error:
        raise InvalidRun(
            f"Run {run_folder.name} has no trained model yet: let its training finish."
        ) from error
    except (json.JSONDecodeError, KeyError) as error:
        raise InvalidRun(f"{MODEL} of run {run_folder.name} is damaged: train it again.") from error
    except ConfigError as error:
        raise InvalidRun(
            f"Run {run_folder.name} was trained by another version ({error}): train it again."
        ) from error
    if model.get("legend_hash") != legend.hash:
        raise InvalidRun(f"Run {run_folder.name} was trained on another legend: train it again.")
    classifier = build(config, legend)
    classifier.restore(run_folder, model)
    return classifier


def forget_checkpoint(run_folder: Path) -> None:
    """Delete what a finished training kept on its way."""
    for name in (CHECKPOINT, ROUNDS):
        (run_folder / name).unlink(missing_ok=True)
