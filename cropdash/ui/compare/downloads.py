"""Charts and tables that can be taken home as CSV."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd
import streamlit as st

from cropdash.i18n import say
from cropdash.ui.shell import data


def chart(title: str, figure: Any, table: pd.DataFrame, file: str, name: str) -> None:
    """Title, chart, and a button that gives its table as CSV."""
    st.markdown(f"**{title}**")
    st.plotly_chart(figure, theme=None, width="stretch", key=f"chart:{name}", alt=title)
    button(say("Data (CSV)"), table, file)


def button(label: str, table: pd.DataFrame, file: str) -> None:
    """A button that gives a table as CSV."""
    st.download_button(
        label,
        lambda: data.csv(table),
        f"{file}.csv",
        "text/csv",
        icon=":material/download:",
        key=f"csv:{file}",
        on_click="ignore",
    )


def joined(tables: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Tables of the same columns, one after the other."""
    return pd.concat(tables, ignore_index=True)
