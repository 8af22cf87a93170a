"""Choices that the address keeps: one of a few buttons, a select box, crop classes, the period."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal

import streamlit as st

from cropdash.domain import Legend, Level, Zone
from cropdash.figures import values
from cropdash.figures.imagery import bounds
from cropdash.i18n import say, sentence
from cropdash.settings import sources
from cropdash.ui.shell import address, data
from cropdash.ui.widgets.names import middle, zone_name

LEVELS = {
    "class": sentence("Class"),
    "group": sentence("Group"),
    "family": sentence("Family"),
}


def classes_of(legend: Legend, level: Level) -> tuple[int, ...]:
    """Class ids behind the names of classes or groups that the address keeps as `classes`."""
    wanted = (st.query_params.get("classes") or "").split(",")
    names, group_of = legend.groups(level), legend.group_of(level)
    return tuple(k for k in range(legend.n_classes) if names[group_of[k]] in wanted)


def dataset_of(names: Sequence[str]) -> str:
    """The dataset that the page is about, in its head."""
    return address.choose(say("Dataset"), "dataset", names, label_visibility="collapsed", width=130)


def say_if_no_map(dataset: str) -> None:
    """That what is drawn is no place, where the dataset has none."""
    if not sources.has_map(data.description(dataset).source):
        st.caption(say("A table without a map: each square is a parcel, drawn in order of its id."))


def zone_of(zones: Mapping[str, Zone], shown: Sequence[str]) -> str:
    """The zone that the page is about, in its head, with those before and after it."""
    now = address.get("zone", shown) or shown[0]
    at = shown.index(now)

    def step(key: str, icon: str, text: str, to: int) -> None:
        st.button(
            text, icon=icon, key=key, type="tertiary", disabled=not 0 <= to < len(shown),
            help=text, on_click=lambda: address.put("zone", shown[to]),
        )  # fmt: skip

    step("zone_before", ":material/chevron_left:", say("Zone before"), at - 1)
    chosen = address.choose(
        say("Zone"), "zone", shown, format_func=zone_name(zones), label_visibility="collapsed",
        width=240,
    )  # fmt: skip
    step("zone_after", ":material/chevron_right:", say("Next zone"), at + 1)
    return chosen


def period(dataset: str) -> str:
    """The address's period if the dataset has it, else one in which crops stand."""
    periods = data.periods(dataset)
    return address.get("period", periods, standing(dataset)) or periods[0]


def standing(dataset: str) -> str:
    """The period in which crops stand where the dataset lies."""
    (south, _), _ = bounds(data.zones(dataset)[0].grid)
    return middle(data.periods(dataset), south < 0)


def value(dataset: str, beside: str = "") -> str:
    """A select box of what the dataset's series hold; its help says what the chosen one is.

    beside: tells it apart from another one on the page that follows the address too.
    """
    names = {name: values.title(name) for name in data.values(dataset)}
    return box_of(say("Value"), "value", names, about=values.about, beside=beside)


def one_of(
    label: str,
    name: str,
    options: Mapping[str, str],
    default: str | None = None,
    help: str | None = None,  # noqa: A002 (Streamlit's own word)
    *,
    bare: bool = False,
) -> str:
    """Buttons, one of which is pressed; the address keeps its key as `name`, unless it is the first.

    options: key in the address -> text on the button, said in the reader's language; bare: with
    its label read out, not shown.
    """
    first, key = default or next(iter(options)), f"buttons:{name}"
    st.session_state[key] = address.get(name, list(options), first)
    chosen = st.segmented_control(
        label, list(options), required=True, format_func=lambda o: say(options[o]), key=key,
        on_change=address.follow(key, name, _unless(first)), help=help,
        label_visibility="collapsed" if bare else "visible",
    )  # fmt: skip
    return str(chosen)


def box_of(
    label: str,
    name: str,
    options: Mapping[str, str],
    default: str | None = None,
    *,
    about: Callable[[str], str] | None = None,
    beside: str = "",
    bare: bool = False,
    width: int | Literal["stretch"] = "stretch",
) -> str:
    """A select box that the address keeps as `name`, unless it holds its default, the first.

    about: what the chosen option is, for the box's help; beside: part of its key.
    """
    first, key = default or next(iter(options)), f"address:{name}{beside}"
    st.session_state[key] = address.get(name, list(options), first)
    now = st.session_state[key]
    chosen = st.selectbox(
        label, list(options), format_func=lambda o: say(options[o]), key=key,
        on_change=address.follow(key, name, _unless(first)), help=about(now) if about else None,
        label_visibility="collapsed" if bare else "visible", width=width,
    )  # fmt: skip
    return str(chosen)


def toggle(label: str, name: str, help: str | None = None) -> bool:  # noqa: A002
    """A switch that the address keeps as `name` where it is on."""
    key = f"address:{name}"
    st.session_state[key] = st.query_params.get(name) == "1"
    follow = address.follow(key, name, lambda on: "1" if on else None)
    return st.toggle(label, key=key, on_change=follow, help=help)


def _unless(usual: str) -> Callable[[Any], str | None]:
    return lambda chosen: None if chosen in (None, usual) else str(chosen)


def crops_of(
    dataset: str,
    label: str,
    name: str,
    options: Sequence[int],
    format_func: Callable[[int], str],
    *,
    default: Sequence[int] = (),
    **more: Any,
) -> tuple[int, ...]:
    """Crop classes of the dataset; the address keeps their names, joined by commas, as `name`."""
    key, items = f"address:{name}", data.legend(dataset).classes
    wanted = st.query_params.get(name)
    named = [c.id for c in items if c.name in (wanted or "").split(",")]
    chosen = list(default) if wanted is None else named
    st.session_state[key] = chosen

    def said(now: Any) -> str | None:
        return None if list(now) == list(default) else ",".join(items[k].name for k in now)

    offered = [*options, *(k for k in chosen if k not in options)]
    found = st.multiselect(
        label,
        offered,
        format_func=format_func,
        key=key,
        **more,
        on_change=address.follow(key, name, said),
    )
    return tuple(found)
