"""Registers as GeoPackage, read by bounding box through its spatial index."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import pyarrow as pa

from cropdash.domain.errors import InvalidRegister
from cropdash.files import vectors
from cropdash.ingest.registers.layout import FID, NONE, Layout
from cropdash.ingest.registers.register import Box, Register


def describe(path: Path, layout: Layout) -> Register:
    """Layer, columns and reference system; InvalidRegister if one of them is missing."""
    layer = layout.choose_layer(vectors.layers(path), path.name)
    info, where = vectors.info(path, layer), f"{path.name}, layer {layer}"
    if not info["crs"]:
        raise InvalidRegister(
            "{a}: no reference system; assign EPSG:2154 (or what it is in) and try again.", a=where
        )
    id_column, code_column = layout.columns([*map(str, info["fields"]), FID], where)
    indexed = bool(info["capabilities"]["fast_spatial_filter"])
    rows = int(info["features"])
    carried = layout.carried(map(str, info["fields"]), where)
    return Register(
        path, layer, id_column, code_column, info["crs"], rows, indexed, carried=carried
    )


def read(register: Register, box: Box | None) -> gpd.GeoDataFrame:
    """Id, code and geometry of the rows whose bounds touch the box."""
    named = dict.fromkeys((register.id_column, register.code_column, *register.carried))
    columns = [name for name in named if name not in (FID, NONE)]
    number = FID if register.id_column == FID else None
    return vectors.read(register.path, register.layer, columns, box, number)


def ids(register: Register) -> pa.ChunkedArray:
    """The id column alone; numbers of features are told by none twice."""
    if register.id_column == FID:
        return pa.chunked_array([], pa.int64())
    return vectors.column(register.path, register.layer, register.id_column)
