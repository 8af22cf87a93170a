"""Parts of a zone's composite, for pictures: some periods and bands, as coarse as they are shown."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from rasterio.enums import Resampling
from rasterio.errors import RasterioError

from cropdash.domain import Cube, Grid, Period
from cropdash.domain.errors import CorruptDataset
from cropdash.files.rasters import opened
from cropdash.storage import layout, rasters


def read(
    folder: Path,
    periods: Sequence[str],
    bands: Sequence[str] | None = None,
    side: int | None = None,
) -> Cube:
    """The cube of `periods` and `bands` (all if None), its longer side halved until it fits `side`.

    The overviews in the file are used, so a coarse season is read as fast as a fine period; what
    is coarser than the file is the mean of the known pixels. Raises CorruptDataset.
    """
    path = folder / layout.COMPOSITE
    try:
        with opened(path, num_threads="all_cpus") as raster:
            own, seen = rasters.inner(raster)
            grid = coarser(own, side)
            names = [str(name).split(" ") for name in raster.descriptions]
            wanted = tuple(bands or dict.fromkeys(band for _, band in names))
            rows = [names.index([str(period), band]) + 1 for period in periods for band in wanted]
            stored = raster.read(
                rows, out_shape=grid.shape, window=seen, resampling=Resampling.average
            )
        with opened(folder / layout.CLEAR_DATES) as raster:
            dated = [str(name).split(" ")[0] for name in raster.descriptions]
            rows = [dated.index(str(period)) + 1 for period in periods]
            clear = raster.read(
                rows, out_shape=grid.shape, window=seen, resampling=Resampling.nearest
            )
    except (RasterioError, OSError, ValueError) as error:  # a period or band is not in the file
        raise CorruptDataset(
            "Imagery of zone {a} can't be read ({b}): build the zone again.", a=folder.name, b=error
        ) from error
    shape = (len(periods), len(wanted), *grid.shape)
    values = rasters.decode(np.asarray(stored)).reshape(shape)
    return Cube(values, np.asarray(clear), tuple(map(Period.of, periods)), wanted, grid)


def coarser(grid: Grid, side: int | None) -> Grid:
    """The grid with pixels twice, four times, … as large, until no side is longer than `side`.

    Sides that are odd can't be halved, and stay.
    """
    height, width = grid.shape
    factor = 1
    while side and max(height, width) // factor > side and _is_whole(grid, 2 * factor):
        factor *= 2
    shape = (height // factor, width // factor)
    return Grid(grid.crs, grid.left, grid.top, grid.pixel_size * factor, shape)


def _is_whole(grid: Grid, factor: int) -> bool:
    return grid.shape[0] % factor == 0 and grid.shape[1] % factor == 0
