"""Parcel registers: the French RPG in its editions, and others by a mapping of columns."""

from cropdash.ingest.registers.catalogue import choose
from cropdash.ingest.registers.edition import SUFFIXES, locate
from cropdash.ingest.registers.layout import CODE, ID, Layout, as_text, layout_of
from cropdash.ingest.registers.provider import ORIGIN, Provider, is_of, keep
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
    "ORIGIN",
    "REPEATED",
    "SUFFIXES",
    "Layout",
    "Provider",
    "Register",
    "as_text",
    "bounds_of",
    "choose",
    "describe",
    "is_of",
    "keep",
    "layout_of",
    "locate",
    "read_parcels",
    "repeated_ids",
    "write_parcels",
)
