"""The source that the settings of a build name; each provider is loaded only when it is wanted."""

from __future__ import annotations

from dataclasses import replace
from functools import singledispatch
from typing import Any

from cropdash.domain import Season
from cropdash.domain.errors import ConfigError
from cropdash.domain.source import Source
from cropdash.ingest.ancillary import Context
from cropdash.settings.build import (
    BuildConfig,
    EarthEngineBuild,
    LocalBuild,
    SimulatedBuild,
    StacBuild,
)

_CONTEXT = ("elevation_path", "previous_register_path")  # named where they are given
_NOT_CONTENT = frozenset(("source", "dataset", "workers", "scheduler", "project"))


@singledispatch
def open_source(config: BuildConfig) -> Source:
    """The source of a build. Raises ConfigError or InvalidRegister if a file it needs is missing."""
    raise ConfigError(f"Source {config.source!r} can't be opened.")


@open_source.register
def _(config: SimulatedBuild) -> Source:
    from cropdash.simulate import SimulatedSource

    return SimulatedSource(
        seed=config.seed,
        size=config.size,
        season=config.days or Season.of(2023),
        bands=config.bands,
        zones_per_region=config.zones_per_region,
    )


@open_source.register
def _(config: LocalBuild) -> Source:
    from cropdash.ingest.local.source import LocalSource

    if not config.folder.is_dir():
        raise ConfigError(f"There is no folder {config.folder}.")
    return LocalSource(config.folder, config.days, config.bands, config.every)


@open_source.register
def _(config: EarthEngineBuild) -> Source:
    from cropdash.ingest import registers, zones
    from cropdash.ingest.earthengine import EarthEngineSource

    layout = registers.Layout(id_column=config.id_column, code_column=config.code_column)
    return EarthEngineSource(
        project=config.project,
        register=config.register_path,
        chosen=zones.read(config.zones_path),
        season=config.days or Season.of(2023),
        bands=config.bands,
        layout=layout,
    )


@open_source.register
def _(config: StacBuild) -> Source:
    from cropdash.ingest import registers, stac, zones

    layout = registers.Layout(id_column=config.id_column, code_column=config.code_column)
    if "://" in config.endpoint:
        endpoint = stac.at(config.endpoint, config.collection)
    else:
        endpoint = replace(stac.named(config.endpoint), collection=config.collection)
    return stac.StacSource(
        endpoint=endpoint,
        register=config.register_path,
        chosen=zones.read(config.zones_path),
        season=config.days or Season.of(2023),
        bands=config.bands,
        layout=layout,
    )


def title_of(config: BuildConfig, source: Source) -> str:
    """Name of the dataset for people."""
    season = source.season.text
    if isinstance(config, LocalBuild):
        return f"{config.folder.name}, {season}"
    names = {"simulated": "Simulated landscape", "earthengine": "Earth Engine", "stac": "STAC"}
    return f"{names[config.source]} {season}"


def context_of(config: BuildConfig) -> Context | None:
    """Heights and last year's register that the settings name; None if they name neither.

    Raises ConfigError if a file is missing.
    """
    terrain = getattr(config, "elevation_path", None)
    before = getattr(config, "previous_register_path", None)
    if terrain is None and before is None:
        return None
    from cropdash.ingest import registers
    from cropdash.ingest.ancillary import ContextFiles

    id_column, code_column = (getattr(config, c, None) for c in ("id_column", "code_column"))
    layout = registers.Layout(id_column=id_column, code_column=code_column)
    return ContextFiles(terrain, before, layout)


def settings_of(config: BuildConfig) -> dict[str, Any]:
    """What repeats the source, to be kept with the dataset."""
    settings = config.model_dump(mode="json", exclude=set(_NOT_CONTENT))
    return {k: v for k, v in settings.items() if k not in _CONTEXT or v is not None}
