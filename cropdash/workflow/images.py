"""The images of a zone: its scenes by the list that the dataset keeps of them, to composites."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from cropdash.domain import Cube, Scene, Season, Zone
from cropdash.domain.errors import ConfigError, NoScene
from cropdash.domain.message import Message
from cropdash.domain.source import CompositeSource, ListedSource, PartedSource, Source, Warn
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
    return _of_days(source, zone, source.season, warn, folder, kept)


def of_part(
    source: Source, zone: Zone, days: Season, warn: Warn, folder: DatasetFolder, kept: PeriodFolder
) -> tuple[Cube, dict[str, Any]]:
    """As `composites`, of some of the season's periods: nothing of other days is asked for.

    Days without any scene are days under cloud. Raises ConfigError for a source that can't be
    asked so.
    """
    if not isinstance(source, PartedSource):
        raise ConfigError(
            "Source {a} gives whole seasons only: build it once its season is over.", a=source.name
        )
    try:
        return _of_days(source.part(days), zone, days, warn, folder, kept)
    except NoScene as error:
        warn(Message("{a} ({b}).", a=str(error).rstrip("."), b=days.text))
        shape, n = zone.grid.shape, len(days.periods)
        nothing = np.full((n, len(source.bands), *shape), np.nan, np.float32)
        clear = np.zeros((n, *shape), np.uint8)
        return Cube(nothing, clear, days.periods, source.bands, zone.grid), {}


def _of_days(
    source: Source, zone: Zone, days: Season, warn: Warn, folder: DatasetFolder, kept: PeriodFolder
) -> tuple[Cube, dict[str, Any]]:
    if isinstance(source, CompositeSource):
        return source.composites(zone, warn, kept=kept), {}
    dates = registration.Dates()
    if not isinstance(source, ListedSource):
        cube = composite.stream(dates.watch(source.scenes(zone, warn)), days.periods)
        return cube, _shifts(dates, warn)
    place = folder.zone_folder(zone.zone_id)
    listing, heard = _listing(source, zone, days, place), list[str]()
    scenes: Iterable[Scene] = source.listed(zone, _within(listing, days), heard.append)
    try:
        cube = composite.stream(dates.watch(scenes), days.periods)
    finally:
        listing["left_out"] = list(dict.fromkeys([*listing["left_out"], *heard]))
        for sentence in listing["left_out"]:
            warn(sentence)
    layout.SCENES.write(place, listing | {"read": True})
    read = [row for row in listing["scenes"] if row.get("digest")]
    about = {
        "service": listing["service"], "collection": listing["collection"],
        "searched": listing["searched"], "read": len(read),
        "list": atomic.checksum(layout.SCENES.of(place)),
    }  # fmt: skip
    return cube, {"scenes": about} | _shifts(dates, warn)


def _listing(source: ListedSource, zone: Zone, days: Season, place: Any) -> dict[str, Any]:
    """The list that is kept; where it ends before the days do, what is found of them is added."""
    known = {"left_out": [], **layout.SCENES.find(place)}
    if "scenes" in known and known.get("season", [""])[-1] >= days.end.isoformat():
        return known
    heard: list[str] = []
    found = source.listing(zone, heard.append)
    if "season" in known:
        found["season"] = [known["season"][0], found["season"][1]]
        found["scenes"] = [*known["scenes"], *found["scenes"]]
    found["left_out"] = [*known["left_out"], *heard]
    layout.SCENES.write(place, found)
    return found


def _within(listing: dict[str, Any], days: Season) -> dict[str, Any]:
    """The list of some days; its rows are those of the whole list, and take what is noted in them."""
    start, end = days.start.isoformat(), days.end.isoformat()
    rows = [row for row in listing["scenes"] if start <= row["date"] <= end]
    if len(rows) == len(listing["scenes"]):
        return listing
    return {**listing, "scenes": rows, "read": any(row.get("digest") for row in rows)}


def _shifts(dates: registration.Dates, warn: Warn) -> dict[str, Any]:
    """Dates that lie off the others, in pixels to the south and east."""
    off = {
        date: found
        for date, found in dates.shifts().items()
        if registration.length(found) > registration.MOST
    }
    for date, found in off.items():
        warn(
            Message(
                "The scene of {a} lies {b} pixels off the other dates: parcels' edges are"
                " blurred by it.",
                a=date,
                b=format(registration.length(found), ".1f"),
            )
        )
    if not off:
        return {}
    return {"shifted_dates": {f"{date}": [round(v, 2) for v in off[date]] for date in off}}
