"""A folder of one's own as a source of datasets."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from cropdash.domain.errors import ConfigError
from cropdash.domain.source import Source
from cropdash.i18n import sentence
from cropdash.settings.build import File, RegisterColumns, shown
from cropdash.settings.sources import SourceKind


class LocalBuild(RegisterColumns):
    """A folder with scenes/*.tif, a register (*.gpkg) and zones.geojson."""

    source: Literal["local"] = Field("local", title="Source")
    season: str | None = Field(
        None, title="Season",
        description="A calendar year, or its two ends: 2023, 2022-10..2023-09; empty: the year with "
        "most scenes.",
    )  # fmt: skip
    folder: File = Field(
        title="Folder", description="Holds scenes/*.tif, a register (*.gpkg) and zones.geojson.",
        json_schema_extra=shown("scenes"),
    )  # fmt: skip


def _open(config: LocalBuild) -> Source:
    from cropdash.ingest.local.source import LocalSource
    from cropdash.ingest.registers import layout_of

    if not config.folder.is_dir():
        raise ConfigError(f"There is no folder {config.folder}.")
    return LocalSource(config.folder, config.days, config.bands, config.every, layout_of(config))


KIND = SourceKind(
    name="local",
    label=sentence("Local"),
    hint=sentence("Scenes, parcels and zones that are on this machine already."),
    settings=LocalBuild,
    open=_open,
    title=lambda config, source: f"{config.folder.name}, {source.season.text}",
)
