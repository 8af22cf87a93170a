"""Land that costs next to nothing to make: fields on one lattice, any number of zones on it.

What a pixel shows depends on its place alone, so it is the same in whichever zone it lies.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import geopandas as gpd
import numpy as np
from shapely import box

from cropdash.domain import Float, Grid, Scene, Season, Split, Zone, sentinel2
from cropdash.domain.source import Warn, ignore
from cropdash.ingest import registers

CRS, LEFT, TOP, PIXEL = "EPSG:32631", 400_000.0, 5_400_000.0, 10.0
CODES = ("BTH", "MIS", "CZH", "TRN")
WIDE, HIGH = 13, 9  # [px] of a field, with one to the next: no multiple of a zone's side
_PEAKS = np.array((5.0, 8.0, 4.0, 7.0))  # month of most green


def squares(
    n: int, size: int, columns: int = 50, split: Split = "map", name: str = "z"
) -> tuple[Zone, ...]:
    """Zones of `size` pixels side by side, row by row."""
    side = size * PIXEL
    return tuple(
        Zone(
            f"{name}{i}",
            "fields",
            split,
            Grid(CRS, LEFT + i % columns * side, TOP - i // columns * side, PIXEL, (size, size)),
        )
        for i in range(n)
    )


@dataclass(frozen=True)
class Fields:
    """Zones on the lattice of fields."""

    listed: tuple[Zone, ...]
    declared: bool = True  # False: there is no register
    season: Season = field(default_factory=lambda: Season.of(2023))
    bands: tuple[str, ...] = sentinel2.BAND_SETS["10m"]
    name: str = "fields"

    def zones(self) -> tuple[Zone, ...]:
        """See `Source.zones`."""
        return self.listed

    def parcels(self, zone: Zone) -> gpd.GeoDataFrame:
        """See `Source.parcels`."""
        if not self.declared:
            return registers.read_parcels(None)
        rows, columns = _places(zone.grid)
        cells = [
            (i, j)
            for i in np.unique(rows // HIGH).tolist()
            for j in np.unique(columns // WIDE).tolist()
        ]
        shapes = [
            box(
                LEFT + j * WIDE * PIXEL,
                TOP - ((i + 1) * HIGH - 1) * PIXEL,
                LEFT + ((j + 1) * WIDE - 1) * PIXEL,
                TOP - i * HIGH * PIXEL,
            )
            for i, j in cells
        ]
        codes = [CODES[_crop(np.array(i), np.array(j))] for i, j in cells]
        table = {registers.ID: [f"{i}-{j}" for i, j in cells], registers.CODE: codes}
        return gpd.GeoDataFrame(table, geometry=shapes, crs=CRS)

    def scenes(self, zone: Zone, warn: Warn = ignore) -> Iterator[Scene]:
        """See `Source.scenes`; one a period, all of it clear."""
        rows, columns = _places(zone.grid)
        row, column = np.meshgrid(rows, columns, indexing="ij")
        bare = (row % HIGH == HIGH - 1) | (column % WIDE == WIDE - 1)
        peak = _PEAKS[_crop(row // HIGH, column // WIDE)]
        for n, period in enumerate(self.season.periods):
            green = np.where(bare, 0.1, np.exp(-(((period.start.month - peak) / 2) ** 2)))
            bands = [
                (0.2 + 0.3 * green if b == "B8" else 0.12 - 0.06 * green)
                + _noise(row, column, n, k)
                for k, b in enumerate(self.bands)
            ]
            scl = np.full(zone.grid.shape, 4, np.uint8)  # vegetation: everything is clear
            yield Scene(period.start, np.stack(bands).astype("float32"), scl, zone.grid, self.bands)


def _places(grid: Grid) -> tuple[np.ndarray, np.ndarray]:
    """Rows and columns of the grid's pixels on the lattice."""
    top, left = round((TOP - grid.top) / PIXEL), round((grid.left - LEFT) / PIXEL)
    return top + np.arange(grid.shape[0]), left + np.arange(grid.shape[1])


def _crop(row: np.ndarray, column: np.ndarray) -> np.ndarray:
    return (row * 7 + column * 3 + row * column) % len(CODES)


def _noise(row: np.ndarray, column: np.ndarray, period: int, band: int) -> Float:
    """Even noise of up to a tenth that a place's numbers give."""
    wave = np.sin(row * 12.9898 + column * 78.233 + period * 37.719 + band * 4.581) * 43758.5453
    return 0.2 * (wave - np.floor(wave) - 0.5).astype(np.float32)
