"""A folder of images with a register, and zones listed or proposed."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Self

import geopandas as gpd

from cropdash.domain import Cube, Scene, Season, Zone, sentinel2
from cropdash.domain.period import Every
from cropdash.domain.source import PeriodStore, Warn, ignore
from cropdash.ingest import registers
from cropdash.ingest.local import images
from cropdash.ingest.local.composites import Composites
from cropdash.ingest.local.land import SIDE_PX, Land


@dataclass(frozen=True)
class _Folder(ABC):
    """What is read of a folder, whatever its images are."""

    folder: Path
    wanted: Season | None = None  # None: the calendar year with most images
    bands: tuple[str, ...] = sentinel2.BAND_SETS["10m"]
    every: Every = "month"  # how that year is cut, where none is wanted
    layout: registers.Layout = field(default_factory=registers.Layout)  # columns of the register
    register: Path | None = None  # None: the one in the folder
    listed: Path | None = None  # zones; None: those of the folder, or proposed
    side_px: int = SIDE_PX  # of zones that are proposed
    name: str = "local"

    @cached_property
    def land(self) -> Land:
        return Land(self.folder, self.layout, self.register, self.listed, self.side_px)

    @property
    @abstractmethod
    def paths(self) -> Sequence[Path]:
        """Files on whose pixels zones are cut."""

    def zones(self) -> tuple[Zone, ...]:
        """Each is a rectangle of the images' own pixels. Raises InvalidRegister, NotEnoughData."""
        return self._zones

    @cached_property
    def _zones(self) -> tuple[Zone, ...]:
        return self.land.zones(self.paths)

    def parcels(self, zone: Zone) -> gpd.GeoDataFrame:
        """Register rows that touch the zone."""
        return self.land.parcels(zone)

    def part(self, days: Season) -> Self:
        """See `PartedSource.part`."""
        return replace(self, wanted=days)


@dataclass(frozen=True)
class LocalSource(_Folder):
    """Dated scenes: `folder`/scenes/*.tif, .SAFE products, or folders with one file a band.

    A scene's bands are found by their descriptions, in any order and among others; see
    `scenes.band_order`. Zones are those of a zones.geojson or zones.csv; each becomes the rectangle
    of the scenes' own pixels that lies inside its bounds. Without a list they are proposed.
    """

    @cached_property
    def season(self) -> Season:
        """That of the settings, or the year with most scenes."""
        if self.wanted is not None:
            return self.wanted
        years = Counter(date.year for date in self._images.dates)
        return Season.of(years.most_common(1)[0][0], self.every)

    def scenes(self, zone: Zone, warn: Warn = ignore) -> Iterator[Scene]:
        """One scene a day of the season, by date; an unreadable one is named and left out."""
        return self._images.scenes(zone, self.season, self.bands, warn)

    @cached_property
    def _images(self) -> images.Images:
        return images.of(self.folder)

    @property
    def paths(self) -> Sequence[Path]:
        """The files that it reads, each once."""
        return self._images.paths


@dataclass(frozen=True)
class LocalComposites(_Folder):
    """Ready-made composites, taken as they are: `folder`/composites/*.tif, or composites.tif."""

    @cached_property
    def season(self) -> Season:
        """That of the settings, or the year with most scenes."""
        return self.wanted or self._ready.season(self.every)

    def composites(
        self, zone: Zone, warn: Warn = ignore, *, kept: PeriodStore | None = None
    ) -> Cube:
        """What the files hold of the zone; nothing is worth keeping on the way."""
        return self._ready.cube(zone, self.season, self.bands, warn)

    def scenes(self, zone: Zone, warn: Warn = ignore) -> Iterator[Scene]:
        """None: composites have no dates."""
        return iter(())

    @cached_property
    def _ready(self) -> Composites:
        return Composites(self.folder)

    @property
    def paths(self) -> Sequence[Path]:
        """The files that it reads, each once."""
        return self._ready.paths
