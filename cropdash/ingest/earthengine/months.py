"""One month of a zone: asked for in tiles, checked, and put together."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cropdash.domain import Bytes, Float, Grid, Period, sentinel2
from cropdash.files.retry import Transient
from cropdash.ingest.earthengine import expression, tiling
from cropdash.ingest.earthengine.connect import Client
from cropdash.ingest.earthengine.faults import TooLarge

Numbers = NDArray[np.uint16]

SCALE = 10_000  # digital number of reflectance 1.0
_MADE_BY = 1  # raised whenever the same pixels would come out otherwise


@dataclass(frozen=True, eq=False)
class Month:
    """Composite of one month, as it is fetched and kept."""

    numbers: Numbers  # (B, H, W) median DN, 65535 = missing
    clear_dates: Bytes  # (H, W)

    @property
    def reflectance(self) -> Float:
        """(B, H, W), NaN = missing."""
        values = self.numbers.astype(np.float32) / np.float32(SCALE)
        values[self.numbers == expression.MISSING] = np.nan
        return values

    def arrays(self, grid: Grid, period: Period) -> dict[str, NDArray[Any]]:
        """What a MonthStore keeps."""
        made_of = np.array(_made_of(grid, period))
        return {"numbers": self.numbers, "clear_dates": self.clear_dates, "made_of": made_of}


def restore(arrays: Mapping[str, NDArray[Any]] | None, grid: Grid, period: Period) -> Month | None:
    """The month that was kept; None if there is none, or it is of another grid or recipe."""
    if arrays is None or set(arrays) != {"numbers", "clear_dates", "made_of"}:
        return None
    numbers, count = arrays["numbers"], arrays["clear_dates"]
    same = str(arrays["made_of"]) == _made_of(grid, period)
    fits = (numbers.shape, count.shape) == (
        (len(sentinel2.BAND_SETS["10m"]), *grid.shape),
        grid.shape,
    )
    typed = numbers.dtype == np.uint16 and count.dtype == np.uint8
    return Month(numbers, count) if same and fits and typed else None


def fetch(client: Client, grid: Grid, period: Period, what: str) -> Month:
    """Ask for a month, in one request if the service can; `what` names it in messages.

    Raises SourceUnavailable if the service fails for good.
    """
    client.open()  # expressions can be written only then
    image = expression.composite(grid, period)
    layers = np.empty((len(tiling.LAYERS), *grid.shape), dtype=np.uint16)
    waiting = deque(tiling.tiles(grid))
    while waiting:
        tile = waiting.popleft()
        rows, columns = tiling.window(tile, grid)
        try:
            layers[:, rows, columns] = client.ask(lambda: _pixels(image, tile), what)  # noqa: B023
        except TooLarge:
            waiting.extendleft(reversed(tiling.halves(tile)))
    return Month(layers[:-1], layers[-1].astype(np.uint8))


def _pixels(image: Any, tile: Grid) -> Numbers:
    """(B + 1, H, W) of one tile. Raises Transient if the answer is not what was asked for."""
    import ee

    place = expression.place(tile)
    request = {"expression": image, "fileFormat": "NUMPY_NDARRAY", "grid": place}
    return checked(ee.data.computePixels(request), tile)


def checked(answer: Any, tile: Grid) -> Numbers:
    """(B + 1, H, W) of an answer's (H, W) records. Raises Transient if they are not those."""
    wanted = [(name, np.dtype(np.uint16)) for name in tiling.LAYERS]
    fields = getattr(getattr(answer, "dtype", None), "fields", None) or {}
    if [(name, kind[0].newbyteorder("=")) for name, kind in fields.items()] != wanted:
        raise Transient("its answer has other bands than were asked for")
    if answer.shape != tile.shape:
        raise Transient("its answer has another size than was asked for")
    layers = np.stack([answer[name] for name in tiling.LAYERS]).astype(np.uint16)
    missing = layers[:-1] == expression.MISSING  # (B, H, W)
    if (missing != (layers[-1] == 0)).any() or (layers[-1] > 31).any():
        raise Transient("its answer contradicts itself")
    return layers


def _made_of(grid: Grid, period: Period) -> str:
    corner = f"{grid.left:.3f} {grid.top:.3f} {grid.pixel_size:.3f}"
    return f"{_MADE_BY} {expression.COLLECTION} {period} {grid.crs} {corner} {grid.shape}"
