"""The seam at which a dataset's parcels and scenes come in."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Protocol, runtime_checkable

import geopandas as gpd
from numpy.typing import NDArray

from cropdash.domain import Cube, Scene, Zone

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


class MonthStore(Protocol):
    """Keeps the finished months of a zone until the zone is whole."""

    def get(self, zone_id: str, period: str) -> dict[str, NDArray[Any]] | None:
        """The arrays of a month by name, as they were put; None if they are not there, whole."""

    def put(self, zone_id: str, period: str, arrays: Mapping[str, NDArray[Any]]) -> None:
        """Keep the arrays of a month."""


@runtime_checkable
class CompositeSource(Source, Protocol):
    """A source that makes the monthly composites itself."""

    def composites(
        self, zone: Zone, warn: Warn = ignore, *, months: MonthStore | None = None
    ) -> Cube:
        """The season's per-pixel medians with gaps (NaN), and the count of clear dates.

        Months that are in `months` are taken from there; what is fetched is put there.
        """
