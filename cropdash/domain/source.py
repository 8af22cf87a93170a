"""What a source of parcels and images must offer."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from numpy.typing import NDArray

from cropdash.domain.nouns import Cube, Scene, Zone
from cropdash.domain.period import Season

if TYPE_CHECKING:
    import geopandas as gpd

Warn = Callable[[str], None]
# Keys of the attrs of a register's frame, see `Source.parcels`.
ONLY_HERE = "only_here"  # True: what grows outside of its shapes is unknown, as beside points
CARRIED = "register_column_"  # before the names of columns of the register that go along
OUTLINES = "outlines"  # True: it says nothing of what grows, so there is nothing to learn or score


def ignore(sentence: str) -> None:
    """A `warn` that does nothing."""


class Source(Protocol):
    """Anything a dataset can be built from."""

    @property
    def name(self) -> str:
        """What the data are, e.g. "simulated" or "local"."""

    @property
    def season(self) -> Season:
        """The days that are mapped, and how they are cut into periods."""

    @property
    def bands(self) -> tuple[str, ...]:
        """The bands of its scenes or composites, by name, in order; see `sentinel2`."""

    def zones(self) -> tuple[Zone, ...]:
        """Every zone that the source covers."""

    def parcels(self, zone: Zone) -> gpd.GeoDataFrame:
        """Register rows that touch the zone: ID_PARCEL, CODE_CULTU, geometry; EPSG:2154."""

    def scenes(self, zone: Zone, warn: Warn = ignore) -> Iterable[Scene]:
        """Dated scenes of the season on the zone's grid, in order of date.

        A scene that can't be read is left out, and `warn` is told in one sentence.
        """


class PeriodStore(Protocol):
    """Keeps the finished periods of a zone until the zone is whole."""

    def get(self, zone_id: str, period: str) -> dict[str, NDArray[Any]] | None:
        """The arrays of a period by name, as they were put; None if they are not there, whole."""

    def put(self, zone_id: str, period: str, arrays: Mapping[str, NDArray[Any]]) -> None:
        """Keep the arrays of a period."""


@runtime_checkable
class CompositeSource(Source, Protocol):
    """A source that makes the composites itself."""

    def composites(
        self, zone: Zone, warn: Warn = ignore, *, kept: PeriodStore | None = None
    ) -> Cube:
        """The season's per-pixel medians with gaps (NaN), and the count of clear dates.

        Periods that are in `kept` are taken from there; what is fetched is put there.
        """


@runtime_checkable
class PartedSource(Source, Protocol):
    """A source that can be asked for some days of its season alone, while the season goes on."""

    def part(self, days: Season) -> Source:
        """The same source, whose scenes or composites are those of `days`, whole periods of its own.

        It requests nothing of other days, and gives the same values for a date as the whole season.
        """


@runtime_checkable
class ListedSource(Source, Protocol):
    """A source whose scenes can be listed, and read again by the list."""

    def listing(self, zone: Zone, warn: Warn = ignore) -> dict[str, Any]:
        """The scenes of a zone as JSON holds them: what was asked for, ids, addresses, offsets."""

    def listed(self, zone: Zone, listing: dict[str, Any], warn: Warn = ignore) -> Iterator[Scene]:
        """The scenes of a list, as `scenes` has them.

        At their end the list holds a digest of each that was read, and `read` is true; from then on
        a scene that differs or is gone raises SourceUnavailable.
        """
