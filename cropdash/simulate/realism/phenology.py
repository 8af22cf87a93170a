"""NDVI curves by crop beside a table of real ones: by month, or by dates whose days are unknown."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cropdash import legend
from cropdash.simulate.realism.check import Check

GROUP = "Phenology"
COLUMNS = ("dataset", "crop", "period", "p10", "p50", "p90")
CROPS: Mapping[str, int] = {  # names of crops in such tables, to classes
    "alfalfa/legume": 28, "ble": 8, "colza": 17, "grass": 6, "mais": 30, "maize": 30, "orge": 36,
    "pois": 40, "potato": 41, "pre": 6, "soja": 45, "sorgho": 14, "soy": 45, "tournesol": 47,
    "winter cereal": 8,
}  # fmt: skip
_MONTH = r"^\d{4}-(\d{2})$"
_ALIKE = 0.8  # correlation from which two curves have one shape
_MISSED = 2  # crops that may differ


def compare(ndvi: pd.DataFrame, real: pd.DataFrame) -> tuple[list[Check], pd.DataFrame]:
    """Checks of the curves without days, and all curves side by side.

    ndvi: crop, month, p10, p50, p90 of one region; real: COLUMNS, where a period is a month
    ('2017-05': shown, without verdict, since its climate is its own) or else the rank of a date.
    The table: dataset, crop, period, month, and p10, p50, p90 with prefixes sim_ and real_.
    """
    real = real[real["crop"].isin(CROPS)].assign(crop_id=lambda rows: rows["crop"].map(CROPS))
    checks: list[Check] = []
    shown = []
    for name, rows in real.groupby("dataset", sort=False):
        months = rows["period"].str.extract(_MONTH)[0].astype(float)
        if months.isna().any():
            found = _aligned(ndvi, rows)
            checks += _verdicts(str(name), found)
        else:
            found = _beside(ndvi, rows.assign(month=months.astype(int)))
        shown.append(found)
    columns = ["dataset", "crop", "period", "month", *_sides()]
    table = pd.concat(shown)[columns] if shown else pd.DataFrame(columns=columns)
    return checks, table


def align(one: NDArray[np.floating[Any]], other: NDArray[np.floating[Any]]) -> NDArray[np.intp]:
    """(N,) for each row of `one` (N, C) the row of `other` (M, C) it is likest to, never going back.

    Dynamic time warping with free ends: the sum of absolute differences is the least possible.
    """
    cost = np.abs(one[:, None] - other[None]).mean(axis=2)  # (N, M)
    best = np.empty_like(cost)
    best[0] = cost[0]
    for i in range(1, len(one)):
        best[i] = cost[i] + np.minimum.accumulate(best[i - 1])
    at = np.empty(len(one), dtype=np.intp)
    at[-1] = best[-1].argmin()
    for i in range(len(one) - 2, -1, -1):
        at[i] = best[i, : at[i + 1] + 1].argmin()
    return at


def _aligned(ndvi: pd.DataFrame, rows: pd.DataFrame) -> pd.DataFrame:
    """The same months for all crops, so that only true differences of season remain."""
    real = rows.pivot_table(index="period", columns="crop_id", values="p50")
    simulated = ndvi.pivot_table(index="month", columns="crop", values="p50")
    crops = [crop for crop in real.columns if crop in simulated.columns]
    real, simulated = real[crops].dropna(), simulated[crops].dropna()
    if not crops or real.empty or simulated.empty:
        return _beside(ndvi.head(0), rows.assign(month=0))
    # Sensors and corrections differ, so that curves are compared in standard deviations.
    months = align(_standard(real), _standard(simulated))
    month_of = dict(zip(real.index, simulated.index[months], strict=True))
    return _beside(ndvi, rows.assign(month=rows["period"].map(month_of)))


def _standard(table: pd.DataFrame) -> NDArray[np.float64]:
    values = table.to_numpy(np.float64)
    return np.asarray((values - values.mean()) / max(float(values.std()), 1e-9))


def _beside(ndvi: pd.DataFrame, rows: pd.DataFrame) -> pd.DataFrame:
    quantiles = ("p10", "p50", "p90")
    left = rows.drop(columns="crop").rename(columns={q: f"real_{q}" for q in quantiles})
    right = ndvi.rename(columns={q: f"sim_{q}" for q in quantiles} | {"crop": "crop_id"})
    right = right[["crop_id", "month", *(f"sim_{q}" for q in quantiles)]]
    labels = {c.id: c.label().split(" (")[0] for c in legend.load().classes}
    both = left.merge(right, on=["crop_id", "month"])
    return both.assign(crop=both["crop_id"].map(labels))


def _sides() -> list[str]:
    return [f"{side}_{q}" for side in ("sim", "real") for q in ("p10", "p50", "p90")]


def _verdicts(name: str, found: pd.DataFrame) -> list[Check]:
    if found.empty:
        return []
    alike, middles = {}, []
    for crop, curve in found.sort_values("period").groupby("crop", sort=False):
        alike[str(crop)] = float(curve["real_p50"].corr(curve["sim_p50"]))
        middles.append((_middle(curve["real_p50"]), _middle(curve["sim_p50"])))
    middle = pd.DataFrame(middles, columns=["real", "sim"]).rank()
    return [
        Check(
            GROUP, f"crops whose NDVI follows the real curve (r of {_ALIKE} or more)",
            float(sum(r >= _ALIKE for r in alike.values())), float(len(alike)),
            float(max(1, len(alike) - _MISSED)), None, f"of {len(alike)}", name,
            "One place and year of other sensors; the days of its dates are unknown and set by the"
            " best common alignment of all crops.",
            ", ".join(f"{crop} {r:.2f}" for crop, r in alike.items() if not r >= _ALIKE),
        ),
        Check(
            GROUP, "order in which crops are green", float(middle["real"].corr(middle["sim"])), 1.0,
            0.8, None, "rank correlation", name,
            "Winter crops before summer crops; neighbours may swap places.",
        ),
    ]  # fmt: skip


def _middle(curve: pd.Series) -> float:
    """Where on its axis a curve has its weight above its least value."""
    weight = (curve - curve.min()).to_numpy(float) ** 2
    total = weight.sum()
    return float((weight * np.arange(len(curve))).sum() / total) if total > 0 else float("nan")
