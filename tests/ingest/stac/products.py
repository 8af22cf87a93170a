"""Made-up Sentinel-2 products: a GeoTIFF a layer, and the item that describes them."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
from rasterio.transform import Affine
from rasterio.warp import transform_bounds

from cropdash.domain import Grid
from cropdash.domain.sentinel2 import BAND_SETS

FINE, ALL = BAND_SETS["10m"], BAND_SETS["all"]
LAYERS = (*ALL, "SCL")
# Assets by layer, as the providers' collections list them.
NAMES = {
    style: dict(zip(LAYERS, listed.split(), strict=True))
    for style, listed in {
        "planetary": "B02 B03 B04 B05 B06 B07 B08 B8A B11 B12 SCL",
        "copernicus": "B02_10m B03_10m B04_10m B05_20m B06_20m B07_20m B08_10m B8A_20m B11_20m"
        " B12_20m SCL_20m",
        "earth-search": "blue green red rededge1 rededge2 rededge3 nir nir08 swir16 swir22 scl",
    }.items()
}


@dataclass
class Product:
    """Raw digital numbers (B, H, W) and SCL (H, W) of one granule, on the tile's grid."""

    name: str
    when: str  # e.g. "2023-05-03T10:50:31Z"
    grid: Grid
    numbers: np.ndarray
    scl: np.ndarray
    baseline: str | None = "05.09"
    tile: str = "31UDQ"
    style: str = "planetary"
    properties: dict[str, Any] = field(default_factory=dict)
    band: dict[str, Any] = field(default_factory=dict)  # the assets' raster:bands
    suffix: str = ".tif"  # or .jp2
    coarse: int = 1  # pixels of the grid that a pixel of SCL and of the 20 m bands is wide
    bands: tuple[str, ...] = FINE

    def __post_init__(self) -> None:
        """The four pixels in one of a coarse layer share its number."""
        coarse = [band not in FINE for band in self.bands]
        self.numbers[coarse] = blocks(self.numbers[coarse], self.coarse)
        self.scl = blocks(self.scl, self.coarse)

    def write(self, folder: Path, base: str | None = None) -> dict[str, Any]:
        """Files into `folder`; the item's addresses start with `base` (None: paths)."""
        folder.mkdir(parents=True, exist_ok=True)
        files = {}
        layers = zip((*self.bands, "SCL"), (*self.numbers, self.scl), strict=True)
        for layer, values in layers:
            n, key = 1 if layer in FINE else self.coarse, NAMES[self.style][layer]
            path = folder / f"{self.name}_{key}{self.suffix}"
            write_tif(path, self._grid(n), values[::n, ::n])
            files[key] = f"{base}/{path.name}" if base else str(path)
        return self.item(files)

    def _grid(self, n: int) -> Grid:
        height, width = self.grid.shape
        return Grid(
            self.grid.crs,
            self.grid.left,
            self.grid.top,
            self.grid.pixel_size * n,
            (-(-height // n), -(-width // n)),
        )

    def item(self, files: dict[str, str]) -> dict[str, Any]:
        west, south, east, north = transform_bounds(self.grid.crs, "EPSG:4326", *self.grid.bounds)
        ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
        when = dt.datetime.fromisoformat(self.when)
        said = {"datetime": self.when, "grid:code": f"MGRS-{self.tile}"}
        if self.baseline:
            said["s2:processing_baseline"] = self.baseline
            said["s2:datatake_id"] = f"GS2A_{when:%Y%m%dT%H%M%S}_041063_N{self.baseline}"
        return {
            "type": "Feature",
            "stac_version": "1.0.0",
            "id": self.name,
            "collection": "sentinel-2-l2a",
            "geometry": {"type": "Polygon", "coordinates": [ring]},
            "bbox": [west, south, east, north],
            "properties": {**said, **self.properties},
            "links": [],
            "assets": {
                key: {"href": href, "roles": ["data"], "raster:bands": [self.band]}
                for key, href in files.items()
            },
        }


def blocks(values: np.ndarray, n: int) -> np.ndarray:
    """(…, H, W) in which each block of n x n has the number of its first pixel."""
    height, width = values.shape[-2:]
    return values[..., ::n, ::n].repeat(n, -2).repeat(n, -1)[..., :height, :width]


def write_tif(path: Path, grid: Grid, values: np.ndarray) -> None:
    jpeg = {"driver": "JP2OpenJPEG", "QUALITY": "100", "REVERSIBLE": "YES"}  # without loss
    profile = {
        **(jpeg if path.suffix == ".jp2" else {"driver": "GTiff"}),
        "count": 1,
        "height": grid.shape[0],
        "width": grid.shape[1],
        "dtype": "uint8" if values.max() < 16 else "uint16",
        "crs": grid.crs,
        "transform": Affine(*grid.transform),
    }
    with rasterio.open(path, "w", **profile) as raster:
        raster.write(values.astype(profile["dtype"]), 1)


def product(name: str, day: str, grid: Grid, seed: int, **settings: Any) -> Product:
    """Random numbers in which one pixel in ten has no data and one in three is cloudy."""
    rng = np.random.default_rng(seed)
    bands = settings.get("bands", FINE)
    numbers = rng.integers(1, 6000, (len(bands), *grid.shape)).astype(np.uint16)
    scl = rng.integers(4, 8, grid.shape).astype(np.uint8)
    scl[rng.random(grid.shape) < 0.3] = 9
    numbers[:, rng.random(grid.shape) < 0.1] = 0
    numbers[rng.integers(len(bands)), 0, 0] = 0  # one band alone lacks data
    # Real acquisitions over a place are minutes apart at most; they differ by tile here.
    return Product(name, f"{day}T10:50:31Z", grid, numbers, scl, **settings)
