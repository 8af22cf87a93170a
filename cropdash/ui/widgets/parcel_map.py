"""The zone map as a component: shows panels, tells which parcel was clicked."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import streamlit as st
from streamlit_folium import st_folium

from cropdash import i18n
from cropdash.figures.maps import Command, ZoneMap, geojson
from cropdash.i18n import say
from cropdash.ui.shell import address, assets, data


def picture(key: str, make: Callable[[], bytes], suffix: str = ".png") -> str:
    """URL of a picture, made once per key."""
    return assets.publish(key, suffix, make)


def parcels_url(dataset: str, zone: str) -> str:
    """URL of a zone's parcels as GeoJSON."""
    return assets.publish(
        f"parcels/{dataset}/{zone}/{data.fingerprint(dataset)}/{i18n.current()}",
        ".json",
        lambda: geojson(data.parcels(dataset, zone), data.legend(dataset)),
    )


def told(key: str) -> Mapping[str, Any]:
    """What the reader last did on the map `key`: parcel, clicks, period, frames."""
    return st.session_state.get(f"map:{key}") or {}


def show(
    chart: ZoneMap,
    command: Command,
    *,
    key: str,
    height: int,
    picks: str = "parcel",
) -> None:
    """Draw the map; a click on a parcel goes into the address as `picks`, a period as `period`."""
    clicked = f"map:{key}"

    def remember() -> None:
        answer = told(key)
        if _is_new(clicked, "clicks", answer):
            address.put(picks, str(answer.get("parcel")))
        if _is_new(clicked, "turned", answer):
            address.put("period", str(answer.get("period")))

    st_folium(
        chart,
        key=clicked,
        height=height,
        use_container_width=True,
        returned_objects=[],  # the map tells by itself, and sooner
        feature_group_to_add=command,
        on_change=remember,
    )


def _is_new(key: str, what: str, answer: Mapping[str, Any]) -> bool:
    """True once for each time that the map says it."""
    moment, seen = answer.get(what), f"{key}:{what}"
    if not moment or st.session_state.get(seen) == moment:
        return False
    st.session_state[seen] = moment
    return True


def keep_parcels_of(dataset: str, zone: str) -> None:
    """Let go of the parcels when the reader moves to another zone: their ids mean nothing there."""
    here = f"{dataset}/{zone}"
    if st.session_state.get("parcel:zone", here) != here:
        address.put("parcel", None)
        address.put("other", None)
    st.session_state["parcel:zone"] = here


def selected(dataset: str, zone: str, name: str = "parcel") -> int | None:
    """The parcel that the address names, if the zone has it."""
    wanted = st.query_params.get(name)
    ids = data.parcels(dataset, zone)["parcel_id"].tolist()
    return next((i for i in ids if str(i) == wanted), None)


def choose_parcel(dataset: str, zone: str) -> int | None:
    """The selected parcel of the address, with a select box as the map's keyboard twin."""
    hint = say("Click a parcel on the map, or choose one here")
    current = selected(dataset, zone)
    parcel_box(say("Parcel"), "parcel", dataset, zone, current, hint)
    if current is None and (wanted := st.query_params.get("parcel")):
        st.caption(say("This zone has no parcel {id}.", id=repr(wanted[:20])))
    return current


def parcel_box(
    label: str, name: str, dataset: str, zone: str, current: int | None, placeholder: str
) -> None:
    """A select box of the largest parcels that the address keeps as `name`.

    The number of any other can be typed.
    """
    names, listed = data.parcel_names(dataset, zone), data.listed_parcels(dataset, zone)
    key = f"{name}:{dataset}:{zone}"
    st.session_state[key] = current
    more = len(names) > len(listed)
    st.selectbox(
        label,
        listed if current is None or current in listed else (current, *listed),
        index=None,
        format_func=lambda i: names.get(i, str(i)),
        key=key,
        placeholder=placeholder,
        accept_new_options=more,
        help=say("The {n} largest; type the number of any other.", n=len(listed)) if more else None,
        # Before the map is drawn anew, so that it marks the parcel at once.
        on_change=address.follow(key, name, lambda i: None if i is None else str(i).strip()),
    )
