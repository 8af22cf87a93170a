"""Pictures of a zone's imagery, one period and one look at a time."""

from __future__ import annotations

import datetime as dt
from functools import partial
from typing import Any

import streamlit as st

from cropdash.domain import Zone
from cropdash.domain.errors import ConfigError
from cropdash.figures import animation, imagery, maps, wording
from cropdash.i18n import say
from cropdash.settings.tiles import tiles
from cropdash.ui.shell import data, frame
from cropdash.ui.widgets import chart, choices
from cropdash.ui.widgets import parcel_map as component
from cropdash.ui.widgets.names import dataset_title

_YEARS = ("true_colour", "false_colour", "NDVI")
FINE, MOVING = 1300, 512  # [px] longest side of a picture, and of one of those that are played


def modes(dataset: str) -> tuple[str, ...]:
    """Pictures that the dataset's bands allow; the first is the one that maps open with."""
    return imagery.modes(data.description(dataset).bands)


def choose(dataset: str) -> str:
    """A select box of the pictures; its help says what the chosen one is made of."""
    names = {mode: imagery.title(mode) for mode in modes(dataset)}
    return choices.box_of(say("Picture"), "picture", names, about=imagery.about)


def background() -> None:
    """A switch for the map of elsewhere, where the operator named one; off until it is pressed.

    No address turns it on, or a link would make a reader's browser ask elsewhere.
    """
    with frame.plainly():
        if known := tiles():
            st.toggle(
                say("Background map"), key="background",
                help=say("From {host}, which then sees where you look.", host=known.origin),
            )  # fmt: skip


def ground() -> tuple[dict[str, Any], bool]:
    """What a map needs for it, and whether the reader asks for it."""
    try:
        return maps.background(tiles()), bool(st.session_state.get("background"))
    except ConfigError:  # as `background` says
        return {}, False


def years(dataset: str, zone: Zone) -> None:
    """Buttons for the zone's year as an animated picture, one for each of the usual looks."""
    for mode in [m for m in _YEARS if m in modes(dataset)]:
        chart.download(
            say("The year, {picture} (GIF)", picture=imagery.title(mode)),
            partial(_year, dataset, zone, mode),
            f"{data.stem(dataset, zone.zone_id, mode.lower())}.gif",
            "image/gif",
        )


def _year(dataset: str, zone: Zone, mode: str) -> bytes:
    periods = data.periods(dataset)
    cube = data.imagery(dataset, zone.zone_id, periods, imagery.bands_of(mode), MOVING)
    description = data.description(dataset)
    below = f"{imagery.title(mode)} · {wording.place(zone.zone_id)} · {dataset_title(description)}"
    shown = [imagery.composite(cube, period, mode) for period in periods]
    said = [wording.period(period) for period in periods]
    return animation.gif(shown, said, below, zone.grid, MOVING)


def url(
    dataset: str,
    zone: Zone,
    period: str | None = None,
    mode: str | None = None,
    side: int = FINE,
    day: dt.date | None = None,
) -> str:
    """URL of a picture of the zone; without period and mode that with which maps open.

    With a day it shows what was known then: no gap is filled from what came later.
    """
    period, mode = period or choices.standing(dataset), mode or modes(dataset)[0]

    def draw() -> bytes:
        if day is not None:
            known = data.cube_by(dataset, zone.zone_id, day)
            return imagery.webp(imagery.composite(known, period, mode), zone.grid, side)
        # What is played is read at once, a single fine picture by itself.
        periods = (period,) if side == FINE else data.periods(dataset)
        coarse = None if side == FINE else side
        cube = data.imagery(dataset, zone.zone_id, periods, imagery.bands_of(mode), coarse)
        return imagery.webp(imagery.composite(cube, period, mode), zone.grid, side)

    mark = data.fingerprint(dataset)
    key = f"{dataset}/{zone.zone_id}/{mark}/{period}/{mode}/{side}/{day or ''}"
    return component.picture(key, draw, ".webp")


def frames(dataset: str, zone: Zone, mode: str) -> dict[str, str]:
    """URLs of all periods, coarse enough to be sent together."""
    return {p: url(dataset, zone, p, mode, MOVING) for p in data.periods(dataset)}
