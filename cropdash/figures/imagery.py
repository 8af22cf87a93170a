"""Rasters as pictures for a web map: reflectance and NDVI, warped to where the ground is."""

from __future__ import annotations

import io
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from pyproj import Transformer

from cropdash.domain import Cube, Float, Grid, Period
from cropdash.i18n import sentence

MODES = {
    "true_colour": sentence("True colour"),
    "false_colour": sentence("False colour"),
    "ndvi": sentence("NDVI"),
}
_COMPOSITES = {"true_colour": ("B4", "B3", "B2"), "false_colour": ("B8", "B4", "B3")}
# Reflectance that is shown as white: near-infrared is several times brighter than red.
_WHITE = {"true_colour": (0.22, 0.20, 0.18), "false_colour": (0.50, 0.24, 0.22)}
_GAMMA = 1 / 1.5  # opens up the shadows, as image viewers of the field do
_NDVI_STOPS = (-0.1, 0.1, 0.3, 0.5, 0.7, 0.9)
_NDVI_COLOURS = ("#7a5c45", "#d9c7a0", "#e9e7a4", "#9fcb6c", "#3f9a46", "#0b5a2c")

Rgba = NDArray[np.uint8]  # (H, W, 4)


def composite(cube: Cube, period: str, mode: str) -> Rgba:
    """(H, W, 4) picture of one month; missing pixels are transparent."""
    t = cube.periods.index(Period.of(period))
    if mode == "ndvi":
        return _ramp(cube.ndvi[t])
    planes = [cube.band(band)[t] for band in _COMPOSITES[mode]]
    scaled = [_stretched(p, white) for p, white in zip(planes, _WHITE[mode], strict=True)]
    valid = ~np.isnan(np.stack(planes)).any(axis=0)
    return np.dstack([*scaled, np.where(valid, 255, 0)]).astype(np.uint8)


def png(picture: Rgba, grid: Grid) -> bytes:
    """The picture warped to Web Mercator, as PNG; place it by `bounds(grid)`.

    Nearest neighbour: a UTM square is turned by up to two degrees on a web map, which is seven
    pixels at the edge of a 2.5 km zone, so placing it by its corners would not do.
    """
    buffer = io.BytesIO()
    Image.fromarray(warped(picture, grid), "RGBA").save(buffer, "PNG", compress_level=4)
    return buffer.getvalue()


def warped(picture: NDArray[np.uint8], grid: Grid) -> NDArray[np.uint8]:
    """(H, W, ...) on the grid as seen on the web map; 0 outside of the zone."""
    rows, columns, inside, _ = _mercator(grid)
    seen: NDArray[np.uint8] = picture[rows, columns]
    seen[~inside] = 0
    return seen


def webp(picture: Rgba, grid: Grid, side: int = 1300) -> bytes:
    """The picture warped like `png`, at most `side` pixels long, in a tenth of the bytes.

    For photographs: WebP loses detail that classes need and reflectance does not. `picture` may
    be coarser than `grid`, whose ground it covers.
    """
    rows, columns, inside, _ = _mercator(grid)
    step = max(1, -(-max(rows.shape) // side))  # rounded up
    rows, columns, inside = (
        a[step // 2 :: step, step // 2 :: step] for a in (rows, columns, inside)
    )
    fine, coarse = grid.shape, picture.shape
    seen = picture[rows * coarse[0] // fine[0], columns * coarse[1] // fine[1]]
    seen[~inside] = 0
    buffer = io.BytesIO()
    Image.fromarray(seen, "RGBA").save(buffer, "WEBP", quality=80, method=2)
    return buffer.getvalue()


def ramp() -> list[tuple[float, str]]:
    """NDVI and its colour at each stop of the pictures' scale."""
    return list(zip(_NDVI_STOPS, _NDVI_COLOURS, strict=True))


def bounds(grid: Grid) -> tuple[tuple[float, float], tuple[float, float]]:
    """((south, west), (north, east)) in degrees of the warped picture."""
    corners: tuple[tuple[float, float], tuple[float, float]] = _mercator(grid)[3]
    return corners


@lru_cache(maxsize=8)
def _mercator(grid: Grid) -> tuple[Any, Any, Any, Any]:
    """Rows and columns of the grid for each pixel of the picture, those inside, the bounds."""
    to_web = Transformer.from_crs(grid.crs, 3857, always_xy=True)
    left, bottom, right, top = to_web.transform_bounds(*grid.bounds, densify_pts=21)
    scale = 1.3  # finer than the grid, so that nearest neighbours keep every pixel
    height, width = (round(n * scale) for n in grid.shape)
    x = left + (np.arange(width) + 0.5) * (right - left) / width
    y = top - (np.arange(height) + 0.5) * (top - bottom) / height
    back = Transformer.from_crs(3857, grid.crs, always_xy=True)
    east, north = back.transform(*np.meshgrid(x, y))  # (height, width)
    columns = np.floor((east - grid.left) / grid.pixel_size).astype(int)
    rows = np.floor((grid.top - north) / grid.pixel_size).astype(int)
    inside = (rows >= 0) & (rows < grid.shape[0]) & (columns >= 0) & (columns < grid.shape[1])
    rows, columns = np.clip(rows, 0, grid.shape[0] - 1), np.clip(columns, 0, grid.shape[1] - 1)
    degrees = Transformer.from_crs(3857, 4326, always_xy=True)
    (west, east_), (south, north_) = degrees.transform([left, right], [bottom, top])
    return rows, columns, inside, ((south, west), (north_, east_))


def _stretched(plane: Float, white: float) -> Float:
    share = np.clip(np.nan_to_num(plane) / white, 0, 1)
    return np.asarray(255 * share**_GAMMA, dtype=np.float32)


def _ramp(ndvi: Float) -> Rgba:
    colours = np.array([rgb(c) for c in _NDVI_COLOURS], dtype=float)
    known = np.nan_to_num(ndvi)
    planes = [np.interp(known, _NDVI_STOPS, colours[:, i]) for i in range(3)]
    return np.dstack([*planes, np.where(np.isnan(ndvi), 0, 255)]).astype(np.uint8)


def rgb(colour: str) -> tuple[int, int, int]:
    """Red, green, blue of "#rrggbb"."""
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)
