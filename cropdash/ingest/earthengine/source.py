"""Composites of Earth Engine with a register of parcels."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field, replace
from pathlib import Path

import geopandas as gpd
import numpy as np

from cropdash.domain import Cube, Period, Scene, Season, Zone, sentinel2
from cropdash.domain.errors import ConfigError, NoScene, SourceUnavailable
from cropdash.domain.source import PeriodStore, Warn, ignore
from cropdash.ingest import registers
from cropdash.ingest.earthengine import periods as one_period
from cropdash.ingest.earthengine.connect import Client
from cropdash.ingest.earthengine.expression import FIRST_YEAR
from cropdash.ingest.earthengine.periods import Composite
from cropdash.ingest.earthengine.service import Service, check_project
from cropdash.ingest.earthengine.transport import MOST_AT_ONCE


@dataclass(frozen=True)
class EarthEngineSource:
    """A season of Earth Engine's Sentinel-2 surface reflectance over zones of one's own.

    Holds no connection, so that it can be sent to other processes; each opens its own when it
    first needs one.
    """

    project: str  # Google Cloud project registered for Earth Engine
    register: Path | None
    chosen: tuple[Zone, ...]
    season: Season
    layout: registers.Layout = field(default_factory=registers.Layout)  # columns of the register
    at_once: int = 8  # requests; times the processes at work it should not pass 40
    service: Service = field(default_factory=Service)
    bands: tuple[str, ...] = sentinel2.BAND_SETS["10m"]
    name: str = "earthengine"

    def __post_init__(self) -> None:
        check_project(self.project)
        if self.season.start.year < FIRST_YEAR:
            raise ConfigError(
                "Earth Engine has no surface reflectance of {a}: choose a season that starts in"
                " {b} or later.",
                a=self.season.text,
                b=FIRST_YEAR,
            )
        if not 1 <= self.at_once <= MOST_AT_ONCE:
            raise ConfigError(
                "{a} requests at once are out of range: use 1 to {b}.",
                a=self.at_once,
                b=MOST_AT_ONCE,
            )

    def zones(self) -> tuple[Zone, ...]:
        """See `Source.zones`."""
        return self.chosen

    def parcels(self, zone: Zone) -> gpd.GeoDataFrame:
        """Register rows that touch the zone."""
        return registers.read_parcels(self.register, zone.grid, self.layout)

    def scenes(self, zone: Zone, warn: Warn = ignore) -> Iterable[Scene]:
        """There are none: Earth Engine makes the composites itself. Raises ConfigError."""
        raise ConfigError("Earth Engine gives composites of periods, not scenes: ask for those.")

    def composites(
        self, zone: Zone, warn: Warn = ignore, *, kept: PeriodStore | None = None
    ) -> Cube:
        """The season's per-pixel medians with gaps (NaN), and the count of clear dates.

        Periods that are in `kept` are taken from there; each that is fetched is put there at
        once. Raises SourceUnavailable if the service fails or refuses, ConfigError for missing
        credentials, InvalidScene if the whole season has no clear date.
        """
        found = self._kept(zone, kept)
        missing = [period for period in self.season.periods if period not in found]
        for period, made in self._fetched(zone, missing):
            found[period] = made
            if kept is not None:
                kept.put(zone.zone_id, period.id, made.arrays(zone.grid, period, self.bands))
        return self._cube(zone, [found[period] for period in self.season.periods])

    def part(self, days: Season) -> EarthEngineSource:
        """See `PartedSource.part`."""
        return replace(self, season=days)

    def _kept(self, zone: Zone, kept: PeriodStore | None) -> dict[Period, Composite]:
        if kept is None:
            return {}
        stored = (
            (p, one_period.restore(kept.get(zone.zone_id, p.id), zone.grid, p, self.bands))
            for p in self.season.periods
        )
        return {period: made for period, made in stored if made is not None}

    def _fetched(self, zone: Zone, periods: Sequence[Period]) -> Iterator[tuple[Period, Composite]]:
        """Periods as they arrive; the first failure ends the others' attempts, but is raised last.

        So what was under way is not thrown away.
        """
        if not periods:
            return
        client, failed = Client(self.project, self.service), list[SourceUnavailable]()
        client.open()  # once, and not in every thread, should it be refused
        with ThreadPoolExecutor(self.at_once, thread_name_prefix="earthengine") as pool:
            tasks = {
                pool.submit(_fetch, client, zone, period, self.bands, failed): period
                for period in periods
            }
            try:
                yield from _arriving(tasks)
            finally:
                client.stop.set()
                pool.shutdown(wait=False, cancel_futures=True)
        if failed:
            raise failed[0]

    def _cube(self, zone: Zone, made: Sequence[Composite]) -> Cube:
        clear_dates = np.stack([one.clear_dates for one in made])  # (T, H, W)
        if not clear_dates.any():
            raise NoScene(
                "Earth Engine has no clear observation of zone {a} in {b}: check the zone's"
                " place and the season.",
                a=zone.zone_id,
                b=self.season.text,
            )
        reflectance = np.stack([one.reflectance for one in made])  # (T, B, H, W)
        return Cube(reflectance, clear_dates, self.season.periods, self.bands, zone.grid)


def _fetch(
    client: Client,
    zone: Zone,
    period: Period,
    bands: Sequence[str],
    failed: list[SourceUnavailable],
) -> Composite:
    """Ask for a period; if it fails, no attempt at another begins any more."""
    try:
        return one_period.fetch(client, zone.grid, period, bands, f"{period} of {zone.zone_id}")
    except SourceUnavailable as fault:
        if not client.stop.is_set():  # else it is but the consequence of another
            failed.append(fault)
        client.stop.set()
        raise


def _arriving(tasks: Mapping[Future[Composite], Period]) -> Iterator[tuple[Period, Composite]]:
    """Composites that do not fail, with their periods."""
    for task in as_completed(tasks):
        try:
            made = task.result()
        except SourceUnavailable:
            continue  # `_fetch` has noted it
        yield tasks[task], made
