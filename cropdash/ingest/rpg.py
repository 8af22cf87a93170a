"""Parcel registers in the layout of the French RPG."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import geopandas as gpd
import pyogrio
from pyogrio.errors import DataLayerError, DataSourceError

from cropdash.domain import Grid
from cropdash.errors import InvalidRegister

ID, CODE = "ID_PARCEL", "CODE_CULTU"
_LAYERS = ("parcelles_graphiques", "rpg_parcelles")  # in any case; else the only layer


def read_parcels(path: Path, grid: Grid | None = None) -> gpd.GeoDataFrame:
    """Rows of an RPG GeoPackage that touch the grid's rectangle (all, without a grid).

    Returns ID_PARCEL (text), CODE_CULTU (text) and geometry, in the register's own reference
    system. Column names are found in any case.

    Raises InvalidRegister if the file, its layer, a column or its reference system is missing.
    """
    layer, info = _open(path)
    names = {str(field).upper(): str(field) for field in info["fields"]}
    missing = [c for c in (ID, CODE) if c not in names]
    if missing:
        raise InvalidRegister(
            f"{path.name}, layer {layer}: no column {' or '.join(missing)}; it has {', '.join(names)}."
        )
    if not info["crs"]:
        raise InvalidRegister(
            f"{path.name}, layer {layer}: no reference system; assign EPSG:2154 and try again."
        )
    frame = gpd.read_file(
        path,
        layer=layer,
        columns=[names[ID], names[CODE]],
        bbox=None if grid is None else _box(grid, info["crs"]),
        use_arrow=True,
    )
    frame = frame.rename(columns={names[ID]: ID, names[CODE]: CODE})
    return frame.assign(**{ID: frame[ID].astype(str)})[[ID, CODE, "geometry"]]


def write_parcels(path: Path, parcels: gpd.GeoDataFrame) -> None:
    """Write a register in the RPG's own layout: layer, column names, EPSG:2154."""
    parcels.to_crs(2154).to_file(path, layer="PARCELLES_GRAPHIQUES", driver="GPKG")


def _open(path: Path) -> tuple[str, dict[str, Any]]:
    if not path.is_file():
        raise InvalidRegister(f"There is no register {path}: give the path of an RPG GeoPackage.")
    try:
        layers = [str(row[0]) for row in pyogrio.list_layers(path)]
        layer = next((n for n in layers if n.lower() in _LAYERS), None)
        if layer is None and len(layers) == 1:
            layer = layers[0]
        if layer is None:
            raise InvalidRegister(
                f"{path.name} has no layer PARCELLES_GRAPHIQUES; it has {', '.join(layers) or 'none'}."
            )
        return layer, pyogrio.read_info(path, layer=layer)
    except (DataSourceError, DataLayerError) as error:
        raise InvalidRegister(f"{path.name} can't be read as a GeoPackage ({error}).") from error


def _box(grid: Grid, crs: object) -> tuple[float, ...]:
    from shapely import box

    # Densified edges, so that the bent rectangle is covered in the other reference system.
    frame = gpd.GeoSeries([box(*grid.bounds).segmentize(grid.pixel_size * 50)], crs=grid.crs)
    return tuple(frame.to_crs(crs).total_bounds)
