"""A form made from a settings class: one control a field, with its limits and its help."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin

import streamlit as st
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from cropdash.i18n import number, say

_COLUMNS = 2


def fields(
    kind: type[BaseModel],
    names: Sequence[str],
    values: Mapping[str, Any],
    key: str,
    offered: Mapping[str, Sequence[str]] | None = None,
) -> dict[str, Any]:
    """Show the controls of `names` on a grid, at `values` or the defaults; return what they say.

    `key` tells one form from another: under a new key every control starts anew. Of lists that are
    `offered` some are chosen; others are typed.
    """
    offered = offered or {}
    chosen = {}
    for start in range(0, len(names), _COLUMNS):
        for column, name in zip(
            st.columns(min(_COLUMNS, len(names))), names[start : start + _COLUMNS], strict=False
        ):
            field = kind.model_fields[name]
            default = None if field.is_required() else field.get_default(call_default_factory=True)
            value = values.get(name, default)
            with column:
                place = f"{key}:{name}"
                if name in offered:
                    chosen[name] = _some(name, field, value, offered[name], place)
                else:
                    chosen[name] = control(name, field, value, place)
    return chosen


def control(name: str, field: FieldInfo, value: Any, key: str) -> Any:
    """The control that suits the field's type: select box, toggle, number or text."""
    label, about = title(name, field), _about(name, field)
    kind, optional = _bare(field.annotation)
    options = get_args(kind) if get_origin(kind) is Literal else ()
    if optional and options:
        options = (None, *options)
    if options:
        index = options.index(value) if value in options else 0
        called = _labels(field)
        return st.selectbox(
            label, options, index=index, help=about, key=key,
            format_func=lambda option: say(called[option]) if option in called else _readable(option),
        )  # fmt: skip
    if kind is bool:
        return st.toggle(label, value=bool(value), help=about, key=key)
    if kind in (int, float):
        return _number(label, field, kind, value, optional=optional, about=about, key=key)
    return _text(label, kind, value, about, key)


def _some(name: str, field: FieldInfo, value: Any, offered: Sequence[str], key: str) -> list[str]:
    """Several of what is offered, in its order."""
    # What there is differs between datasets: a control of other options starts anew.
    chosen = st.multiselect(
        title(name, field), offered, default=[v for v in value if v in offered],
        help=_about(name, field), key=f"{','.join(offered)}:{key}", placeholder=say("none"),
    )  # fmt: skip
    return [option for option in offered if option in chosen]


def _about(name: str, field: FieldInfo) -> str:
    return f"{say(field.description or '')}  \n`{name}`".strip()


def title(name: str, field: FieldInfo) -> str:
    """What the setting is called in the reader's language."""
    return say(field.title or name.replace("_", " ").capitalize())


def _labels(field: FieldInfo) -> Mapping[Any, str]:
    """What the choices of a field are called, where their names don't say it."""
    extra = field.json_schema_extra
    found: Any = extra.get("labels") if isinstance(extra, dict) else None
    return found or {}


def limits(field: FieldInfo) -> tuple[float | None, float | None]:
    """Least and greatest allowed value; None where there is no limit."""
    low = [getattr(m, n) for m in field.metadata for n in ("ge", "gt") if hasattr(m, n)]
    high = [getattr(m, n) for m in field.metadata for n in ("le", "lt") if hasattr(m, n)]
    return (low[0] if low else None), (high[0] if high else None)


def _number(
    label: str, field: FieldInfo, kind: type, value: Any, *, optional: bool, about: str, key: str
) -> int | float | None:
    low, high = limits(field)
    if low is not None and high is not None:
        about += "  \n" + say("{low} to {high}", low=_plain(low), high=_plain(high))
    start: Any = None if value is None else kind(value)
    chosen: int | float | None = st.number_input(
        label,
        min_value=None if low is None else kind(low),
        max_value=None if high is None else kind(high),
        value=start,
        step=1 if kind is int else _step(start),
        format="%d" if kind is int else "%.6g",
        help=about,
        placeholder=say("none") if optional else None,
        key=key,
    )
    return chosen


def _plain(value: float) -> str:
    return number(value, ",") if value == int(value) else number(value, ".6g")


def _step(value: float | None) -> float:
    """A tenth of the value's order of magnitude: .001 for .002, .1 for .3 (shown as it is)."""
    return 0.1 if not value else 10.0 ** math.floor(math.log10(abs(value)))


def _text(label: str, kind: Any, value: Any, about: str, key: str) -> Any:
    """Text; a list of numbers is written with commas between."""
    is_list = get_origin(kind) in (tuple, list)
    shown = ", ".join(str(v) for v in value or ()) if is_list else str(value or "")
    text = st.text_input(label, value=shown, help=about, key=key)
    return [part.strip() for part in text.split(",") if part.strip()] if is_list else text.strip()


def _bare(annotation: Any) -> tuple[Any, bool]:
    """The type without None, and whether None is allowed."""
    if get_origin(annotation) in (Union, UnionType):
        kinds = [kind for kind in get_args(annotation) if kind is not NoneType]
        return kinds[0], len(kinds) < len(get_args(annotation))
    return annotation, False


def _readable(option: Any) -> str:
    return say("none") if option is None else str(option).replace("_", " ")
