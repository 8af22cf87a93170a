"""What a build will take: requests, bytes, time and room, computed from the sizes of its zones."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from cropdash.domain import Grid, Season, Zone, sentinel2
from cropdash.ingest import zones
from cropdash.settings.build import BuildConfig
from cropdash.workflow import sources

LINK_MBIT_S = 50.0  # an ordinary connection; the time scales with it
REQUEST_S = (10.0, 60.0)  # Earth Engine computes a month's median of one zone; an assumption
REQUESTS_AT_ONCE = 8
REVISIT_DAYS = 5  # of the two satellites; where orbits overlap there are up to twice as many dates
_LAYERS = (
    len(sentinel2.BAND_SETS["10m"]) + 1
)  # the bands, and the count of clear dates or the scene classification


@dataclass(frozen=True)
class Estimate:
    """Of one build. Images are counted before compression, so that fewer bytes may travel."""

    source: str
    zones: int
    requests: int  # to the service
    largest_request: int  # [bytes], as the service counts it
    transfer: int  # [bytes]
    disk: int  # [bytes] of the dataset, before compression
    minutes: tuple[float, float]  # of fetching; (0, 0) where nothing is


def of(config: BuildConfig) -> Estimate:
    """Estimate a build; reads its list of zones and asks no service."""
    chosen, months = _zones(config), len((config.days or Season.of(2023, config.every)).periods)
    grids = [zone.grid for zone in chosen]
    disk = sum(_on_disk(grid, months) for grid in grids)
    if config.source == "earthengine":
        return _of_earth_engine(chosen, config.bands, months, disk)
    if config.source == "stac":
        dates = 365 // REVISIT_DAYS
        transfer = sum(_scene(grid) for grid in grids) * dates
        minutes = (_minutes(transfer), 2 * _minutes(transfer))
        requests = len(grids) * dates * _LAYERS
        return Estimate("STAC", len(grids), requests, 0, transfer, disk, minutes)
    return Estimate(config.source, len(grids), 0, 0, 0, disk, (0.0, 0.0))


def _zones(config: BuildConfig) -> tuple[Zone, ...]:
    path = getattr(config, "zones_path", None)
    return zones.read(path) if path is not None else sources.open_source(config).zones()


def _of_earth_engine(
    chosen: Sequence[Zone], bands: Sequence[str], months: int, disk: int
) -> Estimate:
    from cropdash.ingest import earthengine

    requests = earthengine.requests(chosen, bands, months)
    tiles = [tile for zone in chosen for tile in earthengine.tiles(zone.grid, bands)]
    largest = max(earthengine.request_bytes(tile, bands) for tile in tiles)
    transfer = sum(_answer(tile) for tile in tiles) * months
    at_best, at_worst = (requests * s / REQUESTS_AT_ONCE / 60 for s in REQUEST_S)
    travel = _minutes(transfer)
    minutes = (max(at_best, travel), at_worst + travel)
    return Estimate("Earth Engine", len(chosen), requests, largest, transfer, disk, minutes)


def sentences(found: Estimate) -> Iterator[str]:
    """The estimate for people, with what it rests on."""
    yield f"{found.zones} zones; the dataset takes up to {_size(found.disk)} on disk."
    if not found.transfer:
        yield "Nothing is fetched."
        return
    low, high = found.minutes
    yield f"{found.source}: {found.requests:,} requests, up to {_size(found.transfer)} to fetch."
    if found.largest_request:
        from cropdash.ingest.earthengine import REQUEST_LIMIT

        counts, limit = found.largest_request / 2**20, REQUEST_LIMIT / 2**20
        yield f"The largest request counts {counts:.1f} MiB; the limit is {limit:.0f} MiB."
        yield (
            f"Some {low:.0f} to {high:.0f} minutes, if a request takes {REQUEST_S[0]:.0f} to"
            f" {REQUEST_S[1]:.0f} s and {REQUESTS_AT_ONCE} run at once, at {LINK_MBIT_S:.0f} Mbit/s."
        )
    else:
        yield (
            f"Some {low:.0f} to {high:.0f} minutes at {LINK_MBIT_S:.0f} Mbit/s, with a date every"
            f" {REVISIT_DAYS} days, or twice as many where orbits overlap."
        )


def _pixels(grid: Grid) -> int:
    return grid.shape[0] * grid.shape[1]


def _answer(grid: Grid) -> int:
    return _pixels(grid) * _LAYERS * 2


def _scene(grid: Grid) -> int:
    """One date: the bands as uint16 at 10 m, the scene classification as bytes at 20 m."""
    return _pixels(grid) * len(sentinel2.BAND_SETS["10m"]) * 2 + _pixels(grid) // 4


def _on_disk(grid: Grid, months: int) -> int:
    """Composite (uint16), clear dates (uint8) and labels (two int32)."""
    return _pixels(grid) * (months * (len(sentinel2.BAND_SETS["10m"]) * 2 + 1) + 8)


def _minutes(transfer: int) -> float:
    return transfer * 8 / (LINK_MBIT_S * 1e6) / 60


def _size(count: float) -> str:
    return f"{count / 1e9:.1f} GB" if count >= 1e9 else f"{count / 1e6:.1f} MB"
