"""Tiny landscapes whose classes are told apart by their season."""

from __future__ import annotations

import numpy as np

from cropdash.domain import Cube, Labels, Sample, Season, Zone
from cropdash.domain.sentinel2 import BAND_SETS
from tests import worlds

CLASSES = (6, 8, 30)  # grassland, winter wheat, maize
_PEAK = {6: 6.0, 8: 4.5, 30: 7.5}  # month of most leaves


def sample(zone_id: str = "a", shape: tuple[int, int] = (40, 36), seed: int = 0) -> Sample:
    """Blocks of 8 pixels, each a parcel of one class, some of them background."""
    rng = np.random.default_rng(seed)
    at = worlds.grid(shape)
    rows, columns = (-(-n // 8) for n in shape)
    ids = np.arange(1, rows * columns + 1).reshape(rows, columns)
    crop_of = rng.choice([0, *CLASSES], rows * columns + 1, p=[0.1, 0.3, 0.3, 0.3])
    block = np.kron(ids, np.ones((8, 8), int))[: shape[0], : shape[1]]
    crop = crop_of[block].astype(np.uint8)
    month = np.arange(12)
    vigour = rng.normal(1, 0.1, rows * columns + 1)[block]
    leaves = np.stack([_leaves(crop, m) * vigour for m in month])  # (T, H, W)
    noise = rng.normal(0, 0.01, (12, 4, *shape))
    base = np.array([0.09, 0.11, 0.14, 0.18])[None, :, None, None]
    gain = np.array([-0.05, -0.04, -0.09, 0.30])[None, :, None, None]
    reflectance = np.clip(base + gain * leaves[:, None] + noise, 0.001, 1).astype(np.float32)
    clear = np.ones((12, *shape), np.uint8)
    return Sample(
        Zone(zone_id, "north", "train", at),
        Cube(reflectance, clear, Season.of(2023).periods, BAND_SETS["10m"], at),
        Labels(crop, block.astype(np.int32), at),
    )


def _leaves(crop, month):
    peak = np.select([crop == k for k in CLASSES], [_PEAK[k] for k in CLASSES], 2.0)
    return np.exp(-((month - peak) ** 2) / 6)
