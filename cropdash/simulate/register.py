"""The parcel register of a simulated zone, with the flaws that real ones have."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray

from cropdash.domain import M2_PER_HA, Zone
from cropdash.simulate.landscape import Landscape
from cropdash.simulate.tables import rows, stream

CRS = "EPSG:2154"
FLAW_SHARE = 0.005  # of parcels, for each kind of flaw
EDGE_M = 2.5  # [m] sd by which a zone's register lies off the land, each way
UNKNOWN_CODES = ("ZZZ", "X99", "")


def declare(zone: Zone, land: Landscape, seed: int) -> gpd.GeoDataFrame:
    """Parcels of the zone as declared: ID_PARCEL, CODE_CULTU, geometry; EPSG:2154."""
    rng = stream(seed, zone.zone_id, "register")
    declared = np.flatnonzero(land.code != "")
    code = land.code[declared].astype(object)
    polygons = land.polygons[declared]
    corners = shapely.get_coordinates(polygons) + rng.normal(0, EDGE_M, 2)
    polygons = shapely.set_coordinates(polygons, corners)
    unknown, broken, repeated = rng.random((3, len(declared))) < FLAW_SHARE
    code[unknown] = rng.choice(UNKNOWN_CODES, unknown.sum())
    polygons[broken] = [_bow_tie(polygon) for polygon in polygons[broken]]
    register = gpd.GeoDataFrame(
        {"ID_PARCEL": _ids(zone, declared, repeated), "CODE_CULTU": code},
        geometry=polygons,
        crs=zone.grid.crs,
    )
    return register.to_crs(CRS)


def official(parcels: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """The parcels with every column of the RPG's layer PARCELLES_GRAPHIQUES."""
    group = {row["code"]: row["group_code"] for row in rows("rpg_2023_crops.csv")}
    return gpd.GeoDataFrame(
        {
            "ID_PARCEL": parcels["ID_PARCEL"],
            "SURF_PARC": (parcels.geometry.area / M2_PER_HA).round(2),
            "CODE_CULTU": parcels["CODE_CULTU"],
            "CODE_GROUP": parcels["CODE_CULTU"].map(group).fillna(""),
            "CULTURE_D1": "",
            "CULTURE_D2": "",
        },
        geometry=parcels.geometry.array,
        crs=parcels.crs,
    )


def _ids(zone: Zone, number: NDArray[np.int64], repeated: NDArray[np.bool_]) -> NDArray[np.object_]:
    """Eight-digit ids; a repeated one is that of the row before."""
    block = int.from_bytes(zone.zone_id.encode()[-6:], "big") % 9_000 + 1_000
    source = np.arange(len(number))
    source = np.where(repeated & (source > 0), source - 1, source)
    return np.array([f"{block}{number[i]:05d}" for i in source], dtype=object)


def _bow_tie(polygon: shapely.Polygon) -> shapely.Polygon:
    """The polygon with a crossing at its first corner, as slips of the digitiser's hand make."""
    ring = shapely.get_coordinates(polygon.exterior)[:-1]
    corner, before, after = ring[0], ring[-1], ring[1]
    toward = [corner + 0.2 * (before - corner), corner + 0.2 * (after - corner)]
    return shapely.Polygon(np.concatenate([toward[::-1], ring[1:]]))
