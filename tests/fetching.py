"""A source that makes its own composites, slowly enough to be ended, and writes down its fetches.

python -m tests.fetching_build DATA LOG WORKERS [SCHEDULER]
"""

from __future__ import annotations

import datetime as dt
import os
import signal
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np

from cropdash.domain import Cube, Season, Zone
from cropdash.domain.sentinel2 import BAND_SETS
from cropdash.domain.source import PeriodStore, Warn, ignore
from cropdash.storage.datasets import DatasetFolder
from cropdash.workflow import build
from tests import worlds

SHAPE = (24, 17)
NAME = "fetched"


@dataclass(frozen=True)
class FetchingSource:
    """Zones in a row; each month of each follows from their names."""

    log: Path  # one line a fetch
    n_zones: int = 4
    pause: float = 0.0  # [s] that a fetch takes
    deadly: tuple[str, ...] = ()  # zones whose process is killed, each time it gets to them
    once: Path | None = None  # the first process to get to it is killed, if it isn't there
    name: str = "fetching"
    season: Season = Season(dt.date(2023, 1, 1), dt.date(2023, 12, 31))  # noqa: RUF009
    bands: tuple[str, ...] = BAND_SETS["10m"]

    def zones(self) -> tuple[Zone, ...]:
        width = SHAPE[1] * 10
        return tuple(
            worlds.zone(f"z{i}", "test" if i == 0 else "train", worlds.grid(SHAPE, 5e5 + i * width))
            for i in range(self.n_zones)
        )

    def parcels(self, zone: Zone) -> gpd.GeoDataFrame:
        left, bottom, _, _ = zone.grid.bounds
        boxes = ((10, 10, 80, 110), (90, 20, 160, 220))
        return worlds.register(
            [
                (f"{zone.zone_id}{i}", code, (left + a, bottom + b, left + c, bottom + d))
                for i, (code, (a, b, c, d)) in enumerate(zip(("BTH", "MIS"), boxes, strict=True))
            ]
        )

    def scenes(self, zone: Zone, warn: Warn = ignore) -> Any:
        raise AssertionError("it has composites")

    def composites(
        self, zone: Zone, warn: Warn = ignore, *, kept: PeriodStore | None = None
    ) -> Cube:
        self._die(zone)
        found = [self._month(zone, period.id, kept) for period in self.season.periods]
        return Cube(
            np.stack([month["reflectance"] for month in found]),
            np.stack([month["clear_dates"] for month in found]),
            self.season.periods,
            BAND_SETS["10m"],
            zone.grid,
        )

    def _month(self, zone: Zone, period: str, kept: PeriodStore | None) -> dict[str, Any]:
        found = kept.get(zone.zone_id, period) if kept else None
        if found is not None:
            return found
        rng = np.random.default_rng(list(f"{zone.zone_id} {period}".encode()))
        clear = rng.integers(0, 3, SHAPE).astype(np.uint8)
        values = rng.random((len(BAND_SETS["10m"]), *SHAPE), dtype=np.float32)
        values[:, clear == 0] = np.nan
        month = {"reflectance": values, "clear_dates": clear}
        time.sleep(self.pause)
        if kept:
            kept.put(zone.zone_id, period, month)
        with self.log.open("a") as log:
            log.write(f"{zone.zone_id} {period}\n")
        return month

    def _die(self, zone: Zone) -> None:
        if zone.zone_id in self.deadly:
            os.kill(os.getpid(), signal.SIGKILL)
        if self.once is not None:
            try:
                self.once.touch(exist_ok=False)
            except FileExistsError:
                return
            os.kill(os.getpid(), signal.SIGKILL)


def run(source: FetchingSource, data: Path, **more: Any) -> tuple[DatasetFolder, build.Built]:
    """Build it in this process."""
    folder = DatasetFolder(data, NAME)
    description = build.describe(source, NAME, "Fetched", {})
    more = {"progress": lambda stage, done: None, **more}
    return folder, build.build(source, folder, description, **more)


def sums(folder: DatasetFolder) -> dict[str, dict[str, str]]:
    """Checksums by zone of all that is whole."""
    return {
        zone.zone_id: folder._manifest(zone.zone_id)["files"]
        for zone in folder.description().zones
        if folder.is_built(zone.zone_id, verify=True)
    }
