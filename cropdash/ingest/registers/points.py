"""Points with a crop: a CSV of them as a register, and what a point is on a zone's pixels."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import numpy as np
import pyarrow as pa
import shapely

from cropdash.domain import Grid
from cropdash.domain.errors import InvalidRegister
from cropdash.files import tables
from cropdash.ingest.registers.layout import NONE, Layout
from cropdash.ingest.registers.register import Box, Register

_PLACES = (("lon", "lat"), ("longitude", "latitude"), ("x", "y"))
_EPSG = "epsg"  # column of the reference system of x and y
_ROW = "row"  # stands for the id where no column holds one
_CODES = ("crop", "code", "class")  # columns that hold the crop where none is named
_POINT, _MULTIPOINT = 0, 4  # shapely's geometry type ids


def describe(path: Path, layout: Layout) -> Register:
    """Columns, reference system and number of rows. Raises InvalidRegister."""
    table = tables.read(path, named=str.strip, fault=InvalidRegister)
    known = {name.lower(): name for name in table.columns}
    place = next((pair for pair in _PLACES if set(pair) <= set(known)), None)
    if place is None:
        raise InvalidRegister(
            "{a} has no columns lon and lat (or x, y and epsg); it has {b}: points need a place.",
            a=path.name,
            b=", ".join(table.columns),
        )
    ids = _column(known, layout.id_column, ("id", "id_parcel", "fid"), path.name)
    codes = NONE if layout.has_no_codes else _column(known, layout.code_column, _CODES, path.name)
    if not codes:
        raise InvalidRegister(
            "{a} has no column {b}; it has {c}: name the one of the crop with --code-column.",
            a=path.name,
            b=" or ".join(_CODES),
            c=", ".join(table.columns),
        )
    crs: object = "OGC:CRS84"
    if place == ("x", "y"):
        crs = _epsg({row.get(known.get(_EPSG, _EPSG)) for row in table.rows}, path.name)
    return Register(path, "", ids or _ROW, codes, crs, len(table.rows), False)


def read(register: Register, box: Box | None) -> gpd.GeoDataFrame:
    """Id, code and point of the rows that lie in the box."""
    table = tables.read(register.path, named=str.strip, fault=InvalidRegister)
    known = {name.lower(): name for name in table.columns}
    across, up = next(pair for pair in _PLACES if set(pair) <= set(known))
    places = np.array([[_number(row, known[name]) for name in (across, up)] for row in table.rows])
    places = places.reshape(-1, 2)
    low, high = (box[:2], box[2:]) if box else ((-np.inf,) * 2, (np.inf,) * 2)
    inside = np.flatnonzero(((places >= low) & (places <= high)).all(axis=1))
    rows = [table.rows[i] for i in inside]
    columns = {register.id_column: [row.get(register.id_column) or str(row.number) for row in rows]}
    if register.code_column != NONE:
        columns[register.code_column] = [row.get(register.code_column) for row in rows]
    return gpd.GeoDataFrame(columns, geometry=shapely.points(places[inside]), crs=register.crs)


def ids(register: Register) -> pa.ChunkedArray:
    """The id column; the number of a row where there is none."""
    if register.id_column == _ROW:
        return pa.chunked_array([], pa.string())
    table = tables.read(register.path, named=str.strip, fault=InvalidRegister)
    return pa.chunked_array([[row.get(register.id_column) for row in table.rows]], pa.string())


def are_points(frame: gpd.GeoDataFrame) -> bool:
    """True if a register holds points, and nothing of an area."""
    kinds = shapely.get_type_id(frame.geometry.to_numpy())
    return len(frame) > 0 and bool(np.isin(kinds, (_POINT, _MULTIPOINT)).all())


def in_pixels(frame: gpd.GeoDataFrame, grid: Grid) -> gpd.GeoDataFrame:
    """Each point as the square of the grid's pixel that it lies in, in the grid's own system."""
    moved = frame.explode(index_parts=False).to_crs(grid.crs)
    side = grid.pixel_size
    column = np.floor((moved.geometry.x.to_numpy() - grid.left) / side)
    row = np.floor((grid.top - moved.geometry.y.to_numpy()) / side)
    left, top = grid.left + column * side, grid.top - row * side
    return moved.set_geometry(shapely.box(left, top - side, left + side, top), crs=grid.crs)


def _column(
    known: dict[str, str], named: str | None, usual: tuple[str, ...], table: str
) -> str | None:
    if named is not None:
        found = known.get(named.lower())
        if found is None:
            raise InvalidRegister(
                "{a} has no column {b}; it has {c}: name one of them.",
                a=table,
                b=named,
                c=", ".join(known.values()),
            )
        return found
    return next((known[name] for name in usual if name in known), None)


def _epsg(told: set[str], table: str) -> str:
    code = next(iter(told), "")
    if len(told) != 1 or not code.isdecimal():
        raise InvalidRegister(
            "{a}: x and y need a column epsg that names one reference system, such as 32631.",
            a=table,
        )
    return f"EPSG:{code}"


def _number(row: tables.Row, column: str) -> float:
    value = tables.number(row.get(column))
    if not np.isfinite(value):
        raise InvalidRegister(
            "{a}, row {b}: {c} in column {d} is no number.",
            a=row.table,
            b=row.number,
            c=repr(row.get(column)[:20]),
            d=column,
        )
    return value
