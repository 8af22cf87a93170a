"""Which zones share ground, by one spatial index over all of them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import Transformer

from cropdash.domain import Zone

_WHOLE = 360.0  # [degrees]


def of(zones: Sequence[Zone]) -> dict[str, tuple[Zone, ...]]:
    """By zone, those that may share ground with it, itself among them, in the order given.

    Compared by their boxes in degrees, which are a little larger than the zones.
    """
    left, right = pairs(zones, zones)
    order = np.lexsort((right, left))
    parts = np.split(right[order], np.cumsum(np.bincount(left, minlength=len(zones)))[:-1])
    return {
        zone.zone_id: tuple(zones[i] for i in part) for zone, part in zip(zones, parts, strict=True)
    }


def pairs(
    ours: Sequence[Zone], theirs: Sequence[Zone]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Positions in both lists of each two zones that may share ground, each pair once."""
    left, right = _boxes(ours), _boxes(theirs)
    if not len(left) or not len(right):
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    # What lies over the antimeridian reaches past 180 and is looked for a whole turn away too.
    turns = np.array([[turn, 0, turn, 0] for turn in (-_WHOLE, 0.0, _WHOLE)])
    tree = shapely.STRtree(shapely.box(*right.T))
    found = [tree.query(shapely.box(*(left + turn).T), predicate="intersects") for turn in turns]
    i, j = np.unique(np.concatenate(found, axis=1), axis=1)
    return i, j


def _boxes(zones: Sequence[Zone]) -> NDArray[np.float64]:
    """(N, 4) west, south, east, north; east of 180 for what lies over the antimeridian."""
    found = np.empty((len(zones), 4))
    systems = {zone.grid.crs for zone in zones}
    to_degrees = {crs: Transformer.from_crs(crs, "OGC:CRS84", always_xy=True) for crs in systems}
    for i, zone in enumerate(zones):
        grid = zone.around.grid  # a parcel may reach from one zone over a gap into another
        west, south, east, north = to_degrees[grid.crs].transform_bounds(*grid.bounds)
        found[i] = west, south, east + (_WHOLE if east < west else 0), north
    return found
