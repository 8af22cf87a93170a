"""The images of a zone: its scenes by the list that the dataset keeps of them, to composites."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from cropdash.domain import Cube, Scene, Zone
from cropdash.domain.source import CompositeSource, ListedSource, Source, Warn
from cropdash.files import atomic
from cropdash.prepare import composite, registration
from cropdash.storage import layout
from cropdash.storage.datasets import DatasetFolder
from cropdash.storage.periods import PeriodFolder


def composites(
    source: Source, zone: Zone, warn: Warn, folder: DatasetFolder, kept: PeriodFolder
) -> tuple[Cube, dict[str, Any]]:
    """Composites with gaps, and what the zone's report says of the scenes.

    A list of scenes that the zone's folder keeps is read again; else the one that is found is kept
    there. A date that lies more than half a pixel off the others is told to `warn`.
    """
    if isinstance(source, CompositeSource):
        return source.composites(zone, warn, kept=kept), {}
    dates, periods = registration.Dates(), source.season.periods
    if not isinstance(source, ListedSource):
        cube = composite.stream(dates.watch(source.scenes(zone, warn)), periods)
        return cube, _shifts(dates, warn)
    place = folder.zone_folder(zone.zone_id)
    listing, heard = _listing(source, zone, place), list[str]()
    scenes: Iterable[Scene] = source.listed(zone, listing, heard.append)
    try:
        cube = composite.stream(dates.watch(scenes), periods)
    finally:
        listing["left_out"] = list(dict.fromkeys([*listing["left_out"], *heard]))
        for sentence in listing["left_out"]:
            warn(sentence)
    layout.SCENES.write(place, listing)
    read = [row for row in listing["scenes"] if row.get("digest")]
    about = {
        "service": listing["service"], "collection": listing["collection"],
        "searched": listing["searched"], "read": len(read),
        "list": atomic.checksum(layout.SCENES.of(place)),
    }  # fmt: skip
    return cube, {"scenes": about} | _shifts(dates, warn)


def _listing(source: ListedSource, zone: Zone, place: Any) -> dict[str, Any]:
    found = layout.SCENES.find(place)
    if not found:
        heard: list[str] = []
        found = source.listing(zone, heard.append) | {"left_out": heard}
        layout.SCENES.write(place, found)
    return {"left_out": [], **found}


def _shifts(dates: registration.Dates, warn: Warn) -> dict[str, Any]:
    """Dates that lie off the others, in pixels to the south and east."""
    off = {
        date: found
        for date, found in dates.shifts().items()
        if registration.length(found) > registration.MOST
    }
    for date, found in off.items():
        warn(
            f"The scene of {date} lies {registration.length(found):.1f} pixels off the other dates:"
            " parcels' edges are blurred by it."
        )
    if not off:
        return {}
    return {"shifted_dates": {f"{date}": [round(v, 2) for v in off[date]] for date in off}}
