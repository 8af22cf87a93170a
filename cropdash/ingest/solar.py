"""Days at a zone's own solar time, by which every service's acquisitions are dated.

The satellites pass at about 10:30 solar time everywhere, which is about midnight UTC in the far
east: by UTC, an overpass there would belong to the day, the period or the season before.
"""

from __future__ import annotations

import datetime as dt

from pyproj import Transformer

from cropdash.domain import Grid, longitude


def degrees(grid: Grid) -> tuple[float, float, float, float]:
    """(west, south, east, north) that holds the grid; west > east across the antimeridian."""
    to_degrees = Transformer.from_crs(grid.crs, "OGC:CRS84", always_xy=True)
    # Its edges are bent, so they are followed.
    west, south, east, north = to_degrees.transform_bounds(*grid.bounds, densify_pts=21)
    return float(west), float(south), float(east), float(north)


def ahead(grid: Grid) -> dt.timedelta:
    """How far the grid's solar time is ahead of UTC."""
    west, _, east, _ = degrees(grid)
    at = 180.0 if longitude.crosses(west, east) else (west + east) / 2
    return dt.timedelta(hours=at / 15)


def midnight(grid: Grid, day: dt.date) -> dt.datetime:
    """UTC at which a day of the grid begins."""
    return dt.datetime.combine(day, dt.time(), dt.UTC) - ahead(grid)
