"""What is known of a zone beside its images: further layers, and last year's register."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol, runtime_checkable

import geopandas as gpd

from cropdash.domain import Layer, Season, Zone
from cropdash.domain.errors import ConfigError
from cropdash.domain.source import Source
from cropdash.ingest import registers
from cropdash.ingest.layers import Plane, plan, read
from cropdash.settings.build import BuildConfig


@runtime_checkable
class Ancillary(Protocol):
    """Anything that knows of a zone's land beside its images."""

    def layers(self, zone: Zone, season: Season) -> tuple[Layer, ...]:
        """Layers on the zone's grid, by period or for all season; NaN = unknown."""

    def parcels_before(self, zone: Zone) -> gpd.GeoDataFrame | None:
        """Rows of the register of the year before, as `Source.parcels`; None if there is none."""


@dataclass(frozen=True)
class AncillaryFiles:
    """Files of one's own; what they do not tell, the source may know."""

    planes: tuple[Plane, ...] = ()
    register: Path | None = None
    layout: registers.Layout = field(default_factory=registers.Layout)  # columns of the register
    source: Ancillary | None = None

    def __post_init__(self) -> None:
        if self.register is not None and not self.register.exists():
            raise ConfigError("There is no file {a}.", a=self.register)

    def layers(self, zone: Zone, season: Season) -> tuple[Layer, ...]:
        """Further layers of a zone: those of the files first, then the source's own."""
        given = read(self.planes, zone, season)
        names = {layer.name for layer in given}
        known = self.source.layers(zone, season) if self.source else ()
        return (*given, *(layer for layer in known if layer.name not in names))

    def parcels_before(self, zone: Zone) -> gpd.GeoDataFrame | None:
        """The parcels of the year before; None where no register is given."""
        if self.register is not None:
            return registers.read_parcels(self.register, zone.grid, self.layout)
        return self.source.parcels_before(zone) if self.source else None


def ancillary_of(config: BuildConfig, source: Source) -> Ancillary:
    """What the settings' files and the source know. Raises ConfigError for a file that can't be."""
    return AncillaryFiles(
        plan(config.layer_files),
        config.previous_register_path,
        registers.layout_of(config),
        source if isinstance(source, Ancillary) else None,
    )
