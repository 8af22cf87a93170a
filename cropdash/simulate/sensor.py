"""From pieces of land to dated scenes: texture, point spread, sky, noise, classification."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cropdash.domain import Bytes, Float, Scene, Zone, sentinel2
from cropdash.simulate import phenology, radiometry, sky, weather
from cropdash.simulate.landscape import Landscape
from cropdash.simulate.tables import VILLAGE, WATER, regions, stream

SIDE_WEIGHT = 0.17  # share of a neighbour's light in a pixel, by row and by column
MAX_SHIFT_PX = 0.25  # by which scenes lie off the grid
NOISE_FLOOR, NOISE_SHARE = 0.003, 0.03
SWATH_EDGE_SHARE = 0.15  # zones on the edge of the second orbit's swath
# Sen2Cor classes.
NO_DATA, SHADOW, VEGETATION, BARE, WET, UNCLASSIFIED = 0, 3, 4, 5, 6, 7
CLOUD_MEDIUM, CLOUD_HIGH, THIN_CIRRUS = 8, 9, 10
VEGETATION_NDVI = 0.32
THICK_CLOUD = 1.2  # optical depth of high cloud probability
DETECTION = (0.08, 0.40)  # optical depth below which cloud is missed, differs by date
SHADOW_SEEN = (0.20, 0.55)  # darkness below which a shadow is missed
SHADOWS_FOUND = 0.75  # share of shadowed land that is recognised at all
BRIGHT_GROUND = 0.155  # B2 plus haze above which ground may be called cloud


@dataclass(frozen=True, eq=False)
class Ground:
    """What the camera needs of a zone."""

    thin: Float  # (N, B, P)
    thick: Float  # (N, B, P)
    piece: NDArray[np.intp]  # (H * W,)
    texture: Float  # (H, W) 0 = thin canopy, 1 = thick
    is_water: NDArray[np.bool_]  # (H, W)
    shape: tuple[int, int]


def shoot(zone: Zone, land: Landscape, year: int, seed: int) -> Iterator[Scene]:
    """Scenes of a season over the zone, one after another."""
    region = regions()[zone.region]
    passes = weather.acquire(year, region, stream(seed, zone.zone_id, "weather", str(year)))
    ground = ground_of(zone, land, passes, seed, str(year))
    rng = stream(seed, zone.zone_id, "sky", str(year))
    drawn = sky.fields(rng)
    canvas = sky.Canvas(drawn, zone.grid.shape, zone.grid.pixel_size)
    bank = noise_bank(ground.shape, rng)
    outside = _beyond_swath(ground.shape, rng)
    for n, date in enumerate(passes.dates):
        above = canvas.sky(passes.cover[n], passes.sun_zenith[n], rng)
        bare = blurred(surface(ground, n), rng.uniform(-MAX_SHIFT_PX, MAX_SHIFT_PX, 2))
        seen = sky.cover(bare, above, passes.haze[n])
        add_noise(seen, bank, rng)
        scl = classify(seen, above, ground.is_water, rng)
        if passes.orbit[n] == 1 and outside is not None:
            seen[:, outside], scl[outside] = np.nan, NO_DATA
        yield Scene(date, seen, scl, zone.grid, sentinel2.BAND_SETS["10m"])


def ground_of(zone: Zone, land: Landscape, passes: weather.Passes, seed: int, year: str) -> Ground:
    region = regions()[zone.region]
    rng = stream(seed, zone.zone_id, "growth", year)
    canopy = phenology.grow(land.growth, passes.day, region, rng)
    thin, thick = radiometry.reflect(
        canopy, passes.sun_zenith, passes.moisture, region.soil_brightness, rng
    )
    cover = land.growth[land.piece]
    texture = _texture(cover == VILLAGE, stream(seed, zone.zone_id, "texture"))
    is_water = np.asarray(cover == WATER)
    index = land.piece.ravel().astype(np.intp)
    return Ground(thin, thick, index, texture, is_water, land.piece.shape)


def _texture(is_village: NDArray[np.bool_], rng: np.random.Generator) -> Float:
    """(H, W) patchiness: soil over some 60 m, rows and tracks by the pixel, roofs and gardens."""
    shape = is_village.shape
    grain = rng.standard_normal(shape, dtype=np.float32)
    coarse = tuple(n // 6 + 3 for n in shape)
    patches = rng.standard_normal(coarse, dtype=np.float32)
    rows, columns = (_stretch(n, m) for n, m in zip(shape, coarse, strict=True))
    mixed = 0.5 + 0.24 * (rows @ patches @ columns.T) + 0.14 * grain
    mixed[is_village] = 0.5 + 0.45 * grain[is_village]
    return np.asarray(np.clip(mixed, 0, 1), dtype=np.float32)


def _stretch(n: int, m: int) -> Float:
    """(n, m) linear weights from m coarse places to n pixels."""
    place = np.linspace(0.5, m - 1.5, n)
    low = np.floor(place).astype(int)
    weights = np.zeros((n, m), dtype=np.float32)
    weights[np.arange(n), low] = 1 - (place - low)
    weights[np.arange(n), low + 1] += place - low
    return weights


def surface(ground: Ground, n: int) -> Float:
    """(B, H, W) reflectance of the land on the n-th date."""
    thin = ground.thin[n].take(ground.piece, axis=1).reshape(-1, *ground.shape)
    span = (ground.thick[n] - ground.thin[n]).take(ground.piece, axis=1)
    span = span.reshape(-1, *ground.shape)
    span *= ground.texture
    thin += span
    return np.asarray(thin)


def blurred(image: Float, shift: NDArray[np.float64]) -> Float:
    """The image (B, H, W) through a 3 x 3 point spread that is off by `shift` [px]."""
    for axis, by in zip((1, 2), shift, strict=True):
        before = np.float32(SIDE_WEIGHT + by / 2)
        after = np.float32(SIDE_WEIGHT - by / 2)
        width = [(0, 0), (int(axis == 1),) * 2, (int(axis == 2),) * 2]
        padded = np.pad(image, width, "edge")
        parts = [_part(padded, start, image.shape[axis], axis) for start in range(3)]
        image = parts[1] * np.float32(1 - 2 * SIDE_WEIGHT) + parts[0] * before + parts[2] * after
    return image


def _part(image: Float, start: int, size: int, axis: int) -> Float:
    at = [slice(None)] * 3
    at[axis] = slice(start, start + size)
    return image[tuple(at)]


def noise_bank(shape: tuple[int, int], rng: np.random.Generator) -> Float:
    """Normal deviates of which every scene takes another stretch."""
    size = 4 * shape[0] * shape[1]
    return rng.standard_normal(size + size // 2 + 1, dtype=np.float32)


def add_noise(seen: Float, bank: Float, rng: np.random.Generator) -> None:
    start = int(rng.integers(0, len(bank) - seen.size))
    noise = bank[start : start + seen.size].reshape(seen.shape)
    seen += (np.float32(NOISE_FLOOR) + np.float32(NOISE_SHARE) * seen) * noise
    np.clip(seen, 0.0001, 1.2, out=seen)


def _beyond_swath(shape: tuple[int, int], rng: np.random.Generator) -> NDArray[np.bool_] | None:
    """(H, W) land that the second orbit does not see; None where it sees all."""
    share, slope, is_edge = rng.uniform(0.3, 0.9), rng.uniform(0.15, 0.25), rng.random()
    if is_edge >= SWATH_EDGE_SHARE:
        return None
    row, column = np.indices(shape)
    return np.asarray(column + slope * row > share * shape[1])


def classify(
    seen: Float, above: sky.Sky, is_water: NDArray[np.bool_], rng: np.random.Generator
) -> Bytes:
    """(H, W) scene classification, with Sen2Cor's errors.

    Thin cloud and faint shadow are missed, dark land is left unclassified, and bright ground
    is now and then taken for cloud.
    """
    missed, faint = rng.uniform(*DETECTION), rng.uniform(*SHADOW_SEEN)
    is_fooled, is_blind = rng.random() < 0.25, rng.random() > SHADOWS_FOUND
    blue, red, near = seen[0], seen[2], seen[3]
    scl = np.where(near - red > VEGETATION_NDVI * (near + red), VEGETATION, BARE).astype(np.uint8)
    scl[is_water] = WET
    # Between soil and leaf, and on dark land, Sen2Cor often declines to say.
    scl[(near < 0.11) & ~is_water] = UNCLASSIFIED
    if not is_blind:
        scl[above.shadow > faint] = SHADOW
    depth = above.cloud
    scl[above.cirrus > max(missed, 0.1)] = THIN_CIRRUS
    if is_fooled:
        scl[(blue > BRIGHT_GROUND) & (scl == BARE)] = CLOUD_MEDIUM
    scl[depth > missed] = CLOUD_MEDIUM
    scl[depth > THICK_CLOUD] = CLOUD_HIGH
    return scl
