"""Share of cropland by ESA WorldCover, for choosing zones."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cropdash.domain import Grid
from cropdash.files.retry import Transient
from cropdash.ingest.earthengine import expression
from cropdash.ingest.earthengine.connect import Client
from cropdash.ingest.earthengine.faults import TooLarge
from cropdash.ingest.earthengine.service import Service, check_project
from cropdash.ingest.earthengine.tiling import REQUEST_LIMIT, halves, window

COLLECTION = "ESA/WorldCover/v200"  # 2021, at 10 m; Zanaga et al. 2022, CC-BY 4.0
CROPLAND = 40
COARSE = 100.0  # [m] fine enough to compare squares of kilometres, and a hundredth of the pixels
WHOLE = 50_000  # number that stands for cropland all over; a uint16 has room for it
_FINE = 1024  # most pixels of the map that make a coarse one; about 180 at 60 degrees north
_BYTES = 2 + 1  # a uint16 and its mask
Shares = NDArray[np.float64]


def cropland_share(
    project: str, service: Service | None = None
) -> Callable[[Sequence[Grid]], Shares]:
    """A function that gives the share of cropland, 0 to 1, of each of some squares.

    It asks for one coarse map of the ground that the squares of one UTM zone lie on, so that
    thousands that overlap cost no more than one; raises SourceUnavailable, ConfigError.
    """
    client = Client(check_project(project), service or Service())

    def share(squares: Sequence[Grid]) -> Shares:
        return cropland_shares(squares, client)

    return share


def cropland_shares(squares: Sequence[Grid], client: Client) -> Shares:
    """Share of cropland of each square's area."""
    names = np.array([square.crs for square in squares])
    result = np.zeros(len(squares))
    for crs in sorted({square.crs for square in squares}):
        places = np.flatnonzero(names == crs).tolist()
        ground = _ground([squares[i] for i in places])
        heap = _heap(_map(client, ground))
        result[places] = [_mean(heap, ground, squares[i]) for i in places]
    return result


def _ground(squares: Sequence[Grid]) -> Grid:
    """The coarse grid that all squares lie on."""
    bounds = np.array([square.bounds for square in squares])
    left, bottom = np.floor(bounds[:, :2].min(axis=0) / COARSE) * COARSE
    right, top = np.ceil(bounds[:, 2:].max(axis=0) / COARSE) * COARSE
    shape = (round((top - bottom) / COARSE), round((right - left) / COARSE))
    return Grid(squares[0].crs, left, top, COARSE, shape)


def _map(client: Client, ground: Grid) -> Shares:
    """(H, W) share of cropland."""
    client.open()
    image = _image()
    share = np.empty(ground.shape)
    waiting = list(_tiles(ground))
    while waiting:
        tile = waiting.pop()
        rows, columns = window(tile, ground)
        try:
            share[rows, columns] = client.ask(lambda: _pixels(image, tile), "the cropland map")  # noqa: B023
        except TooLarge:
            waiting.extend(halves(tile))
    return share


def _image() -> Any:
    """An ee.Image: share of cropland in parts of WHOLE; 0 where the map ends, as at sea."""
    import ee

    crops = ee.ImageCollection(COLLECTION).first().select("Map").eq(CROPLAND)
    share = crops.reduceResolution(ee.Reducer.mean(), maxPixels=_FINE)
    return share.multiply(WHOLE).round().unmask(0, False).toUint16().rename("cropland")


def _tiles(ground: Grid) -> Iterator[Grid]:
    if ground.shape[0] * ground.shape[1] * _BYTES <= REQUEST_LIMIT:
        yield ground
        return
    for half in halves(ground):
        yield from _tiles(half)


def _pixels(image: Any, tile: Grid) -> Shares:
    import ee

    place = expression.place(tile)
    request = {"expression": image, "fileFormat": "NUMPY_NDARRAY", "grid": place}
    answer = ee.data.computePixels(request)
    if getattr(answer, "shape", None) != tile.shape or answer.dtype.names != ("cropland",):
        raise Transient("its answer has another size or other bands than were asked for")
    share: Shares = answer["cropland"].astype(float) / WHOLE
    if not (share <= 1).all():
        raise Transient("its answer holds shares above 1")
    return share


def _heap(share: Shares) -> Shares:
    """(H + 1, W + 1) sums over all that lies above and left of each corner."""
    return np.pad(share.cumsum(axis=0).cumsum(axis=1), ((1, 0), (1, 0)))


def _mean(heap: Shares, ground: Grid, square: Grid) -> float:
    """Mean share over a square whose edges need not lie between coarse pixels."""
    left, bottom, right, top = square.bounds
    rows = (ground.top - top) / COARSE, (ground.top - bottom) / COARSE
    columns = (left - ground.left) / COARSE, (right - ground.left) / COARSE
    total = sum(
        sign_row * sign_column * _between(heap, row, column)
        for sign_row, row in zip((-1, 1), rows, strict=True)
        for sign_column, column in zip((-1, 1), columns, strict=True)
    )
    return float(np.clip(total / ((rows[1] - rows[0]) * (columns[1] - columns[0])), 0, 1))


def _between(heap: Shares, row: float, column: float) -> float:
    """The heap at a place between corners; bilinear is exact, as shares are flat in a pixel."""
    i, j = min(math.floor(row), len(heap) - 2), min(math.floor(column), heap.shape[1] - 2)
    y, x = row - i, column - j
    above = heap[i, j] * (1 - x) + heap[i, j + 1] * x
    below = heap[i + 1, j] * (1 - x) + heap[i + 1, j + 1] * x
    return float(above * (1 - y) + below * y)
