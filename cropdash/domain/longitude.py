"""Longitudes, which are a circle and no line: 180 and -180 are one meridian."""

from __future__ import annotations

from typing import TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

Degrees = TypeVar("Degrees", float, NDArray[np.float32])

_WHOLE, _HALF = 360.0, 180.0
_UTM_NORTH, _UTM_SOUTH, _UTM_ZONES, _UTM_WIDTH = 32600, 32700, 60, 6


def wrapped(lon: Degrees) -> Degrees:
    """The longitude, or each of them, in -180 to below 180 [degrees]."""
    return (lon + _HALF) % _WHOLE - _HALF


def unwrapped(lons: ArrayLike) -> NDArray[np.float64]:
    """Longitudes of one place without a jump: above 180 east of the antimeridian, if it is crossed.

    A place is narrower than half of the earth.
    """
    found = np.asarray(lons, dtype=np.float64)
    if found.size and np.ptp(found) > _HALF:
        return np.where(found < 0, found + _WHOLE, found)
    return found


def middle(lons: ArrayLike) -> float:
    """The longitude halfway between the outermost ones of one place."""
    line = unwrapped(lons)
    return wrapped(float(line.min() + line.max()) / 2)


def width(west: float, east: float) -> float:
    """[degrees] of the way east from one longitude to another."""
    return (east - west) % _WHOLE


def crosses(west: float, east: float) -> bool:
    """True if the way east from one longitude to another leads over the antimeridian."""
    return east < west


def overlap(one: tuple[float, float], other: tuple[float, float]) -> bool:
    """True if two ways east, each from west to east, share more than an end."""
    into, back = width(one[0], other[0]), width(other[0], one[0])
    return into < width(*one) or back < width(*other)


def utm_epsg(lon: float, lat: float) -> int:
    """The UTM zone of a place by its longitude, north or south of the equator."""
    number = int((lon + _HALF) // _UTM_WIDTH) % _UTM_ZONES + 1
    return (_UTM_NORTH if lat >= 0 else _UTM_SOUTH) + number
