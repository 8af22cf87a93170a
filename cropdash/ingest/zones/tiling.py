"""An area wall to wall: squares side by side on one pixel grid a UTM zone."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
import shapely
from pyproj import Geod
from shapely.geometry.base import BaseGeometry

from cropdash.domain import Grid, Split, Zone, check_name
from cropdash.domain.errors import ConfigError
from cropdash.ingest.zones import squares

MOST = 50_000  # squares: France has 5,500 of 10 km
_GEOD = Geod(ellps="WGS84")
_STRIP = 6.0  # [degrees] width of a UTM zone
_EDGE = 0.05  # [degrees] an edge is bent in UTM, so it is followed at points this far apart
_TOUCH_M2 = 1.0  # what rounding leaves of a shared edge


def tile(
    outline: BaseGeometry, size_px: int, region: str, split: Split = "map"
) -> tuple[Zone, ...]:
    """Squares of `size_px` pixels that cover an outline in degrees.

    Each UTM zone has squares of its own for the part of the outline that lies in it, which are
    multiples of their side from the origin of its coordinates: so they don't overlap, share one
    pixel grid, and are the same for any outline. At the border of two UTM zones squares of both
    share ground. Names say the UTM zone, and the square's column and row.

    Raises ConfigError for a size that is no zone's, or an outline that needs too many squares.
    """
    check_name(region, "Region")
    if not squares.MIN_PX <= size_px <= squares.MAX_PX or size_px % 2:
        raise ConfigError(
            "Squares of {a} pixels are none: use an even number from {b} to {c}.",
            a=size_px,
            b=squares.MIN_PX,
            c=squares.MAX_PX,
        )
    side = size_px * squares.PIXEL_M
    least = abs(_GEOD.geometry_area_perimeter(shapely.normalize(outline))[0]) / side**2
    if least > MOST:
        raise ConfigError(
            "The area takes some {a} squares of {b} pixels, and {c} are the most: choose"
            " larger ones with --size, or a smaller area.",
            a=format(least, ",.0f"),
            b=size_px,
            c=format(MOST, ","),
        )
    found = []
    for epsg, part in _strips(outline):
        columns, rows = _touched(_in_utm(part, epsg), side)
        for column, row in zip(columns.tolist(), rows.tolist(), strict=True):
            name = f"{region}_{epsg % 100:02}{'n' if epsg < 32700 else 's'}_{column}_{row}"
            grid = Grid(
                f"EPSG:{epsg}", column * side, (row + 1) * side, squares.PIXEL_M, (size_px, size_px)
            )
            found.append(Zone(name, region, split, grid))
    if not found:
        raise ConfigError("The area holds no land on the map of UTM: give another.")
    return tuple(found)


def _strips(outline: BaseGeometry) -> Iterator[tuple[int, BaseGeometry]]:
    """The parts of an outline in degrees by the UTM zone, of each half of the earth, they lie in."""
    west, _, east, _ = outline.bounds
    low, high = squares.LATITUDES
    for number in range(int((west + 180) // _STRIP), math.ceil((east + 180) / _STRIP)):
        left = number * _STRIP - 180
        for base, south, north in ((32601, 0.0, high), (32701, low, 0.0)):
            part = shapely.intersection(outline, shapely.box(left, south, left + _STRIP, north))
            if part.area:
                yield base + number % 60, part


def _in_utm(part: BaseGeometry, epsg: int) -> BaseGeometry:
    to_utm = squares.transformer("OGC:CRS84", f"EPSG:{epsg}").transform
    dense = shapely.segmentize(part, _EDGE)
    return shapely.make_valid(shapely.transform(dense, to_utm, interleaved=False))


def _touched(
    outline: BaseGeometry, side: float
) -> tuple[np.typing.NDArray[np.int64], np.typing.NDArray[np.int64]]:
    """Columns and rows of the squares that share ground with an outline in metres."""
    left, bottom, right, top = np.array(outline.bounds) // side
    columns, rows = np.arange(left, right + 1), np.arange(bottom, top + 1)
    column, row = (axis.ravel() for axis in np.meshgrid(columns, rows))
    boxes = shapely.box(column * side, row * side, (column + 1) * side, (row + 1) * side)
    shapely.prepare(outline)
    kept = shapely.contains(outline, boxes)
    edge = np.flatnonzero(shapely.intersects(outline, boxes) & ~kept)
    kept[edge] = shapely.area(shapely.intersection(outline, boxes[edge])) > _TOUCH_M2
    return column[kept].astype(np.int64), row[kept].astype(np.int64)
