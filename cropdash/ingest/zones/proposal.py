"""The most cultivated squares around a town."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Sequence
from pathlib import Path

import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import Geod
from shapely.geometry.base import BaseGeometry

from cropdash.domain import Grid, Split, Zone, check_name
from cropdash.domain.errors import ConfigError, InvalidRegister, NotEnoughData
from cropdash.ingest import registers
from cropdash.ingest.zones import squares

Share = Callable[[Sequence[Grid]], NDArray[np.float64]]  # cultivated share of each square, 0 to 1

HELD_OUT = 5  # one in so many zones is a test zone
MAX_KM = 500.0
_STEPS = 4  # candidates stand a quarter of a side apart, so that a square can sit well
_ACROSS = 40  # and at least a fortieth of the radius, so that there are at most some 5000
_WGS84 = Geod(ellps="WGS84")
_RPG = registers.Layout()


def propose(
    town_lon_lat: tuple[float, float],
    *,
    n: int = 5,
    size_px: int = 1000,
    radius_km: float = 40.0,
    share: Share,
    region: str,
    taken: Sequence[Zone] = (),
    within: BaseGeometry | None = None,
) -> tuple[Zone, ...]:
    """The `n` most cultivated squares that lie wholly within the radius of a town.

    With `within` (degrees), those that lie wholly inside that outline too.

    Squares are taken in order of their share, those that overlap one taken before, or one of
    `taken`, are passed over; on equal shares the one nearer to the town comes first. Zones are
    named `<region>_1`, `<region>_2`, … in that order. Of each five (and of what is left at the
    end) the middle one is held out as test zone, so that the test is neither on the best nor on
    the poorest land.

    Raises ConfigError for arguments out of range, NotEnoughData if fewer than `n` squares fit.
    """
    if n < 1:
        raise ConfigError("{a} zones were asked for: propose at least one.", a=n)
    check_name(f"{region}_{n}", "Zone")
    grids = _inside(candidates(town_lon_lat, size_px, radius_km), within)
    shares = _checked(share(grids), len(grids)) if grids else np.zeros(0)
    chosen = _greedy(grids, shares, n, [zone.grid for zone in taken])
    if len(chosen) < n:
        km = format(size_px * squares.PIXEL_M / 1000, ".3g")
        if within is not None:
            raise NotEnoughData(
                "Only {a} squares of {b} px ({c} km) with cropland fit into the area: ask for fewer or"
                " smaller ones, or draw a larger area.",
                a=len(chosen),
                b=size_px,
                c=km,
            )
        lon, lat = town_lon_lat
        raise NotEnoughData(
            "Only {a} squares of {b} px ({c} km) with cropland fit within {d} km of {e}: ask for fewer"
            " or smaller ones, or look elsewhere.",
            a=len(chosen),
            b=size_px,
            c=km,
            d=format(radius_km, ".3g"),
            e=f"{lat:g}, {lon:g}",
        )
    return tuple(
        Zone(f"{region}_{k + 1}", region, _side(k, n), grids[i]) for k, i in enumerate(chosen)
    )


def _inside(grids: tuple[Grid, ...], outline: BaseGeometry | None) -> tuple[Grid, ...]:
    if outline is None or not grids:
        return grids
    shapely.prepare(outline)
    held = shapely.covers(outline, shapely.polygons(squares.corners(grids)))
    return tuple(grids[i] for i in np.flatnonzero(held))


def candidates(
    town_lon_lat: tuple[float, float], size_px: int, radius_km: float
) -> tuple[Grid, ...]:
    """Squares that lie wholly within the radius, nearest to the town first.

    Each is in its own UTM zone, with its corners on the 20 m grid.
    """
    if not 0 < radius_km <= MAX_KM:
        raise ConfigError(
            "A radius of {a} km is out of range: use up to {b} km.",
            a=radius_km,
            b=format(MAX_KM, "g"),
        )
    town = squares.square_around(*town_lon_lat, size_px)  # checks place and size
    step = max(size_px * town.pixel_size / _STEPS, radius_km * 1000 / _ACROSS)
    around = [
        squares.square_around(lon, lat, size_px)
        for lon, lat in _lattice(town_lon_lat, step, radius_km)
    ]
    grids = list(dict.fromkeys(around))
    distance = _distance_km(town_lon_lat, squares.corners(grids).reshape(-1, 2)).reshape(-1, 4)
    inside: NDArray[np.bool_] = np.all(distance <= radius_km, axis=1)
    middle = _distance_km(town_lon_lat, squares.centres(grids))
    order = np.argsort(middle, kind="stable")
    order = order[inside[order]]
    return tuple(grids[i] for i in order)


def register_share(
    path: Path, layout: registers.Layout = _RPG, codes: Collection[str] = ()
) -> Share:
    """Share of each square that parcels of the register cover; the register is read once a call.

    codes: of the crops that count; all without any. Raises InvalidRegister where no parcel bears one.
    """

    def share(grids: Sequence[Grid]) -> NDArray[np.float64]:
        parcels = registers.read_parcels(path, grids, layout)
        if codes:
            parcels = parcels[parcels[registers.CODE].isin(list(codes))]
            if not len(parcels):
                raise InvalidRegister(
                    "No parcel of {a} there is declared as {b}: check the codes, or search wider.",
                    a=path.name, b=", ".join(codes),
                )  # fmt: skip
        names = np.array([grid.crs for grid in grids])
        result = np.zeros(len(grids))
        for crs in sorted({grid.crs for grid in grids}):
            geometry = _sound(parcels.geometry.to_crs(crs).to_numpy())
            bounds = shapely.bounds(geometry)
            for i in np.flatnonzero(names == crs):
                result[i] = _covered(geometry, bounds, grids[int(i)])
        return result

    return share


def _covered(geometry: NDArray[np.object_], bounds: NDArray[np.float64], grid: Grid) -> float:
    """Share of the grid's rectangle that the geometries cover, 1 at most."""
    left, bottom, right, top = grid.bounds
    x0, y0, x1, y1 = bounds.T
    touch = np.flatnonzero((x0 < right) & (x1 > left) & (y0 < top) & (y1 > bottom))
    x0, y0, x1, y1 = bounds[touch].T
    within = (x0 >= left) & (x1 <= right) & (y0 >= bottom) & (y1 <= top)
    cut = shapely.clip_by_rect(geometry[touch[~within]], left, bottom, right, top)
    area = shapely.area(geometry[touch[within]]).sum() + shapely.area(cut).sum()
    return min(1.0, float(area) / ((right - left) * (top - bottom)))


def _sound(geometry: NDArray[np.object_]) -> NDArray[np.object_]:
    broken = ~(shapely.is_valid(geometry) | shapely.is_missing(geometry))
    result = geometry.copy()
    result[broken] = shapely.make_valid(geometry[broken])
    return result


def _greedy(
    grids: Sequence[Grid], shares: NDArray[np.float64], n: int, taken: Sequence[Grid]
) -> list[int]:
    """Positions of the best squares that overlap neither each other nor what is taken."""
    free = shares > 0
    places = squares.on_sphere(squares.centres(grids))

    def block(grid: Grid) -> None:
        for i in squares.near(grid, grids, places):
            if free[i] and squares.overlap(grid, grids[i]):
                free[i] = False

    for grid in taken:
        block(grid)
    chosen: list[int] = []
    for i in np.argsort(-shares, kind="stable"):
        if len(chosen) == n:
            break
        if free[i]:
            chosen.append(int(i))
            block(grids[i])
    return chosen


def _side(rank: int, n: int) -> Split:
    """The middle one of each five is a test zone."""
    start = rank // HELD_OUT * HELD_OUT
    middle = start + (min(HELD_OUT, n - start) - 1) // 2
    return "test" if rank == middle else "train"


def _checked(shares: NDArray[np.float64], count: int) -> NDArray[np.float64]:
    shares = np.asarray(shares, dtype=float)
    if shares.shape != (count,):
        raise ConfigError("The share has shape {a}, expected ({b},).", a=shares.shape, b=count)
    return np.nan_to_num(shares, nan=0.0)


def _lattice(town: tuple[float, float], step: float, radius_km: float) -> list[tuple[float, float]]:
    """Longitudes and latitudes of points `step` metres apart around the town."""
    reach = math.ceil(radius_km * 1000 / step)
    x, y = (axis.ravel() * step for axis in np.mgrid[-reach : reach + 1, -reach : reach + 1])
    near = np.hypot(x, y) <= radius_km * 1000
    flat = f"+proj=aeqd +lon_0={town[0]} +lat_0={town[1]} +datum=WGS84"
    lon, lat = squares.transformer(flat, "OGC:CRS84").transform(x[near], y[near])
    on_map = (lat >= squares.LATITUDES[0]) & (lat <= squares.LATITUDES[1])
    return list(zip(lon[on_map].tolist(), lat[on_map].tolist(), strict=True))


def _distance_km(town: tuple[float, float], lonlat: NDArray[np.float64]) -> NDArray[np.float64]:
    lon, lat = np.broadcast_arrays(*map(np.float64, town), lonlat[:, 0])[:2]
    _, _, metres = _WGS84.inv(lon, lat, lonlat[:, 0], lonlat[:, 1])
    return np.asarray(metres, dtype=float) / 1000
