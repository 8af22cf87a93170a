"""Registers as GeoParquet, read by bounding box through row groups where they tell their bounds.

Format: https://geoparquet.org/releases/v1.1.0/ (column metadata under the key "geo"; the
"covering" names a bbox column whose row-group statistics let whole groups be passed over).
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import shapely

from cropdash.domain.errors import InvalidRegister
from cropdash.ingest.registers.layout import Layout
from cropdash.ingest.registers.register import Box, Register

_BATCH = 65_536  # [rows]
_LONLAT = "OGC:CRS84"  # where the metadata leave the reference system out


def describe(path: Path, layout: Layout) -> Register:
    """Columns and reference system; InvalidRegister if one of them is missing."""
    try:
        with pq.ParquetFile(path) as file:
            names, rows = file.schema_arrow.names, file.metadata.num_rows
            about = _about(path, file.metadata.metadata or {})
    except (pa.ArrowException, OSError, EOFError) as error:
        raise _damaged(path, error) from error
    others = [name for name in names if name != about["name"]]
    id_column, code_column = layout.columns(others, path.name)
    crs = about.get("crs", _LONLAT)
    if crs is None:
        raise InvalidRegister(
            f"{path.name}: no reference system; write it again with the one that it is in."
        )
    if isinstance(crs, dict):  # PROJJSON
        crs = json.dumps(crs)
    return Register(
        path, "", id_column, code_column, crs, rows, "covering" in about, str(about["name"])
    )


def read(register: Register, box: Box | None) -> gpd.GeoDataFrame:
    """Id, code and geometry of the rows whose bounds touch the box."""
    columns = [register.id_column, register.code_column, register.geometry]
    try:
        if box is None or register.indexed:
            return gpd.read_parquet(register.path, columns=columns, bbox=box)
        with pq.ParquetFile(register.path) as file:
            parts = [
                _touching(batch, register, box)
                for batch in file.iter_batches(_BATCH, columns=columns)
            ]
    except (pa.ArrowException, OSError, ValueError, TypeError) as error:
        raise _damaged(register.path, error) from error
    return gpd.GeoDataFrame(pd.concat(parts, ignore_index=True), crs=register.crs)


def ids(register: Register) -> pa.ChunkedArray:
    """The id column alone."""
    try:
        with pq.ParquetFile(register.path) as file:
            return file.read([register.id_column])[register.id_column]
    except (pa.ArrowException, OSError) as error:
        raise _damaged(register.path, error) from error


def _touching(batch: pa.RecordBatch, register: Register, box: Box) -> gpd.GeoDataFrame:
    frame = pa.Table.from_batches([batch]).to_pandas(ignore_metadata=True)
    geometry = shapely.from_wkb(frame.pop(register.geometry).to_numpy(), on_invalid="warn")
    left, bottom, right, top = shapely.bounds(geometry).T
    seen = (left <= box[2]) & (right >= box[0]) & (bottom <= box[3]) & (top >= box[1])
    return gpd.GeoDataFrame(frame, geometry=geometry, crs=register.crs)[seen]


def _about(path: Path, metadata: dict[bytes, bytes]) -> dict[str, Any]:
    """The primary geometry column's metadata, with its name."""
    try:
        geo = json.loads(metadata[b"geo"])
        name = geo["primary_column"]
        about: dict[str, Any] = {"name": name} | geo["columns"][name]
    except (KeyError, TypeError, ValueError) as error:
        raise InvalidRegister(
            f"{path.name} is a Parquet file without GeoParquet's metadata: write it as GeoParquet."
        ) from error
    return about


def _damaged(path: Path, error: Exception) -> InvalidRegister:
    return InvalidRegister(f"{path.name} can't be read as GeoParquet ({error}): fetch it again.")
