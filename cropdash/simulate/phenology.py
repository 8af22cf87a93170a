"""Leaf area of every piece of land through the year.

Double-logistic curves: leaves come at `leaf_on_mid_doy`, yellow at `senescence_mid_doy`, go
at `harvest_doy` (days of year for the reference region, see crop_calendar.csv). Days of the year
before are counted down from 0, its last.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from cropdash.simulate.tables import Index, Reals, Region, calendar

SHIFT_D = 6.0  # [days] sd by which a parcel is early or late
VIGOUR_SPREAD = {  # log-sd of a parcel's leaf area
    "annual": 0.18,
    "perennial_herb": 0.32,  # from rough grazing to manured leys
    "woody": 0.45,  # by spacing, pruning and age
}
GREENNESS_SPREAD = 0.11  # log-sd of chlorophyll
WEEDS_SHARE = 0.65  # fields before a summer crop that grow over till the seed bed
DRY_REGION = 0.35  # summer drought of a region at which all who can water do
DRYNESS_SPREAD = 0.25  # sd between the meadows of a zone
DROUGHT_LOSS = 0.45  # share of leaves that an unwatered crop loses at the worst
GROWTH_D = 14.0  # [days] e-folding time with which cut grass comes back
LEAF_LIFE_D = 200.0  # [days] of plants whose senescence the calendar doesn't know
WINDY_D = 60.0  # [days] before new year in which leaves that hang on are blown away
YEAR_D = 365


@dataclass(frozen=True, eq=False)
class Canopy:
    """State of P pieces on N days."""

    row: Index  # (P,) row of the calendar
    green: Reals  # (P, N) leaf area index of green leaves
    brown: Reals  # (P, N) of dead leaves still standing
    under: Reals  # (P, N) leaf area index of grass under and between trees and vines
    residue: Reals  # (P, N) share of the ground under straw
    flower: Reals  # (P, N) share of the canopy in flower
    chlorophyll: Reals  # (P, N) [µg/cm²]
    leaf_angle: Reals  # (P,) [degrees] mean, 0 = flat
    fresh: Reals  # (P, N) 0 where leaves have faded, 1 where they have not
    thirst: Reals  # (P, N) share of the leaves that a dry summer costs
    age: Reals  # (P, N) 0 when leaves come, 1 when they yellow

    def on(self, days: NDArray[np.bool_]) -> Canopy:
        """The same on some of the days (N,)."""
        by_day = {name: value[:, days] for name, value in vars(self).items() if value.ndim == 2}
        return replace(self, **by_day)


# What a kind of plant gives: green, brown, residue, under and thirst (P, N), as in Canopy.
_Curves = tuple[Reals, Reals, Reals, Reals, Reals]


@dataclass(frozen=True, eq=False)
class _Plan:
    """What a curve needs: days (N,), calendar columns by name (P, 1), draws."""

    day: Reals  # of the year; of annual plants, days of the year before are below 1
    last: NDArray[np.bool_]  # (N,) days of the year before
    column: dict[str, Reals]
    shift: Reals  # (P, 1) [days]
    vigour: Reals  # (P, 1)
    region: Region
    drought: float
    sown_again: bool  # half of the fields, in autumn
    rng: np.random.Generator

    def normal(self, sd: float | Reals) -> Reals:
        return self.rng.normal(0, 1, self.shift.shape) * sd

    def uniform(self, low: float, high: float) -> Reals:
        return self.rng.uniform(low, high, self.shift.shape)

    def chance(self, share: float) -> Reals:
        return (self.rng.random(self.shift.shape) < share).astype(float)


def grow(
    growth: Index,
    days: Reals,
    region: Region,
    rng: np.random.Generator,
    *,
    sown_again: bool = True,
) -> Canopy:
    """Grow what stands on each piece (P,) through the days of year (N,).

    What is drawn doesn't depend on the days. An annual plant stands on days of the year before as
    it does on January 1st; perennials as they did then. Without `sown_again` no field bears a crop
    of the next year in autumn.
    """
    table = calendar()
    row = _variants(growth, rng)
    drought = float(np.clip(region.summer_drought + 0.32 + rng.normal(0, 0.30), 0, 1))
    kinds = {"annual": _annual, "perennial_herb": _herb, "woody": _woody}
    whole = np.zeros((5, len(row), len(days)))
    shift_all = np.zeros((len(row), 1))
    last = days < 1
    around = np.where(last, days + YEAR_D, days)
    for kind, curve in kinds.items():
        here = np.flatnonzero(table.kind[row] == kind)
        column = {name: values[row[here], None] for name, values in table.number.items()}
        jitter = np.nan_to_num(column["sowing_jitter_d"], nan=SHIFT_D)
        shift = region.phenology_shift_d + rng.normal(0, 1, (len(here), 1)) * jitter
        vigour = np.exp(rng.normal(0, VIGOUR_SPREAD[kind], (len(here), 1)))
        day = days if kind == "annual" else around
        plan = _Plan(day, last, column, shift, vigour, region, drought, sown_again, rng)
        whole[:, here] = curve(plan, table.cuts[row[here]])
        shift_all[here] = shift
    is_annual = (table.kind[row] == "annual")[:, None]
    return _canopy(row, whole, shift_all, np.where(is_annual, days, around), rng)


def _canopy(
    row: Index, curves: Reals, shift: Reals, days: Reals, rng: np.random.Generator
) -> Canopy:
    """Of curves (5, P, N) and days (P, N)."""
    green, brown, residue, under, thirst = curves
    number = {name: values[row, None] for name, values in calendar().number.items()}
    width = number["flower_width_d"]
    since = (days - number["flower_peak_doy"] - shift) / np.where(width > 0, width, 1)
    bell = np.exp(-0.5 * since**2)
    flower = np.nan_to_num(number["flower_strength"]) * np.nan_to_num(bell) * (green > 0.3)
    leaf = number["chlorophyll_ug_cm2"]
    leaf = leaf * np.exp(rng.normal(0, GREENNESS_SPREAD, (len(row), 1)))
    fading = green / np.maximum(green + brown, 1e-6)  # leaves pale before they die
    fresh = np.clip(fading * 1.15, 0, 1)
    chlorophyll = leaf * (0.35 + 0.65 * fresh)
    angle = number["leaf_angle_deg"][:, 0] + rng.normal(0, 6, len(row))
    on = number["leaf_on_mid_doy"]
    life = np.nan_to_num(number["senescence_mid_doy"] - on, nan=LEAF_LIFE_D)
    age = np.clip((days - on - shift) / np.maximum(life, 1), 0, 1)
    return Canopy(
        row, green, brown, under, residue, flower, chlorophyll, angle, fresh, thirst, age
    )  # fmt: skip


def _variants(growth: Index, rng: np.random.Generator) -> Index:
    """Row of the calendar for each growth id; variants of a class by their share."""
    table = calendar()
    first = np.searchsorted(table.class_id, growth)  # the table is sorted by class
    is_other = rng.random(len(growth)) >= table.variant_share[first]
    return np.asarray(first + is_other)


def _logistic(x: Reals) -> Reals:
    return np.asarray(1 / (1 + np.exp(-np.clip(x, -40, 40))))


def _annual(plan: _Plan, _: Reals) -> _Curves:
    column, day = plan.column, plan.day
    start = column["leaf_on_mid_doy"] + plan.shift
    end = column["senescence_mid_doy"] + plan.shift * 0.6 + plan.normal(3)
    harvest = column["harvest_doy"] + plan.shift * 0.6 + plan.normal(column["harvest_sd_d"])
    winter = column["lai_winter"] * np.exp(plan.normal(0.4))
    leafing = _logistic((day - start) / column["leaf_on_width_d"])
    standing = (day < harvest).astype(float)
    thirst = _thirst(plan)
    peak = column["lai_max"] * plan.vigour * (1 - thirst)
    leaves = (winter * (1 - 0.25 * _winter(day)) * (1 - leafing) + peak * leafing) * standing
    faded = _logistic((day - end) / column["senescence_width_d"])
    before = _before(plan, start) * (1 - column["winter_sown"])
    after, straw = _after(plan, harvest, faded)
    dying = plan.uniform(0.03, 0.12) * (1 - faded)  # lower leaves, stalks, tassels
    green = leaves * (1 - faded) + before + after
    brown = leaves * (0.8 * faded + dying)
    return green, brown, straw, np.zeros_like(green), thirst


def _thirst(plan: _Plan) -> Reals:
    """(P, N) share of leaves that fields without irrigation lose to a dry summer.

    In dry regions the table's share of fields is watered, in wet ones hardly any.
    """
    share = np.nan_to_num(plan.column["irrigated_share"])
    share = share * np.clip(plan.region.summer_drought / DRY_REGION, 0.1, 1)
    watered = plan.uniform(0, 1) < share
    return np.where(watered, 0.0, DROUGHT_LOSS * plan.drought * _midsummer(plan.day))


def _winter(day: Reals) -> Reals:
    """1 in the coldest time, 0 in summer."""
    return np.asarray(0.5 + 0.5 * np.cos(2 * np.pi * (day - 25) / 365))


def _before(plan: _Plan, start: Reals) -> Reals:
    """Green before a summer crop: catch crops till ploughed in, weeds till the seed bed."""
    day = plan.day
    seed_bed = start - plan.uniform(38, 62)
    ploughed = np.minimum(plan.uniform(-20, 115), seed_bed)
    catch = plan.chance(plan.region.catch_crop_share) * plan.uniform(0.4, 2.4) * (day < ploughed)
    weeds = (
        plan.chance(WEEDS_SHARE) * plan.uniform(0.1, 1.3) * (0.4 + 0.6 * _logistic((day - 85) / 14))
    )
    return np.asarray(np.maximum(catch, (weeds + 0.05) * (day < seed_bed)))


def _after(plan: _Plan, harvest: Reals, faded: Reals) -> tuple[Reals, Reals]:
    """Green leaves and straw cover after harvest: volunteers, catch crops, next winter crop."""
    day = plan.day
    since = day - harvest
    is_early = harvest < 265
    ripe = faded.max(axis=1, keepdims=True)
    cover = (0.15 + 0.55 * ripe) * plan.uniform(0.6, 1.2)
    straw = np.clip(cover, 0, 0.9) * np.exp(-np.maximum(since, 0) / plan.uniform(15, 60))
    emerged = _logistic((since - plan.uniform(22, 55)) / 9)
    catch = plan.chance(plan.region.catch_crop_share) * plan.uniform(0.4, 2.6)
    volunteers = plan.uniform(0, 0.6)
    cover_crop = np.where(is_early, np.maximum(catch, volunteers), plan.uniform(0, 0.25)) * emerged
    cover_crop = cover_crop * (1 - 0.6 * plan.drought * _midsummer(day))
    sown = np.maximum(harvest + 25, plan.uniform(288, 330))
    next_crop = plan.chance(0.5) * plan.uniform(0.2, 0.9) * plan.sown_again
    ends = np.where(next_crop > 0, sown - 12, 400)  # the seed bed of the next crop
    later = next_crop * _logistic((day - sown - 14) / 7)
    is_after = since >= 0
    return (cover_crop * (day < ends) + later) * is_after, straw * is_after * (day < ends)


def _midsummer(day: Reals) -> Reals:
    return np.asarray(np.exp(-0.5 * ((day - 212) / 32) ** 2))


def _herb(plan: _Plan, cuts: Reals) -> _Curves:
    column, day = plan.column, plan.day
    leafing = _logistic((day - column["leaf_on_mid_doy"] - plan.shift) / column["leaf_on_width_d"])
    fading = _logistic((day - 318 - plan.normal(8)) / 14)
    # Pasture kept short in one place is tall and uncut in the next.
    winter = column["lai_winter"] * np.exp(plan.normal(0.4))
    peak = np.maximum(column["lai_max"] * plan.vigour, winter)
    leaves = winter + (peak - winter) * leafing * (1 - fading)
    leaves = leaves * _cut(plan, cuts)
    # Soil depth and grazing differ from one meadow to the next, whatever the summer.
    dryness = plan.drought + plan.normal(DRYNESS_SPREAD)
    sensitivity = column["summer_drought_sensitivity"] * np.exp(plan.normal(0.6))
    thirst = np.clip(dryness * sensitivity, 0, 0.95)
    dry = thirst * _midsummer(day)
    litter = plan.uniform(0.04, 0.16) * (0.6 + 1.3 * _midsummer(day))
    green, brown = leaves * (1 - dry) * (1 - litter), leaves * (litter + 0.5 * dry)
    return green, brown, np.zeros_like(leaves), np.zeros_like(leaves), dry


def _cut(plan: _Plan, cuts: Reals) -> Reals:
    """(P, N) share of leaves left by mowing (P, C, 3) and regrowth."""
    left = np.ones((len(cuts), len(plan.day)))
    low, high = plan.column["cut_depth_min"], plan.column["cut_depth_max"]
    for day, sd, probability in np.moveaxis(cuts, (1, 2), (0, 1)):
        when = day[:, None] + plan.shift * 0.7 + plan.normal(sd[:, None])
        depth = low + (high - low) * plan.uniform(0, 1)
        done = plan.uniform(0, 1) < probability[:, None]
        since = plan.day - when
        loss = depth * np.exp(-np.maximum(since, 0) / GROWTH_D) * (since >= 0) * done
        left *= 1 - np.nan_to_num(loss)
    return left


def _woody(plan: _Plan, cuts: Reals) -> _Curves:
    column, day = plan.column, plan.day
    leafing = _logistic((day - column["leaf_on_mid_doy"] - plan.shift) / column["leaf_on_width_d"])
    fallen = _logistic(
        (day - column["senescence_mid_doy"] - plan.shift * 0.4) / column["senescence_width_d"]
    )
    evergreen = column["evergreen_lai"] * plan.vigour
    crown = np.maximum(column["lai_max"] * plan.vigour - evergreen, 0) * leafing
    low, high = column["grass_lai_min"], column["grass_lai_max"]
    grass = low + (high - low) * plan.uniform(0, 1)
    season = (0.55 + 0.45 * np.exp(-0.5 * ((day - 118) / 38) ** 2)) * 1.2
    grass = grass * season * (1 - 0.75 * plan.drought * _midsummer(day))
    green = (evergreen + crown * (1 - fallen)) * _cut(plan, cuts)
    # Twigs and bark stay when leaves fall; what hangs on in autumn is gone by new year.
    hanging = np.where(plan.last, np.clip((YEAR_D - day) / WINDY_D, 0, 1), 1.0)
    brown = crown * fallen * 0.25 * hanging + 0.12 * column["lai_max"]
    thirst = np.broadcast_to(DROUGHT_LOSS * plan.drought * _midsummer(day), green.shape)
    return green, brown, np.zeros_like(green), grass, thirst
