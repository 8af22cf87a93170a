"""Rasters as pictures for a web map: composites and indices, warped to where the ground is."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from pyproj import Transformer

from cropdash.domain import Cube, Float, Grid, Period, indices
from cropdash.figures import palette, values
from cropdash.i18n import say, sentence


@dataclass(frozen=True)
class Composite:
    """Three bands as red, green and blue."""

    title: str
    bands: tuple[str, str, str]
    white: tuple[float, float, float]  # reflectance that is shown as white, by band


COMPOSITES = {
    "true_colour": Composite(sentence("True colour"), ("B4", "B3", "B2"), (0.22, 0.20, 0.18)),
    # Near-infrared is several times brighter than red.
    "false_colour": Composite(sentence("False colour"), ("B8", "B4", "B3"), (0.50, 0.24, 0.22)),
    "short_wave": Composite(
        sentence("Short-wave infrared"), ("B12", "B8A", "B4"), (0.32, 0.50, 0.24)
    ),
}
_GAMMA = 1 / 1.5  # opens up the shadows, as image viewers of the field do
_GREENING = ("#7a5c45", "#d9c7a0", "#e9e7a4", "#9fcb6c", "#3f9a46", "#0b5a2c")
_SCALES = {  # of indices that don't show how green it is, from their lowest to their highest value
    "NDWI": ("#8a5a2b", "#c9a26b", "#f2ead6", "#a9cfe6", "#3f86c4", "#0b3f7d"),
    "NDMI": ("#8c4a1f", "#d08a4a", "#f3e3bd", "#a8d8cf", "#3c93a6", "#0c4a70"),
    "BSI": ("#0b5a2c", "#5aa75a", "#d5e2b0", "#e8cf9c", "#b98450", "#6d3f1d"),
}

Rgba = NDArray[np.uint8]  # (H, W, 4)


def modes(bands: Sequence[str]) -> tuple[str, ...]:
    """Pictures that these bands allow: keys of COMPOSITES and of `indices.TABLE`.

    The first is the one that a map opens with.
    """
    known = [m for m, item in COMPOSITES.items() if set(item.bands) <= set(bands)]
    known += [index.name for index in indices.of_bands(bands)]
    opening = next(m for m in ("true_colour", "false_colour", "NDVI") if m in known)
    return (opening, *(mode for mode in known if mode != opening))


def title(mode: str) -> str:
    """Its name, in the reader's language."""
    return say(COMPOSITES[mode].title) if mode in COMPOSITES else mode


def about(mode: str) -> str:
    """What it is made of."""
    if mode not in COMPOSITES:
        return values.about(mode)
    red, green, blue = COMPOSITES[mode].bands
    return say("{red}, {green} and {blue} as red, green and blue.", red=red, green=green, blue=blue)


def bands_of(mode: str) -> tuple[str, ...]:
    """The bands that a picture needs."""
    return COMPOSITES[mode].bands if mode in COMPOSITES else indices.TABLE[mode].bands


def composite(cube: Cube, period: str, mode: str) -> Rgba:
    """(H, W, 4) picture of one period; missing pixels are transparent."""
    t = cube.periods.index(Period.of(period))
    if mode not in COMPOSITES:
        return _ramp(cube.index(mode)[t], mode)
    item = COMPOSITES[mode]
    planes = [cube.band(band)[t] for band in item.bands]
    scaled = [_stretched(p, white) for p, white in zip(planes, item.white, strict=True)]
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
    buffer = io.BytesIO()
    Image.fromarray(seen(picture, grid, side), "RGBA").save(buffer, "WEBP", quality=80, method=2)
    return buffer.getvalue()


def seen(picture: Rgba, grid: Grid, side: int) -> Rgba:
    """The picture as the web map shows it, at most `side` pixels long; transparent off the zone."""
    rows, columns, inside, _ = _mercator(grid)
    step = max(1, -(-max(rows.shape) // side))  # rounded up
    rows, columns, inside = (
        a[step // 2 :: step, step // 2 :: step] for a in (rows, columns, inside)
    )
    fine, coarse = grid.shape, picture.shape
    found: Rgba = picture[rows * coarse[0] // fine[0], columns * coarse[1] // fine[1]]
    found[~inside] = 0
    return found


def ramp(index: str) -> list[tuple[float, str]]:
    """Value and colour at each stop of an index's scale."""
    colours, of = _SCALES.get(index, _GREENING), indices.TABLE[index]
    stops = np.linspace(of.low, of.high, len(colours)).tolist()
    return list(zip(stops, colours, strict=True))


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


def _ramp(plane: Float, index: str) -> Rgba:
    stops, colours = zip(*ramp(index), strict=True)
    table, known = np.array([palette.rgb(c) for c in colours], dtype=float), np.nan_to_num(plane)
    planes = [np.interp(known, stops, table[:, i]) for i in range(3)]
    return np.dstack([*planes, np.where(np.isnan(plane), 0, 255)]).astype(np.uint8)
