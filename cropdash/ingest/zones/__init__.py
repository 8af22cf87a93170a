"""Zones: read from a file, written to one, or proposed around a town."""

from cropdash.ingest.zones.files import read, write
from cropdash.ingest.zones.proposal import Share, candidates, propose, register_share
from cropdash.ingest.zones.squares import overlapping, square_around

__all__ = (
    "Share",
    "candidates",
    "overlapping",
    "propose",
    "read",
    "register_share",
    "square_around",
    "write",
)
