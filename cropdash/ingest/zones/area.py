"""The land in which zones are proposed: around a place, or inside an outline of one's own."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import geopandas as gpd
import shapely
from pyproj import Geod
from shapely.geometry.base import BaseGeometry

from cropdash.domain.errors import ConfigError
from cropdash.files import outlines
from cropdash.ingest import solar
from cropdash.ingest.zones import squares

RADIUS_KM = 10.0  # around a place
MOST_KM = 150.0  # across
_HALF_WAY = 180.0  # [degrees] round the earth
_GEOD = Geod(ellps="WGS84")


@dataclass(frozen=True)
class Area:
    """A place, its surroundings, and the outline that zones keep to where there is one."""

    middle: tuple[float, float]  # longitude, latitude
    radius_km: float
    degrees: tuple[float, float, float, float]  # (west, south, east, north) that hold it
    outline: BaseGeometry | None = None  # in degrees


def around(lat: float, lon: float, radius_km: float = RADIUS_KM) -> Area:
    """The land within a radius of a place. Raises InvalidRegister for what is no place."""
    across = round(2 * radius_km * 1000 / squares.PIXEL_M) // 2 * 2
    grid = squares.square_around(lon, lat, across)
    return Area((lon, lat), radius_km, solar.degrees(grid))


def read(path: Path) -> Area:
    """The land inside the polygons of a GeoJSON (degrees) or a GeoPackage with one layer.

    Raises ConfigError for what holds no polygon, or reaches over 150 km.
    """
    outline = outline_of(path)
    west, south, east, north = outline.bounds
    if east - west > 180:
        raise ConfigError(
            "{a} reaches over the antimeridian: give the part on one side of it.", a=path.name
        )
    across = _GEOD.line_length([west, east], [south, north]) / 1000
    if across > MOST_KM:
        raise ConfigError(
            "{a} reaches over {b} km; give an area of at most {c}.",
            a=path.name,
            b=format(across, ",.0f"),
            c=format(MOST_KM, "g"),
        )
    middle = ((west + east) / 2, (south + north) / 2)
    return Area(middle, across / 2, (west, south, east, north), outline)


def box_of(text: str) -> BaseGeometry:
    """The outline of "west, south, east, north" [degrees]; west of 179 and east of -179 lie on
    both sides of the antimeridian. Raises ConfigError.
    """
    try:
        west, south, east, north = map(float, text.split(","))
        over = west - east > _HALF_WAY  # less is a box whose ends were exchanged
        sides = [(west, 180.0), (-180.0, east)] if over else [(west, east)]
        found = shapely.union_all([shapely.box(a, south, b, north) for a, b in sides])
    except ValueError:
        found = None
    if found is None or not found.area or not (west < east or over):
        raise ConfigError(
            "{a} is no area: give a GeoJSON or GeoPackage, or west,south,east,north in degrees.",
            a=repr(text[:80]),
        )
    return outlines.checked(found, text)


def outline_of(path: Path) -> BaseGeometry:
    """The polygons of a GeoJSON (degrees) or a GeoPackage with one layer, as one in degrees.

    Raises ConfigError for what holds no polygon.
    """
    return outlines.union(path)


def units_of(path: Path, column: str) -> gpd.GeoDataFrame:
    """unit, geometry (degrees) of the polygons of a GeoJSON or a GeoPackage with one layer.

    Those of one name in the column are one unit. Raises ConfigError where polygons or names lack.
    """
    rows = [
        (str(name).strip(), shapely.make_valid(one))
        for name, one in outlines.polygons(path, column)
    ]
    if not rows or not all(name and name != "None" for name, _ in rows):
        raise ConfigError(
            "{a} has no polygons with a name in column {b}: name the column.", a=path.name, b=column
        )
    units = gpd.GeoDataFrame(rows, columns=["unit", "geometry"], crs="OGC:CRS84")
    outlines.checked(shapely.box(*units.total_bounds), path.name)
    return units.dissolve("unit").reset_index()
