"""The simulated landscape as a source of datasets."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from cropdash.domain.message import Message
from cropdash.domain.source import Source
from cropdash.i18n import sentence
from cropdash.settings.build import BuildConfig
from cropdash.settings.sources import SourceKind


class SimulatedBuild(BuildConfig):
    """A landscape made from a seed: no account and no download."""

    source: Literal["simulated"] = Field("simulated", title="Source")
    zones_per_region: int = Field(
        5, ge=2, le=5, title="Zones per region", description="In each of eight regions."
    )
    size: int = Field(256, ge=32, le=1000, title="Zone size", description="Pixels on a side.")
    seed: int = Field(0, ge=0, le=2**31 - 1, title="Seed", description="Fixes every random draw.")


def _open(config: SimulatedBuild) -> Source:
    from cropdash.simulate.source import SimulatedSource

    return SimulatedSource(
        seed=config.seed,
        size=config.size,
        season=config.mapped,
        bands=config.bands,
        zones_per_region=config.zones_per_region,
    )


KIND = SourceKind(
    name="simulated",
    label=sentence("Simulator"),
    hint=sentence("A made-up landscape with real crop shares and clouds: no account, no download."),
    settings=SimulatedBuild,
    open=_open,
    title=lambda _, source: Message("Simulated landscape {season}", season=source.season.text),
    demo_s=25.0,
    is_made_up=True,
)
