"""The one door to outlines of areas: GeoJSON in degrees, or a GeoPackage with one layer."""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from shapely.errors import ShapelyError
from shapely.geometry import shape
from shapely.geometry.base import BaseGeometry

from cropdash.domain.errors import ConfigError
from cropdash.files import atomic

_LATITUDES = (-80.0, 84.0)  # what UTM covers
_PACKAGE = ".gpkg"
# [bytes]: JSON becomes twenty times as much in memory, of a GeoPackage only the layer is read
MOST, MOST_OF_PACKAGE = 64 * 2**20, 2**30


def union(path: Path) -> BaseGeometry:
    """All polygons of a file as one shape in degrees. Raises ConfigError where it holds none."""
    outline = shapely.union_all([shapely.make_valid(one) for _, one in polygons(path)])
    if outline.is_empty or not outline.area:
        raise ConfigError("{a} holds no polygon: draw the area that zones may lie in.", a=path.name)
    return checked(outline, path.name)


def polygons(path: Path, column: str | None = None) -> list[tuple[Any, BaseGeometry]]:
    """What each polygon of a file has in a column, and its shape in degrees.

    Features without a shape, points and lines are passed over. Raises ConfigError, with one
    sentence, for what is missing, too large or neither GeoJSON nor a GeoPackage.
    """
    is_package = path.suffix.lower() == _PACKAGE
    _check_size(path, MOST_OF_PACKAGE if is_package else MOST)
    rows = _package(path, column) if is_package else _geojson(path, column)
    return [(name, part) for name, one in rows for part in _parts(one)]


def checked(outline: BaseGeometry, name: str) -> BaseGeometry:
    """The outline if it is in degrees of longitude and latitude. Raises ConfigError."""
    west, south, east, north = outline.bounds
    low, high = _LATITUDES
    if not (-180 <= west < east <= 180 and low <= south < north <= high):
        raise ConfigError("{a} is not in degrees of longitude and latitude: give it so.", a=name)
    return outline


def _check_size(path: Path, most: int) -> None:
    try:
        about = os.stat(path)  # noqa: PTH116 (a link is followed, a pipe is not opened)
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is no path"
        raise ConfigError(
            "The area {a} can't be read ({b}): check its path.", a=path, b=why
        ) from error
    if not stat.S_ISREG(about.st_mode):
        raise ConfigError("The area {a} is no file: name a GeoJSON or a GeoPackage.", a=path)
    if about.st_size > most:
        raise ConfigError(
            "{a} has {b} MB, and outlines of at most {c} MB are read: simplify them, such as with"
            " ogr2ogr -simplify, or draw the area anew.",
            a=path.name,
            b=format(-(-about.st_size // 2**20), ","),
            c=format(most // 2**20, ","),
        )


def _parts(one: BaseGeometry) -> Iterator[BaseGeometry]:
    """The polygons of a shape, of collections too, flat."""
    if one.geom_type in ("Polygon", "MultiPolygon"):
        yield shapely.force_2d(one)
    elif one.geom_type == "GeometryCollection":
        for part in one.geoms:
            yield from _parts(part)


def _geojson(path: Path, column: str | None) -> list[tuple[Any, BaseGeometry]]:
    try:
        text = atomic.read_bytes(path, MOST).decode("utf-8-sig")
    except OSError as error:
        raise ConfigError(
            "The area {a} can't be read ({b}): check its path.", a=path, b=error.strerror
        ) from error
    except UnicodeDecodeError as error:
        raise _other(path) from error
    if not text.lstrip().startswith("{"):
        raise _other(path)
    try:
        rows = [
            (_cell(one, column), shape(one["geometry"]))
            for one in _features(json.loads(text))
            if one["geometry"] is not None  # a feature without a place, as the standard has it
        ]
        if not all(np.isfinite(shapely.get_coordinates(one)).all() for _, one in rows):
            raise ValueError("a corner is no number")
    except (ShapelyError, ValueError, KeyError, TypeError, AttributeError, IndexError,
            RecursionError) as error:  # fmt: skip
        raise ConfigError(
            "{a} can't be read as GeoJSON: export the area again.", a=path.name
        ) from error
    return rows


def _other(path: Path) -> ConfigError:
    return ConfigError(
        "{a} is neither GeoJSON in UTF-8 nor a GeoPackage: convert it, such as ogr2ogr -f GeoJSON"
        " -t_srs EPSG:4326 area.geojson {a}.",
        a=path.name,
    )


def _features(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    if document["type"] == "FeatureCollection":
        yield from document["features"]
    else:
        yield document if document["type"] == "Feature" else {"geometry": document}


def _cell(feature: dict[str, Any], column: str | None) -> Any:
    return (feature.get("properties") or {}).get(column) if column else None


def _package(path: Path, column: str | None) -> list[tuple[Any, BaseGeometry]]:
    """Of the only layer of a GeoPackage."""
    from cropdash.files import vectors  # heavy, and pages take GeoJSON alone

    try:
        (layer,) = vectors.layers(path)
    except (OSError, ValueError) as error:
        raise ConfigError(
            "{a} has no layer, or several: export the area alone.", a=path.name
        ) from error
    columns = [column] if column else []
    if column and column not in vectors.info(path, layer)["fields"]:
        raise ConfigError("{a} has no column {b}: add it.", a=path.name, b=column)
    frame = vectors.read(path, layer, columns, None)
    if frame.crs is None:
        raise ConfigError("{a} has no reference system: export it with one.", a=path.name)
    names = frame[column].tolist() if column else [None] * len(frame)
    shapes = frame.to_crs("OGC:CRS84").geometry
    return [(n, one) for n, one in zip(names, shapes, strict=True) if one is not None]
