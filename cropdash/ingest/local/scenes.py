"""One file of a date, or of a period, to numbers on the zone's grid."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
from numpy.typing import NDArray
from pyproj import Geod
from rasterio.enums import ColorInterp, MaskFlags
from rasterio.errors import RasterioError
from rasterio.windows import Window

from cropdash.domain import Float, Grid, Scene, sentinel2
from cropdash.domain.errors import InvalidScene
from cropdash.files import rasters
from cropdash.ingest.zones import squares

Naming = Callable[[str], str] | None
_PIXEL_M = (0.1, 1000.0)  # sides of a pixel from which a map can be made
_SAME_AREA = 0.02  # share by which a map's areas may differ from the land's; by 0.002 in UTM


def read_scene(
    path: Path, date: dt.date, grid: Grid, bands: tuple[str, ...], *, alone: bool = False
) -> Scene | None:
    """The part of a scene over the grid; None where it has no pixel there.

    Of one that is `alone` on its day and shows no clear pixel, the bands are not read: no composite
    takes anything of it. Raises InvalidScene for unreadable files, bands that are not there, or pixels off the grid.
    """
    wanted = (*bands, sentinel2.SCL)
    if alone:
        first = read_bands(path, grid, wanted, only=(sentinel2.SCL,))
        if first is None:
            return None
        scl, (low, high) = _classes(first.numbers[0], path), sentinel2.CLEAR_SCL
        if not ((scl >= low) & (scl <= high)).any():
            nothing = np.full((len(bands), *grid.shape), np.nan, dtype=np.float32)
            return Scene(date, nothing, scl, grid, bands)
    found = read_bands(path, grid, wanted)
    if found is None:
        return None
    scl = _classes(found.numbers[-1], path)
    return Scene(date, found.reflectance[:-1], scl, grid, bands)


def _classes(numbers: NDArray[Any], path: Path) -> NDArray[np.uint8]:
    """The scene classification; 0 where nothing is known. Raises InvalidScene for what are no classes."""
    known: NDArray[Any] = np.nan_to_num(numbers)
    if (known != np.rint(known)).any():
        raise InvalidScene(
            "{a}: its SCL has values between its classes, as where it was averaged: warp it with the"
            " nearest neighbour.",
            a=path.name,
        )
    classes: NDArray[np.uint8] = known.astype(np.uint8)
    return classes


@dataclass(frozen=True, eq=False)
class Bands:
    """Of a file, over a grid."""

    numbers: NDArray[Any]  # (N, H, W) as they are written
    reflectance: Float  # (N, H, W), NaN = no data


def read_bands(
    path: Path,
    grid: Grid,
    wanted: Sequence[str],
    told_as: Naming = None,
    *,
    only: Sequence[str] | None = None,
) -> Bands | None:
    """The bands of a file by name, over the grid; None where it has no pixel there.

    `only`: which of those that it must have are read. `told_as` tells a band's name from its description. Raises InvalidScene as `read_scene` does.
    """
    try:
        with rasters.opened(path) as raster:
            titles = raster.descriptions
            if raster.colorinterp[-1] is ColorInterp.alpha:  # no band of its own: a mask
                titles = titles[:-1]
            order = band_order(titles, wanted, path.name, told_as)
            if only is not None:
                order = tuple(order[wanted.index(name)] for name in only)
            window = _window(grid_of(raster, path), grid, path)
            if not _overlaps(window, raster.height, raster.width):
                return None
            values, hidden = _read(raster, order, window)
            told = [_Told(raster, number - 1) for number in order]
    except RasterioError as error:
        raise InvalidScene(
            "{a} can't be read ({b}): fetch it again.", a=path.name, b=error
        ) from error
    reflectance = _reflectance(values, told)
    values[:, hidden], reflectance[:, hidden] = 0, np.nan
    return Bands(values, reflectance)


def _read(
    raster: Any, order: Sequence[int], window: Window
) -> tuple[NDArray[Any], NDArray[np.bool_]]:
    """(N, H, W) of a window, 0 where it reaches over the file's edge, and (H, W) what is hidden.

    By the file's own mask or alpha band, and beyond its edge.

    Which rasterio's own `boundless` reads through a document that it writes for each window.
    """
    whole = Window(0, 0, raster.width, raster.height)
    inside = window.intersection(whole)
    masked = any(MaskFlags.per_dataset in raster.mask_flag_enums[n - 1] for n in order)
    shape = (len(order), int(window.height), int(window.width))
    values: NDArray[Any] = np.zeros(shape, np.result_type(*(raster.dtypes[n - 1] for n in order)))
    row, column = int(inside.row_off - window.row_off), int(inside.col_off - window.col_off)
    part = (slice(row, row + int(inside.height)), slice(column, column + int(inside.width)))
    values[:, *part] = raster.read(order, window=inside)
    hidden = np.ones(shape[1:], bool)
    hidden[part] = raster.dataset_mask(window=inside) == 0 if masked else False
    return values, hidden


def names_of(path: Path, told_as: Naming = None) -> set[str]:
    """Names of a file's bands, by their descriptions. Raises InvalidScene."""
    try:
        with rasters.opened(path) as raster:
            return {(told_as or sentinel2.band_name)(text or "") for text in raster.descriptions}
    except RasterioError as error:
        raise InvalidScene(
            "{a} can't be read ({b}): fetch it again.", a=path.name, b=error
        ) from error


def frame_of(path: Path) -> Grid:
    """The pixels of a file. Raises InvalidScene for what no map can be made from."""
    try:
        with rasters.opened(path) as raster:
            return grid_of(raster, path)
    except RasterioError as error:
        raise InvalidScene(
            "{a} can't be read ({b}): fetch it again.", a=path.name, b=error
        ) from error


class _Told:
    """What a file says of a band's numbers."""

    def __init__(self, raster: Any, position: int) -> None:
        self.nodata: float | None = raster.nodatavals[position]
        self.scale, self.offset = raster.scales[position], raster.offsets[position]
        self.fractions = np.dtype(raster.dtypes[position]).kind == "f"


def _reflectance(values: NDArray[Any], told: Sequence[_Told]) -> Float:
    """(B, H, W) of the numbers as their file says: by scale and offset, else as they are if they
    are fractions, else x 10,000. 0 is missing, but among fractions that declare another number.
    """
    result: Float = np.empty(values.shape, np.float32)
    for band, (numbers, of) in enumerate(zip(values, told, strict=True)):
        missing = ~np.isfinite(numbers) | (numbers == of.nodata)
        if not of.fractions or of.nodata is None:
            missing |= numbers == 0
        if (of.scale, of.offset) != (1.0, 0.0):
            result[band] = np.maximum(numbers * of.scale + of.offset, 0)
        else:
            whole = 1 if of.fractions else sentinel2.SCALE
            result[band] = numbers.astype(np.float32) / np.float32(whole)
        result[band][missing] = np.nan
    return result


def joined(one: Scene, other: Scene) -> Scene:
    """A day's scene with the pixels of another where it has none."""
    fresh = np.isnan(one.reflectance).any(axis=0) & ~np.isnan(other.reflectance).any(axis=0)
    reflectance = np.where(fresh, other.reflectance, one.reflectance)
    scl = np.where(fresh, other.scl, one.scl)
    return Scene(one.date, reflectance, scl, one.grid, one.bands)


def band_order(
    descriptions: Sequence[str | None], wanted: Sequence[str], name: str, told_as: Naming = None
) -> tuple[int, ...]:
    """1-based positions of bands in a file, by its bands' descriptions.

    B8, B08 and b8 are one band; bands that are not asked for don't matter. A file without any
    description holds exactly these, in this order. Raises InvalidScene.
    """
    names = [(told_as or sentinel2.band_name)(text or "") for text in descriptions]
    if not any(names) and len(names) == len(wanted):
        return tuple(range(1, len(wanted) + 1))
    missing = [band for band in wanted if band not in names]
    if missing:
        held = ", ".join(n for n in names if n) or f"{len(names)} without a description"
        raise InvalidScene(
            "{a} lacks {b}; its bands are {c}: describe each band by its name, or leave all"
            " without a description and write {d}.",
            a=name,
            b=", ".join(missing),
            c=held,
            d=", ".join(wanted),
        )
    twice = [band for band in wanted if names.count(band) > 1]
    if twice:
        raise InvalidScene(
            "{a} holds {b} twice: describe each band once.", a=name, b=", ".join(twice)
        )
    return tuple(names.index(band) + 1 for band in wanted)


def _window(frame: Grid, grid: Grid, path: Path) -> Window:
    if rasterio.crs.CRS.from_user_input(frame.crs) != rasterio.crs.CRS.from_user_input(grid.crs):
        raise InvalidScene(
            "{a} is in {b}, the other scenes in {c}: warp it.", a=path.name, b=frame.crs, c=grid.crs
        )
    column = (grid.left - frame.left) / grid.pixel_size
    row = (frame.top - grid.top) / grid.pixel_size
    off = max(abs(column - round(column)), abs(row - round(row)))
    if frame.pixel_size != grid.pixel_size or off > 0.01:
        raise InvalidScene(
            "{a} does not lie on the pixels of the other scenes: warp it.", a=path.name
        )
    return Window(round(column), round(row), grid.shape[1], grid.shape[0])


def _overlaps(window: Window, height: int, width: int) -> bool:
    return bool(
        window.col_off < width
        and window.row_off < height
        and window.col_off + window.width > 0
        and window.row_off + window.height > 0
    )


def grid_of(raster: Any, path: Path) -> Grid:
    """Grid of an open raster. Raises InvalidScene unless its pixels are squares on a map."""
    affine = raster.transform
    if raster.crs is None or not raster.crs.is_projected:
        raise InvalidScene("{a} is not in a projected reference system such as UTM.", a=path.name)
    if affine.b or affine.d or affine.a != -affine.e:
        raise InvalidScene(
            "{a} is rotated, upside down, or has pixels that are not square: warp it.", a=path.name
        )
    low, high = _PIXEL_M
    if not low <= affine.a <= high:
        raise InvalidScene(
            "{a} has pixels of {b} m: warp it to {c} to {d} m.",
            a=path.name,
            b=format(affine.a, "g"),
            c=format(low, "g"),
            d=format(high, ",.0f"),
        )
    epsg = raster.crs.to_epsg()
    crs = f"EPSG:{epsg}" if epsg else raster.crs.to_string()
    grid = Grid(crs, affine.c, affine.f, affine.a, (raster.height, raster.width))
    if abs((times := _enlarged(grid)) - 1) > _SAME_AREA:  # NaN where no land is
        raise InvalidScene(
            "{a}: land is {b} times as large in its reference system as on the ground, so that all"
            " hectares would be wrong: warp it to UTM.",
            a=path.name,
            b=format(times, ".3g"),
        )
    return grid


@lru_cache(maxsize=1024)
def _enlarged(grid: Grid) -> float:
    """How many times as large as on the ground [m2] the land is on the map, in the grid's middle.

    More than once where the map's unit is the foot, and on Web Mercator far from the equator.
    """
    left, bottom, right, top = grid.bounds
    half = 50 * grid.pixel_size
    x, y = (left + right) / 2 - half, (bottom + top) / 2 + half
    square = replace(grid, left=x, top=y, shape=(100, 100))
    area, _ = Geod(ellps="WGS84").polygon_area_perimeter(*squares.corners([square])[0].T)
    return float((2 * half) ** 2 / (abs(area) or math.nan))
