"""Smooth random fields over land and sky."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from cropdash.domain import Float
from cropdash.simulate.tables import Reals

WAVES = 24


def smooth(centre: Reals, wavelength: float, rng: np.random.Generator) -> Reals:
    """A smooth random field of unit variance at places (P, 2) [m]."""
    angle = rng.uniform(0, 2 * np.pi, WAVES)
    number = 2 * np.pi / (wavelength * np.exp(rng.normal(0, 0.4, WAVES)))
    along = np.stack([np.cos(angle), np.sin(angle)]) * number
    values: Reals = np.cos(centre @ along + rng.uniform(0, 2 * np.pi, WAVES)).sum(axis=1)
    values /= np.sqrt(WAVES / 2)
    return values


def interpolation(place: NDArray[np.floating[Any]], cells: int | None = None) -> Float:
    """(n, cells) linear weights from cells at 0, 1, 2 and so on to places (n,) between them."""
    low = np.floor(place).astype(int)
    weights = np.zeros((len(place), cells or low[-1] + 2), dtype=np.float32)
    weights[np.arange(len(place)), low] = 1 - (place - low)
    weights[np.arange(len(place)), low + 1] += place - low
    return weights
