"""What was found around a place, until a dataset is built of it: data/incoming/<name>/."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from cropdash.domain import check_name
from cropdash.files import records
from cropdash.storage import layout

INCOMING = "incoming"  # folder beside the datasets that is none itself
REGISTER, ZONES = "register.parquet", "zones.csv"


@dataclass(frozen=True)
class Found:
    """Of one place."""

    parcels: int
    fetched: str  # when, by UTC
    note: Mapping[str, Any]  # of the register
    untested: Sequence[tuple[int, str]]  # classes that can't be tested, and why
    tested: int  # classes that stand on both sides


def folder(data: Path, name: str) -> Path:
    """Where the register and the zones of a place lie."""
    return data / INCOMING / check_name(name, "Dataset")


def write(data: Path, name: str, found: Found) -> None:
    """Write a place's note whole."""
    layout.PLACE.write(folder(data, name), asdict(found))


def read(data: Path, name: str) -> Found:
    """Raises FileNotFoundError, DamagedFile."""
    values = layout.PLACE.read(folder(data, name))
    return records.typed(Found, values, layout.PLACE.file)
