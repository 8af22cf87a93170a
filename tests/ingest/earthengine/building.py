"""A build of two zones from the loopback service, as a process of its own.

python -m tests.ingest.earthengine.building URL FOLDER
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from cropdash.domain import Grid, Season, Zone
from cropdash.files.retry import Retry
from cropdash.ingest.earthengine.service import Service
from cropdash.ingest.earthengine.source import EarthEngineSource
from cropdash.storage.datasets import DatasetFolder
from cropdash.workflow import build
from tests import worlds
from tests.ingest.earthengine.worlds import GRID

NAME = "fetched"
WIDTHS = (11, 12)  # columns of GRID that are one zone's


def zones() -> tuple[Zone, ...]:
    found, left = [], GRID.left
    for i, width in enumerate(WIDTHS):
        grid = Grid(GRID.crs, left, GRID.top, 10, (GRID.shape[0], width))
        found.append(Zone(f"z{i}", "north", "test" if i else "train", grid))
        left = grid.bounds[2]
    return tuple(found)


def register(folder: Path) -> Path:
    """Two parcels a zone, as a GeoPackage."""
    path = folder / "parcels.gpkg"
    if not path.exists():
        rows = []
        for zone in zones():
            left, bottom, _, _ = zone.grid.bounds
            for i, code in enumerate(("BTH", "MIS")):
                x = left + 10 + 50 * i
                box = (x, bottom + 10, x + 40, bottom + 170)
                rows.append((f"{zone.zone_id}{i}", code, box))
        worlds.register(rows).to_file(path, layer="parcelles_graphiques")
    return path


def run(
    service: Service, folder: Path, data: Path, project: str = "my-project", **more: Any
) -> tuple[DatasetFolder, build.Built]:
    made, chosen = DatasetFolder(data, NAME), {"season": Season.of(2023), "at_once": 2, **more}
    origin = EarthEngineSource(project, register(folder), zones(), service=service, **chosen)
    description = build.describe(origin, NAME, "Fetched", {})
    return made, build.build(origin, made, description, progress=lambda stage, done: None)


if __name__ == "__main__":
    where = Path(sys.argv[2])
    patient = Service(sys.argv[1], Retry(attempts=2, base=0.01))
    run(patient, where, where / "killed", "killed-project")
