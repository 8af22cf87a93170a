"""What a build will take: requests, bytes, time and room, from its zones, periods and bands."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from cropdash.domain import Season, Zone
from cropdash.settings import sources
from cropdash.settings.build import BuildConfig
from cropdash.settings.sources import Fetching

_PARCELS_PER_KM2 = 25  # of densely farmed land; France has 18 on the average
_PARCEL_BYTES = 2_000  # as GeoJSON
_PAGE_S = 10.0  # that a service takes for one page at worst


@dataclass(frozen=True)
class Estimate:
    """Of one build. Images are counted before compression, so that fewer bytes may travel."""

    label: str  # of the source
    zones: int
    season: Season
    bands: tuple[str, ...]
    disk: int  # [bytes] of the dataset, before compression
    layers: int  # files of further layers, each counted as one plane of float32
    fetching: Fetching


def of(config: BuildConfig, zones: Sequence[Zone] | None = None) -> Estimate:
    """Estimate a build of its zones, by default those that its source covers; asks no service."""
    kind, season = sources.of(config), config.days
    if zones is None or season is None:
        source = kind.open(config)
        zones, season = source.zones(), source.season
    margin = getattr(config, "margin", 0)
    zones = tuple(replace(zone, margin=margin).around for zone in zones)
    periods, bands = len(season.periods), len(config.bands)
    pixels = sum(zone.grid.shape[0] * zone.grid.shape[1] for zone in zones)
    # Composite (uint16) and count of clear dates (uint8) a period, and labels (two int32).
    disk = pixels * (periods * (2 * bands + 1) + 2 * 4)
    layers = sum(
        len(list(path.iterdir())) if path.is_dir() else 1 for _, path in config.layer_files
    )
    disk += pixels * layers * 4
    fetching = kind.estimate(config, zones)
    return Estimate(kind.label, len(zones), season, config.bands, disk, layers, fetching)


def of_parcels(km2: float, page: int = 5_000) -> Fetching:
    """Of the parcels of so much land, over the net by pages of so many; asks no service."""
    parcels = km2 * _PARCELS_PER_KM2
    pages = max(1, math.ceil(parcels / page))
    fast = sources.travel_s(parcels * _PARCEL_BYTES)
    return Fetching(pages, round(parcels * _PARCEL_BYTES), (fast, fast + pages * _PAGE_S))


def sentences(found: Estimate) -> Iterator[str]:
    """The estimate for people, with what it rests on."""
    periods, fetching = len(found.season.periods), found.fetching
    yield (
        f"{found.zones} zones, {periods} periods ({found.season.start} to {found.season.end}),"
        f" {len(found.bands)} bands; the dataset takes up to {size(found.disk)} on disk."
    )
    if found.layers:
        yield (
            f"{found.layers} files of further layers are counted as one band each; files of several"
            " bands take as many times as much."
        )
    if not fetching.transfer:
        yield "Nothing is fetched."
        return
    low, high = minutes(fetching.seconds)
    yield (
        f"{found.label}: {fetching.requests:,} requests, up to {size(fetching.transfer)} to fetch,"
        f" some {low:,} to {high:,} minutes."
    )
    yield from fetching.notes


def size(count: float) -> str:
    """Bytes for people."""
    return f"{count / 1e9:.1f} GB" if count >= 1e9 else f"{count / 1e6:.1f} MB"


def minutes(seconds: tuple[float, float]) -> tuple[int, int]:
    """The least and the most that something takes, in whole minutes that differ, from one on."""
    low = max(round(seconds[0] / 60), 1)
    return low, max(round(seconds[1] / 60), low + 1)
