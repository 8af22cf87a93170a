"""Sentinel-2 scenes from any STAC API, without an account where the provider asks for none."""

from cropdash.ingest.stac.endpoints import Endpoint, at
from cropdash.ingest.stac.source import StacSource

__all__ = ("Endpoint", "StacSource", "at")
