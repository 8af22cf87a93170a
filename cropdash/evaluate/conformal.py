"""Sets of classes that hold the truth as often as promised."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cropdash.domain.errors import ConfigError, InvalidRaster, NotEnoughData

_SMALLEST = float(np.finfo(np.float32).tiny)  # what is impossible is in no set


def fit_threshold(
    probabilities: NDArray[np.floating], truth: NDArray[np.integer], coverage: float = 0.9
) -> float:
    """Probability from which on a class belongs to the set, from held-out parcels (P, K), (P,).

    Split conformal prediction with the least ambiguous sets (Sadinle, Lei & Wasserman 2019):
    for parcels like the held-out ones the set holds the truth with at least that probability,
    whatever the model. 0 (every class) where there are too few parcels to promise it.
    """
    if not 0 < coverage < 1:
        raise ConfigError(f"The coverage is {coverage}; it must lie between 0 and 1.")
    if len(truth) == 0:
        raise NotEnoughData("There is no held-out parcel to fit class sets on.")
    of_truth = np.take_along_axis(probabilities, truth[:, None].astype(np.int64), axis=1)[:, 0]
    n = len(of_truth)
    left_out = int(np.floor((n + 1) * (1 - coverage) + 1e-9))  # parcels that may be missed
    return float(np.sort(of_truth)[left_out - 1]) if left_out else 0.0


def class_sets(probabilities: NDArray[np.floating], threshold: float) -> NDArray[np.bool_]:
    """(P, K) True where a class belongs to the parcel's set; the likeliest always does."""
    sets: NDArray[np.bool_] = probabilities >= max(threshold, _SMALLEST)
    sets[np.arange(len(sets)), probabilities.argmax(axis=1)] = True
    return sets


def coverage_table(sets: NDArray[np.bool_], truth: NDArray[np.integer]) -> pd.DataFrame:
    """class_id, support, covered (share), size (mean of the sets), one row per class in truth."""
    if len(sets) != len(truth):
        raise InvalidRaster(f"{len(sets)} sets but {len(truth)} parcels.")
    table = pd.DataFrame(
        {
            "class_id": truth.astype(np.int64),
            "covered": sets[np.arange(len(truth)), truth.astype(np.int64)],
            "size": sets.sum(axis=1),
        }
    )
    grouped = table.groupby("class_id")
    means = grouped[["covered", "size"]].mean()
    means.insert(0, "support", grouped.size())
    return means.reset_index()
