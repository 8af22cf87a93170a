"""What the reader chose, kept in the address: month, picture, crops, second parcel."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import streamlit as st

from cropdash import legend
from cropdash.language import say, sentence
from cropdash.ui import data, state
from cropdash.ui import maps as component
from cropdash.ui.explore.names import middle

FIRST, SECOND = sentence("Parcel"), sentence("Compare")
_PICKS = "explore:picks"


def month(dataset: str) -> str:
    """The address's month if the dataset has it, else one in which crops stand."""
    periods = data.periods(dataset)
    return state.get("month", periods, middle(periods)) or periods[0]


def one_of(
    label: str,
    name: str,
    options: Mapping[str, str],
    default: str | None = None,
    help: str | None = None,  # noqa: A002 (Streamlit's own word)
) -> str:
    """Buttons, one of which is pressed; the address keeps its key as `name`, unless it is the first.

    options: key in the address -> text on the button, said in the reader's language.
    """
    first, key = default or next(iter(options)), f"buttons:{name}"
    st.session_state[key] = state.get(name, list(options), first)

    def follow() -> None:
        chosen = st.session_state[key]
        state.put(name, None if chosen in (None, first) else str(chosen))

    chosen = st.segmented_control(
        label, list(options), required=True, format_func=lambda o: say(options[o]), key=key,
        on_change=follow, help=help,
    )  # fmt: skip
    return str(chosen)


def box_of(label: str, name: str, options: Mapping[str, str], default: str | None = None) -> str:
    """A select box that the address keeps as `name`, unless it holds its default, the first."""
    first, key = default or next(iter(options)), f"address:{name}"
    st.session_state[key] = state.get(name, list(options), first)

    def follow() -> None:
        chosen = st.session_state[key]
        state.put(name, None if chosen == first else str(chosen))

    chosen = st.selectbox(
        label, list(options), format_func=lambda o: say(options[o]), key=key, on_change=follow
    )
    return str(chosen)


def crops_of(
    label: str,
    name: str,
    options: Sequence[int],
    format_func: Callable[[int], str],
    *,
    default: Sequence[int] = (),
    **more: Any,
) -> tuple[int, ...]:
    """Crop classes; the address keeps their names, joined by commas, as `name`."""
    key, items = f"address:{name}", legend.load().classes
    wanted = st.query_params.get(name)
    named = [c.id for c in items if c.name in (wanted or "").split(",")]
    chosen = list(default) if wanted is None else named
    st.session_state[key] = chosen

    def follow() -> None:
        now = st.session_state[key]
        is_default = list(now) == list(default)
        state.put(name, None if is_default else ",".join(items[k].name for k in now))

    offered = [*options, *(k for k in chosen if k not in options)]
    found = st.multiselect(
        label, offered, format_func=format_func, key=key, on_change=follow, **more
    )
    return tuple(found)


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
        state.put("other", None if chosen is None else str(chosen).strip())

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
    state.put("parcel", other)
    state.put("other", first)


def keep_second_of(dataset: str, zone: str) -> None:
    """Let go of the second parcel when the reader moves to another zone."""
    here = f"{dataset}/{zone}"
    if st.session_state.get("other:zone", here) != here:
        state.put("other", None)
    st.session_state["other:zone"] = here
