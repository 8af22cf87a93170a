"""The checks of the report: what is measured, the real figure, and the band around it."""

from __future__ import annotations

import math
from calendar import month_abbr
from collections.abc import Iterator
from functools import partial

import pandas as pd

from cropdash import legend
from cropdash.domain import M2_PER_HA
from cropdash.simulate.realism.check import Check, Tables
from cropdash.simulate.realism.measures import (
    NDVI,
    QUANTILES,
    border_share,
    weighted_mean,
    weighted_quantiles,
)

NORTH = ("nord_picardie", "paris_basin", "brittany")  # regions comparable with Flanders
FRANCE, YEAR = "france", "flanders_2018"  # places of the tables
REGISTER = "RPG 2023, 41 zones of 10 x 10 km"
PLACES = "100 parcels of RPG 2022, 1,200 fields of Boigneville"
FLANDERS = "Sentinel-2, Flanders 2018"
SUMMER, WINTER = [5, 6, 7, 8, 9], [11, 12, 1, 2]
_FACTOR = 5.0  # off the real share of a class
_NAMED = 5  # classes that a detail names
_INSIDE = 5 / 6  # of medians that must lie in the real range


def checks(simulated: Tables, real: Tables) -> list[Check]:
    """Every check of the report, in the order of reading."""
    parts = (_classes, _sizes, _land, _borders, _radiometry, _weather)
    return [check for part in parts for check in part(simulated, real)]


def left_out(simulated: Tables, real: Tables) -> list[str]:
    """What can't be compared for want of bands or months, in sentences."""
    ours, known = (list(dict.fromkeys(t["bands"]["band"])) for t in (simulated, real))
    lacking = [band for band in known if band not in ours]
    unknown = [band for band in ours if band not in known]
    months = sorted(set(real["bands"]["month"]) - set(simulated["bands"]["month"]))
    named = ", ".join(month_abbr[int(month)] for month in months)
    said = {
        f"Reflectance in {', '.join(lacking)}: the dataset lacks it.": lacking,
        f"Reflectance in {', '.join(unknown)}: no real figures are known.": unknown,
        f"Reflectance and NDVI in {named}: the season lacks these months.": months,
        "Clear dates by month: the season's periods don't make up twelve whole months.": (
            not _has_all_months(simulated)
        ),
    }
    return [sentence for sentence, is_so in said.items() if is_so]


def region_means(zones: pd.DataFrame) -> pd.Series:
    """The mean area of the real parcels [ha] by region."""
    return zones.set_index("region")["hectares"] / zones.set_index("region")["parcels"]


def _classes(simulated: Tables, real: Tables) -> Iterator[Check]:
    """How frequent each crop is, and how large its fields are."""
    check = partial(Check, "Classes", REGISTER)
    both = real["classes"].merge(
        simulated["classes"], on="class_id", how="left", suffixes=("_real", "")
    )
    both = both[both["class_id"] > 0].fillna(0)
    for side in ("", "_real"):
        parcels = both[f"parcels{side}"]
        both[f"field{side}"] = both[f"hectares{side}"] / parcels.where(parcels > 0)
        both[f"share{side}"] = both[f"pixels{side}"] / max(float(both[f"pixels{side}"].sum()), 1.0)
    for column, name, low, reason in (
        ("pixels", "pixels per class", 0.95,
         "Neighbours may swap places, none may play in the wrong league; the 33 real training zones"
         " reach 0.87 with the 8 real test zones."),
        ("parcels", "parcels per class", 0.95,
         "As for pixels; parcels weigh small fields as much as large ones."),
        ("field", "the mean field per class", 0.8,
         "Rare classes have a few fields in the default landscape, so that their mean is loose."),
    ):  # fmt: skip
        ours, theirs = both[column].rank(), both[f"{column}_real"].rank()
        yield check(
            f"rank correlation of {name}", float(ours.corr(theirs)), 1.0, low, reason=reason,
            detail=_furthest(ours - theirs, both, "ranks"),
        )  # fmt: skip
    seen = both["pixels"] > 0
    yield check(
        "crop classes that occur", float(seen.sum()), float(len(both)), float(len(both)),
        unit="classes", reason="The heavy tail is kept: every class is met somewhere.",
        detail=", ".join(_names(both[~seen])),
    )  # fmt: skip
    times = both["share"] / both["share_real"]
    near = times.between(1 / _FACTOR, _FACTOR)
    off = times.where(times > 1, 1 / times.clip(lower=1e-9))
    furthest = off.sort_values(ascending=False).index[:_NAMED]
    named = zip(_names(both.loc[furthest]), times[furthest], strict=True)
    yield check(
        f"classes within a factor of {_FACTOR:g} of their real share", float(near.sum()),
        float(len(both)), 44.0, unit="classes",
        reason="Nine of ten: between the real training and test zones it is 41 of 49.",
        detail=", ".join(f"{name} {value:.3g}" for name, value in named) + " times",
    )  # fmt: skip
    apart = both["share"] - both["share_real"]
    yield check(
        "share of crop pixels that would have to change class", float(apart.abs().sum() / 2), 0.0,
        high=0.15, unit="share",
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
            "Parcels", REGISTER, f"mean parcel, {region}", middle, mean, 0.75 * mean, 1.33 * mean,
            "ha",
            "A quarter off: zones of one region differ by up to a factor of three (Alsace 1.2 to"
            " 3.5 ha, Brittany 2.0 to 2.4 ha), the mean of five by about this.",
        )  # fmt: skip
        found = weighted_quantiles(area, weight) / middle
        inside = (found >= low) & (found <= high)
        yield Check(
            "Parcels", PLACES, f"quantiles of parcels over their mean, {region}",
            float(inside.sum()), len(QUANTILES), len(QUANTILES) - 1.0,
            unit=f"of {len(QUANTILES)}",
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
    area, weight = parcels["area_ha"].to_numpy(float), parcels["weight"].to_numpy(float)
    known = sizes[sizes["place"] == FRANCE].set_index("quantile")["hectares"]
    found = weighted_quantiles(area, weight)
    for quantile, value, wanted in zip(QUANTILES, found, known[list(QUANTILES)], strict=True):
        yield Check(
            "Parcels", "RPG 2022, 100 parcels", f"{quantile:.0%} quantile of parcels, all regions",
            float(value), wanted, wanted / 2, wanted * 2, "ha",
            "Twice or half: 100 parcels from anywhere in France against eight farming regions.",
        )  # fmt: skip


def _land(simulated: Tables, real: Tables) -> Iterator[Check]:
    """How much of the land parcels cover."""
    check = partial(Check, "Parcels", REGISTER)
    zones, found = real["zones"], simulated["zones"]
    for region, rows in zones.groupby("region", sort=False):
        share = float(rows["hectares"].sum() / (rows["zones"].sum() * M2_PER_HA))
        here = float(found.loc[found["region"] == region, "declared_share"].mean())
        yield check(
            f"declared land, {region}", here, share, share - 0.12, min(share + 0.12, 1.0),
            "share of area",
            "Twice what the real zones of a region differ by (0.01 to 0.10), because the simulated"
            " zones are 15 times smaller.",
        )  # fmt: skip
    whole = float(zones["hectares"].sum() / (zones["zones"].sum() * M2_PER_HA))
    yield check(
        "declared land, all regions", float(found["declared_share"].mean()), whole, whole - 0.05,
        whole + 0.05, "share of area",
        "About a quarter of the land is not farmed; over eight regions chance leaves 0.05.",
    )  # fmt: skip


def _borders(simulated: Tables, real: Tables) -> Iterator[Check]:
    found = border_share(simulated["borders"]).set_index("low_ha")["share"]
    for low_ha, rows in real["border_share"].groupby("low_ha"):
        high_ha = rows["high_ha"].iloc[0]
        yield Check(
            "Parcels", PLACES, f"border pixels of parcels of {low_ha:g} to {high_ha:g} ha",
            float(found.loc[low_ha]), rows["share"].iloc[0], rows["share"].min() - 0.06,
            rows["share"].max() + 0.06, "share of pixels",
            "0.06 outside the two real places, as much as they differ by; compact fields would be"
            " far below.",
        )  # fmt: skip


def _radiometry(simulated: Tables, real: Tables) -> Iterator[Check]:
    """Reflectance and NDVI of crops by month, beside real Sentinel-2."""
    keys = ["crop", "month", "band"]
    both = real["bands"].merge(simulated["bands"], on=keys, suffixes=("_real", ""))
    is_ndvi, everywhere = both["band"] == NDVI, both["scope"] == "all"
    if not is_ndvi.any():  # no month of the season has real figures
        return
    for crop in both["crop"].unique():
        name = legend.load().classes[int(crop)].label().split(" (")[0]
        of = both["crop"] == crop
        yield _medians(f"{name}: months and bands, all regions", both[of & ~is_ndvi & everywhere])
        yield _medians(f"{name}: months and bands, north", both[of & ~is_ndvi & ~everywhere])
        curve = both[of & is_ndvi & everywhere]
        yield _medians(f"{name}: months, NDVI", curve)
        width = (curve["p90"] - curve["p10"]).mean()
        yield Check(
            "Radiometry", FLANDERS, f"{name}: width of the 10-90 % band of NDVI over the real one",
            float(width / (curve["p90_real"] - curve["p10_real"]).mean()), 1.0, 0.6, 2.5, "ratio",
            "The real fields lie within 640 m and share their weather; eight regions spread wider,"
            " but fields that are all alike would fall below.",
        )  # fmt: skip
    for band, rows in both[~is_ndvi & everywhere].groupby("band", sort=False):
        yield _medians(f"{band}: months of all crops", rows)


def _medians(name: str, rows: pd.DataFrame) -> Check:
    """Whether simulated medians lie inside the real 10-90 % range."""
    inside = rows["p50"].between(rows["p10_real"], rows["p90_real"])
    off = ", ".join(
        f"{row['band']} {month_abbr[int(row['month'])]} "
        + (
            "unseen"
            if math.isnan(row["p50"])
            else "high"
            if row["p50"] > row["p90_real"]
            else "low"
        )
        for row in rows[~inside].to_dict("records")
    )
    return Check(
        "Radiometry", FLANDERS, f"{name}, medians inside the real 10-90 % range",
        float(inside.sum()) if len(rows) else math.nan, len(rows),
        float(math.ceil(len(rows) * _INSIDE)), unit=f"of {len(rows)}",
        reason="Five of six: 18 fields of one real year and place against the middle of many.",
        detail=off,
    )  # fmt: skip


def _has_all_months(simulated: Tables) -> bool:
    return set(simulated["clear_dates"]["month"]) == set(range(1, 13))


def _weather(simulated: Tables, real: Tables) -> Iterator[Check]:
    """Clear dates and months without any, beside real years."""
    if not _has_all_months(simulated):
        return
    check = partial(Check, "Weather", f"{FLANDERS}, SCL 4 to 7")
    table, places = simulated["clear_dates"], real["clear_dates"]
    north = table[table["region"].isin(NORTH)]
    year = places[places["place"] == YEAR].set_index("month")
    clear = year["clear"]
    monthly = north.groupby("month")["clear"].agg(["mean", "min", "max"]).reindex(clear.index)
    total = float(clear.sum())
    yield check(
        "clear dates of a pixel in a year, north", float(monthly["mean"].sum(skipna=False)), total,
        0.5 * total, 1.3 * total, "dates",
        "2018 was a sunny year under two orbits (91 scenes): half of its sum to 1.3 times is usual.",
    )  # fmt: skip
    ours, theirs = (float(m[WINTER].mean() / m[SUMMER].mean()) for m in (monthly["mean"], clear))
    yield check(
        "clear dates per month, winter over summer, north", ours, theirs, 0.2, 0.75, "ratio",
        "Winters are the cloudier half of the year; February 2018 was not.",
    )  # fmt: skip
    inside = clear.between(monthly["min"] - 0.01, monthly["max"] + 0.01)
    yield check(
        "months whose real count lies between the zones of the north", float(inside.sum()), 12.0,
        9.0, unit="of 12",
        reason="A year of the same weather as 15 zones lies between their least and most in 7 of 8"
        " months, 10.5 of 12; neighbouring months share their weather.",
        detail=", ".join(f"month {m}: {n:.1f}" for m, n in clear[~inside].items()),
    )  # fmt: skip
    empty = (places["gap"] >= 1).groupby(places["place"]).mean()
    yield Check(
        "Weather", "Flanders 2018, two places in Belgium",
        "months without any observation in a zone, north", float((north["gap"] >= 1).mean()),
        float(empty.mean()), 0.01, float(empty.max()), "share of months",
        "Real years miss one or two months of twelve; small zones and small real plots alike. A"
        " landscape without any empty month would never try the gap filling.",
    )  # fmt: skip
    gap = float(year["gap"].mean())
    yield check(
        "months of a pixel without any observation, north", float(north["gap"].mean()), gap, 0.02,
        2 * gap, "share of months",
        "One real year, in which December was empty and the other months nearly whole.",
    )  # fmt: skip
