"""What lies and grows on a zone: fields with their crops, and the land between."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from rasterio.features import rasterize
from rasterio.transform import Affine

from cropdash.domain import M2_PER_HA, Ints, Zone
from cropdash.simulate import mosaic, noise, quotas, uncropped_land
from cropdash.simulate.tables import (
    VERGE,
    WOOD,
    Index,
    Reals,
    codes,
    mean_ha,
    priors,
    regions,
    stream,
)

SIZE_SPREAD = 0.9  # log-sd of parcel size within a class
MARGIN_FOUND = 0.75  # share of unmapped and buffer parcels that are slivers along fields
SHARED, SHARED_HA = 0.04, 1.0  # parcels of two crops, of which one is declared; from this size on
MISDECLARED = 0.04  # parcels on which another crop grows than declared
REST_FARMED = 0.15  # share of a field below which what a wood leaves of it is given up
RARE = 4.0  # expected parcels in a zone below which a class gets its quota instead of a draw
MANY_FIELDS = 80  # fields in a zone from which on RARE holds
RARE_SPREAD = 0.5  # log-sd of the size of a rare class's fields
MOST_RARE = 3  # at most one in so many fields is given to rare classes, in the smallest zones
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


def lay_out(zone: Zone, seed: int) -> Landscape:
    """Draw the fields, the crops and the wild land of a zone."""
    region = regions()[zone.region]
    counts = priors(zone.region)
    small = MARGIN_FOUND * (counts[0] + counts[7]) / counts.sum()
    bounds, grid = zone.grid.bounds, zone.grid
    rng = stream(seed, zone.zone_id, "fields")
    fields, hedged = mosaic.cut(bounds, region, small / (1 - small), rng)
    patches, wild_growth = uncropped_land.draw(
        bounds, region.non_field_share, stream(seed, zone.zone_id, "wild")
    )
    fields = _cleared(fields, patches)
    fields = fields[shapely.intersects(fields, shapely.box(*bounds))]
    code, growth = _crops(zone, seed, fields)
    polygons = np.concatenate([[None], fields, hedged, patches])
    # Fields lie on their hedged block, so that the hedges show between them.
    number = np.roll(np.arange(1, len(polygons)), -len(fields))
    piece = rasterize(
        [(polygons[i], i) for i in number], out_shape=grid.shape,
        transform=Affine(*grid.transform), fill=0, dtype="int32",
    )  # fmt: skip
    second = _shared(piece, fields, len(polygons), stream(seed, zone.zone_id, "second crops"))
    others = np.roll(growth, 1)[second]
    return Landscape(
        np.concatenate([polygons, np.full(len(second), None)]),
        np.concatenate([[""], code, np.full(len(hedged) + len(patches) + len(second), "")]),
        np.concatenate([[VERGE], growth, np.full(len(hedged), WOOD), wild_growth, others]),
        piece,
    )


def _shared(
    piece: Ints, fields: NDArray[np.object_], pieces: int, rng: np.random.Generator
) -> Index:
    """The fields part of which bears a second crop; those parts become the pieces that follow."""
    area = shapely.area(fields) / M2_PER_HA
    drawn = np.flatnonzero((rng.random(len(fields)) < SHARED) & (area > SHARED_HA))
    for number, field in enumerate(drawn, start=pieces):
        rows, columns = np.nonzero(piece == field + 1)
        angle, share = rng.uniform(0, np.pi), rng.uniform(0.15, 0.5)
        across = rows * np.cos(angle) + columns * np.sin(angle)
        if across.size:
            here = across < np.quantile(across, share)
            piece[rows[here], columns[here]] = number
    return np.asarray(drawn)


def _cleared(fields: NDArray[np.object_], patches: NDArray[np.object_]) -> NDArray[np.object_]:
    """The fields without the woods and villages that lie on them."""
    whole = shapely.union_all(patches)
    shapely.prepare(whole)
    left = fields.copy()
    for i in np.flatnonzero(shapely.intersects(whole, fields)):
        # What a wood leaves of a field is its largest part.
        parts = shapely.get_parts(shapely.difference(fields[i], whole))
        parts = parts[shapely.get_type_id(parts) == 3]
        left[i] = max(parts, key=shapely.area) if len(parts) else shapely.Polygon()
    area, before = shapely.area(left) / M2_PER_HA, shapely.area(fields) / M2_PER_HA
    return np.asarray(left[(area > mosaic.MIN_HA) & (area > REST_FARMED * before)])


def _crops(zone: Zone, seed: int, fields: NDArray[np.object_]) -> tuple[NDArray[np.str_], Index]:
    """Declared code and true growth (P,) of each field."""
    rng = stream(seed, zone.zone_id, "crops")
    expected = quotas.expected_parcels(zone, seed)  # (K,)
    area = shapely.area(fields) / M2_PER_HA
    centre = shapely.get_coordinates(shapely.centroid(fields))
    # In a small zone no class has many parcels, and the common ones are still drawn.
    is_rare = expected < RARE * min(1.0, len(area) / MANY_FIELDS)
    is_rare[0] = False
    chance = _balanced(_fit(area, centre, rng), np.where(is_rare, 0, expected))
    crop = _draw(chance, rng)
    _settle(crop, area, np.where(is_rare, quotas.parcels(zone, seed), 0), rng)
    which = _codes_of(crop, area, rng)
    grown = codes()["grows_as"][which]
    wrong = rng.random(len(crop)) < MISDECLARED
    grown = np.where(wrong, codes()["grows_as"][_codes_of(_draw(chance, rng), area, rng)], grown)
    return codes()["code"][which], grown


def _fit(area: Reals, centre: Reals, rng: np.random.Generator) -> Reals:
    """(P, K) how well each class suits each field, by size and neighbourhood."""
    distance = np.log(area)[:, None] - (np.log(mean_ha()) - SIZE_SPREAD**2 / 2)
    fit: Reals = np.exp(-0.5 * (distance / SIZE_SPREAD) ** 2) + 1e-6
    for group in (GRASS, WOODY):
        fit[:, group] *= np.exp(CLUMP * noise.smooth(centre, 1800, rng))[:, None]
    return fit


def _balanced(fit: Reals, expected: Reals) -> Reals:
    """Scale columns so that, with rows summing to one, every class gets its share."""
    shares = expected / expected.sum()
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


def _settle(crop: Index, area: Reals, quota: Index, rng: np.random.Generator) -> None:
    """Give each rare class its parcels, in place: fields of about its usual size."""
    free = np.ones(len(crop), dtype=bool)
    wanted = rng.permutation(np.repeat(np.arange(len(quota)), quota))
    for c in wanted[: len(crop) // MOST_RARE]:
        size = mean_ha()[c] * np.exp(rng.normal(-(RARE_SPREAD**2) / 2, RARE_SPREAD))
        misfit = np.where(free, np.abs(np.log(area / size)), np.inf)
        crop[np.argmin(misfit)] = c
        free[np.argmin(misfit)] = False


def _codes_of(crop: Index, area: Reals, rng: np.random.Generator) -> Index:
    """Row of the code table for each parcel: by national use, and by size where codes differ."""
    table = codes()
    suits = table["class_id"][None, :] == crop[:, None]
    distance = np.nan_to_num(np.log(area)[:, None] - np.log(table["mean_ha"])[None, :], nan=0.0)
    return _draw(suits * table["parcels"] * np.exp(-0.5 * distance**2), rng)
