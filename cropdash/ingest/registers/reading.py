"""From a register's file to the rows of one zone."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from types import ModuleType

import geopandas as gpd
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import shapely
from numpy.typing import NDArray
from pyproj.exceptions import ProjError

from cropdash.domain import Grid
from cropdash.domain.errors import InvalidRegister
from cropdash.domain.source import CARRIED, ONLY_HERE, OUTLINES
from cropdash.ingest.registers import edition, geopackage, geoparquet, points
from cropdash.ingest.registers.layout import CODE, ID, NONE, Layout, as_text
from cropdash.ingest.registers.provider import ORIGIN, check_note, read_note
from cropdash.ingest.registers.register import Box, Register

REPEATED = "repeated_ids"  # key of the frame's attrs: ids that stand on several rows of the edition
_RPG = Layout()
_NO_CRS = "EPSG:2154"  # of no parcels: any will do
_EDGE_DEGREES = 0.01
_EDGE_M = 500.0  # an edge is bent where it is warped, so it is followed at points this far apart


def describe(path: Path, layout: Layout = _RPG) -> Register:
    """Layer, columns, reference system and number of rows of the register at `path`.

    `path` may be all that `read_parcels` takes. Raises InvalidRegister as it does.
    """
    file = edition.locate(path)
    check_note(file)
    return _reader(file).describe(file, layout)  # type: ignore[no-any-return]


def read_parcels(
    path: Path | None,
    grid: Grid | Sequence[Grid] | None = None,
    layout: Layout = _RPG,
) -> gpd.GeoDataFrame:
    """Rows of a register that touch the grid's rectangle (all, without a grid).

    Rows whose bounds alone touch it may be among them. Of several grids, it is the rectangle that
    holds them all.

    `path` is None where there is no register, a GeoPackage, a GeoParquet file, a .7z archive (or the first part of a split one)
    that holds either, a folder that holds one of these at any depth, or a CSV of points. Archives
    are unpacked once, into a folder `unpacked` beside them. A point is the pixel of the grid that it
    lies in.

    Returns ID_PARCEL (text), CODE_CULTU (text) and geometry, in the register's own reference
    system and in order of id. `attrs["repeated_ids"]` lists those of the ids that stand on
    several rows of the whole register, wherever these lie; to know them, the first call of a
    process reads the id column once. Points have `attrs["only_here"]`, outlines without
    crops `attrs["outlines"]`, a register that was fetched its note, `attrs["origin"]`.

    Raises InvalidRegister if the file, its layer, a column or its reference system is missing,
    or if the grid can't be placed in it.
    """
    if path is None:
        empty = gpd.GeoDataFrame({ID: [], CODE: []}, geometry=[], crs=_NO_CRS)
        empty.attrs[ONLY_HERE] = True
        return empty
    register = describe(path, layout)
    grids = [grid] if isinstance(grid, Grid) else grid
    box = bounds_of(grids, register.crs, register.path.name) if grids else None
    return _rows(register, box, grid)


def read_box(path: Path, box: Box, layout: Layout = _RPG) -> gpd.GeoDataFrame:
    """As `read_parcels`, of the rows that touch a box (west, south, east, north) [degrees]."""
    register = describe(path, layout)
    theirs = _warped_bounds(box, "OGC:CRS84", register.crs, _EDGE_DEGREES)
    if not np.isfinite(theirs).all():
        raise InvalidRegister(
            "{a}: the place lies outside the area of its reference system: choose the"
            " register of that territory.",
            a=register.path.name,
        )
    left, bottom, right, top = map(float, theirs)
    return _rows(register, (left, bottom, right, top), None)


def _rows(
    register: Register, box: Box | None, grid: Grid | Sequence[Grid] | None
) -> gpd.GeoDataFrame:
    frame = _reader(register.path).read(register, box)
    outlines = register.code_column == NONE
    frame = frame.assign(**{NONE: ""}) if outlines else frame
    there = [name for name in register.carried if name in frame]  # points have none
    carried = {name: frame[name] for name in there}
    frame = frame.rename(columns={register.id_column: ID, register.code_column: CODE})
    frame = frame.rename_geometry("geometry") if frame.geometry.name != "geometry" else frame
    try:
        frame = frame.assign(**{ID: as_text(frame[ID]), CODE: as_text(frame[CODE])})
        frame = frame.assign(**{CARRIED + name: as_text(held) for name, held in carried.items()})
    except pa.ArrowException as error:
        raise InvalidRegister(
            "{a} holds an id or a crop code that is no text: fetch it again.", a=register.path.name
        ) from error
    if only_here := points.are_points(frame):
        frame = points.in_pixels(frame, grid) if isinstance(grid, Grid) else frame
    more = [CARRIED + name for name in there]
    frame = frame[[ID, CODE, *more, "geometry"]].sort_values(
        [ID, CODE], kind="stable", ignore_index=True
    )
    everywhere = repeated_ids(register) if box is not None else _repeated(frame[ID])
    frame.attrs |= {
        REPEATED: sorted(set(frame[ID]) & everywhere), OUTLINES: outlines, ONLY_HERE: only_here,
        ORIGIN: read_note(register.path),
    }  # fmt: skip
    return frame


def write_parcels(path: Path, parcels: gpd.GeoDataFrame) -> None:
    """Write a register in the RPG's own layout: layer, column names, EPSG:2154."""
    parcels.to_crs(2154).to_file(path, layer="PARCELLES_GRAPHIQUES", driver="GPKG")


def repeated_ids(register: Register) -> frozenset[str]:
    """Ids that stand on more than one row of the register; read once per process and file."""
    status = register.path.stat()
    return _repeated_in_file(register, status.st_mtime_ns, status.st_size)


def bounds_of(grids: Sequence[Grid], crs: object, where: str) -> Box:
    """The box, in a register's reference system, that holds all of the grids.

    Raises InvalidRegister if a grid has no place there.
    """
    try:
        names = {grid.crs for grid in grids}
        boxes = [_warped_bounds(_outline(grids, name), name, crs) for name in names]
    except ProjError as error:
        raise InvalidRegister(
            "{a}: its reference system has no place on Earth; assign EPSG:2154 (or what it"
            " is in) and try again.",
            a=where,
        ) from error
    low, high = np.min(boxes, axis=0), np.max(boxes, axis=0)
    if not (np.isfinite(low).all() and np.isfinite(high).all()):
        raise InvalidRegister(
            "{a}: a zone in {b} lies outside the area of the register's reference system:"
            " choose the register of that territory.",
            a=where,
            b=grids[0].crs,
        )
    return float(low[0]), float(low[1]), float(high[2]), float(high[3])


@lru_cache(maxsize=8)
def _repeated_in_file(register: Register, modified_ns: int, size: int) -> frozenset[str]:
    column = _reader(register.path).ids(register)
    # Counting integers is several times as fast as counting text, and most ids are digits.
    try:
        numbers = np.sort(pc.cast(column, pa.int64()).to_numpy(zero_copy_only=False))
        if not (numbers[1:] == numbers[:-1]).any():
            return frozenset()
    except (pa.ArrowException, TypeError):
        pass
    return _repeated(as_text(column.to_pandas()))


def _repeated(ids: pd.Series) -> frozenset[str]:
    return frozenset(ids[ids.duplicated()])


def _outline(grids: Sequence[Grid], name: str) -> Box:
    """The box that holds the grids of one reference system."""
    bounds = np.array([grid.bounds for grid in grids if grid.crs == name])
    return (*bounds[:, :2].min(axis=0).tolist(), *bounds[:, 2:].max(axis=0).tolist())


def _warped_bounds(
    box: Box, source: str, target: object, edge: float = _EDGE_M
) -> NDArray[np.float64]:
    # Densified edges, so that the bent rectangle is covered in the other reference system.
    outline = shapely.segmentize(shapely.box(*box), edge)
    bounds: NDArray[np.float64] = gpd.GeoSeries([outline], crs=source).to_crs(target).total_bounds
    return bounds


def _reader(file: Path) -> ModuleType:
    if file.suffix.lower() == edition.POINTS:
        return points
    return geoparquet if edition.kind_of(file) is edition.Kind.GEOPARQUET else geopackage
