"""What each kind of plant gives through the year: annual crops, herbs that stay, and woody plants.

Leaves come at `leaf_on_mid_doy`, yellow at `senescence_mid_doy`, go at `harvest_doy` (days of year
for the reference region, see crop_calendar.csv); before and after, what the habit of the place is.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cropdash.simulate.conditions import Conditions
from cropdash.simulate.tables import Reals

ROUGH, FINE = (0.62, 0.92), (0.95, 1.18)  # brightness of ploughed land, and of a seed bed
WINTER_LATE = 0.02  # by which a day of spring's delay has thinned what stands in winter
DRY_REGION = 0.35  # summer drought of a region at which all who can water do
DRYNESS_SPREAD = 0.25  # sd between the meadows of a zone
DROUGHT_LOSS = 0.45  # share of leaves that an unwatered crop loses at the worst
GROWTH_D = (9.0, 22.0)  # [days] e-folding time with which cut grass comes back
IN_STEP = 0.75  # share of the spread of a cut's day that a place's meadows have in common
WINDY_D = 60.0  # [days] before new year in which leaves that hang on are blown away
YEAR_D = 365

# What a kind of plant gives: green, brown, residue, under, thirst and tilth (P, N), as in Canopy.
Curves = tuple[Reals, Reals, Reals, Reals, Reals, Reals]


@dataclass(frozen=True, eq=False)
class Plan:
    """What a curve needs: days (N,), calendar columns by name (P, 1), draws."""

    day: Reals  # of the year; of annual plants, days of the year before are below 1
    last: NDArray[np.bool_]  # (N,) days of the year before
    column: dict[str, Reals]
    shift: Reals  # (P, 1) [days]
    vigour: Reals  # (P, 1)
    year: Conditions
    sown_again: bool  # half of the fields, in autumn
    rng: np.random.Generator

    def normal(self, sd: float | Reals) -> Reals:
        """A draw for each field from a normal distribution around 0."""
        return self.rng.normal(0, 1, self.shift.shape) * sd

    def uniform(self, low: float, high: float) -> Reals:
        """A draw for each field between two values."""
        return self.rng.uniform(low, high, self.shift.shape)

    def chance(self, share: float) -> Reals:
        """1 for a share of the fields, drawn, and 0 for the others."""
        return (self.rng.random(self.shift.shape) < share).astype(float)


def _logistic(x: Reals) -> Reals:
    return np.asarray(1 / (1 + np.exp(-np.clip(x, -40, 40))))


def annual(plan: Plan, _: Reals) -> Curves:
    """Crops that are sown and harvested within the season."""
    column, day = plan.column, plan.day
    start = column["leaf_on_mid_doy"] + plan.shift
    ripe = plan.shift * 0.6 + plan.year.ripening_d * (1 - column["winter_sown"])
    end = column["senescence_mid_doy"] + ripe + plan.normal(3)
    harvest = column["harvest_doy"] + ripe + plan.normal(column["harvest_sd_d"])
    winter = column["lai_winter"] * np.exp(plan.normal(0.5) - WINTER_LATE * plan.year.spring_d)
    leafing = _logistic((day - start) / column["leaf_on_width_d"])
    standing = (day < harvest).astype(float)
    thirst = _thirst(plan)
    peak = column["lai_max"] * plan.vigour * (1 - thirst)
    leaves = (winter * (1 - 0.25 * _winter(day)) * (1 - leafing) + peak * leafing) * standing
    faded = _logistic((day - end) / column["senescence_width_d"])
    seed_bed = start - plan.uniform(38, 62)
    before, ploughed = _before(plan, seed_bed)
    after, straw, tilled = _after(plan, harvest, faded)
    dying = plan.uniform(0.01, 0.07) * (1 - faded)  # lower leaves, stalks, tassels
    is_summer_crop = column["winter_sown"] != 1
    green = leaves * (1 - faded) + before * is_summer_crop + after
    brown = leaves * (0.8 * faded + dying)
    # Ploughed land lies rough and throws shadows till a seed bed is made, which rain then slakes.
    rough, fine = plan.uniform(*ROUGH), plan.uniform(*FINE)
    is_rough = np.where(day < seed_bed, is_summer_crop & (day > ploughed), day > tilled)
    tilth = np.where(is_rough, rough, fine)
    return green, brown, straw, np.zeros_like(green), thirst, tilth


def _thirst(plan: Plan) -> Reals:
    """(P, N) share of leaves that fields without irrigation lose to a dry summer.

    In dry regions the table's share of fields is watered, in wet ones hardly any.
    """
    share = np.nan_to_num(plan.column["irrigated_share"])
    share = share * np.clip(plan.year.region.summer_drought / DRY_REGION, 0.1, 1)
    watered = plan.uniform(0, 1) < share
    return np.where(watered, 0.0, DROUGHT_LOSS * plan.year.drought * _midsummer(plan.day))


def _winter(day: Reals) -> Reals:
    """1 in the coldest time, 0 in summer."""
    return np.asarray(0.5 + 0.5 * np.cos(2 * np.pi * (day - 25) / 365))


def _before(plan: Plan, seed_bed: Reals) -> tuple[Reals, Reals]:
    """Green before a summer crop, till its seed bed: catch crops and weeds; the day of ploughing."""
    day = plan.day
    is_green = plan.chance(plan.year.winter_cover) > 0
    ploughed = np.where(is_green, plan.uniform(45, 125), plan.uniform(-40, 30))
    ploughed = np.minimum(ploughed, seed_bed)
    cover = plan.uniform(0.3, 3.2) * is_green * (day < ploughed)
    weeds = plan.chance(plan.year.winter_cover) * plan.uniform(0.05, 1.2)
    weeds = weeds * np.where(day > 75, 1.0, is_green) * (0.4 + 0.6 * _logistic((day - 85) / 14))
    return np.maximum(cover, (weeds + 0.03) * (day < seed_bed)), ploughed


def _after(plan: Plan, harvest: Reals, faded: Reals) -> tuple[Reals, Reals, Reals]:
    """After the harvest: green leaves, straw cover, and the day on which the land is tilled.

    Volunteers, catch crops and the next winter crop, as is the habit of the place; what is sown
    early goes into winter with more leaves.
    """
    day = plan.day
    since = day - harvest
    is_early = harvest < 265
    ripe = faded.max(axis=1, keepdims=True)
    cover = (0.15 + 0.55 * ripe) * plan.uniform(0.6, 1.2)
    straw = np.clip(cover, 0, 0.9) * np.exp(-np.maximum(since, 0) / plan.uniform(15, 60))
    emerged = _logistic((since - plan.uniform(18, 55)) / 9)
    catch = plan.chance(plan.year.catch_crop) * plan.uniform(0.5, 3.8)
    volunteers = plan.uniform(0, 0.15 + 1.1 * plan.year.catch_crop)
    cover_crop = np.where(is_early, np.maximum(catch, volunteers), plan.uniform(0, 0.25)) * emerged
    cover_crop = cover_crop * (1 - 0.6 * plan.year.drought * _midsummer(day))
    sown = np.maximum(harvest + 25, plan.uniform(272, 325))
    next_crop = plan.chance(0.5) * plan.uniform(0.3, 1.0) * plan.sown_again
    next_crop = next_crop * (1 + (325 - sown) / 40)
    ends = np.where(next_crop > 0, sown - 12, 400)  # the seed bed of the next crop
    later = next_crop * _logistic((day - sown - 18) / 9)
    is_after = since >= 0
    green = (cover_crop * (day < ends) + later) * is_after
    tilled = np.minimum(ends, harvest + plan.uniform(15, 140))
    return green, straw * is_after * (day < tilled), tilled


def _midsummer(day: Reals) -> Reals:
    return np.asarray(np.exp(-0.5 * ((day - 212) / 32) ** 2))


def herb(plan: Plan, cuts: Reals) -> Curves:
    """Grass and other herbs, cut several times a year."""
    column, day = plan.column, plan.day
    leafing = _logistic((day - column["leaf_on_mid_doy"] - plan.shift) / column["leaf_on_width_d"])
    fading = _logistic((day - 318 - plan.normal(8)) / 14)
    # Pasture kept short in one place is tall and uncut in the next.
    winter = column["lai_winter"] * np.exp(plan.normal(0.45) - WINTER_LATE * plan.year.spring_d)
    peak = np.maximum(column["lai_max"] * plan.vigour, winter)
    leaves = winter + (peak - winter) * leafing * (1 - fading)
    leaves = leaves * _cut(plan, cuts)
    # Soil depth and grazing differ from one meadow to the next, whatever the summer.
    dryness = plan.year.drought + plan.normal(DRYNESS_SPREAD)
    sensitivity = column["summer_drought_sensitivity"] * np.exp(plan.normal(0.6))
    thirst = np.clip(dryness * sensitivity, 0, 0.95)
    dry = thirst * _midsummer(day)
    litter = plan.uniform(0.04, 0.16) * (0.6 + 1.3 * _midsummer(day))
    litter = litter + plan.year.frost * plan.uniform(0.3, 1.7) * _winter(day) ** 2
    green, brown = leaves * (1 - dry) * (1 - litter), leaves * (litter + 0.5 * dry)
    none = np.zeros_like(leaves)
    return green, brown, none, none, dry, none + 1


def _cut(plan: Plan, cuts: Reals) -> Reals:
    """(P, N) share of leaves left by mowing (P, C, 3) and regrowth."""
    left = np.ones((len(cuts), len(plan.day)))
    low, high = plan.column["cut_depth_min"], plan.column["cut_depth_max"]
    back = plan.uniform(*GROWTH_D)
    for day, sd, probability in np.moveaxis(cuts, (1, 2), (0, 1)):
        # Who mows waits for the same dry days.
        off = IN_STEP * plan.rng.normal() + np.sqrt(1 - IN_STEP**2) * plan.normal(1)
        when = day[:, None] + plan.shift * 0.7 + off * sd[:, None]
        depth = low + (high - low) * plan.uniform(0, 1)
        done = plan.uniform(0, 1) < probability[:, None]
        since = plan.day - when
        loss = depth * np.exp(-np.maximum(since, 0) / back) * (since >= 0) * done
        left *= 1 - np.nan_to_num(loss)
    return left


def woody(plan: Plan, cuts: Reals) -> Curves:
    """Vines, orchards and other trees and shrubs."""
    column, day = plan.column, plan.day
    leafing = _logistic((day - column["leaf_on_mid_doy"] - plan.shift) / column["leaf_on_width_d"])
    fallen = _logistic(
        (day - column["senescence_mid_doy"] - plan.shift * 0.4) / column["senescence_width_d"]
    )
    evergreen = column["evergreen_lai"] * plan.vigour
    crown = np.maximum(column["lai_max"] * plan.vigour - evergreen, 0) * leafing
    low, high = column["grass_lai_min"], column["grass_lai_max"]
    # Some tend their rows bare, others green: it is the custom of the place.
    grass = low + (high - low) * plan.uniform(0, 1) * np.minimum(2 * plan.year.sward, 1.2)
    season = (0.55 + 0.45 * np.exp(-0.5 * ((day - 118) / 38) ** 2)) * 1.2
    # In dry regions it is green in winter and gone from May to September.
    dry = np.clip(0.8 * plan.year.region.summer_drought + 0.5 * plan.year.drought, 0, 0.95)
    grass = grass * season * (1 - dry * np.exp(-0.5 * ((day - 205) / 55) ** 2))
    green = (evergreen + crown * (1 - fallen)) * _cut(plan, cuts)
    # Twigs and bark stay when leaves fall; what hangs on in autumn is gone by new year.
    hanging = np.where(plan.last, np.clip((YEAR_D - day) / WINDY_D, 0, 1), 1.0)
    brown = crown * fallen * 0.25 * hanging + 0.12 * column["lai_max"]
    thirst = np.broadcast_to(DROUGHT_LOSS * plan.year.drought * _midsummer(day), green.shape)
    return green, brown, np.zeros_like(green), grass, thirst, np.ones_like(green)
