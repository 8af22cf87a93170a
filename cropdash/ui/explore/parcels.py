"""One parcel, or two side by side: facts and series."""

from __future__ import annotations

import streamlit as st

from cropdash.i18n import say
from cropdash.ui.explore import second_parcel
from cropdash.ui.widgets import choices, parcel
from cropdash.ui.widgets import parcel_map as component


def parcel_panel(dataset: str, zone: str) -> None:
    """Series and facts of the selected parcel, and of a second one to compare with."""
    left, right = st.columns(2)
    with left:
        first = component.choose_parcel(dataset, zone)
    if first is None:
        st.info(
            say("Click a parcel on the map, or choose one above, to see its year."),
            icon=":material/touch_app:",
        )
        return
    with right:
        other = second_parcel.choose_second(dataset, zone)
    chosen = [first] if other is None else [first, other]
    values, picks = st.columns(2)
    with values:
        index = choices.value(dataset)
    with picks:
        second_parcel.choose_picks()
    parcel.series_chart(dataset, zone, chosen, index)
    for i, column in zip(chosen, st.columns(len(chosen)), strict=True):
        with column:
            parcel.facts(dataset, zone, i)
