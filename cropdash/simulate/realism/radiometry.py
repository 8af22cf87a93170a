"""Reflectance and NDVI of maize and grass by month, beside real Sentinel-2."""

from __future__ import annotations

import math
from calendar import month_abbr
from collections.abc import Iterator, Mapping
from typing import Any

import pandas as pd

from cropdash import legend
from cropdash.simulate.realism.check import Check, Tables

GROUP = "Radiometry"
SOURCE = "Sentinel-2, Flanders 2018"
SHARE = 5 / 6  # of medians that must lie inside
INSIDE = "medians inside the real 10-90 % range"


def checks(simulated: Tables, real: Tables) -> Iterator[Check]:
    """Needs bands and ndvi, of which crops, bands and months with real figures are compared."""
    bands = _beside(simulated["bands"], real["bands"], ["crop", "month", "band"])
    ndvi = _beside(simulated["ndvi"], real["ndvi"], ["crop", "month"])
    if ndvi.empty:  # no month of the season has real figures
        return
    everywhere, north = (bands[bands["scope"] == scope] for scope in ("all", "north"))
    for crop in real["ndvi"]["crop"].unique():
        name = legend.load().classes[int(crop)].label().split(" (")[0]
        yield _inside(f"{name}: months and bands, {INSIDE}", _of(everywhere, crop))
        yield _inside(f"{name}: months and bands, northern regions", _of(north, crop))
        curve = _of(ndvi[ndvi["scope"] == "all"], crop)
        yield _inside(f"{name}: months, NDVI {INSIDE}", curve)
        yield _width(f"{name}: width of the 10-90 % band of NDVI over the real one", curve)
    for band in everywhere["band"].unique():
        rows = everywhere[everywhere["band"] == band]
        yield _inside(f"{band}: months of both crops, {INSIDE}", rows)


def left_out(simulated: Tables, real: Tables) -> Iterator[str]:
    """What of the bands and months can't be compared, in sentences."""
    ours, known = (list(dict.fromkeys(t["bands"]["band"])) for t in (simulated, real))
    lacking = [band for band in known if band not in ours]
    unknown = [band for band in ours if band not in known]
    months = sorted(set(real["bands"]["month"]) - set(simulated["bands"]["month"]))
    if lacking:
        yield f"Reflectance in {', '.join(lacking)}: the dataset lacks it."
    if unknown:
        yield f"Reflectance in {', '.join(unknown)}: no real figures are known."
    if months:
        named = ", ".join(month_abbr[int(month)] for month in months)
        yield f"Reflectance and NDVI in {named}: the season lacks these months."


def _beside(simulated: pd.DataFrame, real: pd.DataFrame, keys: list[str]) -> pd.DataFrame:
    return real.merge(simulated, on=keys, suffixes=("_real", ""))


def _of(table: pd.DataFrame, crop: int) -> pd.DataFrame:
    return table[table["crop"] == crop]


def _inside(name: str, rows: pd.DataFrame) -> Check:
    inside = (rows["p50"] >= rows["p10_real"]) & (rows["p50"] <= rows["p90_real"])
    return Check(
        GROUP, name, float(inside.sum()) if len(rows) else None, float(len(rows)),
        float(math.ceil(len(rows) * SHARE)), None, f"of {len(rows)}", SOURCE,
        "Five of six: 18 fields of one real year and place against the middle of many.",
        ", ".join(_said(row) for row in rows[~inside].to_dict("records")),
    )  # fmt: skip


def _said(row: Mapping[Any, Any]) -> str:
    """E.g. 'B4 Mar high' of a median above the real range."""
    band = f"{row['band']} " if "band" in row else ""
    side = "high" if row["p50"] > row["p90_real"] else "low"
    return f"{band}{month_abbr[int(row['month'])]} {'unseen' if math.isnan(row['p50']) else side}"


def _width(name: str, rows: pd.DataFrame) -> Check:
    width = (rows["p90"] - rows["p10"]).mean() / (rows["p90_real"] - rows["p10_real"]).mean()
    return Check(
        GROUP, name, float(width), 1.0, 0.6, 2.5, "ratio", SOURCE,
        "The real fields lie within 640 m and share their weather; eight regions spread wider, but"
        " fields that are all alike would fall below.",
    )  # fmt: skip
