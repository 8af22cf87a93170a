"""The same parcels under two models."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cropdash.domain import BACKGROUND, IGNORE
from cropdash.domain.errors import InvalidRaster, NotEnoughData
from cropdash.evaluate import resampling
from cropdash.evaluate.formulas import Doubles

_KEY = ["zone_id", "parcel_id"]
_IDS = ("truth_left", "predicted_left", "predicted_right")


@dataclass(frozen=True, eq=False)
class Pairs:
    """What was declared on each parcel, and what two models call it; all (P,)."""

    zone: NDArray[Any]
    truth: NDArray[np.int64]
    left: NDArray[np.int64]
    right: NDArray[np.int64]

    def __post_init__(self) -> None:
        if len({a.shape for a in (self.zone, self.truth, self.left, self.right)}) != 1:
            raise InvalidRaster("zone, truth, left and right of pairs must have the same length.")

    @property
    def left_correct(self) -> NDArray[np.bool_]:
        """(P,) True where the left model names the declared class."""
        return np.equal(self.left, self.truth)

    @property
    def right_correct(self) -> NDArray[np.bool_]:
        """(P,) True where the right model names the declared class."""
        return np.equal(self.right, self.truth)


def pair(left: pd.DataFrame, right: pd.DataFrame, *, include_background: bool = False) -> Pairs:
    """The parcels that both tables hold; columns zone_id, parcel_id, truth, predicted.

    Truth 255 is left out, and truth 0 without `include_background`. Raises NotEnoughData if
    no parcel is left, InvalidRaster if the tables disagree on truth or repeat a parcel.
    """
    for table in (left, right):
        if table.duplicated(_KEY).any():
            raise InvalidRaster("A parcel occurs twice in a table of parcel predictions.")
    both = left.merge(right, on=_KEY, suffixes=("_left", "_right"))
    if (both["truth_left"] != both["truth_right"]).any():
        raise InvalidRaster("The two models were scored against different declarations.")
    unscored = [IGNORE] if include_background else [BACKGROUND, IGNORE]
    both = both[~both["truth_left"].isin(unscored)]
    if both.empty:
        raise NotEnoughData(
            "The two models have no scored parcel in common: predict the same test zones with both."
        )
    columns = (both[name].to_numpy(np.int64) for name in _IDS)
    return Pairs(both["zone_id"].to_numpy(), *columns)


def draw_pairs(
    pairs: Pairs, n_classes: int, draws: int, rng: np.random.Generator
) -> tuple[Doubles, Doubles]:
    """(D, K, K) counts of the left and the right model, parcels drawn within each zone."""
    k = n_classes
    key = (pairs.truth * k + pairs.left) * k + pairs.right
    cells, index = np.unique(key, return_inverse=True)  # (U,) the few triples that occur
    zones, zone = np.unique(pairs.zone, return_inverse=True)
    drawn = np.zeros((draws, cells.size))
    for z in range(zones.size):
        counts = np.bincount(index[zone == z], minlength=cells.size)
        drawn += resampling.draw_cells(counts, draws, rng)
    truth, left, right = cells // k**2, cells // k % k, cells % k
    return _spread(drawn, truth * k + left, k), _spread(drawn, truth * k + right, k)


def _spread(drawn: Doubles, cell: NDArray[np.int64], k: int) -> Doubles:
    """(D, U) draws summed into (D, K, K) at their cells."""
    out = np.zeros((k * k, len(drawn)))
    np.add.at(out, cell, drawn.T)
    return out.T.reshape(-1, k, k)
