"""Where the parcels behind a cell lie: one zone's imagery with these parcels coloured."""

from __future__ import annotations

from html import escape

import pandas as pd
import streamlit as st

from cropdash import i18n
from cropdash.figures import maps, palette, wording
from cropdash.i18n import headed, number, probability, say
from cropdash.ui.compare.controls import group_labels
from cropdash.ui.compare.counting import Names, Runs
from cropdash.ui.compare.tables import BY
from cropdash.ui.shell import address, data, frame
from cropdash.ui.shell.literal import literal
from cropdash.ui.widgets import parcel_map as component
from cropdash.ui.widgets import pictures


def show(runs: Runs, names: Names, parcels: pd.DataFrame, height: int) -> None:
    """A zone of those that hold some of the parcels, and a map of it."""
    counts = parcels["zone_id"].value_counts()
    zone = address.choose(
        say("Zone on the map"), "zone", counts.index.tolist(),
        format_func=lambda z: say(
            "{zone}: {n} of these parcels", zone=wording.place(z), n=number(int(counts[z]))
        ),
    )  # fmt: skip
    here = parcels[parcels["zone_id"] == zone]
    dataset = runs[0].dataset
    component.keep_parcels_of(dataset, zone)
    place = next((z for z in data.zones(dataset) if z.zone_id == zone), None)
    if place is None:
        st.info(say("The zone's files are damaged or gone: build it again to see it on a map."))
        return
    panel = maps.Panel(wording.place(zone), pictures.url(dataset, place))
    chart = maps.zone_map(place.grid, component.parcels_url(dataset, zone), [panel])
    chosen = component.selected(dataset, zone)
    state = {
        "selected": chosen,
        "fill": 0,
        "colours": coloured(here, frame.is_dark()),
        "notes": _said(dataset, here, names),
    }
    key = f"cell:{dataset}:{zone}:{i18n.current()}"
    component.show(chart, maps.command(state), key=key, of=(dataset, zone), height=height)
    _legend(names)
    _chosen(dataset, here, names, chosen)


def go_to(dataset: str, zone: str, parcel: int) -> None:
    """Show a parcel in its zone: both at once, so that the one doesn't let go of the other."""
    address.put("zone", zone)
    component.keep_parcels_of(dataset, zone)
    address.put("parcel", str(parcel))


def coloured(here: pd.DataFrame, dark: bool) -> dict[str, str]:
    """Colour of each of the parcels by id: that of the run that confuses it."""
    colours = dict(zip(BY, _colours(dark), strict=True))
    return {str(i): colours[by] for i, by in zip(here["parcel_id"], here["by"], strict=True)}


def _colours(dark: bool) -> tuple[str, str, str]:
    """Of parcels that the left run, the right run, and both confuse."""
    left, right = palette.model_colours(dark)
    return left, right, "#d81b9a"


def _said(dataset: str, here: pd.DataFrame, names: Names) -> dict[str, str]:
    labels = group_labels(dataset, "class")
    rows = zip(
        here["parcel_id"], here["left"], here["left_confidence"], here["right"],
        here["right_confidence"], strict=True,
    )  # fmt: skip
    return {
        str(i): headed(names[0], f"{labels[a]}, {probability(p)}; ")
        + headed(names[1], f"{labels[b]}, {probability(q)}")
        for i, a, p, b, q in rows
    }


def _legend(names: Names) -> None:
    words = (
        say("{name} alone", name=names[0]),
        say("{name} alone", name=names[1]),
        say("both"),
    )
    swatches = zip(_colours(frame.is_dark()), words, strict=True)
    st.html(
        " &nbsp; ".join(
            f'<span style="color:{colour}" aria-hidden="true">■</span> <small>{escape(word)}</small>'
            for colour, word in swatches
        )
    )


def _chosen(dataset: str, here: pd.DataFrame, names: Names, parcel: int | None) -> None:
    if parcel is None:
        st.caption(say("Select a row, or click a parcel, to find it on the map."))
        return
    said = _said(dataset, here[here["parcel_id"] == parcel], names).get(str(parcel))
    if said:
        st.caption(literal(say("Parcel {parcel}: {said}", parcel=parcel, said=said)))
    else:
        st.caption(say("Parcel {parcel} is not one of these.", parcel=parcel))
