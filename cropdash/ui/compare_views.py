"""What the Compare page shows below its numbers: cells, classes, downloads."""

from __future__ import annotations

from typing import Any

import pandas as pd
import streamlit as st

from cropdash import legend
from cropdash.figures import metrics, palette, series
from cropdash.storage.store import RunInfo
from cropdash.ui import compare_tables, comparison, data, frame
from cropdash.ui.comparison import Choice, Scored

Runs = tuple[RunInfo, RunInfo]
Names = tuple[str, str]
_MODELS = {"cnn": "CNN", "xgboost": "XGBoost"}
_CELLS = 60  # confusions that can be chosen
_SCORE = st.column_config.NumberColumn(format="%.3f")


def names_of(left: RunInfo, right: RunInfo) -> Names:
    """Short names of both runs; numbered where the model is the same."""
    first, second = (_MODELS.get(r.classifier, r.classifier) for r in (left, right))
    return (first, second) if first != second else (f"{first} (left)", f"{second} (right)")


def published() -> None:
    """The table of the seed project, next to its convention."""
    st.markdown("**As the seed project published it**, on its own zones and class lists")
    st.dataframe(comparison.PUBLISHED, hide_index=True, width="stretch")
    st.caption(
        "Its background had been set to zero reflectance from the ground truth, so both models "
        "got 26 % of its test pixels right for free; its two macro scores average over "
        "different class lists."
    )


def matrix_controls() -> tuple[str, int | None]:
    """Side by side or difference; how many classes."""
    first, second = st.columns([2, 3], vertical_alignment="bottom")
    view = first.segmented_control(
        "View", ["Side by side", "Difference"], default="Side by side", required=True, key="view"
    )
    count = second.select_slider(
        "Classes shown", [10, 15, 20, 30, "all"], value=20, key="top",
        help="The most frequent ones; the rest is summed up as other.",
    )  # fmt: skip
    return str(view), None if count == "all" else int(str(count))


@st.fragment
def cell(runs: Runs, names: Names, scored: Scored, choice: Choice) -> None:
    """Choose a confusion: the parcels behind it, and the two classes' NDVI."""
    cells = compare_tables.confused_cells(scored).head(_CELLS)
    if cells.empty:
        st.info("Neither model confuses anything here.")
        return
    items = legend.load().classes
    st.markdown("**The parcels behind a confusion**")
    chosen = st.selectbox(
        "Confusion", range(len(cells)), key=f"cell:{choice.unit}",
        format_func=lambda i: _cell_name(cells.iloc[i], names),
    )  # fmt: skip
    row = cells.iloc[chosen or 0]
    truth, predicted = int(row["truth"]), int(row["predicted"])
    left, right = st.columns(2, gap="medium")
    with left:
        table = compare_tables.parcels_of_cell(runs, names, (truth, predicted), choice.zones)
        st.caption(
            f"{len(table):,} decisions on parcels declared {items[truth].label_en.lower()} and "
            f"called {items[predicted].label_en.lower()}, surest first"
        )
        st.dataframe(
            table,
            hide_index=True,
            width="stretch",
            height=320,
            column_config={
                "Open": st.column_config.LinkColumn(display_text="Explore"),
                "Confidence": st.column_config.NumberColumn(format="percent"),
                "Area": st.column_config.NumberColumn(format="%.2f ha"),
            },
        )
    with right:
        st.caption("NDVI of both classes over all parcels of the dataset")
        figure = _bands(runs[0].dataset, truth, predicted)
        st.plotly_chart(figure, theme=None, width="stretch", key="bands")


def classes(names: Names, scored: Scored, choice: Choice) -> None:
    """Per-class scores of both, sortable, as CSV too."""
    table = compare_tables.class_table(scored, choice, names)
    numbers = {c: _SCORE for c in table.columns if c not in ("Class", "Support")}
    support = st.column_config.NumberColumn(format="localized", help=f"In {choice.unit}s.")
    st.caption(f"Scores by class: {choice.said}.")
    st.dataframe(
        table, hide_index=True, width="stretch", column_config={**numbers, "Support": support}
    )
    _download("Scores by class (CSV)", table, f"{choice.unit}_classes.csv")


def reliability(runs: Runs, names: Names, choice: Choice) -> None:
    """How often parcels of a confidence are right."""
    st.caption(
        "Parcels by confidence: on the diagonal, a confidence of 80 % is right 8 times of 10."
    )
    tables, errors = compare_tables.reliability(runs, names, choice.zones)
    figure = metrics.reliability_curve(tables, errors=errors, dark=frame.is_dark())
    st.plotly_chart(figure, theme=None, width="stretch", key="reliability")


def downloads(runs: Runs, names: Names, scored: Scored, choice: Choice) -> None:
    """Metrics and confusion cells as CSV."""
    first, second = st.columns(2)
    with first:
        table = compare_tables.metrics_table(runs, names, scored, choice)
        _download("Metrics (CSV)", table, f"metrics_{choice.unit}_{choice.level}.csv")
    with second:
        items = legend.load().classes
        cells = compare_tables.all_cells(scored).assign(
            truth_name=lambda t: [items[i].name for i in t["truth"]],
            predicted_name=lambda t: [items[i].name for i in t["predicted"]],
        )
        _download("Confusion cells (CSV)", cells, f"confusion_{choice.unit}.csv")


def _download(label: str, table: pd.DataFrame, name: str) -> None:
    st.download_button(
        label, data.csv(table), name, "text/csv", icon=":material/download:", key=f"csv:{name}"
    )


def _cell_name(row: Any, names: Names) -> str:
    items = legend.load().classes
    truth, predicted = items[int(row["truth"])], items[int(row["predicted"])]
    return (
        f"{truth.label_en} called {predicted.label_en.lower()} "
        f"({names[0]} {row['n_left']:,.0f}, {names[1]} {row['n_right']:,.0f})"
    )


def _bands(dataset: str, truth: int, predicted: int):  # type: ignore[no-untyped-def]
    table, items = data.class_series(dataset), legend.load().classes
    colours = palette.model_colours(frame.is_dark())
    bands = [
        (items[k].label_en, table[table["crop"] == k], colour)
        for k, colour in zip((truth, predicted), colours, strict=True)
    ]
    return series.class_bands([b for b in bands if len(b[1])], dark=frame.is_dark())
