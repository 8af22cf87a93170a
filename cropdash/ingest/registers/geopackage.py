"""Registers as GeoPackage, read by bounding box through its spatial index."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import pyarrow as pa
import pyogrio
from pyogrio.errors import DataLayerError, DataSourceError

from cropdash.domain.errors import InvalidRegister
from cropdash.ingest.registers.layout import Layout
from cropdash.ingest.registers.register import Box, Register


def describe(path: Path, layout: Layout) -> Register:
    """Layer, columns and reference system; InvalidRegister if one of them is missing."""
    try:
        # Tables without geometry (styles, code lists) are listed as well, with no type.
        layers = [str(name) for name, kind in pyogrio.list_layers(path) if kind is not None]
        layer = layout.choose_layer(layers, path.name)
        info = pyogrio.read_info(path, layer=layer)
    except (DataSourceError, DataLayerError) as error:
        raise InvalidRegister(
            f"{path.name} can't be read as a GeoPackage ({error}): fetch it again."
        ) from error
    where = f"{path.name}, layer {layer}"
    if not info["crs"]:
        raise InvalidRegister(
            f"{where}: no reference system; assign EPSG:2154 (or what it is in) and try again."
        )
    id_column, code_column = layout.columns(map(str, info["fields"]), where)
    return Register(
        path,
        layer,
        id_column,
        code_column,
        crs=info["crs"],
        rows=int(info["features"]),
        indexed=bool(info["capabilities"]["fast_spatial_filter"]),
    )


def read(register: Register, box: Box | None) -> gpd.GeoDataFrame:
    """Id, code and geometry of the rows whose bounds touch the box."""
    try:
        return pyogrio.read_dataframe(
            register.path,
            layer=register.layer,
            columns=[register.id_column, register.code_column],
            bbox=box,
            use_arrow=True,
        )
    except (DataSourceError, DataLayerError, pa.ArrowException) as error:
        raise _damaged(register, error) from error


def ids(register: Register) -> pa.ChunkedArray:
    """The id column alone."""
    try:
        _, table = pyogrio.read_arrow(
            register.path,
            layer=register.layer,
            columns=[register.id_column],
            read_geometry=False,
        )
    except (DataSourceError, DataLayerError, pa.ArrowException) as error:
        raise _damaged(register, error) from error
    return table[register.id_column]


def _damaged(register: Register, error: Exception) -> InvalidRegister:
    return InvalidRegister(
        f"{register.path.name}, layer {register.layer} can't be read ({error}): fetch it again."
    )
