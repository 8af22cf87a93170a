"""Zones as CSV or GeoJSON."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from shapely.errors import ShapelyError
from shapely.geometry import shape

from cropdash.domain import Grid, Zone, longitude
from cropdash.domain.errors import ConfigError, InvalidRegister
from cropdash.domain.message import Message
from cropdash.domain.source import Warn, ignore
from cropdash.files import atomic, tables
from cropdash.ingest.zones import squares

SIZE_PX = 1000  # side of a zone where the file doesn't say: 10 km
COLUMNS = ("zone_id", "region", "split", "lon", "lat", "xmin", "ymin", "xmax", "ymax", "epsg")
_EDGES = ("xmin", "ymin", "xmax", "ymax")
_ALIASES = {"id": "zone_id", "utm_epsg": "epsg"}
_NEEDED = ("zone_id", "region", "split")

Cells = dict[str, str]
Outline = tuple[int | None, squares.Floats]  # EPSG number of its UTM zone, None: degrees; points
Place = Callable[[], Outline]


def read(path: Path, warn: Warn = ignore, *, frame: Grid | None = None) -> tuple[Zone, ...]:
    """Zones of a CSV or a GeoJSON file.

    CSV (separator , or ;): zone_id, region, split and either xmin, ymin, xmax, ymax [m] and epsg
    of a UTM zone, or lon, lat [degrees] of the middle and size_px (1000 where left out). GeoJSON:
    features with the properties zone_id, region, split, whose geometry is a polygon (its bounds
    count) or a point (the middle, with size_px). What is given in degrees lies in its own
    UTM zone, or the one that epsg names; corners are moved to the nearest point of the 20 m grid.
    With a `frame`, zones are the whole pixels of it that lie inside.

    Zones on the same side of the split that overlap are told to `warn`. Raises InvalidRegister,
    with the row's number, for what can't be read, and for zones that overlap across the split.
    """
    text = tables.text_of(path, InvalidRegister)
    rows = _features(text, path.name) if text.lstrip().startswith("{") else _lines(path)
    found = [(where, _zone(cells, place, where, frame)) for where, cells, place in rows]
    if not found:
        raise InvalidRegister("{a} holds no zone: give one row or feature per zone.", a=path.name)
    zones = tuple(zone for _, zone in found)
    _check_names(found)
    _check_overlaps(zones, path.name, warn)
    return zones


def write(path: Path, zones: Sequence[Zone]) -> None:
    """Write zones as a CSV that `read` gives back exactly."""
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(COLUMNS)
    places = squares.centres([zone.grid for zone in zones])
    for zone, (lon, lat) in zip(zones, places, strict=True):
        left, bottom, right, top = zone.grid.bounds
        again = squares.rectangle(zone.grid.bounds, _epsg(zone))
        if again != zone.grid:
            raise InvalidRegister("Zone {a} does not lie on the 20 m grid of UTM.", a=zone.zone_id)
        edges = (f"{edge:.0f}" for edge in (left, bottom, right, top))
        about = (zone.zone_id, zone.region, zone.split, f"{lon:.6f}", f"{lat:.6f}")
        table.writerow([*about, *edges, _epsg(zone)])
    atomic.write_text(path, text.getvalue())


def _lines(path: Path) -> Iterator[tuple[str, Cells, Place]]:
    table = tables.read(path, named=_plain, fault=InvalidRegister)
    columns = set(table.columns)
    missing = [c for c in _NEEDED if c not in columns]
    if not ({"lon", "lat"} <= columns or {*_EDGES, "epsg"} <= columns):
        missing.append("lon, lat (or xmin, ymin, xmax, ymax, epsg)")
    if missing:
        raise InvalidRegister("{a}, row 1: no column {b}.", a=path.name, b=", ".join(missing))
    for row in table.rows:
        cells = dict(row.cells)
        yield f"{path.name}, row {row.number}", cells, lambda cells=cells: _placed(cells)  # type: ignore[misc]


def _features(text: str, name: str) -> Iterator[tuple[str, Cells, Place]]:
    try:
        document = json.loads(text)
        features = list(document["features"])
        system = document.get("crs", {}).get("properties", {}).get("name", "CRS84")
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise InvalidRegister(
            "{a} is not a GeoJSON FeatureCollection: export the zones again.", a=name
        ) from error
    if not str(system).endswith(("CRS84", ":4326")):
        raise InvalidRegister(
            "{a} is in {b}; GeoJSON is in degrees: export it in EPSG:4326.", a=name, b=system
        )
    for number, feature in enumerate(features, start=1):
        where = f"{name}, feature {number}"
        if not isinstance(feature, dict) or not isinstance(feature.get("properties"), dict):
            raise InvalidRegister("{a}: it has no properties zone_id, region and split.", a=where)
        values = feature["properties"].items()
        cells = {_plain(k): "" if v is None else str(v).strip() for k, v in values}
        geometry = feature.get("geometry")
        yield where, cells, lambda cells=cells, geometry=geometry: _outline(geometry, cells)  # type: ignore[misc]


def _zone(cells: Cells, place: Place, where: str, frame: Grid | None) -> Zone:
    empty = [name for name in _NEEDED if not cells.get(name)]
    if empty:
        raise InvalidRegister(
            "{a}: {b} is empty; every zone needs it.", a=where, b=", ".join(empty)
        )
    try:
        split: Any = cells["split"].lower()
        return Zone(cells["zone_id"], cells["region"], split, _grid(*place(), frame))
    except (InvalidRegister, ConfigError) as error:
        raise InvalidRegister("{a}: {b}", a=where, b=error) from error


def _grid(epsg: int | None, points: squares.Floats, frame: Grid | None) -> Grid:
    """The rectangle that holds the points: of UTM, or of the frame's pixels."""
    if frame is not None:
        return squares.inside(frame, points, "OGC:CRS84" if epsg is None else f"EPSG:{epsg}")
    if epsg is None:
        epsg = longitude.utm_epsg(*squares.middle(points))
        points = squares.to_utm(points, epsg)
    return squares.rectangle((*points.min(axis=0).tolist(), *points.max(axis=0).tolist()), epsg)


def _placed(cells: Cells) -> Outline:
    """A CSV row's place: its rectangle where that is given, else its middle."""
    if all(cells.get(name) for name in (*_EDGES, "epsg")):
        left, bottom, right, top = (_number(cells, name) for name in _EDGES)
        squares.rectangle((left, bottom, right, top), _whole(cells, "epsg"))  # checks it
        return _whole(cells, "epsg"), np.array([[left, bottom], [right, top]])
    return _around(_number(cells, "lon"), _number(cells, "lat"), cells)


def _around(lon: float, lat: float, cells: Cells) -> Outline:
    size = _whole(cells, "size_px") if cells.get("size_px") else SIZE_PX
    square = squares.square_around(lon, lat, size)
    left, bottom, right, top = square.bounds
    return int(square.crs.removeprefix("EPSG:")), np.array([[left, bottom], [right, top]])


def _outline(geometry: Any, cells: Cells) -> Outline:
    """A GeoJSON feature's place: its polygon's corners, or the square around its middle."""
    try:
        form = shape(geometry)
        points = shapely.get_coordinates(form)
    except (ShapelyError, ValueError, KeyError, TypeError, AttributeError, IndexError) as error:
        raise InvalidRegister("its geometry can't be read: draw the zone again.") from error
    if form.geom_type not in ("Point", "Polygon", "MultiPolygon") or not len(points):
        raise InvalidRegister(
            "its geometry is an empty or a {a}; draw a polygon.", a=form.geom_type
        )
    if form.geom_type == "Point":
        return _around(float(points[0, 0]), float(points[0, 1]), cells)
    if not (np.abs(points) <= (180, 90)).all():
        raise InvalidRegister("its corners are not in degrees: export it in EPSG:4326.")
    if not cells.get("epsg"):
        return None, points
    epsg = _whole(cells, "epsg")
    return epsg, squares.to_utm(points, epsg)


def _check_names(found: Sequence[tuple[str, Zone]]) -> None:
    first: dict[str, str] = {}
    for where, zone in found:
        if zone.zone_id in first:
            raise InvalidRegister(
                "{a}: zone {b} stands in {c} already; name it otherwise.",
                a=where,
                b=zone.zone_id,
                c=first[zone.zone_id],
            )
        first[zone.zone_id] = where


def _check_overlaps(zones: Sequence[Zone], name: str, warn: Warn) -> None:
    for i, j in squares.overlapping([zone.grid for zone in zones]):
        pair = Message(
            "{a}: zones {b} and {c} overlap", a=name, b=zones[i].zone_id, c=zones[j].zone_id
        )
        sides = {zones[i].split, zones[j].split}
        if sides == {"map"} and zones[i].grid.crs != zones[j].grid.crs:
            continue  # at the border of two UTM zones nothing else can be
        if sides == {"train", "test"}:
            raise InvalidRegister(
                "{a}, one for training and one for testing: move one, or put both on one side.",
                a=pair,
            )
        warn(Message("{a}; a parcel in both counts in the one that holds more of it.", a=pair))


def _plain(name: Any) -> str:
    plain = str(name or "").strip().lower()
    return _ALIASES.get(plain, plain)


def _number(cells: Cells, name: str) -> float:
    value = tables.number(cells.get(name, ""))
    if not math.isfinite(value):
        raise InvalidRegister(
            "{a} is {b}; give a number such as 48.5.", a=name, b=repr(cells.get(name, ""))
        )
    return value


def _whole(cells: Cells, name: str) -> int:
    value = _number(cells, name)
    if value != int(value):
        raise InvalidRegister("{a} is {b}; give a whole number.", a=name, b=repr(cells[name]))
    return int(value)


def _epsg(zone: Zone) -> int:
    authority, _, code = zone.grid.crs.partition(":")
    return int(code) if authority == "EPSG" and code.isdecimal() else 0
