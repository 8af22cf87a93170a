"""A simulated landscape written as the files that real data come in."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
from shapely import box

from cropdash.domain import Scene, Zone, sentinel2
from cropdash.domain.errors import ConfigError
from cropdash.files.atomic import replacing
from cropdash.ingest import registers
from cropdash.simulate import register
from cropdash.simulate.source import SimulatedSource
from cropdash.storage import rasters

NO_DATA = 0  # as in the products of ESA


def export(source: SimulatedSource, zones: Sequence[Zone], folder: Path) -> int:
    """Write register.gpkg, zones.geojson and scenes/*.tif into `folder`; number of scenes.

    The folder is what `cropdash.ingest.local.source.LocalSource` reads: the register in the RPG's
    layout (EPSG:2154), one GeoTIFF a zone and date with the source's bands, by name, and SCL; x10000,
    0 = no data.
    Raises ConfigError if the zones lie in several UTM zones.
    """
    crs = sorted({zone.grid.crs for zone in zones})
    if len(crs) != 1:
        raise ConfigError(
            "The zones lie in {a}: export those of one UTM zone.",
            a=" and ".join(crs) or "no UTM zone",
        )
    (folder / "scenes").mkdir(parents=True, exist_ok=True)
    _write_register(source, zones, folder / "register.gpkg")
    _write_zones(zones, folder / "zones.geojson")
    written = 0
    for zone in zones:
        for scene in source.scenes(zone):
            _write_scene(
                folder / "scenes" / f"S2_L2A_{zone.zone_id}_{scene.date:%Y%m%d}.tif", scene
            )
            written += 1
    return written


def _write_register(source: SimulatedSource, zones: Sequence[Zone], path: Path) -> None:
    frames = [register.official(source.parcels(zone)) for zone in zones]
    whole = gpd.GeoDataFrame(pd.concat(frames, ignore_index=True), crs=frames[0].crs)
    with replacing(path) as part:
        registers.write_parcels(part, whole)


def _write_zones(zones: Sequence[Zone], path: Path) -> None:
    frame = gpd.GeoDataFrame(
        {
            "zone_id": [zone.zone_id for zone in zones],
            "region": [zone.region for zone in zones],
            "split": [zone.split for zone in zones],
        },
        geometry=[box(*zone.grid.bounds) for zone in zones],
        crs=zones[0].grid.crs,
    ).to_crs(4326)
    with replacing(path) as part:
        frame.to_file(part, driver="GeoJSON", engine="pyogrio")


def _write_scene(path: Path, scene: Scene) -> None:
    seen = np.isfinite(scene.reflectance)
    # A dark pixel is not a missing one: the least number of a seen pixel is 1.
    number = np.clip(
        np.rint(np.nan_to_num(scene.reflectance) * sentinel2.SCALE), 1, sentinel2.MISSING
    )
    values = np.where(seen, number, NO_DATA).astype(np.uint16)
    stack = np.concatenate([values, scene.scl[None].astype(np.uint16)])
    rasters.write(path, stack, scene.grid, nodata=NO_DATA, names=(*scene.bands, sentinel2.SCL))
