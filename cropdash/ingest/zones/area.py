"""The land in which zones are proposed: around a place, or inside an outline of one's own."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import shapely
from pyproj import Geod
from shapely.errors import ShapelyError
from shapely.geometry import shape
from shapely.geometry.base import BaseGeometry

from cropdash.domain.errors import ConfigError
from cropdash.files import tables, vectors
from cropdash.ingest import solar
from cropdash.ingest.zones import squares

RADIUS_KM = 10.0  # around a place
MOST_KM = 150.0  # across
_MOST_LETTERS = 20_000_000  # of a GeoJSON file
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
    """The outline of "west, south, east, north" [degrees]. Raises ConfigError."""
    try:
        west, south, east, north = map(float, text.split(","))
        found = shapely.box(west, south, east, north)
    except ValueError:
        found = None
    if found is None or not found.area or not west < east:
        raise ConfigError(
            "{a} is no area: give a GeoJSON or GeoPackage, or west,south,east,north in degrees.",
            a=repr(text[:80]),
        )
    return _checked(found, text)


def outline_of(path: Path) -> BaseGeometry:
    """The polygons of a GeoJSON (degrees) or a GeoPackage with one layer, as one in degrees.

    Raises ConfigError for what holds no polygon.
    """
    found = _geopackage(path) if path.suffix.lower() == ".gpkg" else _geojson(path)
    polygons = [one for one in found if one.geom_type in ("Polygon", "MultiPolygon")]
    outline = shapely.union_all([shapely.make_valid(one) for one in polygons])
    if outline.is_empty or not outline.area:
        raise ConfigError("{a} holds no polygon: draw the area that zones may lie in.", a=path.name)
    return _checked(outline, path.name)


def units_of(path: Path, column: str) -> gpd.GeoDataFrame:
    """unit, geometry (degrees) of the polygons of a GeoJSON or a GeoPackage with one layer.

    Those of one name in the column are one unit. Raises ConfigError where polygons or names lack.
    """
    if path.suffix.lower() == ".gpkg":
        frame = _layer(path, column)
        names, found = frame[column].tolist(), list(frame.geometry)
    else:
        names, found = _named(path, column)
    rows = [
        (str(name).strip(), shapely.make_valid(one))
        for name, one in zip(names, found, strict=True)
        if one is not None and one.geom_type in ("Polygon", "MultiPolygon")
    ]
    if not rows or not all(name and name != "None" for name, _ in rows):
        raise ConfigError(
            "{a} has no polygons with a name in column {b}: name the column.", a=path.name, b=column
        )
    units = gpd.GeoDataFrame(rows, columns=["unit", "geometry"], crs="OGC:CRS84")
    _checked(shapely.box(*units.total_bounds), path.name)
    return units.dissolve("unit").reset_index()


def _checked(outline: BaseGeometry, name: str) -> BaseGeometry:
    west, south, east, north = outline.bounds
    low, high = squares.LATITUDES
    if not (-180 <= west < east <= 180 and low <= south < north <= high):
        raise ConfigError("{a} is not in degrees of longitude and latitude: give it so.", a=name)
    return outline


def _geopackage(path: Path) -> list[BaseGeometry]:
    return [one for one in _layer(path).geometry if one is not None]


def _layer(path: Path, *columns: str) -> gpd.GeoDataFrame:
    """The only layer of a GeoPackage, in degrees."""
    try:
        (layer,) = vectors.layers(path)
    except (OSError, ValueError) as error:
        raise ConfigError(
            "{a} has no layer, or several: export the area alone.", a=path.name
        ) from error
    for column in columns:
        if column not in vectors.info(path, layer)["fields"]:
            raise ConfigError("{a} has no column {b}: add it.", a=path.name, b=column)
    frame = vectors.read(path, layer, list(columns), None)
    if frame.crs is None:
        raise ConfigError("{a} has no reference system: export it with one.", a=path.name)
    return frame.to_crs("OGC:CRS84")


def _geojson(path: Path) -> list[BaseGeometry]:
    return _named(path)[1]


def _named(path: Path, column: str | None = None) -> tuple[list[Any], list[BaseGeometry]]:
    """What each feature of a GeoJSON has in a column, and its geometry."""
    text = tables.text_of(path)
    try:
        if len(text) > _MOST_LETTERS:
            raise ValueError("it is too long")
        features = list(_features(json.loads(text)))
        found = [shape(one["geometry"]) for one in features]
        names = [one["properties"].get(column) if column else None for one in features]
        finite = all(np.isfinite(shapely.get_coordinates(one)).all() for one in found)
        if not finite:
            raise ValueError("a corner is no number")
    except (ShapelyError, ValueError, KeyError, TypeError, AttributeError, IndexError,
            RecursionError) as error:  # fmt: skip
        raise ConfigError(
            "{a} can't be read as GeoJSON: export the area again.", a=path.name
        ) from error
    return names, found


def _features(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    if document["type"] == "FeatureCollection":
        yield from document["features"]
    else:
        yield document if document["type"] == "Feature" else {"geometry": document}
