"""A folder of per-date GeoTIFFs with a register and a zones file."""

from __future__ import annotations

import datetime as dt
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import groupby
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import rasterio
from numpy.typing import NDArray
from rasterio.errors import RasterioError
from rasterio.windows import Window

from cropdash.domain import Float, Grid, Scene, Season, Zone, sentinel2
from cropdash.domain.errors import InvalidRegister, InvalidScene
from cropdash.domain.period import Every
from cropdash.domain.source import Warn, ignore
from cropdash.files import rasters
from cropdash.ingest import registers, zones

_DATE = re.compile(r"(?<!\d)(20\d{2})-?(\d{2})-?(\d{2})(?!\d)")
ZONES = ("zones.geojson", "zones.csv")
_PIXEL_M = (0.1, 1000.0)  # sides of a pixel from which a map can be made


@dataclass(frozen=True)
class LocalSource:
    """`folder`/scenes/*.tif (digital numbers, 0 = no data; SCL), a *.gpkg register, zones.

    A scene's bands are found by their descriptions, in any order and among others; see
    `band_order`. Zones are those of a zones.geojson or zones.csv; each becomes the rectangle of
    the scenes' own pixels that lies inside its bounds.
    """

    folder: Path
    wanted: Season | None = None  # None: the calendar year with most scenes
    bands: tuple[str, ...] = sentinel2.BAND_SETS["10m"]
    every: Every = "month"  # how that year is cut, where none is wanted
    layout: registers.Layout = field(default_factory=registers.Layout)  # columns of the register
    name: str = "local"

    @cached_property
    def season(self) -> Season:
        if self.wanted is not None:
            return self.wanted
        years = Counter(date.year for date, _ in self._files)
        return Season.of(years.most_common(1)[0][0], self.every)

    def zones(self) -> tuple[Zone, ...]:
        """Raises InvalidRegister if the zones file is missing, damaged or incomplete."""
        return self._zones

    @cached_property
    def _zones(self) -> tuple[Zone, ...]:
        path = next((self.folder / n for n in ZONES if (self.folder / n).is_file()), None)
        if path is None:
            raise InvalidRegister(
                f"{self.folder} has no {' or '.join(ZONES)}: list its zones there."
            )
        return zones.read(path, frame=self._frame)

    def parcels(self, zone: Zone) -> gpd.GeoDataFrame:
        """Register rows that touch the zone."""
        candidates = sorted(self.folder.glob("*.gpkg"))
        if len(candidates) != 1:
            raise InvalidRegister(
                f"{self.folder} must hold one register (*.gpkg), it holds {len(candidates)}."
            )
        return registers.read_parcels(candidates[0], zone.grid, self.layout)

    def scenes(self, zone: Zone, warn: Warn = ignore) -> Iterator[Scene]:
        """One scene a day of the season, by date; an unreadable file is named and left out.

        Of several files of a day a pixel comes as a whole from the first that knows it.
        """
        wanted = (entry for entry in self._files if entry[0] in self.season)
        for date, of_day in groupby(wanted, key=lambda entry: entry[0]):
            found: Scene | None = None
            for _, path in of_day:
                try:
                    scene = read_scene(path, date, zone.grid, self.bands)
                except InvalidScene as error:
                    warn(str(error))
                    continue
                found = _joined(found, scene) if found and scene else found or scene
            if found is not None:
                yield found

    @cached_property
    def _files(self) -> list[tuple[dt.date, Path]]:
        folder = self.folder / "scenes"
        paths = sorted(p for p in folder.glob("*.tif*") if not p.name.startswith("."))
        if not paths:
            raise InvalidScene(f"{folder} holds no GeoTIFF: put one file per date there.")
        return sorted((_date(path), path) for path in paths)

    @cached_property
    def _frame(self) -> Grid:
        """Grid of the first scene that opens; the zones are cut out of its pixels."""
        problem = ""
        for _, path in self._files:
            try:
                with rasters.opened(path) as raster:
                    return _grid(raster, path)
            except (RasterioError, InvalidScene) as error:
                problem = problem or str(error)
        raise InvalidScene(f"No scene in {self.folder / 'scenes'} can be read: {problem}")


def read_scene(path: Path, date: dt.date, grid: Grid, bands: tuple[str, ...]) -> Scene | None:
    """The part of a scene over the grid; None where it has no pixel there.

    Raises InvalidScene for unreadable files, bands that are not there, or pixels off the grid.
    """
    try:
        with rasters.opened(path) as raster:
            order = band_order(raster.descriptions, bands, path.name)
            window = _window(_grid(raster, path), grid, path)
            height, width = raster.height, raster.width
            if not _overlaps(window, height, width):
                return None
            values = raster.read(order, window=window, boundless=True, fill_value=0)
            told = [_Told(raster, number - 1) for number in order[:-1]]
    except RasterioError as error:
        raise InvalidScene(f"{path.name} can't be read ({error}): fetch it again.") from error
    return Scene(date, _reflectance(values[:-1], told), values[-1].astype(np.uint8), grid, bands)


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
        if of.nodata is None or np.isnan(of.nodata):
            missing = np.isnan(numbers)
        else:
            missing = numbers == of.nodata
        if not of.fractions or of.nodata is None:
            missing |= numbers == 0
        if (of.scale, of.offset) != (1.0, 0.0):
            result[band] = np.maximum(numbers * of.scale + of.offset, 0)
        else:
            whole = 1 if of.fractions else sentinel2.SCALE
            result[band] = numbers.astype(np.float32) / np.float32(whole)
        result[band][missing] = np.nan
    return result


def _joined(one: Scene, other: Scene) -> Scene:
    """A day's scene with the pixels of another where it has none."""
    fresh = np.isnan(one.reflectance).any(axis=0) & ~np.isnan(other.reflectance).any(axis=0)
    reflectance = np.where(fresh, other.reflectance, one.reflectance)
    scl = np.where(fresh, other.scl, one.scl)
    return Scene(one.date, reflectance, scl, one.grid, one.bands)


def band_order(
    descriptions: Sequence[str | None], bands: Sequence[str], name: str
) -> tuple[int, ...]:
    """1-based positions of the bands and SCL in a file, by its bands' descriptions.

    B8, B08 and b8 are one band; bands that are not asked for don't matter. A file without any
    description holds exactly these, in this order. Raises InvalidScene.
    """
    wanted = [*bands, sentinel2.SCL]
    names = [sentinel2.band_name(text or "") for text in descriptions]
    if not any(names) and len(names) == len(wanted):
        return tuple(range(1, len(wanted) + 1))
    missing = [band for band in wanted if band not in names]
    if missing:
        held = ", ".join(n for n in names if n) or f"{len(names)} without a description"
        raise InvalidScene(
            f"{name} lacks {', '.join(missing)}; its bands are {held}: describe each band by its "
            f"name, or leave all without a description and write {', '.join(wanted)}."
        )
    twice = [band for band in wanted if names.count(band) > 1]
    if twice:
        raise InvalidScene(f"{name} holds {', '.join(twice)} twice: describe each band once.")
    return tuple(names.index(band) + 1 for band in wanted)


def _window(frame: Grid, grid: Grid, path: Path) -> Window:
    if rasterio.crs.CRS.from_user_input(frame.crs) != rasterio.crs.CRS.from_user_input(grid.crs):
        raise InvalidScene(
            f"{path.name} is in {frame.crs}, the other scenes in {grid.crs}: warp it."
        )
    column = (grid.left - frame.left) / grid.pixel_size
    row = (frame.top - grid.top) / grid.pixel_size
    off = max(abs(column - round(column)), abs(row - round(row)))
    if frame.pixel_size != grid.pixel_size or off > 0.01:
        raise InvalidScene(f"{path.name} does not lie on the pixels of the other scenes: warp it.")
    return Window(round(column), round(row), grid.shape[1], grid.shape[0])


def _overlaps(window: Window, height: int, width: int) -> bool:
    return bool(
        window.col_off < width
        and window.row_off < height
        and window.col_off + window.width > 0
        and window.row_off + window.height > 0
    )


def _grid(raster: Any, path: Path) -> Grid:
    affine = raster.transform
    if raster.crs is None or not raster.crs.is_projected:
        raise InvalidScene(f"{path.name} is not in a projected reference system such as UTM.")
    if affine.b or affine.d or affine.a != -affine.e:
        raise InvalidScene(f"{path.name} is rotated or has pixels that are not square.")
    low, high = _PIXEL_M
    if not low <= affine.a <= high:
        raise InvalidScene(
            f"{path.name} has pixels of {affine.a:g} m: warp it to {low:g} to {high:,.0f} m."
        )
    epsg = raster.crs.to_epsg()
    crs = f"EPSG:{epsg}" if epsg else raster.crs.to_string()
    return Grid(crs, affine.c, affine.f, affine.a, (raster.height, raster.width))


def _date(path: Path) -> dt.date:
    match = _DATE.search(path.stem)
    try:
        if match:
            return dt.date(*(int(part) for part in match.groups()))
    except ValueError:
        pass
    raise InvalidScene(f"{path.name}: no date such as 20180521 in its name.")
