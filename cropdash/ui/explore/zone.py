"""The zone on its map: its imagery period by period, its parcels by crop."""

from __future__ import annotations

from typing import Any

import streamlit as st

from cropdash import i18n
from cropdash.domain import Zone
from cropdash.figures import maps, palette, periods, wording
from cropdash.i18n import number, say
from cropdash.ui.explore import second_parcel
from cropdash.ui.shell import data, frame
from cropdash.ui.widgets import choices, pictures
from cropdash.ui.widgets import parcel_map as component


def choose_look(dataset: str) -> tuple[str, float]:
    """The picture below, and the opacity of the crops' colours above it."""
    with st.popover(say("Layers"), icon=":material/layers:"):
        mode = pictures.choose(dataset)
        about = say("Opacity of the parcels' fill.")
        pictures.background()
        fill = st.slider(say("Crop colours"), 0.0, 1.0, 0.35, 0.05, key="fill", help=about)
    return mode, float(fill)


def zone_map(dataset: str, zone: Zone, mode: str, fill: float) -> None:
    """The zone's imagery with its parcels; a click selects a parcel, the slider a period."""
    name, key = zone.zone_id, f"explore:{dataset}:{zone.zone_id}:{i18n.current()}"
    period = choices.period(dataset)
    # The picture in the map's own script stays the same, so that no choice reloads the map.
    first = pictures.url(dataset, zone)
    more = maps.legend_options(palette.of_theme(frame.is_dark()).text)
    more |= {"periods": periods.slider(data.periods(dataset))}
    tiles, background = pictures.ground()
    url = component.parcels_url(dataset, name)
    drawn = maps.zone_map(zone.grid, url, [maps.Panel("", base=first)], more | tiles)
    only = choices.classes_of(data.legend(dataset), "class")
    state = {
        "selected": component.selected(dataset, name),
        "other": second_parcel.second(dataset, name),
        "picks": second_parcel.picks(dataset, name),
        "base": pictures.url(dataset, zone, period, mode),
        "frames": pictures.frames(dataset, zone, mode)
        if component.told(key).get("frames")
        else None,
        "background": background,
        "period": period,
        "fill": fill,
        "only": only,
        "legend": legend(dataset, name, mode, only),
    }
    component.show(drawn, maps.command(state), key=key, of=(dataset, name))


def legend(dataset: str, zone: str, mode: str, only: tuple[int, ...]) -> list[dict[str, Any]]:
    """The picture's scale, and the crops of the zone by area; a click leaves these alone."""
    table, items = data.parcels(dataset, zone), data.legend(dataset).classes
    rows = table.groupby("crop")["area_ha"].agg(["sum", "size"]).sort_values("sum", ascending=False)
    labels = wording.group_labels(data.legend(dataset), "class")
    entries = [
        {
            "name": items[k].name,
            "label": labels[k],
            "colour": items[k].colour,
            "classes": [k],
            "amount": number(area, ",.1f"),
            "about": say("{n} parcels", n=number(n)),
            "also": " ".join(items[k].labels.values()),
        }
        for k, area, n in zip(rows.index.tolist(), rows["sum"], rows["size"], strict=True)
    ]
    shown = table[table["crop"].isin(only)] if only else table
    note = say(
        "{n} of {all} parcels outlined, {part} of {whole} ha",
        n=number(len(shown)), all=number(len(table)),
        part=number(shown["area_ha"].sum(), ",.1f"), whole=number(table["area_ha"].sum(), ",.1f"),
    )  # fmt: skip
    if not len(table):
        note = say("No parcel is declared in this zone: choose another zone.")
    crops = {"title": say("Declared [ha]"), "kind": "classes", "entries": entries, "note": note,
             "chosen": [items[k].name for k in only]}  # fmt: skip
    scale = periods.scale(mode)
    return ([{"title": say("Imagery"), "entries": scale}] if scale else []) + [crops]
