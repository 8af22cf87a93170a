"""Parcel registers: the French RPG in its editions, and others by a mapping of columns."""

from cropdash.ingest.registers.edition import locate
from cropdash.ingest.registers.layout import CODE, ID, Layout, layout_of
from cropdash.ingest.registers.reading import (
    REPEATED,
    bounds_of,
    describe,
    read_parcels,
    repeated_ids,
    write_parcels,
)
from cropdash.ingest.registers.register import Register

__all__ = (
    "CODE",
    "ID",
    "REPEATED",
    "Layout",
    "Register",
    "bounds_of",
    "describe",
    "layout_of",
    "locate",
    "read_parcels",
    "repeated_ids",
    "write_parcels",
)
