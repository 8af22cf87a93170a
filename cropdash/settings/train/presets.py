"""Settings under one name, as differences from the defaults."""

from __future__ import annotations

from typing import Any

from cropdash.domain.errors import ConfigError

# What the seed project describes: its network and its recipe, and its trees on 48 raw values.
PRESETS: dict[str, dict[str, dict[str, Any]]] = {
    "cnn": {
        "light": {},
        "seed": {
            "inputs": "reflectance",
            "temporal_channels": 64,
            "temporal_layers": 2,
            "temporal_pooling": "max",
            "embedding": 64,
            "unet_channels": (64, 128, 256, 512, 512),
            "skip_embedding": False,
            "dropout": 0.3,
            "optimiser": "adam",
            "learning_rate": 1e-3,
            "weight_decay": 0.0,
            "patch_size": 24,
            "batch_size": 64,
            "own_loss": 0.0,
            "pixel_networks": 0,
            "epochs": 14,
            "weighting": "none",
            "logit_adjustment": 0.0,
            "averaging": 0.0,
            "half_precision": False,
            "hidden_months": 0.0,
            "location": False,
            "zone_mean": False,
            "adjustment": False,
            "calibration": False,
        },
    },
    "xgboost": {
        "light": {},
        "seed": {
            "inputs": "raw",
            "weighting": "none",
            "max_depth": 6,
            "max_bins": 256,
            "learning_rate": 0.3,
            "subsample": 1.0,
            "column_share": 1.0,
            "min_child_weight": 1.0,
            "reg_lambda": 1.0,
            "max_delta_step": 0.0,
            "location": False,
            "zone_mean": False,
            "adjustment": False,
            "calibration": False,
        },
    },
}


def preset_values(classifier: str, preset: str) -> dict[str, Any]:
    """The settings in which a preset differs from the defaults."""
    presets = PRESETS.get(classifier, {})
    if preset not in presets:
        raise ConfigError(
            f"Model {classifier!r} has no preset {preset!r}; it has {', '.join(presets) or 'none'}."
        )
    return dict(presets[preset])
