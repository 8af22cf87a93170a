"""The zone map as a component: shows panels, tells which parcel was clicked."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import pandas as pd
import streamlit as st
from streamlit_folium import st_folium

from cropdash import i18n
from cropdash.figures.maps import Command, ZoneMap, geojson
from cropdash.i18n import say
from cropdash.ui.shell import address, assets, data

_CHOSEN = {"parcel", "other", "period", "classes", "agree"}  # what a map puts into the address


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
    """What the reader last did on the map `key`: put (into the address), at, frames."""
    return st.session_state.get(f"map:{key}") or {}


def show(
    chart: ZoneMap, command: Command, *, key: str, of: tuple[str, str], height: int = 600
) -> None:
    """Draw the map; what the reader chooses on it goes into the address.

    of: the dataset and the zone whose parcels it shows; height: of its frame [px], where the
    page's style does not say it.
    """
    name = f"map:{key}"

    def remember() -> None:
        answer = told(key)
        if answer.get("at") and st.session_state.get(f"{name}:at") != answer["at"]:
            st.session_state[f"{name}:at"] = answer["at"]
            for what in _CHOSEN & (answer.get("put") or {}).keys():
                put = str(answer["put"][what]) or None
                clicked = put is not None and what in ("parcel", "other")
                address.put(what, told_apart(*of, str(put)) if clicked else put)

    st_folium(
        chart,
        key=name,
        height=height,
        use_container_width=True,
        returned_objects=[],  # the map tells by itself, and sooner
        feature_group_to_add=command,
        on_change=remember,
    )


@contextmanager
def side() -> Iterator[None]:
    """The panel of the chosen parcel beside the map, in the legend's place, with a way back."""
    with st.container(key="side"):
        st.button(
            say("Back to the legend"), icon=":material/close:", key="side_close", type="tertiary",
            help=say("Back to the legend"), on_click=lambda: address.put("parcel", None),
        )  # fmt: skip
        yield


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
    return None if wanted is None else numbered(data.parcels(dataset, zone), wanted)


def numbered(table: pd.DataFrame, text: str) -> int | None:
    """Number in its zone of a parcel that is named by the register's id, or by that number."""
    for column in ("register_id", "parcel_id"):
        found = table.loc[table[column].astype(str) == text, "parcel_id"]
        if len(found):
            return int(found.iloc[0])
    return None


def told_apart(dataset: str, zone: str, number: str) -> str:
    """A parcel's number, or its register's id where the number reads like another's."""
    ids = data.parcels(dataset, zone).set_index("parcel_id")["register_id"].astype(str)
    return str(ids.get(int(number), number)) if (ids == number).any() else number


def choose_parcel(dataset: str, zone: str) -> int | None:
    """The selected parcel of the address, with a select box as the map's keyboard twin."""
    hint = say("Parcel: click it, or type its id")
    current = selected(dataset, zone)
    parcel_box(say("Parcel"), "parcel", dataset, zone, current, hint)
    if current is None and (wanted := st.query_params.get("parcel")):
        st.caption(say("This zone has no parcel {id}.", id=repr(wanted[:20])))
    return current


def parcel_box(
    label: str, name: str, dataset: str, zone: str, current: int | None, placeholder: str
) -> None:
    """A select box of the largest parcels that the address keeps as `name`.

    The register's id of any other can be typed.
    """
    names, listed = data.parcel_names(dataset, zone), data.listed_parcels(dataset, zone)
    key = f"{name}:{dataset}:{zone}"
    st.session_state[key] = current
    st.selectbox(
        label,
        listed if current is None or current in listed else (current, *listed),
        index=None,
        format_func=lambda i: names.get(i, str(i)),
        key=key,
        placeholder=placeholder,
        accept_new_options=len(names) > len(listed),
        label_visibility="collapsed",
        # Before the map is drawn anew, so that it marks the parcel at once.
        on_change=address.follow(key, name, lambda typed: _found(dataset, zone, typed)),
    )


def _found(dataset: str, zone: str, typed: str | int | None) -> str | None:
    """What the address is to say of what was chosen, or typed."""
    if not isinstance(typed, str):
        return None if typed is None else told_apart(dataset, zone, str(typed))
    return typed.strip()
