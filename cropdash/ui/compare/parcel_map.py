"""Where the parcels behind a cell lie: one zone's imagery with these parcels coloured."""

from __future__ import annotations

from html import escape

import numpy as np
import pandas as pd
import streamlit as st
from scipy import ndimage

from cropdash.domain import Labels
from cropdash.figures import imagery, maps, palette, wording
from cropdash.i18n import number, say
from cropdash.ui.compare.controls import group_labels
from cropdash.ui.compare.counting import Names, Runs
from cropdash.ui.compare.tables import BY
from cropdash.ui.shell import address, data, frame
from cropdash.ui.shell.literal import literal
from cropdash.ui.widgets import parcel_map as component
from cropdash.ui.widgets import pictures

_SMALL, _HALO = 60, 2  # pixels of a parcel that needs a halo; pixels of halo on each side
_OPACITY = 0.75  # of the parcels' colours over the imagery


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
    component.keep_parcel_of(dataset, zone)
    place = next(z for z in data.zones(dataset) if z.zone_id == zone)
    panel = maps.Panel(
        wording.place(zone),
        pictures.url(dataset, place),
        _overlay(dataset, zone, here),
        _said(dataset, here, names),
    )
    chart = maps.zone_map(place.grid, component.parcels_url(dataset, zone), [panel], height - 8)
    chosen = component.selected(dataset, zone)
    command = maps.command({"selected": chosen, "opacity": _OPACITY, "fill": 0})
    key = f"cell:{dataset}:{zone}:{_mark(here)}"
    component.show(chart, command, key=key, height=height)
    _legend(names)
    _chosen(dataset, here, names, chosen)


def go_to(dataset: str, zone: str, parcel: int) -> None:
    """Show a parcel in its zone: both at once, so that the one doesn't let go of the other."""
    address.put("zone", zone)
    component.keep_parcel_of(dataset, zone)
    address.put("parcel", str(parcel))


def _overlay(dataset: str, zone: str, here: pd.DataFrame) -> str:
    grid = next(z.grid for z in data.zones(dataset) if z.zone_id == zone)
    dark = frame.is_dark()
    key = f"{dataset}/{zone}/{data.fingerprint(dataset)}/cell{_HALO}/{_mark(here)}/{dark}"
    return component.picture(
        key, lambda: imagery.png(coloured(data.labels(dataset, zone), here, dark), grid)
    )


def coloured(labels: Labels, here: pd.DataFrame, dark: bool) -> imagery.Rgba:
    """(H, W, 4) the parcels in the colour of the run that confuses them; clear elsewhere.

    Small ones have a halo of that colour, or no one would find them.
    """
    codes = np.zeros(int(labels.parcel_id.max()) + 1, np.uint8)  # 1 + index into BY
    for code, by in enumerate(BY, start=1):
        ids = here.loc[here["by"] == by, "parcel_id"].to_numpy()
        codes[ids[ids < len(codes)]] = code
    own = codes[labels.parcel_id]
    sizes = np.bincount(labels.parcel_id.ravel(), minlength=len(codes))
    small = np.where(sizes < _SMALL, codes, 0)[labels.parcel_id]
    shown = np.where(own > 0, own, ndimage.maximum_filter(small, size=2 * _HALO + 1))
    colours = np.zeros((len(BY) + 1, 4), np.uint8)
    colours[1:] = [[*bytes.fromhex(colour[1:]), 255] for colour in _colours(dark)]
    picture: imagery.Rgba = colours[shown]
    return picture


def _colours(dark: bool) -> tuple[str, str, str]:
    """Of parcels that the left run, the right run, and both confuse."""
    left, right = palette.model_colours(dark)
    return left, right, "#d81b9a"


def _mark(here: pd.DataFrame) -> str:
    """Changes with the parcels and with who confuses them."""
    return "-".join(f"{p}{by[0]}" for p, by in zip(here["parcel_id"], here["by"], strict=True))


def _said(dataset: str, here: pd.DataFrame, names: Names) -> dict[str, str]:
    labels = group_labels(dataset, "class")
    rows = zip(
        here["parcel_id"], here["left"], here["left_confidence"], here["right"],
        here["right_confidence"], strict=True,
    )  # fmt: skip
    return {
        str(i): f"{names[0]}: {labels[a]}, {number(p, '.0%')}; "
        f"{names[1]}: {labels[b]}, {number(q, '.0%')}"
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
