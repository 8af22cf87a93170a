"""The zone on its map: its imagery period by period, its parcels by crop."""

from __future__ import annotations

from dataclasses import dataclass

import streamlit as st

from cropdash import i18n
from cropdash.domain import Zone
from cropdash.figures import maps, periods
from cropdash.i18n import number, say
from cropdash.ui.explore import second_parcel
from cropdash.ui.shell import data, frame
from cropdash.ui.widgets import choices, pictures
from cropdash.ui.widgets import parcel_map as component
from cropdash.ui.widgets.names import crop_name

HEIGHT = 500  # [px] of the map
LEGEND = 72  # [px] of the legend below it


@dataclass(frozen=True)
class Choice:
    """What the map shows."""

    mode: str
    fill: float  # opacity of the parcels
    only: tuple[int, ...]  # classes to which the parcels are narrowed; none = all


def zone_box(dataset: str, zone: Zone) -> None:
    """The map with its controls above and what it counts below."""
    picture, shade = st.columns([2, 1], gap="medium")
    with picture:
        mode = pictures.choose(dataset)
    with shade:
        fill = st.slider(
            say("Crop colours"),
            0.0,
            1.0,
            0.35,
            0.05,
            key="fill",
            help=say("Opacity of the parcels' fill."),
        )
    only = _crop_box(dataset, zone.zone_id)
    zone_map(dataset, zone, Choice(mode, float(fill), only))
    _say_counts(dataset, zone.zone_id, only)


def zone_map(dataset: str, zone: Zone, choice: Choice) -> None:
    """The zone's imagery with its parcels; a click selects a parcel, the slider a period."""
    name, key = zone.zone_id, f"explore:{dataset}:{zone.zone_id}:{i18n.current()}"
    period, counts = choices.period(dataset), _counts(dataset, name)
    # The picture in the map's own script stays the same, so that no choice reloads the map.
    first, modes = pictures.url(dataset, zone), pictures.modes(dataset)
    more = periods.options(
        data.periods(dataset), counts, data.legend(dataset), modes, dark=frame.is_dark()
    )
    url = component.parcels_url(dataset, name)
    drawn = maps.zone_map(zone.grid, url, [maps.Panel("", base=first)], HEIGHT, more)
    asked = component.told(key).get("frames")
    state = {
        "selected": component.selected(dataset, name),
        "other": second_parcel.second(dataset, name),
        "base": pictures.url(dataset, zone, period, choice.mode),
        "frames": pictures.frames(dataset, zone, choice.mode) if asked else None,
        "period": period,
        "mode": choice.mode,
        "fill": choice.fill,
        "only": choice.only,
    }
    picks = second_parcel.picks(dataset, name)
    component.show(drawn, maps.command(state), key=key, height=HEIGHT + LEGEND, picks=picks)


def _counts(dataset: str, zone: str) -> dict[int, int]:
    counted = data.parcels(dataset, zone)["crop"].value_counts()
    return {int(k): int(n) for k, n in counted.items()}


def _crop_box(dataset: str, zone: str) -> tuple[int, ...]:
    """The crops to which the map is narrowed."""
    counts = _counts(dataset, zone)
    return choices.crops_of(
        dataset, say("Crops"), "crops", list(counts),
        lambda k: f"{crop_name(dataset, k)} ({number(counts.get(k, 0))})",
        placeholder=say("All crops"),
        help=say("Parcels of other crops fade; their number in this zone stands in brackets."),
    )  # fmt: skip


def _say_counts(dataset: str, zone: str, only: tuple[int, ...]) -> None:
    """How many parcels the choice of crops leaves."""
    table = data.parcels(dataset, zone)
    shown = table[table["crop"].isin(only)] if only else table
    if not len(table):
        st.info(say("No parcel is declared in this zone: choose another zone."))
    elif not len(shown):
        st.info(say("None of these crops is declared in this zone: clear the choice of crops."))
    else:
        st.caption(
            say(
                "{n} of {all} parcels outlined, {part} of {whole} ha",
                n=number(len(shown)),
                all=number(len(table)),
                part=number(shown["area_ha"].sum(), ",.1f"),
                whole=number(table["area_ha"].sum(), ",.1f"),
            )
        )
