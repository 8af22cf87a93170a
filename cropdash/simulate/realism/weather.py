"""Clear dates and months without any, beside real years."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from cropdash.simulate.realism.check import Check, Tables

GROUP = "Weather"
NORTH = ("nord_picardie", "paris_basin", "brittany")  # regions comparable with Flanders
YEAR = "flanders_2018"
FLANDERS = "Sentinel-2, Flanders 2018, SCL 4 to 7"
DESIGN = "chance of a clear date by month, an assumption of the design, not measured"
DATES_A_MONTH = 365 / 12 / 5 * 1.6  # two satellites pass every 5 days; 60 % of zones see two orbits
SUMMER, WINTER = (5, 6, 7, 8, 9), (11, 12, 1, 2)


def checks(simulated: Tables, real: Tables) -> Iterator[Check]:
    """Needs clear_dates of all twelve months; of the real figures clear_dates and sky."""
    if not _is_whole(simulated):
        return
    table, places = simulated["clear_dates"], real["clear_dates"]
    north = table[table["region"].isin(NORTH)]
    year = places[places["place"] == YEAR].set_index("month")["clear"]
    monthly = north.groupby("month")["clear"].mean().reindex(range(1, 13))
    yield _sum(monthly, year)
    yield _seasons(monthly, year)
    yield _months(north, year)
    yield _empty(north, places)
    yield _gaps(north, places)
    yield from _regions(table, real["sky"])


def left_out(simulated: Tables, real: Tables) -> Iterator[str]:
    """Why the weather can't be compared, in a sentence."""
    if not _is_whole(simulated):
        yield "Clear dates by month: the season's periods don't make up twelve whole months."


def _is_whole(simulated: Tables) -> bool:
    return set(simulated["clear_dates"]["month"]) == set(range(1, 13))


def _sum(monthly: pd.Series, year: pd.Series) -> Check:
    total = float(year.sum())
    return Check(
        GROUP, "clear dates of a pixel in a year, north", float(monthly.sum(skipna=False)), total,
        0.5 * total, 1.3 * total, "dates", FLANDERS,
        "2018 was a sunny year under two orbits (91 scenes): half of its sum to 1.3 times is usual.",
    )  # fmt: skip


def _seasons(monthly: pd.Series, year: pd.Series) -> Check:
    simulated, real = (
        float(of[list(WINTER)].mean() / of[list(SUMMER)].mean()) for of in (monthly, year)
    )
    return Check(
        GROUP, "clear dates per month, winter over summer, north", simulated, real, 0.2, 0.75,
        "ratio", FLANDERS, "Winters are the cloudier half of the year; February 2018 was not.",
    )  # fmt: skip


def _months(north: pd.DataFrame, year: pd.Series) -> Check:
    """Whether the real year could be one of the simulated zones' years."""
    ends = north.groupby("month")["clear"].agg(["min", "max"]).reindex(year.index)
    inside = (year >= ends["min"] - 0.01) & (year <= ends["max"] + 0.01)
    return Check(
        GROUP, "months whose real count lies between the zones of the north", float(inside.sum()),
        12.0, 9.0, None, "of 12", FLANDERS,
        "A year of the same weather as 15 zones lies between their least and most in 7 of 8 months,"
        " 10.5 of 12; neighbouring months share their weather.",
        ", ".join(f"month {m}: {year[m]:.1f}" for m in year.index[~inside]),
    )  # fmt: skip


def _empty(north: pd.DataFrame, places: pd.DataFrame) -> Check:
    found = (north["gap"] >= 1).mean()
    real = (places["gap"] >= 1).groupby(places["place"]).mean()
    return Check(
        GROUP, "months without any observation in a zone, north", float(found), float(real.mean()),
        0.01, float(real.max()), "share of months", "Flanders 2018, two places in Belgium",
        "Real years miss one or two months of twelve; small zones and small real plots alike. A"
        " landscape without any empty month would never try the gap filling.",
    )  # fmt: skip


def _gaps(north: pd.DataFrame, places: pd.DataFrame) -> Check:
    real = float(places.loc[places["place"] == YEAR, "gap"].mean())
    return Check(
        GROUP, "months of a pixel without any observation, north", float(north["gap"].mean()), real,
        0.02, 2 * real, "share of months", FLANDERS,
        "One real year, in which December was empty and the other months nearly whole.",
    )  # fmt: skip


def _regions(table: pd.DataFrame, sky: pd.DataFrame) -> Iterator[Check]:
    """Against the design's own chances: whether the sky and its masks do what is assumed of them."""
    expected = sky.groupby("region", sort=False)["chance"].sum() * DATES_A_MONTH
    zones = table.groupby(["region", "zone"], as_index=False)["clear"].sum()
    for region, dates in expected.items():
        here = zones.loc[zones["region"] == region, "clear"]
        chance = sky[sky["region"] == region].set_index("month")["chance"]
        yield Check(
            GROUP, f"clear dates of a pixel in a year, {region}",
            float(here.mean()) if len(here) else None, None, 0.5 * dates, 1.5 * dates, "dates", DESIGN,
            "Zones of one orbit or two differ by 0.37 of the mean, so five by 0.16; three times that.",
            _profile(table[table["region"] == region], chance),
        )  # fmt: skip
    ratio = zones["clear"] / zones["region"].map(expected)
    yield Check(
        GROUP, "clear dates of a pixel over the chance of them, all regions", float(ratio.mean()),
        1.0, 0.8, 1.25, "ratio", DESIGN,
        "Forty zones leave 0.06 to chance, and the assumption is round.",
    )  # fmt: skip


def _profile(here: pd.DataFrame, chance: pd.Series) -> str:
    monthly = here.groupby("month")["clear"].mean().reindex(chance.index)
    if monthly.isna().any() or monthly.std() == 0:
        return ""
    fit = np.corrcoef(monthly.to_numpy(float), chance.to_numpy(float))[0, 1]
    return f"correlation of the months with the chance: {fit:.2f}"
