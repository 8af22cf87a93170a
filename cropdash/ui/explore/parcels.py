"""One parcel, or two side by side: facts and series."""

from __future__ import annotations

import streamlit as st

from cropdash.ui.explore import second_parcel
from cropdash.ui.widgets import choices, parcel


def parcel_panel(dataset: str, zone: str, first: int) -> None:
    """Series and facts of the selected parcel, and of a second one to compare with."""
    year = st.container(key="parcel_year")  # first, though what it shows is chosen below it
    left, right = st.columns([3, 2], vertical_alignment="bottom")
    with left:
        other = second_parcel.choose_second(dataset, zone)
    with right:
        index = choices.value(dataset)
    second_parcel.choose_picks()
    chosen = [first] if other is None else [first, other]
    with year:
        parcel.series_chart(dataset, zone, chosen, index)
    for i, column in zip(chosen, st.columns(len(chosen)), strict=True):
        with column:
            parcel.facts(dataset, zone, i)
