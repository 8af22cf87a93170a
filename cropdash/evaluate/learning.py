"""Which parcels to look at next so that a model learns most from what is said of them, or left out."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cropdash.domain import FEW_PIXELS, WHOLE

CAP_SHARE = 0.2  # of what is asked for: no class may fill more of it
MOST_WRONG = 0.05  # of a class: no more of it is left out, so none of a class of fewer than 20
SURE = 0.6  # of the other class, at least


def uncertainty(said: NDArray[np.floating]) -> NDArray[np.float64]:
    """(P,) 0 to 1: how near the second class of (P, K) probabilities comes to the first."""
    top = np.sort(np.asarray(said, np.float64), axis=1)[:, -2:]
    found: NDArray[np.float64] = 1.0 - (top[:, 1] - top[:, 0])
    return found


def most_to_learn(
    unsure: NDArray[np.floating],
    named: NDArray[np.integer],
    n_pixels: NDArray[np.integer],
    share_in_zone: NDArray[np.floating],
    n: int,
) -> NDArray[np.int64]:
    """Row numbers of the `n` parcels that teach most, the first first; all where there are no more.

    The most uncertain of (P,) come first, but no class that is `named` fills
    more than a fifth of them before all others are spent, so that rare classes get their turn
    (class-balanced margin sampling); parcels of few pixels, or cut by the zone's edge, come last: most
    of their pixels mix two fields, and teach neither.
    """
    order = np.argsort(-np.asarray(unsure), kind="stable")
    cap = max(1, int(np.ceil(CAP_SHARE * n)))
    edge = (np.asarray(n_pixels) < FEW_PIXELS) | (np.asarray(share_in_zone) < WHOLE)
    ranks = pd.DataFrame({"edge": edge[order], "class": np.asarray(named)[order]})
    ranks["round"] = ranks.groupby(["edge", "class"]).cumcount() // cap
    sorted_rows = ranks.sort_values(["edge", "round"], kind="stable").index.to_numpy()
    chosen: NDArray[np.int64] = order[sorted_rows][:n]
    return chosen


def most_to_clean(
    declared: NDArray[np.integer], said: NDArray[np.floating], n: int
) -> NDArray[np.int64]:
    """Row numbers of at most `n` parcels that are likely declared wrongly, the likeliest first.

    said (P, K) are probabilities by models that never saw the parcel's zone. As confident learning has it
    (Northcutt et al. 2021), a parcel must look as typical of the other class as those declared so do; that
    class must be sure, too. Of a class no more than `MOST_WRONG` is named: what a model does not know yet
    looks wrong all the same, and a rare class that loses parcels is not told at all any more.
    """
    rows, said = np.arange(len(declared)), np.asarray(said, np.float64)
    own, named = said[rows, declared], said.argmax(axis=1)
    sure = said[rows, named]
    of_class = pd.Series(own).groupby(np.asarray(declared)).mean()
    usual = pd.Series(named).map(of_class).fillna(np.inf).to_numpy(np.float64)
    wrong = (named != declared) & (sure >= usual) & (sure >= SURE)
    order = np.lexsort((-sure, own - sure))
    ranks = pd.DataFrame({"class": np.asarray(declared)[order], "wrong": wrong[order]})
    sizes = ranks.groupby("class")["wrong"].transform("size")
    ranks = ranks.assign(most=np.floor(MOST_WRONG * sizes))[ranks["wrong"]]
    kept = ranks[ranks.groupby("class").cumcount() < ranks["most"]]
    chosen: NDArray[np.int64] = order[kept.index.to_numpy()][:n]
    return chosen
