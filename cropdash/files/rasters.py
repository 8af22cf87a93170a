"""The one door to images: GeoTIFFs, and what services give, each by its own driver alone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import rasterio
from numpy.typing import NDArray
from rasterio.enums import Resampling
from rasterio.transform import Affine
from rasterio.vrt import WarpedVRT

from cropdash.domain import Grid


@contextmanager
def opened(path: object, driver: str = "GTiff", **options: Any) -> Iterator[Any]:
    """An open raster of that driver. Raises RasterioError."""
    with rasterio.open(path, driver=driver, **options) as raster:
        yield raster


def on_grid(
    raster: Any, grid: Grid, bands: Sequence[int], *, smooth: bool, missing: float | None = None
) -> NDArray[Any]:
    """(N, H, W) an open raster's bands, from 1, at the grid's centres.

    `smooth`: bilinear, as float32 with NaN where nothing is known; else the nearest pixel's number,
    with `missing` where there is none. Raises RasterioError.
    """
    float_only = {"dtype": "float32", "nodata": np.nan} if smooth else {}
    given = {} if missing is None else {"src_nodata": missing, "nodata": missing}
    with WarpedVRT(
        raster,
        crs=grid.crs,
        transform=Affine(*grid.transform),
        height=grid.shape[0],
        width=grid.shape[1],
        resampling=Resampling.bilinear if smooth else Resampling.nearest,
        tolerance=0.125 if smooth else 1e-6,  # [pixels] by which a centre may be missed
        **float_only,
        **given,
    ) as view:
        values: NDArray[Any] = view.read(list(bands))
    return values
