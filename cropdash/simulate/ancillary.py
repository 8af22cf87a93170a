"""Heights of a simulated zone, and what its parcels bore the year before.

Both have random streams of their own, so that the landscape is the same with and without them.

The heights and rotations (terrain.csv, rotations.csv) are plausible assumptions, not measurements.
Those after which wheat, barley, rapeseed and peas follow were held against five years of 1,200 real
plots of one commune of the Paris basin (RPG): .12 to .33 of the area would have to be called otherwise.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import geopandas as gpd
import numpy as np
from scipy.ndimage import gaussian_filter, zoom

from cropdash import legend
from cropdash.domain import Float, Zone
from cropdash.simulate import register
from cropdash.simulate.landscape import Landscape
from cropdash.simulate.tables import Index, Reals, codes, columns, priors, rows, stream

UNKNOWN = 0.05  # share of parcels that were not declared the year before
_CELLS = 12  # of the coarse field of heights on a side: hills of a fifth of the zone
_MAPPED = 49  # the highest class


def elevation(zone: Zone, seed: int) -> Float:
    """(H, W) height above the sea [m]: the region's, with smooth hills."""
    table = columns("simulator/terrain.csv")
    base, spread, relief = (
        float(table[name][table["region"] == zone.region][0])
        for name in ("height_m", "spread_m", "hills_m")
    )
    rng = stream(seed, zone.zone_id, "terrain")
    middle = max(base + spread * rng.normal(), 1.0)
    coarse = gaussian_filter(rng.normal(size=(_CELLS, _CELLS)), 1.5, mode="nearest")
    height, width = zone.grid.shape
    hills = zoom(coarse / coarse.std(), (height / _CELLS, width / _CELLS), order=3, mode="nearest")
    heights: Float = np.maximum(middle + relief * hills, 0).astype(np.float32)
    return heights


def parcels_before(zone: Zone, land: Landscape, seed: int) -> gpd.GeoDataFrame:
    """The zone's register of the year before: the same fields with the crops that came before."""
    rng = stream(seed, zone.zone_id, "rotation")
    farmed, before = _crops_before(zone, land, rng)
    declared = codes()["code"][_commonest()][before].astype(object)
    declared[rng.random(len(declared)) < UNKNOWN] = ""
    code = np.full(land.code.shape, "", dtype=object)
    code[farmed] = declared
    return register.declare(zone, replace(land, code=code.astype(str)), seed)


def growth_before(zone: Zone, land: Landscape, seed: int) -> Index:
    """(P,) row id of what grew on each piece in the year before, see `tables.calendar`."""
    farmed, before = _crops_before(zone, land, stream(seed, zone.zone_id, "rotation"))
    growth = land.growth.copy()
    growth[farmed] = codes()["grows_as"][_commonest()][before]
    return growth


def _crops_before(zone: Zone, land: Landscape, rng: np.random.Generator) -> tuple[Index, Index]:
    """The pieces that are farmed, and the classes that they bore in the year before."""
    farmed = np.flatnonzero(land.code != "")
    now = np.where(land.growth[farmed] <= _MAPPED, land.growth[farmed], 0)
    steps = _chances(zone.region)[now].cumsum(axis=1)  # (P, K)
    before = (steps <= rng.random((len(now), 1)) * steps[:, -1:]).sum(axis=1)
    return farmed, np.minimum(before, steps.shape[1] - 1)


@cache
def _commonest() -> Index:
    """Row of the code table of each class's commonest code."""
    table = codes()
    of = [np.flatnonzero(table["class_id"] == k) for k in range(_MAPPED + 1)]
    return np.array([where[table["parcels"][where].argmax()] for where in of])


@cache
def _chances(region: str) -> Reals:
    """(K, K) chance of each crop of the year before (columns), given what grows now (rows)."""
    table = rows("simulator/rotations.csv")
    common = priors(region) + 1e-3  # a class that the region lacks is no way out
    chances = np.zeros((len(common), len(common)))
    for now in range(len(common)):
        own = [row for row in table if now in _members(row["now"])]
        first = own[0]["now"] if own else ""
        for row in (row for row in own if row["now"] == first):
            which = [now] if row["before"] == "same" else _members(row["before"])
            share = common[which] / common[which].sum()
            chances[now, which] += float(row["share"]) * share
    rows_sum_to_one: Reals = chances / chances.sum(axis=1, keepdims=True)
    return rows_sum_to_one


@cache
def _members(name: str) -> list[int]:
    """Classes that a word of the table stands for: a class, a group, or a family such as arable land."""
    crops = legend.load().classes
    return [c.id for c in crops if name in (c.name, c.group, c.family)]
