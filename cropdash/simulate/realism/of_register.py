"""Checks of the register: how frequent crops are, how large and shaped parcels, how much land."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import pandas as pd

from cropdash import legend
from cropdash.domain import M2_PER_HA
from cropdash.domain.message import Message
from cropdash.simulate.realism.check import Check, Tables
from cropdash.simulate.realism.measures import (
    QUANTILES,
    border_share,
    weighted_mean,
    weighted_quantiles,
)

REGISTER = Message("RPG 2023, 41 zones of 10 x 10 km")
PLACES = Message("100 parcels of RPG 2022, 1,200 fields of Boigneville")
_NAMED = 5  # classes that a detail names


def checks(simulated: Tables, real: Tables) -> Iterator[Check]:
    """In the order of reading."""
    for part in (_classes, _sizes, _declared, _borders):
        yield from part(simulated, real)


def region_means(zones: pd.DataFrame) -> pd.Series:
    """The mean area of the real parcels [ha] by region."""
    return zones.set_index("region")["hectares"] / zones.set_index("region")["parcels"]


def _classes(simulated: Tables, real: Tables) -> Iterator[Check]:
    """How frequent each crop is, and how large its fields are."""
    check = partial(Check, Message("Classes"), REGISTER)
    both = real["classes"].merge(
        simulated["classes"], on="class_id", how="left", suffixes=("_real", "")
    )
    both = both[both["class_id"] > 0].fillna(0)
    for side in ("", "_real"):
        parcels = both[f"parcels{side}"]
        both[f"field{side}"] = both[f"hectares{side}"] / parcels.where(parcels > 0)
        both[f"share{side}"] = both[f"pixels{side}"] / max(float(both[f"pixels{side}"].sum()), 1.0)
    for column, name, low, reason in (
        ("pixels", Message("pixels per class"), 0.95,
         "Neighbours may swap places, none may play in the wrong league; the 33 real training zones"
         " reach 0.87 with the 8 real test zones."),
        ("field", Message("the mean field per class"), 0.8,
         "Rare classes have a few fields in the default landscape, so that their mean is loose."),
    ):  # fmt: skip
        ours, theirs = both[column].rank(), both[f"{column}_real"].rank()
        yield check(
            Message("rank correlation of {what}", what=name), float(ours.corr(theirs)), 1.0, low, reason=reason,
            detail=_furthest(ours - theirs, both, "ranks"),
        )  # fmt: skip
    seen = both["pixels"] > 0
    yield check(
        Message("crop classes that occur"), float(seen.sum()), float(len(both)), float(len(both)),
        unit=Message("classes"), reason="The heavy tail is kept: every class is met somewhere.",
        detail=", ".join(_names(both[~seen])),
    )  # fmt: skip
    apart = both["share"] - both["share_real"]
    yield check(
        Message("share of crop pixels that would have to change class"), float(apart.abs().sum() / 2), 0.0,
        high=0.15, unit=Message("share"),
        reason="The real training and test zones are 0.05 apart, over 15 times the area of the"
        " default landscape; three times that leaves room for the draw of its zones.",
        detail=_furthest(apart, both, "of the pixels"),
    )  # fmt: skip


def _furthest(off: pd.Series, both: pd.DataFrame, unit: str) -> str:
    """The classes furthest off, e.g. 'Hops +12, Olive grove -9 ranks'."""
    far = off.fillna(0).abs().sort_values(ascending=False).index[:_NAMED]
    said = zip(_names(both.loc[far]), off[far], strict=True)
    return ", ".join(f"{name} {value:+.3g}" for name, value in said) + f" {unit}"


def _names(rows: pd.DataFrame) -> list[str]:
    classes = legend.load().classes
    return [classes[int(i)].label().split(" (")[0] for i in rows["class_id"]]


def _sizes(simulated: Tables, real: Tables) -> Iterator[Check]:
    """Sizes of parcels. By region only the mean is known, and the shape from two places."""
    parcels, sizes = simulated["parcels"], real["parcel_sizes"]
    shape = sizes.pivot_table(index="quantile", columns="place", values="of_mean")
    low, high = shape.min(axis=1).to_numpy() / 2, shape.max(axis=1).to_numpy() * 2
    for region, mean in region_means(real["zones"]).items():
        here = parcels[parcels["region"] == region]
        area, weight = here["area_ha"].to_numpy(float), here["weight"].to_numpy(float)
        middle = weighted_mean(area, weight)
        yield Check(
            Message("Parcels"), REGISTER, Message("mean parcel, {region}", region=region), middle, mean, 0.75 * mean, 1.33 * mean,
            Message("ha"),
            "A quarter off: zones of one region differ by up to a factor of three (Alsace 1.2 to"
            " 3.5 ha, Brittany 2.0 to 2.4 ha), the mean of five by about this.",
        )  # fmt: skip
        found = weighted_quantiles(area, weight) / middle
        inside = (found >= low) & (found <= high)
        yield Check(
            Message("Parcels"), PLACES, Message("quantiles of parcels over their mean, {region}", region=region),
            float(inside.sum()), len(QUANTILES), len(QUANTILES) - 1.0,
            unit=Message("of {n}", n=len(QUANTILES)),
            reason="Of a region only the mean is known, so quantiles (10, 25, 50, 75, 90 %) are"
            " compared over the mean; twice or half, because one real sample mixes regions, the"
            " other is cut by five years of crops, and both look more uneven than a region is. One"
            " may miss.",
            detail=", ".join(
                f"{q:.0%}: {f:.2g} of the mean, not {a:.2g} to {b:.2g}"
                for q, f, a, b in zip(QUANTILES, found, low, high, strict=True)
                if not a <= f <= b
            ),
        )  # fmt: skip


def _declared(simulated: Tables, real: Tables) -> Iterator[Check]:
    """How much of the land parcels cover."""
    check = partial(Check, Message("Parcels"), REGISTER)
    zones, found = real["zones"], simulated["zones"]
    for region, rows in zones.groupby("region", sort=False):
        share = float(rows["hectares"].sum() / (rows["zones"].sum() * M2_PER_HA))
        here = float(found.loc[found["region"] == region, "declared_share"].mean())
        yield check(
            Message("declared land, {region}", region=region), here, share, share - 0.12, min(share + 0.12, 1.0),
            Message("share of area"),
            "Twice what the real zones of a region differ by (0.01 to 0.10), because the simulated"
            " zones are 15 times smaller.",
        )  # fmt: skip
    whole = float(zones["hectares"].sum() / (zones["zones"].sum() * M2_PER_HA))
    yield check(
        Message("declared land, all regions"), float(found["declared_share"].mean()), whole, whole - 0.05,
        whole + 0.05, Message("share of area"),
        "About a quarter of the land is not farmed; over eight regions chance leaves 0.05.",
    )  # fmt: skip


def _borders(simulated: Tables, real: Tables) -> Iterator[Check]:
    found = border_share(simulated["borders"]).set_index("low_ha")["share"]
    for low_ha, rows in real["border_share"].groupby("low_ha"):
        high_ha = rows["high_ha"].iloc[0]
        yield Check(
            Message("Parcels"), PLACES, Message("border pixels of parcels of {low} to {high} ha", low=f"{low_ha:g}", high=f"{high_ha:g}"),
            float(found.loc[low_ha]), rows["share"].iloc[0], rows["share"].min() - 0.06,
            rows["share"].max() + 0.06, Message("share of pixels"),
            "0.06 outside the two real places, as much as they differ by; compact fields would be"
            " far below.",
        )  # fmt: skip
