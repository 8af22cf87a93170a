"""A folder of one's own as a source of datasets."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Literal

from pydantic import Field

from cropdash.domain import Grid, Legend
from cropdash.domain.errors import ConfigError
from cropdash.domain.message import Message
from cropdash.i18n import sentence
from cropdash.settings.build import File, RegisterColumns, shown
from cropdash.settings.sources import Fact, SourceKind

if TYPE_CHECKING:
    from cropdash.ingest.local.source import LocalComposites, LocalSource


class LocalBuild(RegisterColumns):
    """A folder with images, a register and, if they are not to be proposed, zones."""

    source: Literal["local"] = Field("local", title="Source")
    season: str | None = Field(
        None, title="Season",
        description="A calendar year, or its two ends: 2023, 2022-10..2023-09; empty: the year with "
        "most images.",
    )  # fmt: skip
    folder: File = Field(
    title="Folder",
        description="Holds scenes (GeoTIFFs, .SAFE products or files by band) or ready composites, "
        "and a register.",
        json_schema_extra=shown("scenes"),
    )  # fmt: skip
    register_path: File | None = Field(
        None, title="Register", description="Parcels, where they do not lie in the folder.",
        json_schema_extra=shown("register"),
    )  # fmt: skip
    zones_path: File | None = Field(
        None, title="List of zones",
        description="CSV or GeoJSON; empty: zones.geojson or zones.csv of the folder, else squares of "
        "the images are proposed.",
        json_schema_extra=shown("listed"),
    )  # fmt: skip
    size: int = Field(
        256, ge=16, le=2000, title="Zone size",
        description="Pixels on a side of the zones that are proposed.",
    )  # fmt: skip


def _open(config: LocalBuild) -> LocalSource | LocalComposites:
    from cropdash.ingest.local import composites, images
    from cropdash.ingest.local.source import LocalComposites, LocalSource
    from cropdash.ingest.registers import layout_of

    if not config.folder.is_dir():
        raise ConfigError("There is no folder {a}.", a=config.folder)
    if composites.are_in(config.folder) and (config.folder / images.SCENES).is_dir():
        raise ConfigError(
            "{a} holds scenes and composites: put one of them into a folder of its own.",
            a=config.folder,
        )
    kind = LocalComposites if composites.are_in(config.folder) else LocalSource
    return kind(
        config.folder,
        config.days,
        config.bands,
        config.every,
        layout_of(config),
        config.register_path,
        config.zones_path,
        config.size,
    )


def _found(config: LocalBuild, legend: Legend) -> Iterable[Fact]:
    from cropdash.ingest.local.found import facts

    return facts(_open(config), legend)


def _covered(config: LocalBuild) -> Sequence[Grid]:
    from cropdash.ingest.local.images import frames

    return () if config.zones_path else frames(_open(config).paths, config.folder)


KIND = SourceKind(
    name="local",
    label=sentence("Local"),
    hint=sentence("Images and parcels that are on this machine already."),
    settings=LocalBuild,
    open=_open,
    found=_found,
    covered=_covered,
    title=lambda config, source: Message(
        "{name}, {season}", name=config.folder.name, season=source.season.text
    ),
)
