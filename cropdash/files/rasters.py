"""The one door to images: GeoTIFFs, and what services give, each by its own driver alone."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
import rasterio
from numpy.typing import NDArray
from rasterio.enums import Resampling
from rasterio.errors import RasterioIOError
from rasterio.transform import Affine
from rasterio.vrt import WarpedVRT

from cropdash.domain import Grid
from cropdash.files import atomic

# No folder is listed and no side-car read: both may name other files.
_ALONE = {"GDAL_DISABLE_READDIR_ON_OPEN": "EMPTY_DIR", "GDAL_PAM_ENABLED": "NO"}
_JP2 = "JP2OpenJPEG"
_BEGINS = {  # of a file, by the driver that reads it
    "GTiff": (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"),  # the latter two are BigTIFF
    _JP2: (b"\0\0\0\x0cjP  \r\n\x87\n", b"\xff\x4f\xff\x51"),  # boxed, and a bare codestream
}
_LOG = "rasterio._env.log_error"  # where rasterio hears what GDAL says
_MOST_SIDE, _MOST_BANDS = 500_000, 20_000
_MOST_BLOCK = 2**30  # [bytes] that one read unpacks at least

_before, _before_end = sys.unraisablehook, sys.excepthook


def _heard(what: sys.UnraisableHookArgs) -> None:
    """GDAL quotes bytes of a damaged file that are no text: what it says is raised as well."""
    if not (what.object == _LOG and isinstance(what.exc_value, UnicodeError)):
        _before(what)


def _ended(kind: type[BaseException], value: BaseException, trace: TracebackType | None) -> None:
    """Such an error is printed without a trace as well, which no other ever lacks."""
    if not (trace is None and isinstance(value, UnicodeError)):
        _before_end(kind, value, trace)


sys.unraisablehook, sys.excepthook = _heard, _ended


def driver_of(path: Path | str) -> str:
    """The one driver that may open a file: JPEG 2000 by its ending, else GeoTIFF."""
    return _JP2 if str(path).partition("?")[0].lower().endswith(".jp2") else "GTiff"


@contextmanager
def opened(path: Path | str, **options: Any) -> Iterator[Any]:
    """An open GeoTIFF or JPEG 2000: a file of this machine, or by a text what a service has.

    Raises RasterioError, also for what says that it is larger than any image.
    """
    local, driver = isinstance(path, Path), driver_of(path)
    if local:
        _check_begin(Path(path), driver)
    with (
        rasterio.Env(**(_ALONE if local else {})),
        rasterio.open(path, driver=driver, **options) as raster,
    ):
        if any(np.dtype(name).kind == "c" for name in raster.dtypes):
            raise RasterioIOError("it holds complex numbers: write one band a part")
        size = np.dtype(raster.dtypes[0]).itemsize
        block = max(height * width for height, width in raster.block_shapes) * size
        if raster.interleaving is not None and raster.interleaving.name == "pixel":
            block *= raster.count
        if max(raster.shape) > _MOST_SIDE or raster.count > _MOST_BANDS or block > _MOST_BLOCK:
            raise RasterioIOError(
                f"it says that it has {raster.count:,} bands of {raster.height:,} x {raster.width:,}"
                f" pixels in blocks of {block:,} bytes, which is more than any image here has"
            )
        try:
            yield raster
        except UnicodeError as error:  # in a name that the file holds
            raise RasterioIOError("a name in it is no text") from error


def _check_begin(path: Path, driver: str) -> None:
    """Raise RasterioIOError unless the file begins as those of the driver do."""
    try:
        with atomic.opened(path) as handle:
            begin = handle.read(16)
    except OSError as error:
        raise RasterioIOError(str(error.strerror)) from error
    if not begin.startswith(_BEGINS[driver]):
        raise RasterioIOError(f"it is no {'TIFF' if driver == 'GTiff' else 'JPEG 2000'}")


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
