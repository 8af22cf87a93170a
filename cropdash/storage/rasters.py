"""GeoTIFFs that QGIS opens: tiled, compressed, with overviews and band names."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
import rasterio.shutil
from numpy.typing import NDArray
from rasterio.errors import RasterioError
from rasterio.io import MemoryFile
from rasterio.transform import Affine
from rasterio.windows import Window

from cropdash.domain import Bytes, Cube, Float, Grid, Labels, Layer, Period, Season
from cropdash.domain.errors import CorruptDataset, CropdashError, one_line
from cropdash.domain.sentinel2 import MISSING, SCALE
from cropdash.files.atomic import replacing
from cropdash.files.rasters import opened
from cropdash.storage.layout import CLEAR_DATES, COMPOSITE, LABELS, LAST_CROP, LAYERS


def write(
    path: Path,
    bands: NDArray[Any],
    grid: Grid,
    names: Sequence[str],
    *,
    nodata: float | None = None,
    colours: dict[int, tuple[int, int, int, int]] | None = None,
    categorical: bool = False,
    season: Season | None = None,
    margin: int = 0,
) -> None:
    """Write (N, H, W) as a cloud-optimised GeoTIFF with one name per band.

    With a season its tags say so: SEASON, SEASON_START, SEASON_END; MARGIN, where so many pixels
    on each side lie around the zone.
    """
    profile = {
        "driver": "GTiff",
        "count": bands.shape[0],
        "height": grid.shape[0],
        "width": grid.shape[1],
        "dtype": bands.dtype,
        "crs": grid.crs,
        "transform": Affine(*grid.transform),
        "nodata": nodata,
        "interleave": "pixel" if bands.shape[0] == 1 else "band",
    }
    # GDAL finishes a file without complaint when the disk fills up at its end; Python's own write
    # does not, so the file is made in memory and written whole.
    with MemoryFile() as memory, MemoryFile(ext=".tif") as made, replacing(path) as temporary:
        with memory.open(**profile) as raster:
            raster.write(bands)
            raster.descriptions = tuple(names)
            if season:
                raster.update_tags(**{k.upper(): v for k, v in season.columns.items()})
            if margin:
                raster.update_tags(MARGIN=margin)
            if colours:
                raster.write_colormap(1, colours)
        with memory.open() as raster:
            rasterio.shutil.copy(
                raster,
                made.name,
                driver="COG",
                compress="deflate",
                predictor="standard" if bands.dtype.kind in "iu" else "floating_point",
                blocksize=128 if max(grid.shape) <= 512 else 256,
                overview_resampling="nearest" if categorical else "average",
            )
        temporary.write_bytes(made.getbuffer())


def read(path: Path, *, around: bool = False) -> tuple[NDArray[Any], Grid, tuple[str, ...]]:
    """(N, H, W) values, grid and band names of a GeoTIFF of ours; with its margin if `around`.

    Raises CorruptDataset.
    """
    with _ours(path), opened(path) as raster:
        names = tuple(str(name or "") for name in raster.descriptions)
        grid, seen = (grid_of(raster), None) if around else inner(raster)
        return raster.read(window=seen), grid, names


def inner(raster: Any) -> tuple[Grid, Window | None]:
    """Grid and window of an open raster without the margin that it says it has."""
    margin = int(raster.tags().get("MARGIN", 0))
    if not 0 <= 2 * margin < min(raster.shape):
        raise ValueError(f"its margin is {margin}")
    grid = grid_of(raster).grown(-margin)
    height, width = grid.shape
    return grid, Window(margin, margin, width, height) if margin else None


@contextmanager
def _ours(path: Path) -> Iterator[None]:
    """What is not as `write` wrote it is CorruptDataset."""
    try:
        yield
    except CorruptDataset:
        raise
    except (RasterioError, OSError, ValueError, IndexError, MemoryError, CropdashError) as error:
        raise CorruptDataset(
            "{a} in {b} can't be read as a GeoTIFF of ours ({c}): build or predict the zone again.",
            a=path.name,
            b=path.parent.name,
            c=one_line(error),
        ) from error


def _of_type(values: NDArray[Any], kind: str) -> None:
    if values.dtype != kind:
        raise ValueError(f"its values are {values.dtype}, not {kind}")


def grid_of(raster: Any) -> Grid:
    """Grid of an open raster."""
    affine = raster.transform
    crs = raster.crs.to_string() if raster.crs else ""
    return Grid(crs, affine.c, affine.f, affine.a, (raster.height, raster.width))


def write_cube(folder: Path, cube: Cube, margin: int = 0) -> tuple[Path, ...]:
    """Write composite.tif (uint16, x10000), clear_dates.tif (uint8) and what else is known.

    margin: [px] of the cube that lie around the zone.
    """
    composite, clear = folder / COMPOSITE, folder / CLEAR_DATES
    names = [f"{period} {band}" for period in cube.periods for band in cube.bands]
    season = season_of(cube)
    write(
        composite,
        encode(cube.reflectance).reshape(len(names), *cube.grid.shape),
        cube.grid,
        names,
        nodata=MISSING,
        season=season,
        margin=margin,
    )
    dates = [f"{period} clear dates" for period in cube.periods]
    write(clear, cube.clear_dates, cube.grid, dates, season=season, margin=margin)
    return composite, clear, *_write_known(folder, cube, margin)


def season_of(cube: Cube) -> Season:
    """The days that a cube's periods make up."""
    return Season(cube.periods[0].start, cube.periods[-1].end)


def _write_known(folder: Path, cube: Cube, margin: int) -> Iterator[Path]:
    """Write layers.tif (float32) and last_crop.tif (uint8), those that the cube has."""
    for name in (LAYERS, LAST_CROP):  # of an earlier build with other settings
        (folder / name).unlink(missing_ok=True)
    if cube.layers:
        path, names = folder / LAYERS, []
        for layer in cube.layers:
            each = [""] if len(layer.values) == 1 else [f"{period} " for period in cube.periods]
            names += [f"{before}{layer.name}" for before in each]
        values = np.concatenate([layer.values for layer in cube.layers])
        write(path, values.astype(np.float32), cube.grid, names, nodata=np.nan, margin=margin)
        yield path
    if cube.last_crop is not None:
        path = folder / LAST_CROP
        said = cube.last_crop[None]
        write(path, said, cube.grid, ["last crop"], categorical=True, margin=margin)
        yield path


def read_cube(folder: Path, *, around: bool = False) -> Cube:
    """The cube of a zone folder, with its margin if `around`; filled values are those where
    clear_dates is 0."""
    values, grid, names = read(folder / COMPOSITE, around=around)
    clear, _, _ = read(folder / CLEAR_DATES, around=around)
    last = folder / LAST_CROP
    last_crop = read(last, around=around)[0][0] if last.is_file() else None
    layers = _read_layers(folder / LAYERS, around)
    with _ours(folder / COMPOSITE):
        _of_type(values, "uint16")
        pairs = [name.split(" ") for name in names]
        periods = tuple(Period.of(p) for p in dict.fromkeys(p for p, _ in pairs))
        bands = tuple(dict.fromkeys(b for _, b in pairs))
        shape = (len(periods), len(bands), *grid.shape)
        return Cube(decode(values).reshape(shape), clear, periods, bands, grid, layers, last_crop)


def _read_layers(path: Path, around: bool) -> tuple[Layer, ...]:
    """Layers in their order; a name that several periods carry is one layer."""
    if not path.is_file():
        return ()
    values, _, names = read(path, around=around)
    planes: dict[str, list[NDArray[Any]]] = {}
    for plane, name in zip(values, names, strict=True):
        planes.setdefault(name.rpartition(" ")[2], []).append(plane)
    return tuple(Layer(name, np.stack(of)) for name, of in planes.items())


def encode(reflectance: Float) -> NDArray[np.uint16]:
    """Reflectance to uint16 x10000; NaN becomes 65535."""
    scaled = np.rint(np.nan_to_num(reflectance, nan=0.0) * SCALE)
    stored = np.clip(scaled, 0, MISSING - 1).astype(np.uint16)
    stored[np.isnan(reflectance)] = MISSING
    return stored


def decode(stored: NDArray[np.uint16]) -> Float:
    """uint16 x10000 to float32 reflectance; 65535 becomes NaN."""
    reflectance = stored.astype(np.float32) / np.float32(SCALE)
    reflectance[stored == MISSING] = np.nan
    return reflectance


def write_labels(
    folder: Path, labels: Labels, season: Season | None = None, margin: int = 0
) -> Path:
    """Write labels.tif: band 1 crop class, band 2 parcel id (both int32, one file)."""
    path = folder / LABELS
    stacked = np.stack([labels.crop.astype(np.int32), labels.parcel_id])
    names = ["crop", "parcel_id"]
    write(path, stacked, labels.grid, names, categorical=True, season=season, margin=margin)
    return path


def read_labels(folder: Path, *, around: bool = False) -> Labels:
    """What `write_labels` wrote. Raises CorruptDataset."""
    values, grid, _ = read(folder / LABELS, around=around)
    with _ours(folder / LABELS):
        _of_type(values, "int32")
        return Labels(values[0].astype(np.uint8), values[1], grid)


def write_prediction(
    path: Path, crop: Bytes, confidence: Float, grid: Grid, season: Season
) -> None:
    """Write class (band 1) and confidence in per cent (band 2), both uint8."""
    per_cent = np.rint(np.clip(confidence, 0, 1) * 100).astype(np.uint8)
    bands, names = np.stack([crop, per_cent]), ["class", "confidence %"]
    write(path, bands, grid, names, categorical=True, season=season)


def read_prediction(path: Path) -> tuple[Bytes, Float, Grid]:
    """Classes, confidence and grid. Raises CorruptDataset."""
    values, grid, _ = read(path)
    with _ours(path):
        _of_type(values, "uint8")
        return values[0], values[1].astype(np.float32) / 100, grid
