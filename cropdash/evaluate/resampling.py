"""Confusion counts resampled: without one zone at a time, or parcels drawn within zones.

Parcels of one zone share weather, soil and the model's luck, so zones are what is resampled.
With fewer than MIN_ZONES zones that says next to nothing, and parcels are drawn within each
zone instead: such an interval holds for these zones only, and is too narrow for others.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from cropdash.domain.errors import NotEnoughData
from cropdash.evaluate.formulas import Doubles
from cropdash.evaluate.matrix import Confusion

MIN_ZONES = 4  # of three, Student's t would have to be four times the standard error
Drawn = Literal["zones", "parcels"]


def drawn_unit(n_zones: int) -> Drawn:
    """What is resampled when there are so many zones."""
    return "zones" if n_zones >= MIN_ZONES else "parcels"


def scored(confusions: Mapping[str, Confusion]) -> dict[str, Confusion]:
    """The zones in which anything was scored; the others say nothing and must not count.

    All of them where none was.
    """
    found = {zone: matrix for zone, matrix in confusions.items() if matrix.counts.any()}
    return found or dict(confusions)


def stack(confusions: Mapping[str, Confusion]) -> NDArray[Any]:
    """(Z, K, K) counts of the zones."""
    if not confusions:
        raise NotEnoughData("There is no zone to score: predict at least one test zone first.")
    return np.stack([c.counts for c in confusions.values()])


def left_out(counts: NDArray[Any]) -> Doubles:
    """(Z, K, K) sums of the (Z, K, K) counts without one zone at a time."""
    return np.asarray(counts.sum(axis=0) - counts, np.float64)


def draw_zones(counts: NDArray[Any], weights: NDArray[np.int64]) -> Doubles:
    """(D, K, K) sums of the (Z, K, K) counts under (D, Z) weights."""
    flat = counts.reshape(len(counts), -1).astype(np.float64)  # (Z, K*K)
    return (weights @ flat).reshape(len(weights), *counts.shape[1:])  # (D, K, K)


def exchanges(n_zones: int, draws: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """(D, Z) 1 where a zone's results of two models are exchanged: all ways, if no more than `draws`."""
    if 2**n_zones <= draws:
        ways = np.arange(2**n_zones)[:, None] >> np.arange(n_zones) & 1
        return ways.astype(np.int64)
    found: NDArray[np.int64] = rng.integers(0, 2, (draws, n_zones))
    found[0] = 0  # as it is: one of the ways
    return found


def draw_parcels(counts: NDArray[np.int64], draws: int, rng: np.random.Generator) -> Doubles:
    """(D, K, K) sums over zones, each zone's parcels drawn with replacement.

    To draw parcels is to draw their cells of the matrix, so (Z, K, K) counts are enough.
    """
    flat = counts.reshape(len(counts), -1)  # (Z, K*K)
    used = np.flatnonzero(flat.sum(axis=0))  # most cells are empty
    out = np.zeros((draws, flat.shape[1]))
    for zone in flat[:, used]:
        out[:, used] += draw_cells(zone, draws, rng)
    return out.reshape(draws, *counts.shape[1:])  # (D, K, K)


def draw_cells(counts: NDArray[np.int64], draws: int, rng: np.random.Generator) -> Doubles:
    """(D, C) draws with replacement of the items counted in (C,) cells."""
    total = int(counts.sum())
    if total == 0:
        return np.zeros((draws, counts.size))
    return rng.multinomial(total, counts / total, size=draws).astype(np.float64)
