"""Scenes of a STAC API with a register of parcels."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from itertools import groupby
from pathlib import Path
from typing import Any

import geopandas as gpd

from cropdash.domain import Scene, Season, Zone, sentinel2
from cropdash.domain.errors import ConfigError
from cropdash.domain.source import Warn, ignore
from cropdash.ingest import registers
from cropdash.ingest.stac import granules, lists, load, search
from cropdash.ingest.stac.endpoints import Endpoint


@dataclass(frozen=True)
class StacSource:
    """A season of a STAC API's Sentinel-2 L2A over zones of one's own."""

    endpoint: Endpoint
    register: Path | None
    chosen: tuple[Zone, ...]
    season: Season
    layout: registers.Layout = field(default_factory=registers.Layout)  # columns of the register
    bands: tuple[str, ...] = sentinel2.BAND_SETS["10m"]
    lists: Path | None = None  # of scenes, of a dataset that was built before
    name: str = "stac"
    asked: Season | None = None  # days of the season that are searched; None: all

    def __post_init__(self) -> None:
        if self.season.start.year < sentinel2.FIRST_YEAR:
            raise ConfigError(
                "There is no Sentinel-2 imagery of {a}: choose a later season.", a=self.season.text
            )

    def zones(self) -> tuple[Zone, ...]:
        """See `Source.zones`."""
        return self.chosen

    def parcels(self, zone: Zone) -> gpd.GeoDataFrame:
        """Register rows that touch the zone."""
        return registers.read_parcels(self.register, zone.grid, self.layout)

    def scenes(self, zone: Zone, warn: Warn = ignore) -> Iterator[Scene]:
        """One scene a day, in order of date; a day's granules are in memory, no more.

        Raises SourceUnavailable if the service fails for good, ConfigError if credentials are
        missing.
        """
        return self.listed(zone, self.listing(zone, warn), warn)

    def listing(self, zone: Zone, warn: Warn = ignore) -> dict[str, Any]:
        """What the service finds now, or what the list has that the settings name."""
        days = self.asked or self.season
        if self.lists is not None:
            return lists.of_zone(self.lists, zone, self.bands, days)
        self.endpoint.check_credentials()
        found = search.find(self.endpoint, zone.grid, days, self.bands, warn)
        return lists.written(found, self.endpoint, zone, self.bands, days)

    def part(self, days: Season) -> StacSource:
        """See `PartedSource.part`."""
        return replace(self, asked=days)

    def listed(self, zone: Zone, listing: dict[str, Any], warn: Warn = ignore) -> Iterator[Scene]:
        """As `scenes`, by a list."""
        self.endpoint.check_credentials()
        groups = granules.group_repeats(lists.granules_of(listing, zone, self.bands))
        frozen = lists.digests_of(listing) if listing["read"] else None
        with ThreadPoolExecutor(len(granules.layers_of(self.bands))) as pool:
            reader = load.Reader(zone.grid, self.bands, self.endpoint, warn, pool, frozen=frozen)
            for date, of_day in groupby(groups, key=lambda group: group[0].date):
                scene = load.read_day(date, list(of_day), reader)
                if scene is not None:
                    yield scene
        lists.note(listing, reader.digests)
