"""Boosted trees: one row per pixel. Importing this loads no xgboost."""

from __future__ import annotations

from typing import Any

from cropdash.classify.xgboost.settings import XgbConfig
from cropdash.i18n import sentence
from cropdash.settings.classifiers import Between, ClassifierKind, OneOf


def _build(config: XgbConfig, legend: Any) -> Any:
    from cropdash.classify.xgboost.model import XgbClassifier

    return XgbClassifier(config, legend)


# What the seed project describes: its trees on 48 raw values.
_SEED: dict[str, Any] = {
    "inputs": "raw",
    "weighting": "none",
    "max_depth": 6,
    "max_bins": 256,
    "learning_rate": 0.3,
    "subsample": 1.0,
    "colsample_bytree": 1.0,
    "min_child_weight": 1.0,
    "reg_lambda": 1.0,
    "max_delta_step": 0.0,
    "location": False,
    "variation": 0.0,
    "adjustment": False,
    "calibration": False,
    "smoothing": False,
}
KIND = ClassifierKind(
    name="xgboost",
    label="XGBoost",
    hint=sentence("Boosted trees on each pixel's own year: quick, sees no neighbours."),
    settings=XgbConfig,
    weights="model.ubj",
    build=_build,
    rounds="trees",
    checkpoint="checkpoint.ubj",
    presets={"light": {}, "seed": _SEED},
    preset_hint=sentence(
        "light: minutes on two cores. seed: the model as first described, far slower."
    ),
    space=(
        Between("trees", 40, 320, log=True),
        Between("learning_rate", 0.05, 0.4, log=True),
        Between("max_depth", 3, 8),
        Between("min_child_weight", 0.005, 5.0, log=True),
        Between("reg_lambda", 0.5, 32.0, log=True),
        Between("colsample_bytree", 0.2, 1.0),
        OneOf("inputs", ("raw", "indices")),
    ),
    # The pair of settings that the seed project tunes.
    grid=(OneOf("trees", (40, 80, 160)), OneOf("learning_rate", (0.1, 0.2, 0.3))),
    packages=("xgboost",),
    in_demo=True,
    demo_s=49.0,
)
