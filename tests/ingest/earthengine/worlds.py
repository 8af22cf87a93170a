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


@dataclass(frozen=True, eq=False)
class Granule:
    """One tile of one overpass: DN (4, H, W), 0 = no data, and SCL (H, W)."""

    tile: str  # e.g. "31UDQ"
    when: dt.datetime  # UTC
    processed: int  # a number that grows with the time of processing
    grid: Grid
    numbers: np.ndarray
    scl: np.ndarray
    scl_size: int = 1  # pixels of the grid that a pixel of SCL is wide

    def image(self) -> Image:
        """As S2_SR_HARMONIZED has it: each band is masked where it is 0."""
        layers = {
            name: (self.grid, values.astype(np.uint16), values > 0)
            for name, values in zip(BAND_SETS["10m"], self.numbers, strict=True)
        }
        layers["AOT"] = layers["B2"]  # there are more bands than are wanted
        n, (height, width) = self.scl_size, self.grid.shape
        scl = self.scl[::n, ::n].astype(np.uint8)
        at = Grid(self.grid.crs, self.grid.left, self.grid.top, 10 * n, (height // n, width // n))
        layers["SCL"] = (at, scl, np.ones_like(scl, dtype=bool))  # 0 is a value as any
        stamp = self.when.replace(tzinfo=dt.UTC)
        return asset(
            layers,
            {
                "system:index": f"{stamp:%Y%m%dT%H%M%S}_{stamp:%Y%m%dT%H%M%S}_T{self.tile}",
                "system:time_start": round(stamp.timestamp() * 1000),
                "GENERATION_TIME": self.processed,
            },
        )


def random(
    tile: str, when: str, grid: Grid, seed: int, processed: int = 0, cloudy: float = 0.3
) -> Granule:
    """One pixel in ten has no data in one band at least, a share of `cloudy` is not clear."""
    rng = np.random.default_rng(seed)
    numbers = rng.integers(1, 9000, (4, *grid.shape))
    numbers[rng.random(numbers.shape) < 0.03] = 0
    scl = rng.integers(4, 8, grid.shape)
    bad = rng.random(grid.shape) < cloudy
    scl[bad] = rng.choice([0, 1, 2, 3, 8, 9, 10, 11], bad.sum())
    return Granule(tile, dt.datetime.fromisoformat(when), processed, grid, numbers, scl)


def collection(granules: Sequence[Granule]) -> dict[str, list[Image]]:
    return {COLLECTION: [granule.image() for granule in granules]}


def placed(granule: Granule, grid: Grid) -> np.ndarray:
    """(5, H, W) numbers on the grid, by index arithmetic alone; 0 outside."""
    canvas = np.zeros((5, *grid.shape), dtype=np.int64)
    rows = np.arange(grid.shape[0]) + round((granule.grid.top - grid.top) / 10)
    columns = np.arange(grid.shape[1]) + round((grid.left - granule.grid.left) / 10)
    ok_r = (rows >= 0) & (rows < granule.grid.shape[0])
    ok_c = (columns >= 0) & (columns < granule.grid.shape[1])
    stack = np.stack([*granule.numbers, granule.scl])
    canvas[np.ix_(range(5), np.flatnonzero(ok_r), np.flatnonzero(ok_c))] = stack[:, rows[ok_r]][
        :, :, columns[ok_c]
    ]
    return canvas


def day(canvases: Sequence[np.ndarray]) -> np.ndarray:
    """(4, H, W) clear numbers of one day, NaN elsewhere; the preferred granule comes first."""
    result = np.full((4, *canvases[0].shape[1:]), np.nan)
    taken = np.zeros(canvases[0].shape[1:], dtype=bool)
    for canvas in canvases:
        whole = (canvas > 0).all(axis=0) & ~taken
        clear = whole & (canvas[4] >= 4) & (canvas[4] <= 7)
        result[:, clear] = canvas[:4, clear]
        taken |= whole
    return result


def composite(days: Sequence[np.ndarray], shape: tuple[int, int]) -> tuple[Any, Any]:
    """Median (4, H, W) [DN], NaN where there is none, and clear dates (H, W)."""
    if not days:
        return np.full((4, *shape), np.nan), np.zeros(shape, dtype=int)
    stack = np.stack(days)
    count = (~np.isnan(stack[:, 0])).sum(axis=0)
    median = np.full((4, *shape), np.nan)
    some = count > 0
    median[:, some] = np.nanmedian(stack[:, :, some], axis=0)
    return median, count


def moved(granule: Granule, **changes: Any) -> Granule:
    return replace(granule, **changes)


def warped(granule: Granule, grid: Grid) -> np.ndarray:
    """(5, H, W) for a tile of another UTM zone: the pixel in which each centre lies."""
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
def served() -> tuple[dict[str, list[Image]], dict[str, list[np.ndarray]]]:
    """The assets of `world` and its days."""
    granules, days = world()
    return collection(granules), days


def world() -> tuple[list[Granule], dict[str, list[np.ndarray]]]:
    """Granules of 2023, and by month the days that must come of them.

    March: tiles that overlap, one newer than the other, two orbits on a day, an even number of
    days. May: a tile of another UTM zone, newer, under one of the zone's own. June: clouds all over.
    July: that other zone's tile alone. The other months are empty.
    """
    far = over(GRID, "EPSG:32630", (80, 81))
    g = {
        "west": random("31UDQ", "2023-03-05T10:50:31", WEST, 1, processed=5),
        "east": random("31UEQ", "2023-03-05T10:50:35", EAST, 2, processed=9),
        "noon": random("31UDQ", "2023-03-08T10:50:31", WEST, 3, processed=4),
        "orbit": random("31UDQ", "2023-03-08T11:00:41", WEST, 4, processed=3),
        "both": random("31UEQ", "2023-03-08T10:50:35", EAST, 5, processed=2),
        "late": random("31UDQ", "2023-03-31T23:10:31", WEST, 6),
        "next": random("31UEQ", "2023-03-20T10:50:31", EAST, 7),
        "away": random("31UFQ", "2023-03-20T10:50:31", AWAY, 8),
        "own": random("31UEQ", "2023-05-02T10:50:31", EAST, 9, processed=1),
        "other": random("30UYU", "2023-05-02T10:50:31", far, 10, processed=7),
        "cloud": random("31UDQ", "2023-06-02T10:50:31", WEST, 11, cloudy=1.0),
        "alone": random("30UYU", "2023-07-09T10:50:31", far, 12),
        "before": random("31UDQ", "2022-12-31T10:50:31", WEST, 13),
        "after": random("31UDQ", "2024-01-01T10:50:31", WEST, 14),
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
