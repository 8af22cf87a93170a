"""One period of a zone: asked for in tiles, checked, and put together."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
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

_MADE_BY = 1  # raised whenever the same pixels would come out otherwise


@dataclass(frozen=True, eq=False)
class Composite:
    """Of one period, as it is fetched and kept."""

    numbers: Numbers  # (B, H, W) median DN, or sentinel2.MISSING
    clear_dates: Bytes  # (H, W)

    @property
    def reflectance(self) -> Float:
        """(B, H, W), NaN = missing."""
        values = self.numbers.astype(np.float32) / np.float32(sentinel2.SCALE)
        values[self.numbers == sentinel2.MISSING] = np.nan
        return values

    def arrays(self, grid: Grid, period: Period, bands: Sequence[str]) -> dict[str, NDArray[Any]]:
        """What a PeriodStore keeps."""
        made_of = np.array(_made_of(grid, period, bands))
        return {"numbers": self.numbers, "clear_dates": self.clear_dates, "made_of": made_of}


def restore(
    arrays: Mapping[str, NDArray[Any]] | None, grid: Grid, period: Period, bands: Sequence[str]
) -> Composite | None:
    """What was kept of a period; None if nothing, or if it is of another grid, bands or recipe."""
    if arrays is None or set(arrays) != {"numbers", "clear_dates", "made_of"}:
        return None
    numbers, count = arrays["numbers"], arrays["clear_dates"]
    same = str(arrays["made_of"]) == _made_of(grid, period, bands)
    fits = (numbers.shape, count.shape) == ((len(bands), *grid.shape), grid.shape)
    typed = numbers.dtype == np.uint16 and count.dtype == np.uint8
    return Composite(numbers, count) if same and fits and typed else None


def fetch(client: Client, grid: Grid, period: Period, bands: Sequence[str], what: str) -> Composite:
    """Ask for a period, in one request if the service can; `what` names it in messages.

    Raises SourceUnavailable if the service fails for good.
    """
    client.open()  # expressions can be written only then
    image = expression.composite(grid, period, bands)
    layers = np.empty((len(bands) + 1, *grid.shape), dtype=np.uint16)
    waiting = deque(tiling.tiles(grid, bands))
    while waiting:
        tile = waiting.popleft()
        rows, columns = tiling.window(tile, grid)
        try:
            layers[:, rows, columns] = client.ask(
                lambda: checked(_pixels(image, tile), tile, bands, period.days),  # noqa: B023
                what,
            )
        except TooLarge:
            waiting.extendleft(reversed(tiling.halves(tile)))
    return Composite(layers[:-1], np.minimum(layers[-1], 255).astype(np.uint8))


def _pixels(image: Any, tile: Grid) -> Any:
    """The answer for one tile."""
    import ee

    place = expression.place(tile)
    request = {"expression": image, "fileFormat": "NUMPY_NDARRAY", "grid": place}
    return ee.data.computePixels(request)


def checked(answer: Any, tile: Grid, bands: Sequence[str], days: int) -> Numbers:
    """(B + 1, H, W) of an answer's (H, W) records. Raises Transient if they can't be those of so
    many days."""
    names = tiling.layers_of(bands)
    wanted = [(name, np.dtype(np.uint16)) for name in names]
    fields = getattr(getattr(answer, "dtype", None), "fields", None) or {}
    if [(name, kind[0].newbyteorder("=")) for name, kind in fields.items()] != wanted:
        raise Transient("its answer has other bands than were asked for")
    if answer.shape != tile.shape:
        raise Transient("its answer has another size than was asked for")
    layers = np.stack([answer[name] for name in names]).astype(np.uint16)
    missing = layers[:-1] == sentinel2.MISSING  # (B, H, W)
    if (missing != (layers[-1] == 0)).any() or (layers[-1] > days).any():
        raise Transient("its answer contradicts itself")
    return layers


def _made_of(grid: Grid, period: Period, bands: Sequence[str]) -> str:
    corner = f"{grid.left:.3f} {grid.top:.3f} {grid.pixel_size:.3f}"
    recipe = f"{_MADE_BY} {expression.COLLECTION} {period} {' '.join(bands)}"
    return f"{recipe} {grid.crs} {corner} {grid.shape}"
