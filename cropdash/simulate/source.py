"""The embedded default: 8 regions of 5 zones that follow from a seed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import lru_cache

import geopandas as gpd

from cropdash.domain import Grid, Layer, Scene, Season, Zone, sentinel2
from cropdash.domain.errors import ConfigError
from cropdash.domain.message import Message
from cropdash.domain.source import Warn, ignore
from cropdash.simulate import ancillary, landscape, register, sensor, tables

PIXEL_M = 10.0
LATTICE_M = 20.0  # corners lie on Sentinel-2's 20 m grid, which holds the 10 m one
ZONES_PER_REGION = 5
MAX_SIZE = 1000  # [px] the squares of zones.csv are 10 km wide
MIN_SIZE = 16


@dataclass(frozen=True)
class SimulatedSource:
    """A simulated landscape; the same seed gives the same bytes, zone by zone."""

    seed: int = 0
    size: int = 256  # [px] side of a zone
    season: Season = field(default_factory=lambda: Season.of(2023))
    bands: tuple[str, ...] = sentinel2.BAND_SETS["10m"]
    zones_per_region: int = ZONES_PER_REGION  # the first is the test zone
    name: str = "simulated"
    asked: Season | None = None  # days of the season that are shot; None: all

    def __post_init__(self) -> None:
        _check_range("size", self.size, MIN_SIZE, MAX_SIZE)
        _check_range("zones_per_region", self.zones_per_region, 1, ZONES_PER_REGION)
        _check_range(
            Message("the season's year"), self.season.start.year, sentinel2.FIRST_YEAR, 2100
        )
        _check_range("seed", self.seed, 0, 2**31 - 1)

    def zones(self) -> tuple[Zone, ...]:
        """Zones of all regions, in the order of zones.csv."""
        return tuple(
            Zone(
                row["id"],
                row["region"],
                "test" if row["split"] == "test" else "train",
                _grid(row, self.size),
            )
            for row in tables.rows("zones.csv")
            if int(row["zone"]) <= self.zones_per_region
        )

    def parcels(self, zone: Zone) -> gpd.GeoDataFrame:
        """Register rows that touch the zone: ID_PARCEL, CODE_CULTU, geometry; EPSG:2154."""
        return register.declare(zone, _landscape(zone, self.seed), self.seed)

    def layers(self, zone: Zone, season: Season) -> tuple[Layer, ...]:
        """The height above the sea [m]."""
        return (Layer("elevation", ancillary.elevation(zone, self.seed)[None]),)

    def parcels_before(self, zone: Zone) -> gpd.GeoDataFrame:
        """The register of the year before, as `parcels`."""
        return ancillary.parcels_before(zone, _landscape(zone, self.seed), self.seed)

    def scenes(self, zone: Zone, warn: Warn = ignore) -> Iterator[Scene]:
        """Scenes of the season in order of date, made one at a time."""
        land = _landscape(zone, self.seed)
        return sensor.shoot(zone, land, self.season, self.seed, self.bands, self.asked)

    def part(self, days: Season) -> SimulatedSource:
        """See `PartedSource.part`; the land and the sky are drawn for the whole season."""
        return replace(self, asked=days)


def _check_range(name: str, value: int, low: int, high: int) -> None:
    if not low <= value <= high:
        raise ConfigError(
            "Simulated landscape: {a} is {b}; use {c} to {d}.", a=name, b=value, c=low, d=high
        )


def _grid(row: dict[str, str], size: int) -> Grid:
    """A square of `size` pixels in the middle of the zone's square."""
    centre_x = (float(row["xmin"]) + float(row["xmax"])) / 2
    centre_y = (float(row["ymin"]) + float(row["ymax"])) / 2
    half = size * PIXEL_M / 2
    left = (centre_x - half) // LATTICE_M * LATTICE_M
    top = (centre_y + half) // LATTICE_M * LATTICE_M
    return Grid(f"EPSG:{row['utm_epsg']}", left, top, PIXEL_M, (size, size))


@lru_cache(maxsize=2)  # a zone is asked for its parcels and then for its scenes
def _landscape(zone: Zone, seed: int) -> landscape.Landscape:
    return landscape.lay_out(zone, seed)
