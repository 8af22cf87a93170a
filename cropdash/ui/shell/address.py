"""The selection, kept in the page's address: plain text, checked against what there is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

from cropdash.ui.shell import data
from cropdash.ui.shell.literal import literal, told

_SINCE = "state:since"


def get(name: str, options: Sequence[str], default: str | None = None) -> str | None:
    """The address's value of `name` if it is one of `options`, else `default`, else the first."""
    value = st.query_params.get(name)
    if value in options:
        return value
    if default in options:
        return default
    return options[0] if options else None


def put(name: str, value: str | None) -> None:
    """Write `name` into the address; None takes it out."""
    if value is None:
        st.query_params.pop(name, None)
    elif st.query_params.get(name) != value:
        st.query_params[name] = value
    st.session_state[_SINCE] = since() | {name: value}


def since() -> dict[str, str | None]:
    """What has been put since `mark`: links drawn then don't know of it."""
    return dict(st.session_state.get(_SINCE, {}))


def mark() -> None:
    """Forget what `since` knows."""
    st.session_state[_SINCE] = {}


def follow(
    key: str, name: str, text: Callable[[Any], str | None] = lambda value: value
) -> Callable[[], None]:
    """For a control whose value the session keeps as `key`: puts what `text` says of it.

    A link to another page leads there. If it is followed before the browser has heard what a
    control was moved to, the browser still sends the control's former value, which is no choice
    of the reader's.
    """
    drawn_on = _page()

    def chosen() -> None:
        if _page() == drawn_on:
            put(name, text(st.session_state[key]))

    return chosen


def _page() -> str | None:
    context = get_script_run_ctx(suppress_warning=True)
    return context.page_script_hash if context else None


def choose(
    label: str,
    name: str,
    options: Sequence[str],
    *,
    format_func: Callable[[str], str] = str,
    default: str | None = None,
    **more: Any,
) -> str:
    """A select box that follows the address's `name` and writes its choice there.

    `options` must not be empty. The address leads: a link, a click on a map or the browser's
    back button move the box as well.
    """
    key, wanted = f"address:{name}", st.query_params.get(name)
    if wanted is not None and wanted not in options:
        _say_if_damaged(wanted)
    st.session_state[key] = get(name, options, default)
    chosen = st.selectbox(
        label, options, format_func=format_func, key=key, on_change=follow(key, name), **more
    )
    put(name, chosen)
    return str(chosen)


def _say_if_damaged(wanted: str) -> None:
    """Why the page shows another dataset, zone or run than its address names."""
    for one in data.store().damaged():
        if wanted in one.name.split(", "):
            st.toast(
                f"**{literal(one.name)}**: {told(one.reason)}",
                icon=":material/broken_image:",
                duration="long",
            )
            return
