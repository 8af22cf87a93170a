"""Zones: read from a file, written to one, proposed around a town, or an area wall to wall."""

from cropdash.ingest.zones.files import read, write
from cropdash.ingest.zones.proposal import Share, candidates, propose, register_share
from cropdash.ingest.zones.squares import overlapping, square_around
from cropdash.ingest.zones.tiling import tile

__all__ = (
    "Share",
    "candidates",
    "overlapping",
    "propose",
    "read",
    "register_share",
    "square_around",
    "tile",
    "write",
)
