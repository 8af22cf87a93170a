"""Made-up acquisitions as Earth Engine's assets, and what must come of them, in plain numpy."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import numpy as np
import pyproj

from cropdash.domain import Grid
from cropdash.domain.sentinel2 import BAND_SETS
from cropdash.ingest.earthengine.expression import COLLECTION
from tests.ingest.earthengine.images import Image, asset

FINE, TEN = BAND_SETS["10m"], BAND_SETS["all"]


@dataclass(frozen=True, eq=False)
class Granule:
    """One tile of one overpass: DN (B, H, W), 0 = no data, and SCL (H, W)."""

    tile: str  # e.g. "31UDQ"
    when: dt.datetime  # UTC
    processed: int  # a number that grows with the time of processing
    grid: Grid
    numbers: np.ndarray
    scl: np.ndarray
    coarse: int = 1  # pixels of the grid that a pixel of SCL and of the 20 m bands is wide
    bands: tuple[str, ...] = FINE

    def image(self) -> Image:
        """As S2_SR_HARMONIZED has it: each band is masked where it is 0."""
        layers = {
            name: (self._grid(name), values.astype(np.uint16), values > 0)
            for name, values in (
                (name, self._stored(name, values))
                for name, values in zip(self.bands, self.numbers, strict=True)
            )
        }
        layers["AOT"] = layers["B8"]  # there are more bands than are wanted
        scl = self._stored("SCL", self.scl).astype(np.uint8)
        layers["SCL"] = (self._grid("SCL"), scl, np.ones_like(scl, dtype=bool))  # 0 is a value too
        stamp = self.when.replace(tzinfo=dt.UTC)
        return asset(
            layers,
            {
                "system:index": f"{stamp:%Y%m%dT%H%M%S}_{stamp:%Y%m%dT%H%M%S}_T{self.tile}",
                "system:time_start": round(stamp.timestamp() * 1000),
                "GENERATION_TIME": self.processed,
            },
        )

    def _stored(self, name: str, values: np.ndarray) -> np.ndarray:
        """What is stored of a layer: of each block of pixels one, where it is coarse."""
        n = 1 if name in FINE else self.coarse
        return values[::n, ::n]

    def _grid(self, name: str) -> Grid:
        grid, n = self.grid, 1 if name in FINE else self.coarse
        shape = self._stored(name, self.scl).shape
        return Grid(grid.crs, grid.left, grid.top, grid.pixel_size * n, shape)


def random(
    tile: str,
    when: str,
    grid: Grid,
    seed: int,
    processed: int = 0,
    cloudy: float = 0.3,
    bands: tuple[str, ...] = FINE,
) -> Granule:
    """One pixel in ten has no data in one band at least, a share of `cloudy` is not clear."""
    rng = np.random.default_rng(seed)
    numbers = rng.integers(1, 9000, (len(bands), *grid.shape))
    numbers[rng.random(numbers.shape) < 0.03] = 0
    scl = rng.integers(4, 8, grid.shape)
    bad = rng.random(grid.shape) < cloudy
    scl[bad] = rng.choice([0, 1, 2, 3, 8, 9, 10, 11], bad.sum())
    when = dt.datetime.fromisoformat(when)
    return Granule(tile, when, processed, grid, numbers, scl, bands=bands)


def coarse(granule: Granule) -> Granule:
    """With SCL and 20 m bands of 20 m, as the real ones are: 2 x 2 pixels share a number."""

    def blocks(values: np.ndarray) -> np.ndarray:
        height, width = values.shape
        return np.kron(values[::2, ::2], np.ones((2, 2), dtype=int))[:height, :width]

    numbers = [
        values if name in FINE else blocks(values)
        for name, values in zip(granule.bands, granule.numbers, strict=True)
    ]
    return replace(granule, numbers=np.stack(numbers), scl=blocks(granule.scl), coarse=2)


def collection(granules: Sequence[Granule]) -> dict[str, list[Image]]:
    return {COLLECTION: [granule.image() for granule in granules]}


def placed(granule: Granule, grid: Grid) -> np.ndarray:
    """(B + 1, H, W) numbers and SCL on the grid, by index arithmetic alone; 0 outside."""
    canvas = np.zeros((len(granule.bands) + 1, *grid.shape), dtype=np.int64)
    rows = np.arange(grid.shape[0]) + round((granule.grid.top - grid.top) / 10)
    columns = np.arange(grid.shape[1]) + round((grid.left - granule.grid.left) / 10)
    ok_r = (rows >= 0) & (rows < granule.grid.shape[0])
    ok_c = (columns >= 0) & (columns < granule.grid.shape[1])
    stack = np.stack([*granule.numbers, granule.scl])
    inside = np.ix_(range(len(canvas)), np.flatnonzero(ok_r), np.flatnonzero(ok_c))
    canvas[inside] = stack[:, rows[ok_r]][:, :, columns[ok_c]]
    return canvas


def day(canvases: Sequence[np.ndarray]) -> np.ndarray:
    """(B, H, W) clear numbers of one day, NaN elsewhere; the preferred granule comes first."""
    result = np.full(canvases[0][:-1].shape, np.nan)
    taken = np.zeros(canvases[0].shape[1:], dtype=bool)
    for canvas in canvases:
        whole = (canvas > 0).all(axis=0) & ~taken
        clear = whole & (canvas[-1] >= 4) & (canvas[-1] <= 7)
        result[:, clear] = canvas[:-1, clear]
        taken |= whole
    return result


def composite(days: Sequence[np.ndarray], shape: tuple[int, ...]) -> tuple[Any, Any]:
    """Median (B, H, W) = shape [DN], NaN where there is none, and clear dates (H, W)."""
    if not days:
        return np.full(shape, np.nan), np.zeros(shape[1:], dtype=int)
    stack = np.stack(days)
    count = (~np.isnan(stack[:, 0])).sum(axis=0)
    median = np.full(shape, np.nan)
    some = count > 0
    median[:, some] = np.nanmedian(stack[:, :, some], axis=0)
    return median, count


def moved(granule: Granule, **changes: Any) -> Granule:
    return replace(granule, **changes)


def warped(granule: Granule, grid: Grid) -> np.ndarray:
    """(B + 1, H, W) for a tile of another UTM zone: the pixel in which each centre lies."""
    x = grid.left + 10 * (np.arange(grid.shape[1]) + 0.5)
    y = grid.top - 10 * (np.arange(grid.shape[0]) + 0.5)
    change = pyproj.Transformer.from_crs(grid.crs, granule.grid.crs, always_xy=True)
    east, north = change.transform(*np.meshgrid(x, y))
    columns = np.floor((east - granule.grid.left) / 10).astype(int)
    rows = np.floor((granule.grid.top - north) / 10).astype(int)
    return np.stack([*granule.numbers, granule.scl])[:, rows, columns]


# West of Greenwich by a little, so that tiles of UTM zones 30 and 31 both cover it.
GRID = Grid("EPSG:32631", 277_000, 5_330_000, 10, (18, 23))
WEST = Grid("EPSG:32631", 276_900, 5_330_100, 10, (40, 24))  # 14 columns of GRID
EAST = Grid("EPSG:32631", 277_080, 5_330_060, 10, (40, 30))  # 15; 6 are WEST's too
AWAY = Grid("EPSG:32631", 290_000, 5_330_060, 10, (40, 30))


def over(grid: Grid, crs: str, shape: tuple[int, int]) -> Grid:
    """A grid of another UTM zone around the middle of a grid."""
    left, bottom, right, top = grid.bounds
    change = pyproj.Transformer.from_crs(grid.crs, crs, always_xy=True)
    x, y = change.transform((left + right) / 2, (bottom + top) / 2)
    return Grid(crs, round(x, -1) - 5 * shape[1], round(y, -1) + 5 * shape[0], 10, shape)


@cache
def served(
    bands: tuple[str, ...] = FINE,
) -> tuple[dict[str, list[Image]], dict[str, list[np.ndarray]]]:
    """The assets of `world` and its days."""
    granules, days = world(bands)
    return collection(granules), days


def world(
    bands: tuple[str, ...] = FINE,
) -> tuple[list[Granule], dict[str, list[np.ndarray]]]:
    """Granules of 2023, and by month the days that must come of them.

    March: tiles that overlap, one newer than the other, two orbits on a day, an even number of
    days. May: a tile of another UTM zone, newer, under one of the zone's own. June: clouds all over.
    July: that other zone's tile alone. The other months are empty.
    """

    def made(*place: Any, **settings: Any) -> Granule:
        granule = random(*place, **settings, bands=bands)
        return granule if bands == FINE else coarse(granule)

    far = over(GRID, "EPSG:32630", (80, 81))
    g = {
        "west": made("31UDQ", "2023-03-05T10:50:31", WEST, 1, processed=5),
        "east": made("31UEQ", "2023-03-05T10:50:35", EAST, 2, processed=9),
        "noon": made("31UDQ", "2023-03-08T10:50:31", WEST, 3, processed=4),
        "orbit": made("31UDQ", "2023-03-08T11:00:41", WEST, 4, processed=3),
        "both": made("31UEQ", "2023-03-08T10:50:35", EAST, 5, processed=2),
        "late": made("31UDQ", "2023-03-31T23:10:31", WEST, 6),
        "next": made("31UEQ", "2023-03-20T10:50:31", EAST, 7),
        "away": made("31UFQ", "2023-03-20T10:50:31", AWAY, 8),
        "own": made("31UEQ", "2023-05-02T10:50:31", EAST, 9, processed=1),
        "other": made("30UYU", "2023-05-02T10:50:31", far, 10, processed=7),
        "cloud": made("31UDQ", "2023-06-02T10:50:31", WEST, 11, cloudy=1.0),
        "alone": made("30UYU", "2023-07-09T10:50:31", far, 12),
        "before": made("31UDQ", "2022-12-31T10:50:31", WEST, 13),
        "after": made("31UDQ", "2024-01-01T10:50:31", WEST, 14),
    }  # fmt: skip
    months = {
        "2023-03": [["east", "west"], ["noon", "orbit", "both"], ["late"], ["next"]],
        "2023-05": [["own", "other"]],
        "2023-06": [["cloud"]],
        "2023-07": [["alone"]],
    }

    def canvas(name: str) -> np.ndarray:
        return (warped if name in ("other", "alone") else placed)(g[name], GRID)

    days = {
        month: [day([canvas(name) for name in names]) for names in listed]
        for month, listed in months.items()
    }
    return list(g.values()), days
