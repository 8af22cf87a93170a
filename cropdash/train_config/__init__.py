"""Settings of a training run: flat, checked, and stored beside the weights."""

from cropdash.train_config.cnn import CnnConfig
from cropdash.train_config.ensemble import EnsembleConfig, ensemble_of
from cropdash.train_config.parsing import parse
from cropdash.train_config.presets import PRESETS, preset_values
from cropdash.train_config.shared import Classifier, TrainConfig
from cropdash.train_config.xgb import XgbConfig

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
