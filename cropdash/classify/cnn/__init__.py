"""The network: time at each pixel, then space. Importing this loads no torch."""

from __future__ import annotations

from typing import Any

from cropdash.classify.cnn.settings import CnnConfig
from cropdash.i18n import sentence
from cropdash.settings.classifiers import Between, ClassifierKind, OneOf


def _build(config: CnnConfig, legend: Any) -> Any:
    from cropdash.classify.cnn.model import CnnClassifier

    return CnnClassifier(config, legend)


# What the seed project describes: its network and its recipe.
_SEED: dict[str, Any] = {
    "network": "seed",
    "inputs": "digital",
    "indices": (),
    "optimiser": "adam",
    "learning_rate": 1e-3,
    "batch_size": 64,
    "epochs": 50,
    "patience": 3,
    "weighting": "none",
    "logit_adjustment": 0.0,
    "ema_decay": 0.0,
    "half_precision": False,
    "period_dropout": 0.0,
    "variation": 0.0,
    "location": False,
    "adjustment": False,
    "calibration": False,
    "smoothing": False,
}
KIND = ClassifierKind(
    name="cnn",
    label="CNN",
    hint=sentence("Temporal convolution at each pixel, then a U-Net: sees the shape of fields."),
    settings=CnnConfig,
    weights="model.safetensors",
    build=_build,
    rounds="epochs",
    checkpoint="checkpoint.safetensors",
    presets={"light": {}, "seed": _SEED},
    preset_hint=sentence(
        "light: minutes on two cores. seed: the model as first described, far slower."
    ),
    space=(
        Between("learning_rate", 5e-4, 8e-3, log=True),
        Between("weight_decay", 1e-3, 0.3, log=True),
        Between("dropout", 0.0, 0.4),
        Between("period_dropout", 0.0, 0.6),
        Between("logit_adjustment", 0.0, 1.0),
        Between("context_dropout", 0.0, 0.8),
        Between("variation", 0.0, 2.0),
        OneOf("temporal_channels", (16, 32, 64)),
        OneOf("unet_channels", ("16,32,48", "32,48,64")),
    ),
    # The pair of settings that the seed project tunes.
    grid=(OneOf("learning_rate", (5e-4, 1e-3, 2e-3, 4e-3)), OneOf("temporal_kernel", (3, 5))),
    packages=("torch", "lightning"),
    in_demo=True,
    demo_s=150.0,
    curve_hint=sentence(
        "In training all of the network's answers are judged together, on altered pixels: the loss lies "
        "above that of the validation zones."
    ),
)
