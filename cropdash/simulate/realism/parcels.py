"""Sizes and shapes of parcels, and how much of the land they cover."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd

from cropdash.domain import M2_PER_HA
from cropdash.simulate.realism.check import Check, Tables
from cropdash.simulate.realism.measures import (
    QUANTILES,
    border_share,
    weighted_mean,
    weighted_quantiles,
)

GROUP = "Parcels"
BY_ZONE = "RPG 2023, parcels and hectares per zone of 10 x 10 km"
FRANCE, PLACE = "france", "boigneville"
PLACES = "100 parcels of RPG 2022, 1,200 fields of Boigneville"


def checks(simulated: Tables, real: Tables) -> Iterator[Check]:
    """Needs parcels, zones, borders; of the real figures zones, parcel_sizes, border_share."""
    sizes = real["parcel_sizes"]
    yield from _means(simulated["parcels"], real["zones"])
    yield from _quantiles(simulated["parcels"], sizes)
    yield from _spreads(simulated["parcels"], real["zones"], sizes)
    yield _inequality(simulated["parcels"], sizes)
    yield from _declared(simulated["zones"], real["zones"])
    yield from _borders(simulated["borders"], real["border_share"])


def records(table: pd.DataFrame) -> list[dict[str, Any]]:
    """Rows as dictionaries of plain values."""
    return [dict(zip(table.columns, row, strict=True)) for row in table.to_numpy().tolist()]


def region_means(zones: pd.DataFrame) -> dict[str, float]:
    """Region to the mean area of its real parcels [ha]."""
    means = zones["hectares"] / zones["parcels"]
    return dict(zip(zones["region"], means.astype(float), strict=True))


def _of(parcels: pd.DataFrame, region: str) -> tuple[Any, Any]:
    rows = parcels[parcels["region"] == region]
    return rows["area_ha"].to_numpy(float), rows["weight"].to_numpy(float)


def _means(simulated: pd.DataFrame, zones: pd.DataFrame) -> Iterator[Check]:
    for region, mean in region_means(zones).items():
        yield Check(
            GROUP, f"mean parcel, {region}", weighted_mean(*_of(simulated, region)), mean,
            0.75 * mean, 1.33 * mean, "ha", BY_ZONE,
            "A quarter off: zones of one region differ by up to a factor of three (Alsace 1.2 to"
            " 3.5 ha, Brittany 2.0 to 2.4 ha), the mean of five by about this.",
        )  # fmt: skip


def _quantiles(simulated: pd.DataFrame, sizes: pd.DataFrame) -> Iterator[Check]:
    found = weighted_quantiles(
        simulated["area_ha"].to_numpy(float), simulated["weight"].to_numpy(float)
    )
    real = sizes[sizes["place"] == FRANCE].set_index("quantile")["hectares"]
    for quantile, value in zip(QUANTILES, found, strict=True):
        wanted = float(real[quantile])
        yield Check(
            GROUP, f"{quantile:.0%} quantile of parcels, all regions", float(value), wanted,
            wanted / 2, wanted * 2, "ha", "RPG 2022, 100 parcels",
            "Twice or half: 100 parcels from anywhere in France against eight farming regions.",
        )  # fmt: skip


def _spreads(simulated: pd.DataFrame, zones: pd.DataFrame, sizes: pd.DataFrame) -> Iterator[Check]:
    """Quantiles by region: known as a mean there, and as a shape from two places."""
    shape = sizes.pivot_table(index="quantile", columns="place", values="of_mean")
    low, high = shape.min(axis=1).to_numpy() / 2, shape.max(axis=1).to_numpy() * 2
    for region, mean in region_means(zones).items():
        area, weight = _of(simulated, region)
        found = weighted_quantiles(area, weight) / weighted_mean(area, weight)
        inside = (found >= low) & (found <= high)
        yield Check(
            GROUP, f"quantiles of parcels over their mean, {region}", float(inside.sum()),
            float(len(QUANTILES)), len(QUANTILES) - 1.0, None, f"of {len(QUANTILES)}", PLACES,
            "Of a region only the mean is known, so quantiles (10, 25, 50, 75, 90 %) are compared"
            " over the mean; twice or half, because one real sample mixes regions, the other is"
            " cut by five years of crops, and both look more uneven than a region is. One may miss.",
            _outside(found, low, high, mean),
        )  # fmt: skip


def _outside(found: Any, low: Any, high: Any, mean: float) -> str:
    return ", ".join(
        f"{q:.0%}: {f:.2g} of the mean, not {a:.2g} to {b:.2g} (of {mean:.2g} ha)"
        for q, f, a, b in zip(QUANTILES, found, low, high, strict=True)
        if not a <= f <= b
    )


def _inequality(simulated: pd.DataFrame, sizes: pd.DataFrame) -> Check:
    """How much larger large fields are than usual ones, within a region."""
    per_region = []
    for region in simulated["region"].unique():
        *_, middle, _, high = weighted_quantiles(*_of(simulated, region))
        per_region.append(high / middle)
    place = sizes[sizes["place"] == PLACE].set_index("quantile")["hectares"]
    real = float(place[0.90] / place[0.50])
    return Check(
        GROUP, "90 % over 50 % quantile of parcels, mean of regions",
        float(np.mean(per_region)) if per_region else None, real, real / 2, real * 1.5, "ratio",
        "1,200 fields of Boigneville",
        "One place stands for all, and its fields are cut by five years of crops, which makes more"
        " small ones: half as uneven is as likely as the same.",
    )  # fmt: skip


def _declared(simulated: pd.DataFrame, zones: pd.DataFrame) -> Iterator[Check]:
    shares = zones["hectares"] / (zones["zones"] * M2_PER_HA)
    for region, share in zip(zones["region"], shares, strict=True):
        found = simulated.loc[simulated["region"] == region, "declared_share"]
        yield Check(
            GROUP, f"declared land, {region}", float(found.mean()), float(share),
            float(share) - 0.12, min(float(share) + 0.12, 1.0), "share of area", BY_ZONE,
            "Twice what the real zones of a region differ by (0.01 to 0.10), because the simulated"
            " zones are 15 times smaller.",
        )  # fmt: skip
    whole = float(zones["hectares"].sum() / (zones["zones"].sum() * M2_PER_HA))
    yield Check(
        GROUP, "declared land, all regions", float(simulated["declared_share"].mean()), whole,
        whole - 0.05, whole + 0.05, "share of area", BY_ZONE,
        "About a quarter of the land is not farmed; over eight regions chance leaves 0.05.",
    )  # fmt: skip


def _borders(simulated: pd.DataFrame, real: pd.DataFrame) -> Iterator[Check]:
    found = border_share(simulated).set_index("low_ha")["share"]
    both = real.pivot_table(index=["low_ha", "high_ha"], columns="place", values="share")
    for row in records(both.reset_index()):
        low_ha, high_ha = row.pop("low_ha"), row.pop("high_ha")
        yield Check(
            GROUP, f"border pixels of parcels of {low_ha:g} to {high_ha:g} ha",
            float(found[low_ha]), row[PLACE], min(row.values()) - 0.06, max(row.values()) + 0.06,
            "share of pixels", PLACES,
            "0.06 outside the two real places, as much as they differ by; compact fields would be"
            " far below.",
        )  # fmt: skip
