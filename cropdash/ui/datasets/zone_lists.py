"""Lists of zones to choose from: read for the map, and written with what was chosen of them.

This reads only what a map needs; the build reads the file itself and checks it in full.
"""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
from pyproj import Transformer
from pyproj.exceptions import CRSError

from cropdash.domain import Grid, Zone, longitude
from cropdash.domain.errors import CropdashError, InvalidRegister
from cropdash.figures import zone_map
from cropdash.files import atomic, tables
from cropdash.i18n import sentence

PROPOSED = sentence("Proposed: 40 squares in eight regions of France")
_RESOURCES = Path(__file__).parents[2] / "resources"
_ALIASES = {"id": "zone_id", "utm_epsg": "epsg"}
_NEEDED = ("zone_id", "region", "split")
_EDGES = ("xmin", "ymin", "xmax", "ymax", "epsg")
_SIZE_PX = 1000  # side of a zone where the file doesn't say
_PIXEL_M = 10.0
_MOST = 5000  # zones that a map and a table can show

Row = Mapping[str, Any]


@dataclass(frozen=True)
class ZoneList:
    """Zones of one file, as rows or features that can be written again."""

    name: str
    zones: tuple[Zone, ...]
    places: pd.DataFrame  # zone_map.PLACES, a row a zone
    rows: tuple[Row, ...]  # in the order of `places`
    is_geojson: bool

    @property
    def suffix(self) -> str:
        """Of the file that it is written to."""
        return ".geojson" if self.is_geojson else ".csv"

    def written(self, ids: Collection[str]) -> bytes:
        """The file with these zones only."""
        kept = [
            row for row, i in zip(self.rows, self.places["zone_id"], strict=True) if i in set(ids)
        ]
        if self.is_geojson:
            return json.dumps({"type": "FeatureCollection", "features": kept}).encode()
        text = io.StringIO()
        table = csv.DictWriter(text, list(self.rows[0]), lineterminator="\n")
        table.writeheader()
        table.writerows(kept)
        return text.getvalue().encode()


def proposed() -> ZoneList:
    """The squares that come with the program."""
    return read(_RESOURCES / "zones.csv")


def read(path: Path) -> ZoneList:
    """Zones of a file; see `parse`."""
    try:
        content = atomic.read_bytes(path)
    except OSError as error:
        raise InvalidRegister("{a} can't be read ({b}).", a=path.name, b=error.strerror) from error
    return parse(content, path.name)


def parse(content: bytes, name: str) -> ZoneList:
    """Zones of a CSV (separator , or ;) or of a GeoJSON in degrees.

    Raises InvalidRegister with one sentence for what can't be read.
    """
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InvalidRegister("{a} is not UTF-8 text: save it in UTF-8.", a=name) from error
    is_geojson = text.lstrip().startswith("{")
    rows = _features(text, name) if is_geojson else _lines(text)
    if not rows or len(rows) > _MOST:
        raise InvalidRegister(
            "{a} holds {b} zones: give 1 to {c}.",
            a=name,
            b=format(len(rows), ","),
            c=format(_MOST, ","),
        )
    zones = [_zone(row, f"{name}, zone {n}") for n, row in enumerate(rows, start=1)]
    places = zone_map.places(zones)
    if places["zone_id"].duplicated().any():
        twice = places.loc[places["zone_id"].duplicated(), "zone_id"].iloc[0]
        raise InvalidRegister("{a}: zone {b} stands there twice; rename one.", a=name, b=twice)
    return ZoneList(name, tuple(zones), places, tuple(rows), is_geojson)


def _lines(text: str) -> list[Row]:
    separator = ";" if ";" in text.split("\n", 1)[0] else ","
    table = csv.DictReader(io.StringIO(text), delimiter=separator, restval="")
    try:
        rows = [{_plain(k): v for k, v in row.items() if isinstance(v, str)} for row in table]
    except csv.Error as error:
        raise InvalidRegister(
            "Row {a} can't be read ({b}): close its quotes.", a=table.line_num + 1, b=error
        ) from error
    return [row for row in rows if any(row.values())]


def _features(text: str, name: str) -> list[Row]:
    try:
        return list(json.loads(text)["features"])
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise InvalidRegister(
            "{a} is no GeoJSON FeatureCollection: export it again.", a=name
        ) from error


def _zone(row: Row, where: str) -> Zone:
    try:
        cells = {_plain(k): v for k, v in (row.get("properties") or row).items()}
        missing = [name for name in _NEEDED if not str(cells.get(name) or "").strip()]
        if missing:
            raise InvalidRegister("{a} is not given; every zone needs it.", a=", ".join(missing))
        split: Any = str(cells["split"]).strip().lower()
        grid = _outlined(row["geometry"], cells) if "geometry" in row else _grid(cells)
        return Zone(str(cells["zone_id"]).strip(), str(cells["region"]).strip(), split, grid)
    except CropdashError as error:
        raise InvalidRegister("{a}: {b}", a=where, b=error) from error
    except (ValueError, TypeError, KeyError, AttributeError, CRSError) as error:
        raise InvalidRegister(
            "{a}: its place can't be read; give xmin, ymin, xmax, ymax and epsg of a UTM"
            " zone, or lon and lat.",
            a=where,
        ) from error


def _grid(cells: Row) -> Grid:
    if all(cells.get(name) for name in _EDGES):
        left, bottom, right, top = (_number(cells[name]) for name in _EDGES[:4])
        shape = (round((top - bottom) / _PIXEL_M), round((right - left) / _PIXEL_M))
        grid = Grid(f"EPSG:{int(cells['epsg'])}", left, top, _PIXEL_M, shape)
        zone_map.to_degrees(grid.crs)  # raises CRSError for a code that does not exist
        return grid
    size = int(cells.get("size_px") or _SIZE_PX)
    return _around(_number(cells["lon"]), _number(cells["lat"]), size, size)


def _number(text: str) -> float:
    value = tables.number(text)
    if math.isnan(value):
        raise ValueError
    return value


def _outlined(geometry: Any, cells: Row) -> Grid:
    from shapely import get_coordinates
    from shapely.geometry import shape

    lons, lats = get_coordinates(shape(geometry)).T
    lon, lat = longitude.middle(lons), float(lats.min() + lats.max()) / 2
    line = longitude.unwrapped(lons)
    west, south, east, north = line.min(), lats.min(), line.max(), lats.max()
    if geometry["type"] == "Point":
        return _around(lon, lat, *(2 * [int(cells.get("size_px") or _SIZE_PX)]))
    crs, x, y = _in_utm([west, east], [south, north], lon, lat)
    return Grid(crs, x[0], y[1], _PIXEL_M, _pixels(y[1] - y[0], x[1] - x[0]))


def _around(lon: float, lat: float, height: int, width: int) -> Grid:
    crs, x, y = _in_utm([lon], [lat], lon, lat)
    return Grid(
        crs, x[0] - width * _PIXEL_M / 2, y[0] + height * _PIXEL_M / 2, _PIXEL_M, (height, width)
    )


def _in_utm(lons: list[float], lats: list[float], lon: float, lat: float) -> tuple[str, Any, Any]:
    if not (-180 <= lon <= 180 and -80 <= lat <= 84):
        raise InvalidRegister("lon {a}, lat {b} is no place in degrees.", a=lon, b=lat)
    crs = f"EPSG:{longitude.utm_epsg(lon, lat)}"
    x, y = Transformer.from_crs("OGC:CRS84", crs, always_xy=True).transform(lons, lats)
    return crs, x, y


def _pixels(height_m: float, width_m: float) -> tuple[int, int]:
    return max(round(height_m / _PIXEL_M), 1), max(round(width_m / _PIXEL_M), 1)


def _plain(name: Any) -> str:
    plain = str(name or "").strip().lower()
    return _ALIASES.get(plain, plain)
