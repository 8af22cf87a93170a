"""Registers as GeoParquet, read by bounding box through row groups where they tell their bounds.

Format: https://geoparquet.org/releases/v1.1.0/ (column metadata under the key "geo"; the
"covering" names a bbox column whose row-group statistics let whole groups be passed over).
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import shapely
from pyproj import CRS
from pyproj.exceptions import CRSError

from cropdash.domain.errors import InvalidRegister
from cropdash.files import parquet
from cropdash.ingest.registers.layout import NONE, Layout
from cropdash.ingest.registers.register import Box, Register

_LONLAT = "OGC:CRS84"  # where the metadata leave the reference system out
_EDGES = ("xmin", "ymin", "xmax", "ymax")


def describe(path: Path, layout: Layout) -> Register:
    """Columns and reference system; InvalidRegister if one of them is missing."""
    with parquet.opened(path) as file:
        return described(file, path, layout)


def described(file: pq.ParquetFile, path: Path, layout: Layout) -> Register:
    """As `describe`, of an open file whose name `path` tells."""
    names, rows = file.schema_arrow.names, file.metadata.num_rows
    about = _about(path, file.metadata.metadata or {})
    if about.get("encoding", "WKB") != "WKB":
        raise InvalidRegister(
            "{a}: its geometry is encoded as {b}; write it as WKB, e.g. ogr2ogr -lco"
            " GEOMETRY_ENCODING=WKB.",
            a=path.name,
            b=repr(str(about["encoding"])[:40]),
        )
    others = [name for name in names if name != about["name"]]
    id_column, code_column = layout.columns(others, path.name)
    indexed = _covering(about) is not None
    return Register(
        path, "", id_column, code_column, _crs(about, path), rows, indexed, str(about["name"]),
        layout.carried(others, path.name),
    )  # fmt: skip


def read(register: Register, box: Box | None) -> gpd.GeoDataFrame:
    """Id, code and geometry of the rows whose bounds touch the box."""
    named = _named(register)
    with parquet.opened(register.path, named) as file:
        groups = None if box is None else near(file, register, box)
        return rows(file, register, box, groups)


def rows(
    file: pq.ParquetFile, register: Register, box: Box | None, groups: list[int] | None
) -> gpd.GeoDataFrame:
    """As `read`, of an open file's row groups (all, without `groups`)."""
    named = _named(register)
    columns = [*named, register.geometry]
    parts = [_touching(b, register, box) for b in parquet.batches(file, columns, groups)]
    nothing = gpd.GeoDataFrame(dict.fromkeys(named, ()), geometry=[], crs=register.crs)
    return pd.concat(parts, ignore_index=True) if parts else nothing


def _named(register: Register) -> list[str]:
    named = dict.fromkeys((register.id_column, register.code_column, *register.carried))
    return [name for name in named if name != NONE]


def ids(register: Register) -> pa.ChunkedArray:
    """The id column alone."""
    return parquet.column(register.path, register.id_column)


def near(file: pq.ParquetFile, register: Register, box: Box) -> list[int] | None:
    """Row groups that may hold a row in the box; None where they do not tell."""
    about = file.metadata
    described = _about(register.path, about.metadata or {})
    paths = _covering(described) or _by_name(file, described)
    if paths is None:
        return None
    limits = np.array([box[2], box[3], -box[0], -box[1]])
    sign = np.array([1, 1, -1, -1])
    outside = (parquet.bounds_of_groups(about, paths) * sign > limits).any(axis=1)
    return [int(group) for group in np.flatnonzero(~outside)]


def _touching(batch: pa.RecordBatch, register: Register, box: Box | None) -> gpd.GeoDataFrame:
    frame = pa.Table.from_batches([batch]).to_pandas(ignore_metadata=True)
    geometry = shapely.from_wkb(frame.pop(register.geometry).to_numpy(), on_invalid="warn")
    found = gpd.GeoDataFrame(frame, geometry=geometry, crs=register.crs)
    if box is None:
        return found
    left, bottom, right, top = shapely.bounds(geometry).T
    return found[(left <= box[2]) & (right >= box[0]) & (bottom <= box[3]) & (top >= box[1])]


def _covering(about: dict[str, Any]) -> list[str] | None:
    """Paths of the columns that hold each row's bounds; None if there are none."""
    try:
        named = about["covering"]["bbox"]
        return [".".join(map(str, named[edge])) for edge in _EDGES]
    except (KeyError, TypeError):
        return None


def _by_name(file: pq.ParquetFile, about: dict[str, Any]) -> list[str] | None:
    """The paths of a bbox column that no metadata name, if it holds what the file's own box says."""
    paths = [f"bbox.{edge}" for edge in _EDGES]
    try:
        whole = np.array(about["bbox"], dtype=float)
        found = parquet.bounds_of_groups(file.metadata, paths)
        held = np.concatenate([np.min(found, axis=0)[:2], np.max(found, axis=0)[2:]])
        same = whole.shape == (4,) and np.allclose(held, whole, rtol=1e-6)
    except (KeyError, TypeError, ValueError):
        return None
    return paths if same else None


def _crs(about: dict[str, Any], path: Path) -> Any:
    crs = about.get("crs", _LONLAT)
    if crs is None:
        raise InvalidRegister(
            "{a}: no reference system; write it again with the one that it is in.", a=path.name
        )
    try:
        written = json.dumps(crs) if isinstance(crs, dict) else str(crs)  # a dictionary is PROJJSON
        CRS.from_user_input(written)
    except (CRSError, KeyError, ValueError, TypeError, RecursionError) as error:
        raise InvalidRegister(
            "{a} names a reference system that is none: write it again with the one that it is in.",
            a=path.name,
        ) from error
    return written


def _about(path: Path, metadata: dict[bytes, bytes]) -> dict[str, Any]:
    """The primary geometry column's metadata, with its name."""
    try:
        geo = json.loads(metadata[b"geo"])
        name = geo["primary_column"]
        about: dict[str, Any] = {"name": name} | geo["columns"][name]
    except (KeyError, TypeError, ValueError, RecursionError) as error:
        raise InvalidRegister(
            "{a} is a Parquet file without GeoParquet's metadata: write it as GeoParquet.",
            a=path.name,
        ) from error
    return about
