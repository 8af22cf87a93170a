"""What stands before a harvest's own year begins.

A season that crosses new year shows the end of the year before: there the crop before stands until
it is harvested, its stubble and what grows over it follow, and in autumn the next winter crop
comes up. When a field passes from one crop to the next is drawn here; what the two look like comes
from their curves.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from cropdash.simulate.conditions import Conditions
from cropdash.simulate.phenology import SHIFT_D, Canopy, late_d
from cropdash.simulate.tables import Reals, calendar

# Days of the year between which land is taken over. Crops that go into winter with more leaves are
# sown earlier: rapeseed in August, barley before wheat, peas last.
SOWN, SOWN_PER_LEAF_AREA = 308.0, 38.0
BEFORE_SUMMER_CROP, GRASS_SOWN = (255.0, 300.0), (235.0, 265.0)
HARVEST_MARGIN_D = 12.0  # after the usual harvest, by which all have brought it in
EMERGING_D, GROWING_D = 30.0, 9.0  # from sowing till half of the leaves are there; how fast


def taken_over(now: Canopy, before: Canopy, last: Conditions, rng: np.random.Generator) -> Reals:
    """(P,) day of the year before, `last`, on which a piece passes to what is harvested next.

    Minus infinity where it bears the same perennial for years.
    """
    table = calendar()
    kind, number = table.kind[now.row], table.number
    pieces = len(kind)
    sown = (
        SOWN - SOWN_PER_LEAF_AREA * number["lai_winter"][now.row] + rng.normal(0, SHIFT_D, pieces)
    )
    bare, grass = rng.uniform(*BEFORE_SUMMER_CROP, pieces), rng.uniform(*GRASS_SOWN, pieces)
    is_winter_crop = number["winter_sown"][now.row] == 1
    wanted = np.select([kind == "perennial_herb", is_winter_crop], [grass, sown], bare)
    free = _brought_in(before, last)
    same = table.class_id[now.row] == table.class_id[before.row]
    stays = (kind == "woody") | ((kind == "perennial_herb") & same)
    return np.where(stays, -np.inf, np.fmax(wanted, free))


def come_up(now: Canopy, before: Canopy, taken: Reals, days: Reals, last: Conditions) -> Canopy:
    """What is harvested next, on these days (n,) of the year before: its first n, as it emerges.

    Catch crops and weeds before a summer crop come up in the stubble, soon after the harvest.
    """
    number = calendar().number
    start = taken + EMERGING_D
    in_stubble = (calendar().kind[now.row] == "annual") & (number["winter_sown"][now.row] != 1)
    start = np.where(in_stubble, np.fmin(taken, _brought_in(before, last)) + EMERGING_D / 2, start)
    there = np.ones_like(now.green)
    there[:, : len(days)] = 1 / (1 + np.exp(np.clip((start[:, None] - days) / GROWING_D, -40, 40)))
    return replace(now, green=now.green * there, brown=now.brown * there)


def _brought_in(before: Canopy, last: Conditions) -> Reals:
    """(P,) day by which the crop before is harvested, NaN where there is no such day."""
    number = calendar().number
    winter_sown = number["winter_sown"][before.row]
    late = 0.6 * (late_d(last, winter_sown) + last.crops[0][before.row]) + last.ripening_d * (
        1 - winter_sown
    )
    harvest: Reals = number["harvest_doy"][before.row] + np.maximum(late, 0)
    return harvest + last.region.phenology_shift_d + HARVEST_MARGIN_D
