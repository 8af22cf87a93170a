"""The zone map as a component: shows panels, tells which parcel was clicked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st
from streamlit_folium import st_folium

from cropdash.figures.maps import Command, ZoneMap
from cropdash.legend import Legend
from cropdash.ui import assets, data, state


def picture(key: str, make: Any) -> str:
    """URL of a PNG, made once per key."""
    return assets.publish(key, ".png", make)


def parcels_url(dataset: str, zone: str, make: Any) -> str:
    """URL of a zone's parcels as GeoJSON."""
    return assets.publish(f"parcels/{dataset}/{zone}/{data.fingerprint(dataset)}", ".json", make)


def show(
    chart: ZoneMap,
    command: Command,
    *,
    key: str,
    height: int,
) -> None:
    """Draw the map; a click on a parcel goes into the address as `parcel`."""
    clicked = f"map:{key}"

    def remember() -> None:
        answer: Mapping[str, Any] = st.session_state.get(clicked) or {}
        feature = answer.get("last_active_drawing") or {}
        parcel = (feature.get("properties") or {}).get("id")
        if parcel is not None:
            state.put("parcel", str(parcel))

    st_folium(
        chart,
        key=clicked,
        height=height,
        use_container_width=True,
        returned_objects=["last_active_drawing"],
        feature_group_to_add=command,
        on_change=remember,
    )


def choose_parcel(dataset: str, zone: str, legend: Legend, options: Sequence[int]) -> int | None:
    """The selected parcel of the address, with a select box as the map's keyboard twin."""
    names = dict(zip(options, _names(dataset, zone, legend, options), strict=True))
    current = state.get("parcel", [str(i) for i in options], "none")
    chosen = st.selectbox(
        "Parcel",
        list(options),
        index=list(options).index(int(current)) if current and current != "none" else None,
        format_func=lambda i: names[i],
        placeholder="Click a parcel on the map, or choose one here",
        key=f"parcel:{dataset}:{zone}:{current}",
    )
    if chosen is None:
        state.put("parcel", None)
        return None
    state.put("parcel", str(chosen))
    return int(chosen)


def _names(dataset: str, zone: str, legend: Legend, options: Sequence[int]) -> list[str]:
    table = data.parcels(dataset, zone).set_index("parcel_id").loc[list(options)]
    return [
        f"{i} · {legend.classes[crop].label_en} · {area:.2f} ha"
        for i, crop, area in zip(table.index, table["crop"], table["area_ha"], strict=True)
    ]
