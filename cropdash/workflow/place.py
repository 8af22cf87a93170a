"""A place on the map to the settings of a build: parcels over the net, zones proposed among them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from cropdash import legend as legends
from cropdash.domain import Grid, Legend, Season, Zone
from cropdash.domain.errors import ConfigError
from cropdash.i18n import sentence
from cropdash.ingest import registers, zones
from cropdash.ingest.zones.area import Area
from cropdash.ingest.zones.sides import Sides, divide
from cropdash.storage import places
from cropdash.storage.datasets import DatasetFolder

_BEGUN = sentence(
    "Dataset {name} was begun with another place or other zones: choose another name, or delete it."
)


@dataclass(frozen=True)
class Wanted:
    """What is looked for, and where."""

    area: Area
    number: int = 5  # zones
    size: int = 256  # [pixels] a side

    def __post_init__(self) -> None:
        if not 2 <= self.number <= 100:
            raise ConfigError(
                "{a} zones are no number to propose: ask for 2 to 100.", a=self.number
            )


@dataclass(frozen=True)
class Place:
    """Files that a build is begun with, and what they hold."""

    register: Path
    zones: Path
    sides: Sides
    note: dict[str, Any]  # of the register: address, date, digest


def find(
    name: str,
    wanted: Wanted,
    season: Season,
    data: Path,
    *,
    provider: registers.Provider | None = None,
    legend: Legend | None = None,
) -> Place:
    """Fetch the parcels of a place, and propose zones such that most classes can be tested.

    `provider` is the French RPG's where none is given, and so is the legend. Files lie in
    data/incoming/<name>; those that are there and whole are not fetched again. Raises ConfigError,
    NotEnoughData, SourceUnavailable, InvalidRegister.
    """
    area, begun = wanted.area, DatasetFolder(data, name)
    provider = provider or registers.choose()
    folder = places.folder(data, name)
    register, listed = folder / places.REGISTER, folder / places.ZONES
    if begun.is_begun and not registers.is_of(register, provider, area.degrees, season.year):
        raise ConfigError(_BEGUN, name=name)
    note = registers.keep(register, provider, area.degrees, season.year)
    found = zones.propose(
        area.middle, n=wanted.number, size_px=wanted.size, radius_km=area.radius_km,
        share=zones.register_share(register), region=name, within=area.outline,
    )  # fmt: skip
    sides = divided(found, register, legend or legends.load())
    if begun.is_begun and begun.description().zones != sides.zones:
        raise ConfigError(_BEGUN, name=name)
    zones.write(listed, sides.zones)
    told = places.Found(
        note["parcels"], note["fetched"], note, list(sides.untested.items()), sides.tested
    )
    places.write(data, name, told)
    return Place(register, listed, sides, note)


def divided(
    found: tuple[Zone, ...],
    register: Path,
    legend: Legend,
    layout: registers.Layout | None = None,
    share: float = 0.2,
) -> Sides:
    """The zones, with those held out that let most classes of the register be tested."""
    counts = [_counts(register, zone.grid, legend, layout) for zone in found]
    return divide(found, np.stack(counts), share)


def _counts(
    register: Path, grid: Grid, legend: Legend, layout: registers.Layout | None
) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """(K,) the zone's parcels by class of the legend."""
    parcels = registers.read_parcels(register, grid, layout or registers.Layout())
    crops, _ = legend.crops_of(parcels[registers.CODE])
    return np.bincount(crops, minlength=legend.n_classes)[: legend.n_classes].astype(np.int64)
