"""Squares of land on the UTM grid, and whether they overlap."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache

import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import Transformer

from cropdash.domain import Grid, longitude
from cropdash.domain.errors import InvalidRegister

PIXEL_M = 10.0
LATTICE_M = 20.0  # corners lie on Sentinel-2's 20 m grid, which holds the 10 m one
MIN_PX, MAX_PX = 16, 4000  # side of a zone
LATITUDES = (-80.0, 84.0)  # what UTM covers
_LONLAT = "OGC:CRS84"
_EARTH_M = 6_371_009.0  # mean radius
_EDGE_M = 500.0  # an edge is bent in the next UTM zone; between such points by less than 1 mm
_TOUCH_M2 = 1.0  # squares that only share an edge overlap by less than this, in rounding

Floats = NDArray[np.float64]


def square_around(lon: float, lat: float, size_px: int) -> Grid:
    """The square of `size_px` pixels around a place, in the place's own UTM zone.

    Raises InvalidRegister for a place that is not on the map of UTM.
    """
    if not (-180 <= lon <= 180 and LATITUDES[0] <= lat <= LATITUDES[1]):
        raise InvalidRegister(
            "lon {a}, lat {b} is no place in degrees: lon goes from -180 to 180, lat from"
            " {c} to {d}.",
            a=lon,
            b=lat,
            c=format(LATITUDES[0], ".0f"),
            d=format(LATITUDES[1], ".0f"),
        )
    if not MIN_PX <= size_px <= MAX_PX or size_px % 2:
        raise InvalidRegister(
            "size_px is {a}: use an even number from {b} to {c}, so that the corners lie on"
            " the 20 m grid.",
            a=size_px,
            b=MIN_PX,
            c=MAX_PX,
        )
    crs = f"EPSG:{longitude.utm_epsg(lon, lat)}"
    x, y = transformer(_LONLAT, crs).transform(lon, lat)
    half = size_px * PIXEL_M / 2
    return Grid(crs, _snap(x - half), _snap(y + half), PIXEL_M, (size_px, size_px))


def rectangle(bounds: tuple[float, float, float, float], epsg: int) -> Grid:
    """The rectangle (xmin, ymin, xmax, ymax) [m], corners moved to the nearest of the 20 m grid.

    Raises InvalidRegister if it is not in UTM, or too small or large for a zone.
    """
    if not (32601 <= epsg <= 32660 or 32701 <= epsg <= 32760):
        raise InvalidRegister(
            "EPSG:{a} is no UTM zone: use 32601 to 32660 (north) or 32701 to 32760 (south).", a=epsg
        )
    left, bottom, right, top = map(_snap, bounds)
    # A square on the equator reaches over the end of its half of the zone.
    if not (0 <= left < right <= 1_000_000 and -50_000 <= bottom < top <= 10_050_000):
        raise InvalidRegister(
            "xmin, ymin, xmax, ymax {a} is no rectangle in metres of EPSG:{b}.", a=bounds, b=epsg
        )
    shape = (round((top - bottom) / PIXEL_M), round((right - left) / PIXEL_M))
    if min(shape) < MIN_PX or max(shape) > MAX_PX:
        raise InvalidRegister(
            "The rectangle has {a} x {b} pixels of 10 m; a zone has {c} to {d} on a side.",
            a=shape[1],
            b=shape[0],
            c=MIN_PX,
            d=MAX_PX,
        )
    return Grid(f"EPSG:{epsg}", left, top, PIXEL_M, shape)


def inside(frame: Grid, points: Floats, crs: str) -> Grid:
    """The whole pixels of the frame inside the points' bounds; rounding is forgiven a tenth.

    Raises InvalidRegister if there is none, or if they are too many for a zone.
    """
    x, y = transformer(crs, frame.crs).transform(*points.T)
    if not (np.isfinite(x).all() and np.isfinite(y).all()):
        raise InvalidRegister("it lies outside {a}: draw it again.", a=frame.crs)
    first = np.ceil([(frame.top - y.max()) / frame.pixel_size - 0.1,
                     (x.min() - frame.left) / frame.pixel_size - 0.1])  # fmt: skip
    end = np.floor([(frame.top - y.min()) / frame.pixel_size + 0.1,
                    (x.max() - frame.left) / frame.pixel_size + 0.1])  # fmt: skip
    height, width = end - first
    if min(height, width) < 1:
        raise InvalidRegister("it is smaller than a pixel of the scenes.")
    if max(height, width) > MAX_PX:
        raise InvalidRegister(
            "it is {a} x {b} pixels: cut it into zones of at most {c} on a side.",
            a=format(height, ",.0f"),
            b=format(width, ",.0f"),
            c=MAX_PX,
        )
    left = frame.left + first[1] * frame.pixel_size
    top = frame.top - first[0] * frame.pixel_size
    return Grid(frame.crs, left, top, frame.pixel_size, (int(height), int(width)))


def middle(lonlat: Floats) -> tuple[float, float]:
    """Longitude and latitude in the middle of points that may lie on both sides of the antimeridian."""
    lon, lat = lonlat.T
    return longitude.middle(lon), float(lat.min() + lat.max()) / 2


def centres(grids: Sequence[Grid]) -> Floats:
    """(N, 2) longitude and latitude of the middles."""
    middle = np.array([_middle(grid.bounds) for grid in grids]).reshape(-1, 2)
    return _by_crs(grids, middle[:, None])[:, 0]


def corners(grids: Sequence[Grid]) -> Floats:
    """(N, 4, 2) longitude and latitude of the corners."""
    boxes = np.array([grid.bounds for grid in grids]).reshape(-1, 4)
    return _by_crs(grids, boxes[:, [[0, 1], [0, 3], [2, 3], [2, 1]]])


def overlapping(grids: Sequence[Grid]) -> list[tuple[int, int]]:
    """Pairs of positions of grids that share ground, also across UTM zones."""
    from scipy.spatial import cKDTree

    if len(grids) < 2:
        return []
    tree = cKDTree(on_sphere(centres(grids)))
    reach = 2 * max(map(_reach, grids))
    pairs = sorted(tree.query_pairs(reach))
    return [(i, j) for i, j in pairs if overlap(grids[i], grids[j])]


def near(grid: Grid, grids: Sequence[Grid], places: Floats) -> NDArray[np.int64]:
    """Positions of the `grids`, whose middles on the sphere are `places`, that may touch `grid`."""
    gap = np.linalg.norm(places - on_sphere(centres([grid])), axis=1)
    reach = _reach(grid) + np.array([_reach(other) for other in grids])
    return np.flatnonzero(gap <= reach)


def overlap(a: Grid, b: Grid) -> bool:
    """Whether two grids share ground."""
    ours = shapely.box(*a.bounds)
    theirs = shapely.box(*b.bounds)
    if a.crs != b.crs:
        theirs = shapely.transform(
            shapely.segmentize(theirs, _EDGE_M),
            transformer(b.crs, a.crs).transform,
            interleaved=False,
        )
    return bool(shapely.area(shapely.intersection(ours, theirs)) > _TOUCH_M2)


def on_sphere(lonlat: Floats) -> Floats:
    """(N, 3) [m] from the middle of the earth; chords there are distances, at any meridian."""
    lon, lat = np.radians(lonlat).T
    return _EARTH_M * np.stack(
        [np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)], axis=1
    )


@lru_cache(maxsize=64)
def transformer(source: str, target: str) -> Transformer:
    """Coordinates from one reference system to another, x (or lon) first."""
    return Transformer.from_crs(source, target, always_xy=True)


def to_utm(lonlat: Floats, epsg: int) -> Floats:
    """(N, 2) easting and northing [m] of longitudes and latitudes."""
    return np.stack(transformer(_LONLAT, f"EPSG:{epsg}").transform(*lonlat.T), axis=1)


def _by_crs(grids: Sequence[Grid], points: Floats) -> Floats:
    """(N, P, 2) points in each grid's own system -> longitude and latitude."""
    result = np.empty_like(points)
    names = np.array([grid.crs for grid in grids])
    for crs in np.unique(names):
        mine = names == crs
        x, y = transformer(str(crs), _LONLAT).transform(points[mine, :, 0], points[mine, :, 1])
        result[mine] = np.stack([x, y], axis=-1)
    return result


def _reach(grid: Grid) -> float:
    """[m] from the middle to a corner, with room for the map's scale and the sphere's error."""
    height, width = grid.shape
    return math.hypot(height, width) * grid.pixel_size / 2 * 1.02 + 10


def _middle(bounds: tuple[float, float, float, float]) -> tuple[float, float]:
    return (bounds[0] + bounds[2]) / 2, (bounds[1] + bounds[3]) / 2


def _snap(value: float) -> float:
    return math.floor(value / LATTICE_M + 0.5) * LATTICE_M if math.isfinite(value) else math.nan
