"""How frequent each crop is, and how large its fields are, beside the real register."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from cropdash import legend
from cropdash.simulate.realism.check import Check, Tables

GROUP = "Classes"
SOURCE = "RPG 2023, 41 zones of 10 x 10 km"
FACTOR = 5.0  # off the real share
NAMED = 5  # classes that a detail names


def checks(simulated: Tables, real: Tables) -> Iterator[Check]:
    """Needs classes; of the real figures classes."""
    both = real["classes"].merge(
        simulated["classes"], on="class_id", how="left", suffixes=("_real", "")
    )
    both = both[both["class_id"] > 0].fillna(0)
    yield _pixel_ranks(both)
    yield _parcel_ranks(both)
    yield _all_occur(both)
    yield _factors(both)
    yield _histogram(both)
    yield _field_sizes(both)


def _pixel_ranks(both: pd.DataFrame) -> Check:
    return Check(
        GROUP, "rank correlation of pixels per class",
        _rank_correlation(both["pixels"], both["pixels_real"]), 1.0, 0.95, None, "", SOURCE,
        "Neighbours may swap places, none may play in the wrong league; the 33 real training zones"
        " reach 0.87 with the 8 real test zones.",
        _furthest(both["pixels"].rank() - both["pixels_real"].rank(), both, "ranks"),
    )  # fmt: skip


def _parcel_ranks(both: pd.DataFrame) -> Check:
    return Check(
        GROUP, "rank correlation of parcels per class",
        _rank_correlation(both["parcels"], both["parcels_real"]), 1.0, 0.95, None, "", SOURCE,
        "As for pixels; parcels weigh small fields as much as large ones.",
        _furthest(both["parcels"].rank() - both["parcels_real"].rank(), both, "ranks"),
    )  # fmt: skip


def _all_occur(both: pd.DataFrame) -> Check:
    seen = both["pixels"] > 0
    return Check(
        GROUP, "crop classes that occur", float(seen.sum()), float(len(both)), float(len(both)),
        None, "classes", SOURCE, "The heavy tail is kept: every class is met somewhere.",
        ", ".join(_names(both[~seen])),
    )  # fmt: skip


def _factors(both: pd.DataFrame) -> Check:
    off = _log_ratio(both)
    return Check(
        GROUP, f"classes within a factor of {FACTOR:g} of their real share",
        float((off.abs() <= np.log(FACTOR)).sum()), float(len(both)), 44.0, None, "classes", SOURCE,
        "Nine of ten: between the real training and test zones it is 41 of 49.",
        _furthest(off, both, "times", np.exp),
    )  # fmt: skip


def _histogram(both: pd.DataFrame) -> Check:
    apart = (_share(both["pixels"]) - _share(both["pixels_real"])).abs().sum() / 2
    return Check(
        GROUP, "share of crop pixels that would have to change class", float(apart), 0.0, None, 0.15,
        "share", SOURCE,
        "The real training and test zones are 0.05 apart, over 15 times the area of the default"
        " landscape; three times that leaves room for the draw of its zones.",
        _furthest(_share(both["pixels"]) - _share(both["pixels_real"]), both, "of the pixels"),
    )  # fmt: skip


def _field_sizes(both: pd.DataFrame) -> Check:
    mean = both["hectares"] / both["parcels"].where(both["parcels"] > 0)
    wanted = both["hectares_real"] / both["parcels_real"]
    return Check(
        GROUP, "rank correlation of the mean field per class", _rank_correlation(mean, wanted), 1.0,
        0.8, None, "", SOURCE,
        "Rare classes have a few fields in the default landscape, so that their mean is loose.",
        _furthest(mean.rank() - wanted.rank(), both, "ranks"),
    )  # fmt: skip


def _rank_correlation(one: pd.Series, other: pd.Series) -> float:
    return float(one.rank().corr(other.rank()))


def _share(counts: pd.Series) -> pd.Series:
    return counts / max(float(counts.sum()), 1.0)


def _log_ratio(both: pd.DataFrame) -> pd.Series:
    """Logarithm of simulated over real share; -inf for a class that does not occur."""
    ratio = (_share(both["pixels"]) / _share(both["pixels_real"])).to_numpy(float)
    logs = np.log(ratio, out=np.full(len(ratio), -np.inf), where=ratio > 0)
    return pd.Series(logs, index=both.index)


def _furthest(off: pd.Series, both: pd.DataFrame, unit: str, shown: np.ufunc | None = None) -> str:
    """The classes furthest off, e.g. 'Hops +12, Olive grove -9 ranks'."""
    far = off.fillna(0).abs().sort_values(ascending=False).index[:NAMED]
    values = off[far] if shown is None else shown(off[far])
    sign = "+" if shown is None else ""
    said = zip(_names(both.loc[far]), values, strict=True)
    return ", ".join(f"{name} {value:{sign}.3g}" for name, value in said) + f" {unit}"


def _names(rows: pd.DataFrame) -> list[str]:
    classes = legend.load().classes
    return [classes[int(i)].label().split(" (")[0] for i in rows["class_id"]]
