"""The second parcel that the reader compares with; kept in the address."""

from __future__ import annotations

import streamlit as st

from cropdash.i18n import say, sentence
from cropdash.ui.shell import address, data
from cropdash.ui.widgets import parcel_map as component

FIRST, SECOND = sentence("Parcel"), sentence("Compare")
_PICKS = "explore:picks"


def second(dataset: str, zone: str) -> int | None:
    """The second parcel of the address, if the zone has it and it isn't the first."""
    wanted = st.query_params.get("other")
    names = data.parcel_names(dataset, zone)
    found = next((i for i in names if str(i) == wanted), None)
    return None if found == component.selected(dataset, zone) else found


def choose_second(dataset: str, zone: str) -> int | None:
    """The second parcel, with a select box that follows the address."""
    key, current = f"other:{dataset}:{zone}", second(dataset, zone)

    def remember() -> None:
        chosen = st.session_state[key]
        address.put("other", None if chosen is None else str(chosen).strip())

    st.session_state[key] = current
    component.parcel_box(
        say("Compare with"), dataset, zone, current, key=key, on_change=remember,
        placeholder=say("No second parcel"),
    )  # fmt: skip
    return current


def picks(dataset: str, zone: str) -> str:
    """Which parcel of the address a click on the map sets."""
    chosen = st.session_state.get(_PICKS)
    has_first = component.selected(dataset, zone) is not None
    return "other" if chosen == SECOND and has_first else "parcel"


def choose_picks() -> None:
    """Whether a click chooses the first or the second parcel."""
    st.segmented_control(
        say("A click sets"),
        [FIRST, SECOND],
        default=FIRST,
        required=True,
        key=_PICKS,
        format_func=say,
    )


def swap() -> None:
    """Make the second parcel the first one."""
    first, other = st.query_params.get("parcel"), st.query_params.get("other")
    address.put("parcel", other)
    address.put("other", first)


def keep_second_of(dataset: str, zone: str) -> None:
    """Let go of the second parcel when the reader moves to another zone."""
    here = f"{dataset}/{zone}"
    if st.session_state.get("other:zone", here) != here:
        address.put("other", None)
    st.session_state["other:zone"] = here
