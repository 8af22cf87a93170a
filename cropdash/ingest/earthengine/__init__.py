"""Google Earth Engine: monthly medians of Sentinel-2, and where cropland is."""

from __future__ import annotations

from cropdash.ingest.earthengine.retry import Retry
from cropdash.ingest.earthengine.service import Service
from cropdash.ingest.earthengine.source import EarthEngineSource
from cropdash.ingest.earthengine.tiling import request_bytes, requests
from cropdash.ingest.earthengine.worldcover import cropland_share

__all__ = [
    "EarthEngineSource",
    "Retry",
    "Service",
    "cropland_share",
    "request_bytes",
    "requests",
]
