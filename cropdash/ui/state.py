"""The selection, kept in the page's address: plain text, checked against what there is."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import streamlit as st


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


def choose(
    label: str,
    name: str,
    options: Sequence[str],
    *,
    format_func: Callable[[str], str] = str,
    default: str | None = None,
    help: str | None = None,  # noqa: A002 (Streamlit's own word)
) -> str | None:
    """A select box that remembers its choice in the address under `name`."""
    current = get(name, options, default)
    index = options.index(current) if current in options else None
    # The options are part of the key: a box whose options changed starts anew from the address.
    key = f"{name}:{hash(tuple(options))}"
    chosen = st.selectbox(label, options, index=index, format_func=format_func, help=help, key=key)
    put(name, chosen)
    return chosen
