"""A table of a page: its numbers are written in the reader's language, and sort as numbers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

import pandas as pd
import streamlit as st
from pandas.io.formats.style import Styler

from cropdash.i18n import number
from cropdash.ui.widgets.scores import DASH

Form: TypeAlias = "str | Callable[[float], str]"  # of a number, as `i18n.number` takes it
PLAIN = "d"  # of numbers that are names: without separators
_WRITTEN_HERE = 20_000  # cells: pandas writes as many in half a second


def show(
    rows: pd.DataFrame | Styler,
    forms: Mapping[str, Form] | None = None,
    *,
    columns: Mapping[str, Any] | None = None,
    **more: Any,
) -> Any:
    """The rows as `st.dataframe` shows them; what it returns.

    forms: how a column's numbers are written; by default whole ones with separators, others with
    two decimals. columns: Streamlit's, without a format, which would not follow the language.
    """
    styled = rows if isinstance(rows, Styler) else rows.style
    table: pd.DataFrame = styled.data  # type: ignore[attr-defined]
    forms, columns = forms or {}, dict(columns or {})
    if table.size <= _WRITTEN_HERE:
        shown: pd.DataFrame | Styler = _written(styled, table, forms)
    else:
        shown, columns = table, _written_there(table, forms, columns)
    return st.dataframe(
        shown, hide_index=True, placeholder=DASH, column_config=columns, **more,
    )  # fmt: skip


def fitting(rows: int, most: int) -> int:
    """Height [px] of a table of so many rows, and no more than `most`: without empty rows below them."""
    return min(most, 35 * (rows + 1) + 3)


def _written(styled: Styler, table: pd.DataFrame, forms: Mapping[str, Form]) -> Styler:
    numeric = table.select_dtypes("number").columns
    writers: Any = {name: _writer(forms.get(str(name)) or _usual(table[name])) for name in numeric}
    return styled.format(writers, subset=list(numeric), na_rep=DASH) if writers else styled


def _written_there(
    table: pd.DataFrame, forms: Mapping[str, Form], columns: Mapping[str, Any]
) -> dict[str, Any]:
    """The columns with formats of Streamlit's: in the browser's language, not in the page's."""
    found = dict(columns)
    for name in map(str, table.select_dtypes("number").columns):
        form, said = forms.get(name), found.get(name)
        known = {"label": said} if isinstance(said, str) else dict(said or {})
        is_share = isinstance(form, str) and form.endswith("%")
        told = "plain" if form == PLAIN else "percent" if is_share else "localized"
        number_column = st.column_config.NumberColumn(format=told)
        found[name] = dict(number_column) | {k: v for k, v in known.items() if v is not None}
    return found


def _usual(column: pd.Series) -> Form:
    known = column.dropna()
    return "," if bool((known == known.round()).all()) else ",.2f"


def _writer(form: Form) -> Callable[[float], str]:
    if callable(form):
        return form
    whole = form in (",", PLAIN)
    return lambda value: number(round(value) if whole else value, form)
