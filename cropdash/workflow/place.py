"""A place on the map to the settings of a build: parcels over the net, zones proposed among them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from cropdash import legend as legends
from cropdash.domain import Season, Zone
from cropdash.ingest import registers, solar, zones
from cropdash.ingest.registers import wfs
from cropdash.ingest.zones.sides import Sides, divide

PLACES = "incoming"  # folder beside the datasets that holds what was fetched of a place


@dataclass(frozen=True)
class Place:
    """Files that a build is begun with, and what they hold."""

    register: Path
    zones: Path
    sides: Sides
    note: dict[str, object]  # of the register: address, date, digest


def find(
    name: str,
    lat_lon: tuple[float, float],
    season: Season,
    data: Path,
    *,
    number: int = 5,
    size: int = 256,
    radius_km: float = 10.0,
    service: wfs.Service | None = None,
) -> Place:
    """Fetch the parcels around a place, and propose zones such that most classes can be tested.

    `service` is the French RPG's where none is given. Files lie in data/incoming/<name>; those that are there and whole are not fetched again. Raises
    ConfigError, NotEnoughData, SourceUnavailable.
    """
    lat, lon = lat_lon
    across = round(2 * radius_km * 100)  # [pixels] of 10 m, and even as zones are
    around = zones.square_around(lon, lat, min(across, 4000) // 2 * 2)
    register = data / PLACES / name / "register.parquet"
    note = wfs.keep(register, service or wfs.FRANCE, solar.degrees(around), season.year)
    share = zones.register_share(register)
    reach = around.shape[0] * around.pixel_size / 2000
    found = zones.propose(
        (lon, lat), n=number, size_px=size, radius_km=reach, share=share, region=name
    )
    sides = divide(found, np.stack([_counts(register, zone) for zone in found]))
    listed = register.with_name("zones.csv")
    zones.write(listed, sides.zones)
    return Place(register, listed, sides, note)


def _counts(register: Path, zone: Zone) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """(K,) the zone's parcels by class of the French legend."""
    crops, _ = legends.load().crops_of(registers.read_parcels(register, zone.grid)[registers.CODE])
    return np.bincount(crops, minlength=legends.load().n_classes).astype(np.int64)
