"""What one request may ask for: bytes as Earth Engine counts them, and tiles below its limit."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence

from cropdash.domain import Grid
from cropdash.domain.errors import SourceUnavailable

CLEAR_DATES = "clear_dates"
# https://developers.google.com/earth-engine/guides/usage: "48 MB"; its messages say 50331648.
REQUEST_LIMIT = 48 * 2**20  # [bytes] of one answer before compression
LAYER_BYTES = 2 + 1  # a uint16, and one byte of mask that is counted though it is not sent
_SMALLEST = 16  # [pixels] a tile's longer side that is not split any more


def layers_of(bands: Sequence[str]) -> tuple[str, ...]:
    """What an answer holds, each as uint16: the bands, then the count of clear dates."""
    return (*bands, CLEAR_DATES)


def request_bytes(grid: Grid, bands: Sequence[str]) -> int:
    """[bytes] that one period of a grid counts against the limit of a request."""
    height, width = grid.shape
    return height * width * len(layers_of(bands)) * LAYER_BYTES


def tiles(grid: Grid, bands: Sequence[str]) -> tuple[Grid, ...]:
    """The fewest even strips across the longer side that each are within the limit."""
    count = math.ceil(request_bytes(grid, bands) / REQUEST_LIMIT)
    while any(request_bytes(strip, bands) > REQUEST_LIMIT for strip in _strips(grid, count)):
        count += 1
    return tuple(_strips(grid, count))


def halves(tile: Grid) -> tuple[Grid, ...]:
    """A tile cut in two. Raises SourceUnavailable if it is too small for that to help."""
    if max(tile.shape) <= _SMALLEST:
        raise SourceUnavailable(
            "Earth Engine can't compute even {a} x {b} pixels of a period: try again later;"
            " what is built stays.",
            a=tile.shape[1],
            b=tile.shape[0],
        )
    return tuple(_strips(tile, 2))


def window(tile: Grid, grid: Grid) -> tuple[slice, slice]:
    """Rows and columns of the grid that a tile of it covers."""
    row = round((grid.top - tile.top) / grid.pixel_size)
    column = round((tile.left - grid.left) / grid.pixel_size)
    return slice(row, row + tile.shape[0]), slice(column, column + tile.shape[1])


def _strips(grid: Grid, count: int) -> Iterator[Grid]:
    """The grid cut across its longer side into parts that differ by one pixel at most."""
    (height, width), size = grid.shape, grid.pixel_size
    longer = max(height, width)
    edges = [longer * k // count for k in range(count + 1)]
    for start, end in itertools.pairwise(edges):
        if height >= width:
            yield Grid(grid.crs, grid.left, grid.top - start * size, size, (end - start, width))
        else:
            yield Grid(grid.crs, grid.left + start * size, grid.top, size, (height, end - start))
