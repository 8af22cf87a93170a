"""Settings of a training run: flat, checked, and stored beside the weights."""

from cropdash.settings.train.cnn import CnnConfig
from cropdash.settings.train.ensemble import EnsembleConfig, ensemble_of
from cropdash.settings.train.parsing import parse
from cropdash.settings.train.presets import PRESETS, preset_values
from cropdash.settings.train.shared import Classifier, TrainConfig
from cropdash.settings.train.xgb import XgbConfig

__all__ = [
    "PRESETS",
    "Classifier",
    "CnnConfig",
    "EnsembleConfig",
    "TrainConfig",
    "XgbConfig",
    "ensemble_of",
    "parse",
    "preset_values",
]
