"""A chart as every page shows it: what it says, the figure, its data to take home."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pandas as pd
import streamlit as st

from cropdash.figures import wording
from cropdash.i18n import say
from cropdash.ui.shell import data
from cropdash.ui.shell.literal import literal


def show(
    title: str, figure: Any, table: Callable[[], pd.DataFrame], dataset: str, name: str, *file: str
) -> None:
    """Title with the dataset's season, chart, and a button that gives `table()` as CSV."""
    title = f"{title} ({wording.season(data.description(dataset).season)})"
    st.markdown(f"**{literal(title)}**")
    st.plotly_chart(figure, theme=None, width="stretch", key=f"chart:{name}", alt=title)
    button(say("Data (CSV)"), table, dataset, *(file or (name,)))


def button(label: str, table: Callable[[], pd.DataFrame], dataset: str, *file: str) -> None:
    """A button that gives `table()` as CSV; the file is named by dataset, season and `file`."""
    st.download_button(
        label, lambda: data.csv(table(), dataset), f"{data.stem(dataset, *file)}.csv", "text/csv",
        icon=":material/download:", key=f"csv:{'_'.join(file)}", on_click="ignore",
    )  # fmt: skip


def empty(sentence: str) -> None:
    """Instead of a chart: what is missing, and a way out."""
    st.info(sentence, icon=":material/info:")
