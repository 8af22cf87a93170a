"""The land of a zone on the dates of a season: what stands on each piece, and how it reflects."""

from __future__ import annotations

import calendar
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from cropdash.domain import Float, Season, Zone
from cropdash.simulate import ancillary, autumn, conditions, phenology, radiometry, texture
from cropdash.simulate.landscape import Landscape
from cropdash.simulate.tables import FINE, WATER, Reals, yearly
from cropdash.simulate.texture import Texture
from cropdash.simulate.weather import Passes

Bands = tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Ground:
    """What the camera needs of a zone."""

    ends: Mapping[Bands, tuple[Float, Float]]  # where canopies are thin, and thick: (N, B, P) each
    piece: NDArray[np.intp]  # (H * W,)
    texture: Texture
    days: Reals  # (N,) of the year, below 1 in the year before
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
    year = season.year
    this, before_this = (conditions.of(zone, seed, n) for n in (year, year - 1))
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
    canopy = phenology.grow(land.growth, days, this, rng)
    fields = radiometry.draw(canopy, now.moisture, this.soil, rng, rng_20m)
    canopy = canopy.on(np.concatenate([np.ones(first, dtype=bool), kept]))
    wetness, sun = fields.wetness[kept], now.sun_zenith[kept]
    if last is not None and first:
        growth = ancillary.growth_before(zone, land, seed)
        stood = phenology.grow(growth, earlier, before_this, rng_before, sown_again=False)
        taken = autumn.taken_over(canopy, stood, before_this, rng_before)
        canopy = autumn.come_up(canopy, stood, taken, earlier, before_this)
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
    days = days[np.concatenate([np.ones(first, dtype=bool), kept])]
    woven = texture.weave(zone, land, seed, year, days)
    is_water = np.asarray((land.growth == WATER)[land.piece])
    index = land.piece.ravel().astype(np.intp)
    return Ground(ends, index, woven, days, is_water, land.piece.shape)


def surface(
    ground: Ground, n: int, bands: tuple[str, ...] = FINE, view: Mapping[str, float] | None = None
) -> Float:
    """(B, H, W) reflectance of the land on the n-th date, at 10 m; `view` is how its orbit sees it."""
    low, high = (end[n] for end in ground.ends[bands])
    if view is not None:
        seen = np.array([[view[band]] for band in bands], dtype=np.float32)
        low, high = low * seen, high * seen
    thin = low.take(ground.piece, axis=1).reshape(-1, *ground.shape)
    span = (high - low).take(ground.piece, axis=1).reshape(-1, *ground.shape)
    span *= ground.texture.on(ground.days[n])
    thin += span
    return np.asarray(thin)
