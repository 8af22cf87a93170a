"""Land that nobody farms: woods, belts along streams, villages and ponds, with natural outlines."""

from __future__ import annotations

import numpy as np
import shapely
from numpy.typing import NDArray
from rasterio.features import shapes
from rasterio.transform import Affine

from cropdash.domain import M2_PER_HA
from cropdash.simulate.noise import interpolation, smooth
from cropdash.simulate.tables import EVERGREEN_WOOD, VILLAGE, WATER, WOOD, Index

CELL_M, LATTICE_M = 10.0, 50.0  # outlines are drawn on cells, noise on a coarser lattice
MARGIN_M = 200.0  # drawn beyond the bounds, so that fields at the edge end where woods begin
ZONE_SPREAD = 0.25  # log-sd of the share between zones of one region
VILLAGE_SHARE, POND_SHARE = 0.22, 0.015  # of the land that is not farmed
STREAM_CHANCE, STREAM_WIDTH = 0.6, 0.045  # zones with a stream; half its belt in units of noise
SMOOTH_M = 7.0  # by which outlines are simplified
MIN_HA = 0.05
# (wavelength [m], weight) of the noises' octaves.
WOODS = ((1800.0, 1.0), (500.0, 0.5), (180.0, 0.3))
VILLAGES = ((2600.0, 1.0), (400.0, 0.3), (120.0, 0.15))
STREAMS = ((4500.0, 1.0), (700.0, 0.15))
CONIFERS = ((1500.0, 1.0),)


def draw(
    bounds: tuple[float, float, float, float], share: float, rng: np.random.Generator
) -> tuple[NDArray[np.object_], Index]:
    """Polygons (P,) that cover about `share` of the bounds [m], and what grows there (P,)."""
    left, bottom, right, top = bounds
    rows = round((top - bottom + 2 * MARGIN_M) / CELL_M)
    columns = round((right - left + 2 * MARGIN_M) / CELL_M)
    share = float(np.clip(share * np.exp(rng.normal(0, ZONE_SPREAD)), 0, 0.7))
    cover = _cover((rows, columns), share, rng)
    place = Affine(CELL_M, 0, left - MARGIN_M, 0, -CELL_M, top + MARGIN_M)
    found = [
        (shapely.geometry.shape(patch), int(value))
        for patch, value in shapes(cover, mask=cover > 0, transform=place)
    ]
    polygons = np.array([polygon for polygon, _ in found], dtype=object)
    growth = np.array([value for _, value in found], dtype=np.int64)
    polygons = shapely.simplify(polygons, SMOOTH_M)
    keep = (shapely.area(polygons) > MIN_HA * M2_PER_HA) & shapely.is_valid(polygons)
    return polygons[keep], growth[keep]


def _cover(shape: tuple[int, int], share: float, rng: np.random.Generator) -> NDArray[np.uint8]:
    """(rows, columns) growth id of what covers a cell, 0 on farmland."""
    woods, villages, streams, conifers = (
        _noise(shape, octaves, rng) for octaves in (WOODS, VILLAGES, STREAMS, CONIFERS)
    )
    cover = np.zeros(shape, dtype=np.uint8)
    if rng.random() < STREAM_CHANCE:
        cover[np.abs(streams) < STREAM_WIDTH] = WOOD
    cover[villages > np.quantile(villages, 1 - share * VILLAGE_SHARE)] = VILLAGE
    cover[villages < np.quantile(villages, share * POND_SHARE)] = WATER
    left = share - (cover > 0).mean()
    free = cover == 0
    if left > 0:
        is_wood = free & (woods > np.quantile(woods[free], 1 - left / free.mean()))
        cover[is_wood] = np.where(conifers[is_wood] > 0.9, EVERGREEN_WOOD, WOOD)
    return cover


def _noise(
    shape: tuple[int, int], octaves: tuple[tuple[float, float], ...], rng: np.random.Generator
) -> NDArray[np.float32]:
    """(rows, columns) smooth noise, made on the lattice and stretched to cells."""
    size = [int(np.ceil(n * CELL_M / LATTICE_M)) + 2 for n in shape]
    row, column = (np.arange(n) * LATTICE_M for n in size)
    centre = np.stack(np.meshgrid(column, row), axis=-1).reshape(-1, 2)
    layers = [weight * smooth(centre, wavelength, rng) for wavelength, weight in octaves]
    coarse = np.sum(layers, axis=0).astype(np.float32).reshape(size)
    rows, columns = (
        interpolation(np.arange(n) * (CELL_M / LATTICE_M), m)
        for n, m in zip(shape, size, strict=True)
    )
    return np.asarray(rows @ coarse @ columns.T)
