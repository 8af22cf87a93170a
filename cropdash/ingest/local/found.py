"""What a folder of images holds."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from cropdash.domain import Legend
from cropdash.i18n import number, say
from cropdash.ingest import found, registers
from cropdash.ingest.local import composites, images, scenes
from cropdash.ingest.local.land import ZONES
from cropdash.ingest.local.source import LocalComposites, LocalSource
from cropdash.settings.sources import Fact


def facts(source: LocalSource | LocalComposites, legend: Legend) -> Iterator[Fact]:
    """Images, bands, pixels, register, classes, unknown codes and zones.

    Raises InvalidScene, InvalidRegister, NotEnoughData as the build would.
    """
    paths = source.paths
    yield say("Images"), _images(source)
    yield say("Bands"), ", ".join(sorted(_bands(paths[0]))) or say("without a description")
    frame = images.frames(paths, source.folder)[0]
    yield say("Pixels"), say(
        "{n} of {size} m in {crs}", n=f"{frame.shape[0]} x {frame.shape[1]}",
        size=number(frame.pixel_size, "g"), crs=frame.crs,
    )  # fmt: skip
    land, given = source.land, source.zones()
    if land.has_register or any(zone.split != "map" for zone in given):
        about = registers.describe(land.register_file, land.layout)
        yield say("Register"), say(
            "{name}, {n} rows; id {id}, crop {code}", name=about.path.name, n=number(about.rows),
            id=about.id_column, code=about.code_column,
        )  # fmt: skip
        rows = registers.read_parcels(about.path, [zone.grid for zone in given], land.layout)
        yield from found.crops(rows[registers.CODE], legend)
    listed = land.listed or next((p for n in ZONES if (p := source.folder / n).is_file()), None)
    yield found.zones(given, listed.name if listed else say("proposed"))


def _images(source: LocalSource | LocalComposites) -> str:
    if isinstance(source, LocalComposites):
        parts = composites.Composites(source.folder).parts
        return say(
            "{n} ready composites, {first} to {last}", n=number(len(parts)),
            first=parts[0].day.start, last=parts[-1].day.end,
        )  # fmt: skip
    dates = images.of(source.folder).dates
    if not dates:
        return say("none that can be read")
    return say(
        "{n} scenes, {first} to {last}", n=number(len(dates)), first=dates[0], last=dates[-1]
    )


def _bands(path: Path) -> set[str]:
    return {name for name in scenes.names_of(path) if name}
