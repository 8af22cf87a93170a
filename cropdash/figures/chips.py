"""Small pictures of one parcel: its surroundings by period, and what its pixels are named."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw
from shapely import get_parts
from shapely.geometry.base import BaseGeometry

from cropdash.domain import Cube, Grid, Legend, Period
from cropdash.figures import imagery, palette

Window: TypeAlias = tuple[slice, slice]  # rows and columns of the zone
MONTHS = 12
_LEAST, _AROUND = (
    32,
    0.35,
)  # [px] of a side at least; share of its size that is seen around a parcel
_SIDE = 200  # [px] of a picture, near enough
_EDGE = ("#ffffff", "#101010")  # of the outline: a light line on a dark one is seen on all ground


def monthly(periods: Sequence[str]) -> list[str]:
    """Of the periods that which lies nearest to the middle of each month; at most twelve."""
    found: dict[tuple[int, int], str] = {}
    for period in periods:
        day = Period.of(period).middle
        kept = found.get((day.year, day.month))
        if kept is None or abs(day.day - 15) < abs(Period.of(kept).middle.day - 15):
            found[day.year, day.month] = period
    return list(found.values())[:MONTHS]


def window(outline: BaseGeometry, grid: Grid) -> Window:
    """The square of the zone around a parcel, cut at the zone's edge."""
    left, bottom, right, top = outline.bounds
    x0, _, _, y0 = grid.bounds
    side = max(right - left, top - bottom) * (1 + 2 * _AROUND) / grid.pixel_size
    side = min(max(int(np.ceil(side)), _LEAST), *grid.shape)
    column = ((left + right) / 2 - x0) / grid.pixel_size - side / 2
    row = (y0 - (top + bottom) / 2) / grid.pixel_size - side / 2
    r = int(np.clip(round(row), 0, grid.shape[0] - side))
    c = int(np.clip(round(column), 0, grid.shape[1] - side))
    return slice(r, r + side), slice(c, c + side)


def strip(
    cube: Cube, periods: Sequence[str], mode: str, outline: BaseGeometry, seen: Window
) -> list[bytes]:
    """A PNG of each period with the parcel's outline; `mode` is one of `imagery.modes`."""
    return [
        png(imagery.composite(cube, period, mode)[seen], outline, cube.grid, seen)
        for period in periods
    ]


def answers(
    named: NDArray[np.integer],
    inside: NDArray[np.bool_],
    outline: BaseGeometry,
    grid: Grid,
    legend: Legend,
    seen: Window,
) -> bytes:
    """What each pixel is named in its class's colour, paler outside of the parcel, as PNG."""
    colours = np.array([palette.rgb(crop.colour) for crop in legend.classes], np.uint8)
    picture = colours[np.minimum(named[seen], legend.n_classes - 1)]
    pale = (255 - (255 - picture.astype(np.int64)) * 3 // 10).astype(np.uint8)
    picture = np.where(inside[seen][..., None], picture, pale)
    whole = np.dstack([picture, np.full(picture.shape[:2], 255, np.uint8)])
    return png(whole, outline, grid, seen)


def png(picture: imagery.Rgba, outline: BaseGeometry, grid: Grid, seen: Window) -> bytes:
    """The picture enlarged, the outline drawn into it; no value is between two pixels."""
    scale = max(1, round(_SIDE / len(picture)))
    image = Image.fromarray(np.ascontiguousarray(picture), "RGBA").resize(
        (picture.shape[1] * scale, picture.shape[0] * scale), Image.Resampling.NEAREST
    )
    paper = Image.new("RGB", image.size, "#ffffff")
    paper.paste(image, mask=image.getchannel("A"))
    draw = ImageDraw.Draw(paper)
    x0, _, _, y0 = grid.bounds
    for part in get_parts(outline):
        for ring in (part.exterior, *part.interiors):
            line = [
                (scale * ((x - x0) / grid.pixel_size - seen[1].start),
                 scale * ((y0 - y) / grid.pixel_size - seen[0].start))
                for x, y, *_ in ring.coords
            ]  # fmt: skip
            for colour, wide in zip(reversed(_EDGE), (4, 2), strict=True):
                draw.line(line, fill=colour, width=wide, joint="curve")
    buffer = io.BytesIO()
    paper.save(buffer, "PNG", optimize=True)
    return buffer.getvalue()
