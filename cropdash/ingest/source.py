"""The seam at which a dataset's parcels and scenes come in."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Protocol

import geopandas as gpd

from cropdash.domain import Scene, Zone

Warn = Callable[[str], None]


def ignore(sentence: str) -> None:
    """A `warn` that nobody hears."""


class Source(Protocol):
    """Anything a dataset can be built from."""

    @property
    def name(self) -> str:
        """What the data are, e.g. "simulated" or "local"."""

    @property
    def periods(self) -> tuple[str, ...]:
        """The season, in order, e.g. ("2023-01", ..., "2023-12")."""

    def zones(self) -> tuple[Zone, ...]:
        """Every zone that the source covers."""

    def parcels(self, zone: Zone) -> gpd.GeoDataFrame:
        """Register rows that touch the zone: ID_PARCEL, CODE_CULTU, geometry; EPSG:2154."""

    def scenes(self, zone: Zone, warn: Warn = ignore) -> Iterable[Scene]:
        """Dated scenes of the season on the zone's grid, in order of date.

        A scene that can't be read is left out, and `warn` is told in one sentence.
        """
