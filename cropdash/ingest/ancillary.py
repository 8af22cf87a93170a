"""What is known of a zone beside its year: the land's height, and last year's register."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol, runtime_checkable

import geopandas as gpd
import numpy as np
import rasterio
from rasterio.enums import Resampling
from rasterio.errors import RasterioError
from rasterio.transform import Affine
from rasterio.vrt import WarpedVRT

from cropdash.domain import Float, Grid, Zone
from cropdash.domain.errors import ConfigError
from cropdash.ingest import registers


@runtime_checkable
class Context(Protocol):
    """Anything that knows of a zone's heights and of its parcels a year before."""

    def elevation(self, zone: Zone) -> Float | None:
        """(H, W) height above the sea [m] on the zone's grid; None if it is not known."""

    def parcels_before(self, zone: Zone) -> gpd.GeoDataFrame | None:
        """Rows of the register of the year before, as `Source.parcels`; None if there is none."""


@dataclass(frozen=True)
class ContextFiles:
    """A terrain model and a register of one's own."""

    terrain: Path | None = None  # GeoTIFF [m], of any reference system and resolution
    register: Path | None = None
    layout: registers.Layout = field(default_factory=registers.Layout)  # columns of the register

    def __post_init__(self) -> None:
        for path in (self.terrain, self.register):
            if path is not None and not path.exists():
                raise ConfigError(f"There is no file {path}.")

    def elevation(self, zone: Zone) -> Float | None:
        return None if self.terrain is None else read_elevation(self.terrain, zone.grid)

    def parcels_before(self, zone: Zone) -> gpd.GeoDataFrame | None:
        if self.register is None:
            return None
        return registers.read_parcels(self.register, zone.grid, self.layout)


def read_elevation(path: Path, grid: Grid) -> Float:
    """(H, W) the first band of a GeoTIFF, bilinear on the grid; NaN where it has no data.

    Raises ConfigError if it can't be read, names no reference system or holds nothing of the grid.
    """
    try:
        with rasterio.open(path, driver="GTiff") as terrain:
            if terrain.crs is None:
                raise ConfigError(
                    f"{path.name} names no reference system: write the terrain with one."
                )
            heights = _warped(terrain, grid)
    except RasterioError as error:
        raise ConfigError(f"{path.name} can't be read as a GeoTIFF ({error}).") from error
    if np.isnan(heights).all():
        raise ConfigError(
            f"{path.name} holds no height of a zone at {grid.left:.0f}, {grid.top:.0f} "
            f"({grid.crs}): choose a terrain model that covers all zones."
        )
    return heights


def _warped(terrain: rasterio.DatasetReader, grid: Grid) -> Float:
    height, width = grid.shape
    with WarpedVRT(
        terrain,
        crs=grid.crs,
        transform=Affine(*grid.transform),
        height=height,
        width=width,
        resampling=Resampling.bilinear,
        dtype="float32",
        nodata=np.nan,
    ) as view:
        heights: Float = view.read(1)
    return heights
