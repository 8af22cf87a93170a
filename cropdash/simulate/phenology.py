"""Leaf area and leaves of every piece of land through the year.

Days of the year before are counted down from 0, its last.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from cropdash.simulate import curves
from cropdash.simulate.conditions import Conditions
from cropdash.simulate.curves import YEAR_D
from cropdash.simulate.tables import Index, Reals, calendar

SHIFT_D = 6.0  # [days] sd by which a parcel is early or late
VIGOUR_SPREAD = {  # log-sd of a parcel's leaf area
    "annual": 0.18,
    "perennial_herb": 0.32,  # from rough grazing to manured leys
    "woody": 0.45,  # by spacing, pruning and age
}
GREENNESS_SPREAD = 0.11  # log-sd of chlorophyll
LEAF_LIFE_D = 200.0  # [days] of plants whose senescence the calendar doesn't know


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
    tilth: Reals  # (P, N) brightness of the ground beside a flat one's

    def on(self, days: NDArray[np.bool_]) -> Canopy:
        """The same on some of the days (N,)."""
        by_day = {name: value[:, days] for name, value in vars(self).items() if value.ndim == 2}
        return replace(self, **by_day)


def grow(
    growth: Index,
    days: Reals,
    year: Conditions,
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
    row = np.searchsorted(table.class_id, growth)  # the table is sorted by class
    row = row + (rng.random(len(growth)) >= table.variant_share[row])  # variants by their share
    kinds = {"annual": curves.annual, "perennial_herb": curves.herb, "woody": curves.woody}
    whole = np.zeros((6, len(row), len(days)))
    shift_all = np.zeros((len(row), 1))
    last = days < 1
    around = np.where(last, days + YEAR_D, days)
    for kind, curve in kinds.items():
        here = np.flatnonzero(table.kind[row] == kind)
        column = {name: values[row[here], None] for name, values in table.number.items()}
        jitter = np.nan_to_num(column["sowing_jitter_d"], nan=SHIFT_D)
        late = year.spring_d if kind != "annual" else late_d(year, column["winter_sown"])
        crop_d, crop_vigour = year.crops[:, row[here], None]
        late = year.region.phenology_shift_d + late + crop_d
        shift = late + rng.normal(0, 1, (len(here), 1)) * jitter
        vigour = np.exp(crop_vigour + rng.normal(0, VIGOUR_SPREAD[kind], (len(here), 1)))
        day = days if kind == "annual" else around
        plan = curves.Plan(day, last, column, shift, vigour, year, sown_again, rng)
        whole[:, here] = curve(plan, table.cuts[row[here]])
        shift_all[here] = shift
    is_annual = (table.kind[row] == "annual")[:, None]
    return _canopy(row, whole, shift_all, np.where(is_annual, days, around), rng)


def late_d(year: Conditions, winter_sown: Reals) -> Reals:
    """[days] by which annual crops come late, for 1 = sown before winter and 0 = after."""
    return np.where(winter_sown == 1, year.spring_d, year.sowing_d)


def _canopy(
    row: Index, grown: Reals, shift: Reals, days: Reals, rng: np.random.Generator
) -> Canopy:
    """Of curves (6, P, N) and days (P, N)."""
    green, brown, residue, under, thirst, tilth = grown
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
        row, green, brown, under, residue, flower, chlorophyll, angle, fresh, thirst, age,
        tilth,
    )  # fmt: skip
