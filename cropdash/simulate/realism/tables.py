"""Tables of the report: simulated and real figures on one line, for charts."""

from __future__ import annotations

import numpy as np
import pandas as pd

from cropdash import legend
from cropdash.simulate.realism.check import Tables
from cropdash.simulate.realism.measures import QUANTILES, weighted_mean, weighted_quantiles
from cropdash.simulate.realism.of_images import NORTH, YEAR
from cropdash.simulate.realism.of_register import region_means


def tables(simulated: Tables, real: Tables) -> dict[str, pd.DataFrame]:
    """classes, bands, parcel_size, clear_dates; NaN where there is no real figure."""
    columns = ["class_id", "pixels"]
    classes = real["classes"][columns].merge(
        simulated["classes"][columns], on="class_id", how="left", suffixes=("_real", "_simulated")
    )
    by_month = simulated["clear_dates"].groupby(["region", "month"], as_index=False, sort=False)
    clear = by_month[["clear"]].mean().rename(columns={"clear": "simulated"})
    places = real["clear_dates"]
    year = places[places["place"] == YEAR].set_index("month")["clear"]
    is_north = clear["region"].isin(NORTH)
    return {
        "classes": classes.fillna(0).astype(int).set_axis(
            ["class_id", "real_pixels", "simulated_pixels"], axis=1
        ),
        "bands": _curves(simulated["bands"], real["bands"]),
        "parcel_size": _sizes(simulated["parcels"], real["zones"], real["parcel_sizes"]),
        "clear_dates": clear.assign(real=clear["month"].map(year).where(is_north)),
    }  # fmt: skip


def _curves(simulated: pd.DataFrame, real: pd.DataFrame) -> pd.DataFrame:
    """With the class's label, and `period` for the month's number."""
    ours, theirs = ({q: f"{side}_{q}" for q in ("p10", "p50", "p90")} for side in ("sim", "real"))
    left = simulated[simulated["scope"] == "all"].rename(columns=ours)
    both = left.merge(real.rename(columns=theirs), on=["crop", "month", "band"], how="left")
    labels = {c.id: c.label() for c in legend.load().classes}
    both = both.assign(
        crop=both["crop"].map(labels), period=[f"{month:02d}" for month in both["month"]]
    )
    return both[["crop", "period", "band", *ours.values(), *theirs.values()]]


def _sizes(parcels: pd.DataFrame, zones: pd.DataFrame, sizes: pd.DataFrame) -> pd.DataFrame:
    """Quantiles and the mean by region; of real regions only the mean is known."""
    means = region_means(zones)
    france = sizes[sizes["place"] == "france"].set_index("quantile")["hectares"]
    groups = [*parcels.groupby("region", sort=False), ("all", parcels)]
    found = []
    for region, rows in groups:
        area, weight = rows["area_ha"].to_numpy(float), rows["weight"].to_numpy(float)
        for share, value in zip(QUANTILES, weighted_quantiles(area, weight), strict=True):
            known = france[share] if region == "all" else np.nan
            found.append((region, str(share), float(value), known))
        found.append((region, "mean", weighted_mean(area, weight), means.get(region, np.nan)))
    return pd.DataFrame(found, columns=["region", "quantile", "simulated_ha", "real_ha"])
