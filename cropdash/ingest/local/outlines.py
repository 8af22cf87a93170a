"""The zones file of a folder: polygons with zone_id, region and split.

Read by what it is, and not by whatever GDAL takes it for: some of its formats name other files.
"""

from __future__ import annotations

import json
from pathlib import Path

import geopandas as gpd
import numpy as np
import pyogrio
from pyogrio.errors import DataLayerError, DataSourceError, FeatureError
from pyproj.exceptions import ProjError
from shapely.errors import ShapelyError

from cropdash.domain.errors import InvalidRegister
from cropdash.ingest.registers import edition

_FILES = ("zones.geojson", "zones.gpkg")
_NEEDED = ("zone_id", "region", "split")


def read(folder: Path, crs: str) -> gpd.GeoDataFrame:
    """zone_id, region, split (texts) and geometry in the reference system, a row a zone.

    Raises InvalidRegister if there is no file, it is none of the two, or a zone lacks something.
    """
    path = next((folder / n for n in _FILES if (folder / n).is_file()), None)
    if path is None:
        raise InvalidRegister(f"{folder} has no {' or '.join(_FILES)}.")
    frame = _geojson(path) if path.suffix == ".geojson" else _geopackage(path)
    missing = set(_NEEDED) - set(frame.columns)
    if missing or frame.crs is None:
        raise InvalidRegister(
            f"{path.name} lacks {', '.join(sorted(missing)) or 'a reference system'}: "
            "every zone needs zone_id, region and split (train or test)."
        )
    if frame.empty or frame[list(_NEEDED)].isna().any(axis=None):
        raise InvalidRegister(
            f"{path.name} holds no zone, or one without a name, a region or a side of the split:"
            " complete it."
        )
    for name in _NEEDED:
        frame[name] = frame[name].astype(str)
    if frame["zone_id"].duplicated().any():
        raise InvalidRegister(f"{path.name} names two zones alike: give each its own zone_id.")
    return _placed(frame, crs, path.name)


def _placed(frame: gpd.GeoDataFrame, crs: str, name: str) -> gpd.GeoDataFrame:
    shapes = frame.geometry
    if shapes.isna().any() or not shapes.geom_type.isin(("Polygon", "MultiPolygon")).all():
        raise InvalidRegister(f"{name} holds a zone that is no polygon: draw its outline.")
    try:
        placed = frame.to_crs(crs)
    except ProjError as error:
        raise InvalidRegister(
            f"{name} is in a reference system without a place on Earth: export it in EPSG:4326."
        ) from error
    if not np.isfinite(placed.geometry.bounds.to_numpy()).all():
        raise InvalidRegister(f"{name} holds a zone that lies outside {crs}: draw it again.")
    return placed


def _geojson(path: Path) -> gpd.GeoDataFrame:
    try:
        document = json.loads(path.read_bytes())
        system = document.get("crs", {}).get("properties", {}).get("name", "OGC:CRS84")
        features = document["features"] or [{"type": "Feature", "properties": {}, "geometry": None}]
        return gpd.GeoDataFrame.from_features(features, crs=system)
    except (
        ValueError, KeyError, IndexError, TypeError, AttributeError, RecursionError, ProjError,
        ShapelyError,
    ) as error:  # fmt: skip
        raise InvalidRegister(
            f"{path.name} is not a GeoJSON FeatureCollection: export the zones again."
        ) from error


def _geopackage(path: Path) -> gpd.GeoDataFrame:
    if edition.kind_of(path) is not edition.Kind.GEOPACKAGE:
        raise InvalidRegister(f"{path.name} is no GeoPackage: export the zones again.")
    try:
        frame = pyogrio.read_dataframe(path)
    except (DataSourceError, DataLayerError, FeatureError, ValueError) as error:
        raise InvalidRegister(f"{path.name} can't be read ({error}): export it again.") from error
    if not isinstance(frame, gpd.GeoDataFrame):
        raise InvalidRegister(f"{path.name} has no geometry: export the zones again.")
    return frame
