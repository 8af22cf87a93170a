"""The second parcel that the reader compares with; kept in the address."""

from __future__ import annotations

import streamlit as st

from cropdash.i18n import say, sentence
from cropdash.ui.widgets import parcel_map as component

FIRST, SECOND = sentence("Parcel"), sentence("Compare")
_PICKS = "explore:picks"


def second(dataset: str, zone: str) -> int | None:
    """The second parcel of the address, if the zone has it and it isn't the first."""
    found = component.selected(dataset, zone, "other")
    return None if found == component.selected(dataset, zone) else found


def choose_second(dataset: str, zone: str) -> int | None:
    """The second parcel, with a select box that follows the address."""
    current, hint = second(dataset, zone), say("No second parcel")
    component.parcel_box(say("Compare with"), "other", dataset, zone, current, hint)
    return current


def picks(dataset: str, zone: str) -> str:
    """Which parcel of the address a click on the map sets."""
    chosen = st.session_state.get(_PICKS)
    has_first = component.selected(dataset, zone) is not None
    return "other" if chosen == SECOND and has_first else "parcel"


def choose_picks() -> None:
    """Whether a click chooses the first or the second parcel."""
    st.segmented_control(
        say("A click sets"), [FIRST, SECOND], default=FIRST, required=True, key=_PICKS,
        format_func=say,
    )  # fmt: skip
