"""Many zones' rasters as one cloud-optimised GeoTIFF a UTM zone, whatever their number."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape, quoteattr

import numpy as np
import rasterio.shutil

from cropdash.domain import Bytes, Grid
from cropdash.domain.errors import ConfigError
from cropdash.files import atomic, rasters
from cropdash.storage import rasters as ours

NOTHING = 255  # where no zone lies
Colours = Mapping[int, tuple[int, int, int, int]]


@dataclass(frozen=True)
class Tile:
    """A band of a file, and where it lies."""

    path: Path
    band: int
    grid: Grid


def frame(grids: Sequence[Grid]) -> Grid:
    """The smallest grid that holds grids of one lattice. Raises ConfigError for others."""
    first = grids[0]
    bounds = np.array([grid.bounds for grid in grids])
    (left, bottom), (right, top) = bounds[:, :2].min(axis=0), bounds[:, 2:].max(axis=0)
    size = first.pixel_size
    off = np.abs(np.remainder(bounds[:, [0, 3]] - (left, top) + size / 2, size) - size / 2).max()
    if off > 0.01 or {(g.crs, g.pixel_size) for g in grids} != {(first.crs, size)}:
        raise ConfigError(
            "The zones don't share one grid of pixels, so they make no mosaic: build them from"
            " 'cropdash zones tile'."
        )
    shape = (round((top - bottom) / size), round((right - left) / size))
    return Grid(first.crs, float(left), float(top), size, shape)


def write_vrt(path: Path, bands: Mapping[str, Sequence[Tile]], colours: Colours | None) -> Grid:
    """A virtual raster of uint8 bands by name, each of tiles side by side; its grid."""
    whole = frame([tile.grid for tiles in bands.values() for tile in tiles])
    height, width = whole.shape
    parts = [
        f'<VRTDataset rasterXSize="{width}" rasterYSize="{height}">',
        f"<SRS>{escape(whole.crs)}</SRS>",
        f"<GeoTransform>{whole.left}, {whole.pixel_size}, 0, {whole.top}, 0, {-whole.pixel_size}"
        "</GeoTransform>",
    ]
    for number, (name, tiles) in enumerate(bands.items(), start=1):
        parts += [
            f'<VRTRasterBand dataType="Byte" band="{number}">',
            f"<Description>{escape(name)}</Description><NoDataValue>{NOTHING}</NoDataValue>",
            *_palette(colours if number == 1 else None),
            *(_source(tile, whole, path.parent) for tile in tiles),
            "</VRTRasterBand>",
        ]
    atomic.write_text(path, "\n".join([*parts, "</VRTDataset>"]))
    return whole


def write_cog(path: Path, vrt: Path) -> None:
    """What a virtual raster shows as a cloud-optimised GeoTIFF; block by block, in bounded memory."""
    with atomic.replacing(path) as temporary:
        rasterio.shutil.copy(
            str(vrt), str(temporary), driver="COG", compress="deflate", predictor="standard",
            blocksize=512, overview_resampling="nearest", bigtiff="if_safer",
        )  # fmt: skip


def values(path: Path, grid: Grid) -> Bytes:
    """(H, W) of a mosaic over a grid of its pixels."""
    with rasters.opened(path) as raster:
        found: Bytes = rasters.on_grid(raster, grid, [1], smooth=False, missing=NOTHING)[0]
        return found


def grid_of(path: Path) -> Grid:
    """The grid of a mosaic."""
    with rasters.opened(path) as raster:
        return ours.grid_of(raster)


def _palette(colours: Colours | None) -> list[str]:
    if colours is None:
        return []
    rows = (colours.get(k, (0, 0, 0, 0)) for k in range(256))
    entries = [f'<Entry c1="{r}" c2="{g}" c3="{b}" c4="{a}"/>' for r, g, b, a in rows]
    return ["<ColorInterp>Palette</ColorInterp><ColorTable>", *entries, "</ColorTable>"]


def _source(tile: Tile, whole: Grid, near: Path) -> str:
    height, width = tile.grid.shape
    column = round((tile.grid.left - whole.left) / whole.pixel_size)
    row = round((whole.top - tile.grid.top) / whole.pixel_size)
    inside = tile.path.parent == near
    name: Any = tile.path.name if inside else tile.path.resolve()
    size = f'xSize="{width}" ySize="{height}"'
    return (
        f"<SimpleSource><SourceFilename relativeToVRT={quoteattr(str(int(inside)))}>"
        f"{escape(str(name))}</SourceFilename><SourceBand>{tile.band}</SourceBand>"
        f'<SourceProperties RasterXSize="{width}" RasterYSize="{height}" DataType="Byte"/>'
        f'<SrcRect xOff="0" yOff="0" {size}/><DstRect xOff="{column}" yOff="{row}" {size}/>'
        "</SimpleSource>"
    )
