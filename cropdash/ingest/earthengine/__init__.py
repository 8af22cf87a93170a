"""Google Earth Engine: medians of Sentinel-2 by period."""

from __future__ import annotations

from cropdash.files.retry import Retry
from cropdash.ingest.earthengine.service import Service
from cropdash.ingest.earthengine.source import EarthEngineSource
from cropdash.ingest.earthengine.tiling import REQUEST_LIMIT, request_bytes, tiles

__all__ = [
    "REQUEST_LIMIT",
    "EarthEngineSource",
    "Retry",
    "Service",
    "request_bytes",
    "tiles",
]
