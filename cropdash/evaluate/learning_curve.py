"""How well each class is told by the number of its training parcels, and how many more it would take."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats

GOAL = 0.5  # F1
DRAWS = 300  # of zones, for the interval
_LEAST_SLOPE = (
    0.05  # of the logit of F1 with each doubling; below it nothing is to be gained by more
)
_FARTHEST = 20  # doublings: what lies beyond is told as unknown
_KEYS = ["step", "zone_id", "class_id"]


def counts(parcels: pd.DataFrame) -> pd.DataFrame:
    """step, zone_id, class_id, truth, said, right: parcels by their declared and predicted class.

    parcels: step, zone_id, truth, predicted, one row for each parcel and step.
    """
    right = parcels[parcels["truth"] == parcels["predicted"]]
    parts = {"truth": (parcels, "truth"), "said": (parcels, "predicted"), "right": (right, "truth")}
    found = {
        name: table.groupby(["step", "zone_id", column]).size().rename_axis(_KEYS)
        for name, (table, column) in parts.items()
    }
    return pd.DataFrame(found).fillna(0).astype(np.int64).reset_index()


def curve(counted: pd.DataFrame, learned: pd.DataFrame, seed: int = 0) -> pd.DataFrame:
    """One row for each class that is learned and scored, the rarest first.

    counted: see `counts`; learned: step, class_id, n (training parcels). Columns class_id, parcels (learned
    of at the step with most), scored, f1 there, wanted (training parcels at which F1 is likely to be
    GOAL) with the ends low and high of its 95 % interval over zones; NaN where more parcels don't seem to
    help, or where it lies beyond what can be said; and n_<step>, f1_<step> of each.

    The logit of F1 is taken to rise by the same amount with each doubling of a class's parcels; that
    amount is of all classes together, as the rare ones say too little alone.
    """
    zones = np.array(sorted(counted["zone_id"].unique()))
    steps, classes = sorted(counted["step"].unique()), sorted(learned["class_id"].unique())
    shape = (len(zones), len(steps), len(classes))
    index = pd.MultiIndex.from_product(
        [zones, steps, classes], names=["zone_id", "step", "class_id"]
    )
    dense = counted.set_index(["zone_id", "step", "class_id"]).reindex(index, fill_value=0)
    cube = {name: dense[name].to_numpy().reshape(shape) for name in ("truth", "said", "right")}
    held = learned.pivot(index="step", columns="class_id", values="n").reindex(steps)[classes]
    n = held.fillna(0).to_numpy(np.float64)  # (S, K)
    every = np.ones(len(zones))
    scored, score = _f1(cube, every)
    known = (n > 0).any(axis=0) & (scored.max(axis=0) > 0)
    rng = np.random.default_rng(seed)
    drawn = rng.multinomial(len(zones), every / len(zones), DRAWS)  # (D, Z)
    tries = np.stack([_wanted(n, *_f1(cube, weights)) for weights in drawn])
    likely = _wanted(n, scored, score)
    low, high = _ends(tries, likely, len(zones))
    most = int(np.argmax(n.sum(axis=1)))
    table = pd.DataFrame(
        {
            "class_id": classes, "parcels": n[most].astype(np.int64), "scored": scored[most],
            "f1": score[most], "wanted": likely, "low": low, "high": high,
            **{f"n_{s}": n[i].astype(np.int64) for i, s in enumerate(steps)},
            **{f"f1_{s}": score[i] for i, s in enumerate(steps)},
        }
    )  # fmt: skip
    rarest = table[known].sort_values(["parcels", "class_id"])
    return pd.DataFrame(rarest.reset_index(drop=True))


def _f1(
    cube: dict[str, NDArray[np.int64]], weights: NDArray[np.floating]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """(S, K) scored parcels and F1 of each step and class; NaN where neither is any."""
    truth, said, right = (np.tensordot(weights, cube[k], 1) for k in ("truth", "said", "right"))
    total = truth + said
    return truth, np.divide(2 * right, total, out=np.full(total.shape, np.nan), where=total > 0)


def _wanted(
    n: NDArray[np.floating], scored: NDArray[np.floating], score: NDArray[np.floating]
) -> NDArray[np.float64]:
    """(K,) training parcels at which F1 reaches the goal; inf beyond what can be said."""
    weight = np.where((n > 0) & ~np.isnan(score), scored, 0.0)
    # Half a parcel right and half wrong more, so that none of a few is not taken for never.
    share = (np.nan_to_num(score) * scored + 0.5) / (scored + 1)
    x, y = np.log2(np.maximum(n, 1)), np.log(share / (1 - share))
    total = np.maximum(weight.sum(axis=0), 1e-9)
    mean_x, mean_y = (weight * x).sum(axis=0) / total, (weight * y).sum(axis=0) / total
    spread = (weight * (x - mean_x) ** 2).sum()
    slope = (weight * (x - mean_x) * (y - mean_y)).sum() / spread if spread > 0 else 0.0
    if slope < _LEAST_SLOPE:
        far = np.full(n.shape[1], np.inf)
        return np.where(mean_y >= 0, np.maximum(n.max(axis=0), 1.0), far)
    doublings = np.minimum(mean_x + (np.log(GOAL / (1 - GOAL)) - mean_y) / slope, mean_x + 99)
    beyond = doublings > x.max(axis=0) + _FARTHEST
    return np.where(beyond | (total < 1e-6), np.inf, np.maximum(2.0**doublings, 1.0))


def _ends(
    tries: NDArray[np.float64], likely: NDArray[np.float64], zones: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """2.5 and 97.5 % of (D, K); NaN in place of what has no end.

    Draws of a few zones spread too little: the distance from what is likely grows, in doublings, by
    Student's factor for as many zones.
    """
    ordered = np.sort(tries, axis=0)
    factor = float(stats.t.ppf(0.975, max(zones - 1, 1)) / stats.norm.ppf(0.975))
    factor *= np.sqrt(zones / max(zones - 1, 1))
    ends = []
    for q in (0.025, 0.975):
        end = ordered[round(q * (len(ordered) - 1))]
        known = np.isfinite(end) & np.isfinite(likely)
        middle, far = np.where(known, likely, 1.0), np.where(known, end, 1.0)
        wider = np.where(known, middle * (far / middle) ** factor, end)
        ends.append(np.where(np.isinf(wider), np.nan, wider))
    return ends[0], ends[1]
