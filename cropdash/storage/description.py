"""What a dataset is to hold, written before its zones are built."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

from cropdash.domain import Period, Season, Zone, errors
from cropdash.domain.errors import ConfigError, CorruptDataset, DamagedFile, DatasetNotFound
from cropdash.files import records
from cropdash.storage import layout


@dataclass(frozen=True)
class Description:
    """What a dataset is to hold, written before its zones are built."""

    name: str
    title: records.Text  # for people, e.g. "Simulated landscape 2023"
    source: str  # its name, see `settings.sources`
    season: Season
    bands: tuple[str, ...]
    legend_hash: str
    zones: tuple[Zone, ...]
    settings: Mapping[str, Any] = field(default_factory=dict)  # of the source, for repeating it
    as_of: dt.date | None = None  # the day on which it is known; None: the season is over

    @property
    def known(self) -> Season:
        """The periods of the season that are over; all where it is."""
        return self.season if self.as_of is None else self.season.until(self.as_of)

    @property
    def periods(self) -> tuple[Period, ...]:
        """Those that are over, in order."""
        return self.known.periods

    def zone(self, zone_id: str) -> Zone:
        """The zone of that id. Raises DatasetNotFound."""
        if zone_id in self._by_id:
            return self._by_id[zone_id]
        raise DatasetNotFound("Dataset {a} has no zone {b}.", a=self.name, b=repr(zone_id))

    @cached_property
    def _by_id(self) -> dict[str, Zone]:
        return {zone.zone_id: zone for zone in self.zones}

    def after(self, before: Description) -> Description:
        """This description, if it is that of `before` on the same day or a later one.

        Raises DatasetNotFound if it has another content, ConfigError for an earlier day.
        """
        if replace(before, as_of=self.as_of) != self:
            raise DatasetNotFound(
                "Dataset {a} exists with other zones, bands, season, legend or source: choose"
                " another name or delete {b}/.",
                a=self.name,
                b=self.name,
            )
        before.check_later(self.as_of)
        return self

    def check_later(self, day: dt.date | None) -> None:
        """Raise ConfigError if the dataset knows more than could be known on that day."""
        if day is not None and day < self.known.end:
            raise ConfigError(
                "Dataset {a} is known until {b} already: choose another name to see it as of"
                " {c}, or a later day.",
                a=self.name,
                b=self.known.end,
                c=day,
            )


def read(folder: Path) -> Description:
    """The description of a dataset's folder, read once a change. Raises DatasetNotFound, CorruptDataset."""
    try:
        about = layout.DATASET.of(folder).stat()
    except OSError:
        return _read(folder, 0, 0)
    return _read(folder, about.st_mtime_ns, about.st_ino)


@lru_cache(maxsize=16)
def _read(folder: Path, *_: int) -> Description:
    try:
        values = layout.DATASET.read(folder)
        season = Season.of(values["season"], values["every"])
        return records.typed(Description, {**values, "season": season}, layout.DATASET.file)
    except FileNotFoundError as error:
        raise DatasetNotFound(
            "There is no dataset {a}; build it with 'python -m cropdash build' or 'demo'.",
            a=repr(folder.name),
        ) from error
    except (DamagedFile, ConfigError, KeyError) as error:
        raise CorruptDataset(
            "{a} of dataset {b} is damaged ({c}): restore it, or build the dataset again"
            " under a new name.",
            a=layout.DATASET.file, b=folder.name, c=errors.one_line(error),
        ) from error  # fmt: skip


def write(folder: Path, description: Description) -> None:
    """As JSON holds it: the season as it is typed, with its first and last day beside."""
    season, day = description.season, description.as_of
    days = {"start": season.start.isoformat(), "end": season.end.isoformat()}
    values = {**asdict(description), "season": season.text, "every": season.every, **days}
    layout.DATASET.write(folder, values | {"as_of": day and day.isoformat()})
