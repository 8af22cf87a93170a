"""Checks of what satellites see: reflectance and NDVI, places and years, clear dates."""

from __future__ import annotations

import math
from calendar import month_abbr
from collections.abc import Iterator
from functools import partial

import pandas as pd

from cropdash import legend
from cropdash.domain.message import Message
from cropdash.simulate.realism.check import Check, Tables
from cropdash.simulate.realism.measures import NDVI

NORTH = ("nord_picardie", "paris_basin", "brittany")  # regions comparable with Flanders
YEAR = "flanders_2018"  # a place of the tables
FLANDERS = Message("Sentinel-2, Flanders 2018")
SUMMER, WINTER = [5, 6, 7, 8, 9], [11, 12, 1, 2]
_INSIDE = 5 / 6  # of medians that must lie in the real range
_OUTER = 1 / 40  # of zones, at either end of their range


def checks(simulated: Tables, real: Tables) -> Iterator[Check]:
    """In the order of reading."""
    for part in (_radiometry, _places, _weather):
        yield from part(simulated, real)


def left_out(simulated: Tables, real: Tables) -> list[str]:
    """What can't be compared for want of bands or months, in sentences."""
    ours, known = (list(dict.fromkeys(t["bands"]["band"])) for t in (simulated, real))
    lacking = [band for band in known if band not in ours]
    unknown = [band for band in ours if band not in known]
    months = sorted(set(real["bands"]["month"]) - set(simulated["bands"]["month"]))
    named = ", ".join(month_abbr[int(month)] for month in months)
    said = {
        Message("Reflectance in {bands}: the dataset lacks it.", bands=", ".join(lacking)): lacking,
        Message(
            "Reflectance in {bands}: no real figures are known.", bands=", ".join(unknown)
        ): unknown,
        Message(
            "Reflectance and NDVI in {months}: the season lacks these months.", months=named
        ): months,
        Message("Clear dates by month: the season's periods don't make up twelve whole months."): (
            not _has_all_months(simulated)
        ),
    }
    return [sentence for sentence, is_so in said.items() if is_so]


def _radiometry(simulated: Tables, real: Tables) -> Iterator[Check]:
    """Reflectance and NDVI of crops by month, beside real Sentinel-2."""
    keys = ["crop", "month", "band"]
    both = real["bands"].merge(simulated["bands"], on=keys, suffixes=("_real", ""))
    is_ndvi, everywhere = both["band"] == NDVI, both["scope"] == "all"
    if not is_ndvi.any():  # no month of the season has real figures
        return
    for crop in both["crop"].unique():
        name = Message(legend.load().classes[int(crop)].label().split(" (")[0])
        of = both["crop"] == crop
        yield _medians(
            Message("{crop}: months and bands, all regions", crop=name),
            both[of & ~is_ndvi & everywhere],
        )
        yield _medians(
            Message("{crop}: months and bands, north", crop=name), both[of & ~is_ndvi & ~everywhere]
        )
        curve = both[of & is_ndvi & everywhere]
        yield _medians(Message("{crop}: months, NDVI", crop=name), curve)
        width = (curve["p90"] - curve["p10"]).mean()
        yield Check(
            Message("Radiometry"), FLANDERS, Message("{crop}: width of the 10-90 % band of NDVI over the real one", crop=name),
            float(width / (curve["p90_real"] - curve["p10_real"]).mean()), 1.0, 0.6, 2.5, Message("ratio"),
            "The real fields lie within 640 m and share their weather; eight regions spread wider,"
            " but fields that are all alike would fall below.",
        )  # fmt: skip
    for band, rows in both[~is_ndvi & everywhere].groupby("band", sort=False):
        yield _medians(Message("{band}: months of all crops", band=str(band)), rows)


def _medians(name: str, rows: pd.DataFrame) -> Check:
    """Whether real medians lie inside the range of the landscape's pixels."""
    inside = rows["p50_real"].between(rows["p10"], rows["p90"])
    off = ", ".join(
        f"{row['band']} {month_abbr[int(row['month'])]} "
        + (
            "unseen"
            if math.isnan(row["p50"])
            else "low"
            if row["p10"] > row["p50_real"]
            else "high"
        )
        for row in rows[~inside].to_dict("records")
    )
    return Check(
        Message("Radiometry"), FLANDERS, Message("{what}, real medians inside the simulated 10-90 % range", what=name),
        float(inside.sum()) if len(rows) else math.nan, len(rows),
        float(math.ceil(len(rows) * _INSIDE)), unit=Message("of {n}", n=len(rows)),
        reason="Five of six: 18 fields of one real place and year need not be in the middle of"
        " forty zones of another, but among them.",
        detail=off,
    )  # fmt: skip


def _places(simulated: Tables, real: Tables) -> Iterator[Check]:
    """Whether real places and years could be zones of the landscape."""
    for measure, rows in real["land"].groupby("measure", sort=False):
        zones = simulated["land"].loc[simulated["land"]["measure"] == measure, "value"].dropna()
        if zones.empty:  # the season lacks its months
            continue
        named = rows["place"] + " " + rows["year"].astype(str)
        values = ", ".join(
            f"{place} {value:.3g}" for place, value in zip(named, rows["value"], strict=True)
        )
        low, high = zones.quantile([_OUTER, 1 - _OUTER])
        inside = rows["value"].between(low, high)
        yield Check(
            Message("Places"), values, Message("real places within the zones' range: {measure}", measure=Message(str(measure))),
            float(inside.sum()), float(len(rows)), float(len(rows)), unit=Message("of {n}", n=len(rows)),
            reason="A model learns to expect what the zones show; of their range, one in forty at"
            " either end does not count.",
            detail=f"zones {low:.3g} to {high:.3g}, median {zones.median():.3g}",
        )  # fmt: skip


def _has_all_months(simulated: Tables) -> bool:
    return set(simulated["clear_dates"]["month"]) == set(range(1, 13))


def _weather(simulated: Tables, real: Tables) -> Iterator[Check]:
    """Clear dates and months without any, beside real years."""
    if not _has_all_months(simulated):
        return
    check = partial(Check, Message("Weather"), Message("Sentinel-2, Flanders 2018, SCL 4 to 7"))
    table, places = simulated["clear_dates"], real["clear_dates"]
    north = table[table["region"].isin(NORTH)]
    year = places[places["place"] == YEAR].set_index("month")
    clear = year["clear"]
    monthly = north.groupby("month")["clear"].agg(["mean", "min", "max"]).reindex(clear.index)
    total = float(clear.sum())
    yield check(
        Message("clear dates of a pixel in a year, north"), float(monthly["mean"].sum(skipna=False)), total,
        0.5 * total, 1.3 * total, Message("dates"),
        "2018 was a sunny year under two orbits (91 scenes): half of its sum to 1.3 times is usual.",
    )  # fmt: skip
    ours, theirs = (float(m[WINTER].mean() / m[SUMMER].mean()) for m in (monthly["mean"], clear))
    yield check(
        Message("clear dates per month, winter over summer, north"), ours, theirs, 0.2, 0.75, Message("ratio"),
        "Winters are the cloudier half of the year; February 2018 was not.",
    )  # fmt: skip
    inside = clear.between(monthly["min"] - 0.01, monthly["max"] + 0.01)
    yield check(
        Message("months whose real count lies between the zones of the north"), float(inside.sum()), 12.0,
        9.0, unit=Message("of {n}", n=12),
        reason="A year of the same weather as 15 zones lies between their least and most in 7 of 8"
        " months, 10.5 of 12; neighbouring months share their weather.",
        detail=", ".join(f"month {m}: {n:.1f}" for m, n in clear[~inside].items()),
    )  # fmt: skip
    empty = (places["gap"] >= 1).groupby(places["place"]).mean()
    yield Check(
        Message("Weather"), Message("Flanders 2018, two places in Belgium"),
        Message("months without any observation in a zone, north"), float((north["gap"] >= 1).mean()),
        float(empty.mean()), 0.01, float(empty.max()), Message("share of months"),
        "Real years miss one or two months of twelve; small zones and small real plots alike. A"
        " landscape without any empty month would never try the gap filling.",
    )  # fmt: skip
    gap = float(year["gap"].mean())
    yield check(
        Message("months of a pixel without any observation, north"), float(north["gap"].mean()), gap, 0.02,
        2 * gap, Message("share of months"),
        "One real year, in which December was empty and the other months nearly whole.",
    )  # fmt: skip
