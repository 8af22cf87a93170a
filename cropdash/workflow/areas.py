"""How much of each class a map shows, in all and by administrative unit, with intervals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pyproj import Transformer
from shapely import box

from cropdash.domain import Legend, Zone
from cropdash.evaluate import area, tables
from cropdash.evaluate.resampling import MIN_ZONES
from cropdash.prepare import parcels
from cropdash.storage import mosaics
from cropdash.storage.runs import RunFolder

UNIT = "unit"
_STRIP = 6.0  # [degrees] width of a UTM zone
_ENDS = ("estimated_ha", "low_ha", "high_ha")


def of_map(
    maps: Mapping[str, Path],
    zones: Sequence[Zone],
    legend: Legend,
    scored: RunFolder | None,
    units: gpd.GeoDataFrame | None = None,
) -> pd.DataFrame:
    """class, pixels, hectares, and where it can be told estimated_ha, low_ha, high_ha.

    maps: the mosaic of classes of each reference system; ground that two UTM zones show counts in its
    own alone. scored: what the run says of zones whose truth is known; from `MIN_ZONES` of them on
    areas are corrected for its errors there (`evaluate.area.by_zones`). units: UNIT and polygons, by
    which there is a row for each and each class; ground outside of all has none.
    """
    names = [crop.name for crop in legend.classes]
    labels = [None] if units is None else list(units[UNIT])
    total = np.zeros((len(labels) + 1, 256), np.int64)
    near = {crs: None if units is None else units.to_crs(crs) for crs in maps}
    for zone in zones:
        values = mosaics.values(maps[zone.grid.crs], zone.grid)
        where, inside = _units(near[zone.grid.crs], zone), _own_ground(zone)
        found = np.bincount((where.astype(np.int64) * 256 + values)[inside], minlength=total.size)
        total += found.reshape(total.shape)
    pixels = total[1:, : len(names)]
    hectares = pixels.astype(np.float64) * zones[0].grid.pixel_area_ha
    ends = _intervals(hectares, scored)
    rows = pd.DataFrame(
        {
            UNIT: np.repeat(np.array(labels, dtype=object), len(names)),
            "class": np.tile(np.array(names, dtype=object), len(labels)),
            "pixels": pixels.ravel(), "hectares": hectares.ravel(),
            **{name: values.ravel() for name, values in zip(_ENDS, ends, strict=True)},
        }
    )  # fmt: skip
    if units is None:
        return rows.drop(columns=UNIT)
    return rows[(rows["pixels"] > 0) | (rows["estimated_ha"] > 0)].reset_index(drop=True)


def _intervals(
    hectares: NDArray[np.float64], scored: RunFolder | None
) -> Sequence[NDArray[np.float64]]:
    held = scored.scores() if scored is not None else None
    if scored is None or held is None or len(held.test.zones) < MIN_ZONES:
        return [np.full(hectares.shape, np.nan)] * len(_ENDS)
    counted = tables.per_zone(
        scored.confusions(), hectares.shape[1], unit="pixel", zones=held.test.zones,
        include_background=True,
    )  # fmt: skip
    counts = np.stack([matrix.counts for matrix in counted.values()])
    return area.by_zones(counts, hectares, np.random.default_rng(0))


def _units(units: gpd.GeoDataFrame | None, zone: Zone) -> NDArray[np.integer]:
    """(H, W) 1 plus the row of the unit that each pixel's middle lies in; 0 outside of all."""
    if units is None:
        return np.ones(zone.grid.shape, np.uint8)
    rows = units.sindex.query(box(*zone.grid.bounds), predicate="intersects")
    part = gpd.GeoDataFrame(
        {"parcel_id": rows + 1, "crop": 0}, geometry=units.geometry.iloc[rows].to_numpy(),
        crs=units.crs,
    )  # fmt: skip
    if not len(part):
        return np.zeros(zone.grid.shape, np.uint8)
    found: NDArray[np.integer] = parcels.rasterize(part, zone.grid).parcel_id
    return found


def _own_ground(zone: Zone) -> NDArray[np.bool_]:
    """(H, W) True where a pixel's middle lies in the UTM zone's own strip."""
    grid = zone.grid
    height, width = grid.shape
    if _within_strip(zone):
        return np.ones((height, width), bool)
    x = grid.left + (np.arange(width) + 0.5) * grid.pixel_size
    y = grid.top - (np.arange(height) + 0.5) * grid.pixel_size
    lon, _ = Transformer.from_crs(grid.crs, "OGC:CRS84", always_xy=True).transform(
        *np.meshgrid(x, y)
    )
    west = _west(zone)
    there: NDArray[np.bool_] = (lon >= west) & (lon < west + _STRIP)
    return there


def _within_strip(zone: Zone) -> bool:
    west, _, east, _ = Transformer.from_crs(
        zone.grid.crs, "OGC:CRS84", always_xy=True
    ).transform_bounds(*zone.grid.bounds)
    return _west(zone) <= west and east < _west(zone) + _STRIP


def _west(zone: Zone) -> float:
    """Where the strip of its UTM zone begins; of another system, nowhere, so that all is inside."""
    epsg = int(zone.grid.crs.removeprefix("EPSG:"))
    return (epsg % 100) * _STRIP - 186 if 32600 < epsg < 32800 else -1e9
