"""A chart as every page shows it: what it says, the figure, its data as a download."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Mapping
from typing import Any

import pandas as pd
import streamlit as st

from cropdash.figures import still, wording
from cropdash.i18n import say
from cropdash.ui.shell import data, frame
from cropdash.ui.shell.literal import literal


def show(
    title: str, figure: Any, table: Callable[[], pd.DataFrame], dataset: str, name: str, *file: str
) -> None:
    """Title with the dataset's season, chart, and a button that gives `table()` as CSV."""
    draw(f"{title} ({wording.season(data.description(dataset).season)})", figure, f"chart:{name}")
    button(say("Data (CSV)"), table, dataset, *(file or (name,)))


def draw(title: str, figure: Any, key: str, *, first: bool = False, **more: Any) -> None:
    """The title, and the chart below it, which says it to those who can't see.

    first: it is what its page is opened for.
    """
    st.markdown(f"**{literal(title)}**")
    plot = opening if first else st.plotly_chart
    plot(figure, theme=None, width="stretch", key=key, alt=title, **more)


def opening(figure: Any, *, key: str, **more: Any) -> None:
    """A page's main chart, as Streamlit's: until the browser has Plotly a still stands in its place."""
    with st.container(key=f"opening-{key}"):
        st.plotly_chart(figure, key=key, **more)
        st.html(still.page(figure))
    frame.let_be_seen()


def button(label: str, table: Callable[[], pd.DataFrame], dataset: str, *file: object) -> None:
    """A button that gives `table()` as CSV; the file is named by dataset, season and `file`."""
    download(label, lambda: data.csv(table(), dataset), f"{data.stem(dataset, *file)}.csv")


def download(
    label: str,
    make: Callable[[], bytes],
    file: str,
    mime: str = "text/csv",
    about: str | None = None,
) -> None:
    """A button that gives what `make` returns, which is asked for by a click only."""
    st.download_button(
        label, make, file, mime, icon=":material/download:", key=f"file:{file}", help=about,
        on_click="ignore",
    )  # fmt: skip


def zipped(files: Mapping[str, bytes | str]) -> bytes:
    """The files by name as one ZIP."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as bundle:
        for name, content in files.items():
            bundle.writestr(name, content)
    return buffer.getvalue()
