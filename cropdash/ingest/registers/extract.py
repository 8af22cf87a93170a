"""The parcels of a place out of a register's file on this machine."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import geopandas as gpd

from cropdash.ingest.registers import edition, reading
from cropdash.ingest.registers.layout import CODE, ID, Layout
from cropdash.ingest.registers.provider import Degrees
from cropdash.settings.sources import Fetching


@dataclass(frozen=True)
class RegisterFile:
    """A register as `read_parcels` takes it; see `provider.Provider`."""

    path: Path
    layout: Layout = field(default_factory=Layout)

    @property
    def name(self) -> str:
        """Of the register, for people."""
        return self.path.name

    def asked(self, box: Degrees, year: int) -> dict[str, Any]:
        """What is asked of it, by which an answer is kept."""
        file = edition.locate(self.path)
        status = file.stat()
        columns = [self.layout.id_column, self.layout.code_column, self.layout.layer]
        return {
            "file": str(file), "bytes": status.st_size, "modified": status.st_mtime_ns,
            "columns": columns, "box": list(box),
        }  # fmt: skip

    def fetch(self, box: Degrees, year: int) -> gpd.GeoDataFrame:
        """Its parcels within an area."""
        return reading.read_box(self.path, box, self.layout)[[ID, CODE, "geometry"]]

    def taking(self, box: Degrees) -> Fetching:
        """What fetching them will take."""
        return Fetching()
