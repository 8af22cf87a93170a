"""The one door to tables of outlines: GeoPackages, looked through before GDAL opens them.

GDAL takes a file for what its content says, and some contents name other files or addresses, or
compute without end: virtual tables, views, triggers. So a file must be a GeoPackage, and hold
tables alone.
"""

from __future__ import annotations

import re
import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from itertools import chain
from pathlib import Path
from typing import Any

import geopandas as gpd
import pyarrow as pa
import pyogrio
from pyogrio.errors import (
    CRSError,
    DataLayerError,
    DataSourceError,
    FeatureError,
    FieldError,
    GeometryError,
)
from shapely.errors import ShapelyError

from cropdash.domain.errors import InvalidRegister, one_line
from cropdash.domain.message import Message
from cropdash.files import atomic, parquet

MAGIC = b"SQLite format 3\x00"
_IDS = frozenset(int.from_bytes(name, "big") for name in (b"GPKG", b"GP10", b"GP11"))
# What GDAL, Arrow and GEOS say to bytes that aren't what they should be.
_DAMAGE = (
    DataSourceError, DataLayerError, FeatureError, GeometryError, FieldError, CRSError,
    pa.ArrowException, ShapelyError, OSError, UnicodeError, ValueError,
)  # fmt: skip
_MOST_ENTRIES = 5_000  # tables, indices and triggers of one file
_ZOOMS = (5, 13)  # of tiles: a country, and single fields
_LOOK_S = 10.0  # that the look through them may take
_VIRTUAL = re.compile(r"\s*create\s+virtual\b", re.IGNORECASE)
_RTREE = re.compile(
    r'\s*create\s+virtual\s+table\s+("(?:[^"]|"")*"|\w+)\s+using\s+rtree\b', re.IGNORECASE
)
# Triggers of the standard and of GDAL, which keep indices and counts; none runs while reading.
_OWN_TRIGGER = re.compile(r"(gpkg|rtree|trigger_(insert|update|delete))_\w.*", re.IGNORECASE)


def layers(path: Path) -> list[str]:
    """Tables with a geometry. Raises InvalidRegister for what is no plain GeoPackage."""
    check(path)
    with _told(path.name):
        # Tables without geometry (styles, code lists) are listed as well, with no type.
        return [str(name) for name, kind in pyogrio.list_layers(path) if kind is not None]


def info(path: Path, layer: str) -> dict[str, Any]:
    """Fields, reference system, number of features and capabilities of a layer."""
    check(path)
    with _told(f"{path.name}, layer {layer}"):
        found: dict[str, Any] = pyogrio.read_info(path, layer=layer)
        return found


def read(
    path: Path,
    layer: str,
    columns: list[str],
    box: tuple[float, ...] | None,
    number: str | None = None,
) -> gpd.GeoDataFrame:
    """Columns and geometry of the rows whose bounds touch the box.

    `number` names a column for the number that the file gives each feature.
    """
    check(path)
    with _told(f"{path.name}, layer {layer}"):
        wanted = {"layer": layer, "columns": columns, "bbox": box, "fid_as_index": bool(number)}
        try:
            frame = pyogrio.read_dataframe(path, use_arrow=True, **wanted)
        except NotImplementedError:  # curves, which the slower way turns into short lines
            frame = pyogrio.read_dataframe(path, use_arrow=False, **wanted)
        return frame.rename_axis(number).reset_index() if number else frame


def column(path: Path, layer: str, name: str) -> pa.ChunkedArray:
    """One column, without geometry."""
    check(path)
    with _told(f"{path.name}, layer {layer}"):
        _, table = pyogrio.read_arrow(path, layer=layer, columns=[name], read_geometry=False)
        found = table[name]
        found.validate(full=True)  # texts that are none
        return found


def write_tiles(path: Path, parts: Sequence[Path], columns: Sequence[str], layer: str) -> None:
    """Tables with polygons in WGS 84 as vector tiles in one PMTiles archive, batch by batch."""
    wanted = [*columns, "geometry"]

    def rows() -> Iterator[pa.RecordBatch]:
        for part in parts:
            with parquet.opened(part) as file:
                yield from parquet.batches(file, wanted)

    found = rows()
    if (first := next(found, None)) is None:
        return
    reader = pa.RecordBatchReader.from_batches(first.schema, chain([first], found))
    with atomic.replacing(path) as temporary:
        pyogrio.write_arrow(
            reader, temporary, driver="PMTiles", layer=layer, geometry_name="geometry",
            geometry_type="Unknown", crs="EPSG:4326",
            dataset_options={"MINZOOM": _ZOOMS[0], "MAXZOOM": _ZOOMS[1]},
        )  # fmt: skip


def check(path: Path) -> None:
    """Raise InvalidRegister unless the file is a GeoPackage of tables, indices and their triggers."""
    with atomic.opened(path) as handle:
        if handle.read(len(MAGIC)) != MAGIC:
            raise InvalidRegister("{a} is no GeoPackage: fetch it again.", a=path.name)
    end = time.monotonic() + _LOOK_S
    address = f"{path.resolve().as_uri()}?mode=ro&immutable=1"
    try:
        with closing(sqlite3.connect(address, uri=True)) as base:
            base.set_progress_handler(lambda: time.monotonic() > end, 5_000)
            base.execute("PRAGMA trusted_schema = OFF")
            (number,) = base.execute("PRAGMA application_id").fetchone()
            held = base.execute("SELECT type, name, sql FROM sqlite_master")
            entries = held.fetchmany(_MOST_ENTRIES + 1)
    except (sqlite3.Error, UnicodeError) as error:
        raise InvalidRegister(
            "{a} can't be read as a GeoPackage ({b}): fetch it again.",
            a=path.name,
            b=one_line(error),
        ) from error
    if number & 0xFFFFFFFF not in _IDS:
        raise InvalidRegister(
            "{a} is an SQLite file, but no GeoPackage: export it as one.", a=path.name
        )
    if len(entries) > _MOST_ENTRIES:
        raise InvalidRegister(
            "{a} holds more than {b} tables: export one.", a=path.name, b=format(_MOST_ENTRIES, ",")
        )
    for kind, name, sql in entries:
        if foreign := _foreign(str(kind), str(name), str(sql or "")):
            raise InvalidRegister(
                "{a} holds {b} ({c}), and tables alone are read: export the layer of the"
                " parcels into a file of its own.",
                a=path.name,
                b=foreign,
                c=repr(str(name)[:60]),
            )


def _foreign(kind: str, name: str, sql: str) -> str:
    """What an entry is that may reach out of the file or compute without end; empty if it can't."""
    if kind == "view":
        return Message("a view")
    if kind == "trigger" and not _OWN_TRIGGER.fullmatch(name):
        return Message("a trigger of its own")
    if _VIRTUAL.match(sql) and not _RTREE.match(sql):
        return Message("a virtual table")
    return ""


@contextmanager
def _told(where: str) -> Iterator[None]:
    try:
        yield
    except _DAMAGE as error:
        raise InvalidRegister(
            "{a} can't be read ({b}): fetch it again.", a=where, b=one_line(error)
        ) from error
