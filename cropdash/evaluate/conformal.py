"""Sets of classes that hold the truth as often as promised."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from cropdash.domain.errors import ConfigError, InvalidRaster, NotEnoughData

_SMALLEST = float(np.finfo(np.float32).tiny)  # what is impossible is in no set


def fit_threshold(
    probabilities: NDArray[np.floating],
    truth: NDArray[np.integer],
    coverage: float = 0.9,
    weights: NDArray[np.floating] | None = None,
) -> float:
    """Probability from which on a class belongs to the set, from held-out parcels (P, K), (P,).

    Split conformal prediction with the least ambiguous sets (Sadinle, Lei & Wasserman 2019):
    for parcels like the held-out ones the set holds the truth with at least that probability,
    whatever the model. `weights` (P,) say what each counts, see `calibration.zone_weights`. 0 (every
    class) where there are too few parcels to promise it.
    """
    if not 0 < coverage < 1:
        raise ConfigError("The coverage is {a}; it must lie between 0 and 1.", a=coverage)
    n = len(truth)
    if n == 0:
        raise NotEnoughData("There is no held-out parcel to fit class sets on.")
    of_truth = np.take_along_axis(probabilities, truth[:, None].astype(np.int64), axis=1)[:, 0]
    order = np.argsort(of_truth, kind="stable")
    counted = np.ones(n) if weights is None else weights * n / weights.sum()
    # A new parcel, which counts like the mean of them, may be missed too.
    missed = np.flatnonzero(np.cumsum(counted[order]) <= (n + 1) * (1 - coverage) + 1e-9)
    return float(of_truth[order][missed[-1]]) if len(missed) else 0.0


def class_sets(probabilities: NDArray[np.floating], threshold: float) -> NDArray[np.bool_]:
    """(P, K) True where a class belongs to the parcel's set; the likeliest always does."""
    sets: NDArray[np.bool_] = probabilities >= max(threshold, _SMALLEST)
    sets[np.arange(len(sets)), probabilities.argmax(axis=1)] = True
    return sets


def coverage_table(
    sets: NDArray[np.bool_], truth: NDArray[np.integer], zones: ArrayLike | None = None
) -> pd.DataFrame:
    """class_id, support, covered (share), size (mean of the sets), one row per class in truth.

    With `zones` (P,) one row per zone, named by zone_id.
    """
    if len(sets) != len(truth):
        raise InvalidRaster("{a} sets but {b} parcels.", a=len(sets), b=len(truth))
    key, of = ("class_id", truth.astype(np.int64)) if zones is None else ("zone_id", zones)
    table = pd.DataFrame(
        {
            key: of,
            "covered": sets[np.arange(len(truth)), truth.astype(np.int64)],
            "size": sets.sum(axis=1),
        }
    )
    grouped = table.groupby(key)
    means = grouped[["covered", "size"]].mean()
    means.insert(0, "support", grouped.size())
    return means.reset_index()
