"""Tables of the report: simulated and real figures on one line, for charts."""

from __future__ import annotations

import numpy as np
import pandas as pd

from cropdash import legend
from cropdash.simulate.realism.check import Tables
from cropdash.simulate.realism.measures import QUANTILES, weighted_mean, weighted_quantiles
from cropdash.simulate.realism.parcels import FRANCE, region_means
from cropdash.simulate.realism.weather import NORTH, YEAR

_SIZES = ["region", "quantile", "simulated_ha", "real_ha"]


def tables(simulated: Tables, real: Tables) -> dict[str, pd.DataFrame]:
    """classes, bands, ndvi, parcel_size, clear_dates; NaN where there is no real figure."""
    return {
        "classes": _classes(simulated["classes"], real["classes"]),
        "bands": _curves(simulated["bands"], real["bands"], ["crop", "month", "band"]),
        "ndvi": _curves(simulated["ndvi"], real["ndvi"], ["crop", "month"]),
        "parcel_size": _sizes(simulated["parcels"], real["zones"], real["parcel_sizes"]),
        "clear_dates": _clear(simulated["clear_dates"], real["clear_dates"]),
    }


def _classes(simulated: pd.DataFrame, real: pd.DataFrame) -> pd.DataFrame:
    both = real.merge(simulated, on="class_id", how="left", suffixes=("_real", ""))
    both["pixels"] = both["pixels"].fillna(0).astype(int)
    named = {"pixels": "simulated_pixels", "pixels_real": "real_pixels"}
    return both.rename(columns=named)[["class_id", "simulated_pixels", "real_pixels"]]


def _curves(simulated: pd.DataFrame, real: pd.DataFrame, keys: list[str]) -> pd.DataFrame:
    """With the class's label, and `period` for the month's number."""
    quantiles = ["p10", "p50", "p90"]
    all_regions = simulated[simulated["scope"] == "all"].drop(columns="scope")
    left = all_regions.rename(columns={q: f"sim_{q}" for q in quantiles})
    right = real.rename(columns={q: f"real_{q}" for q in quantiles})
    both = left.merge(right, on=keys, how="left")
    labels = {c.id: c.label() for c in legend.load().classes}
    both = both.assign(
        crop=both["crop"].map(labels), period=[f"{month:02d}" for month in both["month"]]
    )
    sides = [f"{side}_{q}" for side in ("sim", "real") for q in quantiles]
    return both[["crop", "period", *keys[2:], *sides]]


def _sizes(parcels: pd.DataFrame, zones: pd.DataFrame, sizes: pd.DataFrame) -> pd.DataFrame:
    """Quantiles and the mean by region; of real regions only the mean is known."""
    means, found = region_means(zones), []
    for region, rows in parcels.groupby("region", sort=False):
        found += _lines(str(region), rows, {"mean": means.get(str(region), np.nan)})
    france = sizes[sizes["place"] == FRANCE]
    known = dict(zip(france["quantile"].astype(str), france["hectares"], strict=True))
    return pd.DataFrame([*found, *_lines("all", parcels, known)], columns=_SIZES)


def _lines(
    region: str, parcels: pd.DataFrame, real: dict[str, float]
) -> list[tuple[str, str, float, float]]:
    area, weight = parcels["area_ha"].to_numpy(float), parcels["weight"].to_numpy(float)
    names = [*map(str, QUANTILES), "mean"]
    found = [*weighted_quantiles(area, weight), weighted_mean(area, weight)]
    return [
        (region, name, float(value), real.get(name, np.nan))
        for name, value in zip(names, found, strict=True)
    ]


def _clear(simulated: pd.DataFrame, real: pd.DataFrame) -> pd.DataFrame:
    """Mean clear dates by region and month; those of Flanders stand beside the north."""
    by = simulated.groupby(["region", "month"], as_index=False, sort=False)
    mean = by[["clear"]].mean().rename(columns={"clear": "simulated"})
    year = real[real["place"] == YEAR].set_index("month")["clear"]
    is_north = mean["region"].isin(NORTH)
    return mean.assign(real=mean["month"].map(year).where(is_north))
