"""Google Earth Engine: medians of Sentinel-2 by period, and where cropland is."""

from __future__ import annotations

from cropdash.files.retry import Retry
from cropdash.ingest.earthengine.service import Service
from cropdash.ingest.earthengine.source import EarthEngineSource
from cropdash.ingest.earthengine.tiling import REQUEST_LIMIT, request_bytes, requests, tiles
from cropdash.ingest.earthengine.worldcover import cropland_share

__all__ = [
    "REQUEST_LIMIT",
    "EarthEngineSource",
    "Retry",
    "Service",
    "cropland_share",
    "request_bytes",
    "requests",
    "tiles",
]
