"""What lies and grows on a zone: fields with their crops, and the land between."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from rasterio.features import rasterize
from rasterio.transform import Affine

from cropdash.domain import Ints, Zone
from cropdash.ingest.simulated import mosaic
from cropdash.ingest.simulated.tables import (
    EVERGREEN_WOOD,
    VERGE,
    VILLAGE,
    WATER,
    WOOD,
    Index,
    Priors,
    Reals,
    codes,
    priors,
    regions,
    rows,
    stream,
)

SIZE_SPREAD = 0.9  # log-sd of parcel size within a class
ZONE_SPREAD = 0.5  # log-sd of a class's share between zones of one region
MARGIN_FOUND = 0.7  # share of unmapped and buffer parcels that are slivers along fields
MISDECLARED = 0.03  # parcels on which another crop grows than declared
HOME_ZONES = 3  # zones in which even the rarest class has a parcel
CLUMP = 1.1  # strength with which grass, and woody crops, keep together
GRASS, WOODY = (6, 28, 31, 44, 46), (24, 35, 42, 43, 49)
BALANCING_ROUNDS = 8


@dataclass(frozen=True, eq=False)
class Landscape:
    """Pieces of land of a zone: roads and verges (piece 0, no polygon), fields, hedged blocks."""

    polygons: NDArray[np.object_]  # (P,) in the zone's projection, None for piece 0
    code: NDArray[np.str_]  # (P,) declared code, "" = not farmed
    growth: Index  # (P,) row id of what grows there, see tables.calendar
    piece: Ints  # (H, W) which piece covers a pixel

    @property
    def n_pieces(self) -> int:
        return len(self.growth)


def lay_out(zone: Zone, seed: int) -> Landscape:
    """Draw the fields, the crops and the wild land of a zone."""
    region = regions()[zone.region]
    counts = priors().parcels[zone.region]
    small = MARGIN_FOUND * (counts[0] + counts[7]) / counts.sum()
    left, bottom, right, top = zone.grid.bounds
    rng = stream(seed, zone.zone_id, "fields")
    land = mosaic.cut((left, bottom, right, top), region, small / (1 - small), rng)
    wild = _wild_land(land, region.non_field_share, stream(seed, zone.zone_id, "wild"))
    code, growth = _crops(zone, seed, land, wild == 0)
    hedges = len(land.hedges)
    return Landscape(
        np.concatenate([[None], land.polygons, land.hedges]),
        np.concatenate([[""], code, np.full(hedges, "")]),
        np.concatenate([[VERGE], np.where(wild > 0, wild, growth), np.full(hedges, WOOD)]),
        _rasterise(land, zone),
    )


def _rasterise(land: mosaic.Mosaic, zone: Zone) -> Ints:
    """(H, W) pieces: fields lie on their hedged block, so that the hedges show between them."""
    fields = len(land.polygons)
    shapes = [(polygon, fields + i) for i, polygon in enumerate(land.hedges, start=1)]
    shapes += [(polygon, i) for i, polygon in enumerate(land.polygons, start=1)]
    grid = zone.grid
    raster: Ints = rasterize(
        shapes, out_shape=grid.shape, transform=Affine(*grid.transform), fill=0, dtype="int32"
    )
    return raster


def _smooth(centre: Reals, wavelength: float, rng: np.random.Generator) -> Reals:
    """A smooth random field of unit variance at places (P, 2) [m]."""
    waves = 24
    angle = rng.uniform(0, 2 * np.pi, waves)
    number = 2 * np.pi / (wavelength * np.exp(rng.normal(0, 0.4, waves)))
    along = np.stack([np.cos(angle), np.sin(angle)]) * number
    values: Reals = np.cos(centre @ along + rng.uniform(0, 2 * np.pi, waves)).sum(axis=1)
    values /= np.sqrt(waves / 2)
    return values


def _wild_land(land: mosaic.Mosaic, share: float, rng: np.random.Generator) -> Index:
    """(P,) growth id of land that is not farmed, 0 on fields; woods and villages clump."""
    field = _smooth(land.centre, 1400, rng) + rng.normal(0, 0.35, len(land.area_ha))
    order = np.argsort(field)
    covered = np.cumsum(land.area_ha[order]) / land.area_ha.sum()
    is_wild = np.zeros(len(field), dtype=bool)
    is_wild[order[covered < share]] = True
    kind = _smooth(land.centre, 2200, rng) + rng.normal(0, 0.25, len(field))
    covers = np.array([WATER, VILLAGE, WOOD, EVERGREEN_WOOD])
    cover = covers[np.searchsorted([-1.9, -0.35, 0.9], kind)]
    return np.where(is_wild & ~land.is_margin, cover, 0)


def _crops(
    zone: Zone, seed: int, land: mosaic.Mosaic, farmed: NDArray[np.bool_]
) -> tuple[NDArray[np.str_], Index]:
    """Declared code and true growth (P,) of each piece; code "" where it is not farmed."""
    rng = stream(seed, zone.zone_id, "crops")
    shares = _zone_shares(zone, rng)
    area, centre = land.area_ha[farmed], land.centre[farmed]
    chance = _balanced(_fit(area, centre, rng), shares)
    crop = _draw(chance, rng)
    _settle_rare(crop, area, zone, seed, rng)
    which = _codes_of(crop, area, rng)
    grown = codes().grows_as[which]
    wrong = rng.random(len(crop)) < MISDECLARED
    grown = np.where(wrong, codes().grows_as[_codes_of(_draw(chance, rng), area, rng)], grown)
    code, growth = np.full(len(farmed), "", dtype="<U3"), np.zeros(len(farmed), dtype=np.int64)
    code[farmed], growth[farmed] = np.array(codes().code)[which], grown
    return code, growth


def _zone_shares(zone: Zone, rng: np.random.Generator) -> Reals:
    counts = priors().parcels[zone.region]
    shares: Reals = counts * np.exp(rng.normal(0, ZONE_SPREAD, len(counts)))
    shares /= shares.sum()
    return shares


def _fit(area: Reals, centre: Reals, rng: np.random.Generator) -> Reals:
    """(P, K) how well each class suits each field, by size and neighbourhood."""
    mean = priors().mean_ha
    distance = np.log(area)[:, None] - (np.log(mean) - SIZE_SPREAD**2 / 2)
    fit: Reals = np.exp(-0.5 * (distance / SIZE_SPREAD) ** 2) + 1e-6
    for group in (GRASS, WOODY):
        fit[:, group] *= np.exp(CLUMP * _smooth(centre, 1800, rng))[:, None]
    return fit


def _balanced(fit: Reals, shares: Reals) -> Reals:
    """Scale columns so that, with rows summing to one, every class gets its share."""
    weight = shares.copy()
    for _ in range(BALANCING_ROUNDS):
        chance = fit * weight
        chance /= chance.sum(axis=1, keepdims=True)
        weight *= shares / np.maximum(chance.mean(axis=0), 1e-12)
    chance = fit * weight
    balanced: Reals = chance / chance.sum(axis=1, keepdims=True)
    return balanced


def _draw(chance: Reals, rng: np.random.Generator) -> Index:
    """One column per row, by the chances."""
    steps = chance.cumsum(axis=1)
    place = rng.random((len(chance), 1)) * steps[:, -1:]
    drawn: Index = np.minimum((steps <= place).sum(axis=1), chance.shape[1] - 1)
    return drawn


def _settle_rare(crop: Index, area: Reals, zone: Zone, seed: int, rng: np.random.Generator) -> None:
    """Give a parcel to each class that is at home in the zone but was not drawn, in place."""
    counts = np.bincount(crop, minlength=len(priors().mean_ha))
    missing = [c for c in _at_home(zone, seed, priors()) if counts[c] == 0]
    for c in missing[: len(crop) // 4]:
        # Only common classes give a parcel away, else one rare class would oust another.
        free = np.flatnonzero(np.bincount(crop, minlength=len(counts))[crop] >= 5)
        if free.size == 0:
            return
        misfit = np.abs(np.log(area[free] / priors().mean_ha[c])) + rng.random(free.size)
        crop[free[np.argmin(misfit)]] = c


def _at_home(zone: Zone, seed: int, prior: Priors) -> list[int]:
    """Classes that have one of their HOME_ZONES here."""
    zones = [(row["id"], row["region"]) for row in rows("zones.csv")]
    found = []
    for c in range(1, len(prior.mean_ha)):
        weight = np.array([prior.parcels[region][c] for _, region in zones])
        homes = stream(seed, "homes", str(c)).choice(
            len(zones), HOME_ZONES, replace=False, p=weight / weight.sum()
        )
        if zone.zone_id in {zones[i][0] for i in homes}:
            found.append(c)
    return found


def _codes_of(crop: Index, area: Reals, rng: np.random.Generator) -> Index:
    """Row of the code table for each parcel: by national use, and by size where codes differ."""
    table = codes()
    suits = table.class_id[None, :] == crop[:, None]
    distance = np.nan_to_num(np.log(area)[:, None] - np.log(table.mean_ha)[None, :], nan=0.0)
    return _draw(suits * table.parcels * np.exp(-0.5 * distance**2), rng)
