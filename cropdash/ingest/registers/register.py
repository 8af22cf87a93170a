"""What is known of a register before its rows are read."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

Box = tuple[float, float, float, float]  # (left, bottom, right, top) in the register's own units


@dataclass(frozen=True)
class Register:
    """One table of parcels."""

    path: Path
    layer: str  # "" in a GeoParquet file
    id_column: str
    code_column: str
    crs: Any  # as pyproj takes it
    rows: int
    indexed: bool  # False: a zone is found by reading every row
    geometry: str = ""  # column of a GeoParquet file
    carried: tuple[str, ...] = ()  # further columns, kept with each parcel
