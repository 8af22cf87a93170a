"""The land of a zone on the dates of a season: what stands on each piece, and how it reflects."""

from __future__ import annotations

import calendar
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from cropdash.domain import Float, Season, Zone
from cropdash.simulate import ancillary, autumn, phenology, radiometry
from cropdash.simulate.landscape import Landscape
from cropdash.simulate.noise import interpolation
from cropdash.simulate.tables import FINE, VILLAGE, WATER, regions, stream, yearly
from cropdash.simulate.weather import Passes

Bands = tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Ground:
    """What the camera needs of a zone."""

    ends: Mapping[Bands, tuple[Float, Float]]  # where canopies are thin, and thick: (N, B, P) each
    piece: NDArray[np.intp]  # (H * W,)
    texture: Float  # (H, W) 0 = thin canopy, 1 = thick
    is_water: NDArray[np.bool_]  # (H, W)
    shape: tuple[int, int]


def ground_of(
    zone: Zone,
    land: Landscape,
    passes: Mapping[int, Passes],
    season: Season,
    seed: int,
    groups: tuple[Bands, ...] = (FINE,),
) -> Ground:
    """The land on the season's dates, by the acquisitions of each of its calendar years.

    The fields bear what is harvested in the year in which the season ends; on dates of the year
    before, what stood there before that. All is drawn for the whole year, so that a date shows the
    same land in every season that ends in it.
    """
    region, year = regions()[zone.region], season.year
    now, last = passes[year], passes.get(year - 1)
    kept = now.within(season)
    early = np.zeros(0, dtype=bool) if last is None else last.within(season)
    first = int(early.sum())  # dates of the year before
    earlier = last.day[early] if last is not None else np.zeros(0)
    days = np.concatenate([earlier - (365 + calendar.isleap(year - 1)), now.day])
    rng, rng_20m, rng_before = (
        yearly(seed, zone.zone_id, what, year)
        for what in ("growth", "growth 20 m", "growth before")
    )
    canopy = phenology.grow(land.growth, days, region, rng)
    fields = radiometry.draw(canopy, now.moisture, region.soil_brightness, rng, rng_20m)
    canopy = canopy.on(np.concatenate([np.ones(first, dtype=bool), kept]))
    wetness, sun = fields.wetness[kept], now.sun_zenith[kept]
    if last is not None and first:
        growth = ancillary.growth_before(zone, land, seed)
        stood = phenology.grow(growth, earlier, region, rng_before, sown_again=False)
        taken = autumn.taken_over(canopy, stood, region, rng_before)
        canopy = autumn.come_up(canopy, stood, taken, earlier, region)
        wet = radiometry.wet(last.moisture[early], len(land.growth), rng_before)
        wetness = np.concatenate([wet, wetness])
        sun = np.concatenate([last.sun_zenith[early], sun])
    fields = replace(fields, wetness=wetness)
    ends = {bands: radiometry.reflect(canopy, fields, sun, bands) for bands in groups}
    if first:
        fields = replace(fields, wetness=wetness[:first])
        stands = (earlier[:, None] < taken)[:, None]  # (n, 1, P)
        for bands, whole in ends.items():
            before = radiometry.reflect(stood, fields, sun[:first], bands)
            for part, old in zip(whole, before, strict=True):
                part[:first] = np.where(stands, old, part[:first])
    cover = land.growth[land.piece]
    texture = _texture(cover == VILLAGE, stream(seed, zone.zone_id, "texture"))
    is_water = np.asarray(cover == WATER)
    index = land.piece.ravel().astype(np.intp)
    return Ground(ends, index, texture, is_water, land.piece.shape)


def _texture(is_village: NDArray[np.bool_], rng: np.random.Generator) -> Float:
    """(H, W) patchiness: soil over some 60 m, rows and tracks by the pixel, roofs and gardens."""
    shape = is_village.shape
    grain = rng.standard_normal(shape, dtype=np.float32)
    coarse = tuple(n // 6 + 3 for n in shape)
    patches = rng.standard_normal(coarse, dtype=np.float32)
    rows, columns = (
        interpolation(np.linspace(0.5, m - 1.5, n), m) for n, m in zip(shape, coarse, strict=True)
    )
    mixed = 0.5 + 0.24 * (rows @ patches @ columns.T) + 0.14 * grain
    mixed[is_village] = 0.5 + 0.45 * grain[is_village]
    return np.asarray(np.clip(mixed, 0, 1), dtype=np.float32)


def surface(ground: Ground, n: int, bands: tuple[str, ...] = FINE) -> Float:
    """(B, H, W) reflectance of the land on the n-th date, at 10 m."""
    low, high = ground.ends[bands]
    thin = low[n].take(ground.piece, axis=1).reshape(-1, *ground.shape)
    span = (high[n] - low[n]).take(ground.piece, axis=1)
    span = span.reshape(-1, *ground.shape)
    span *= ground.texture
    thin += span
    return np.asarray(thin)
