"""Compare: two runs on the same test zones, number by number and cell by cell."""

import streamlit as st

from cropdash import legend
from cropdash.figures import confusion, metrics
from cropdash.ui import (
    compare_maps,
    compare_tables,
    compare_views,
    comparison,
    data,
    frame,
    state,
)

frame.begin("Compare", "Two runs on the same held-out zones: numbers, confusions, significance.")
names = [n for n in data.datasets() if any(r.scores for r in data.usable_runs(n))]
if not names:
    frame.stop_with(
        "There is no scored run yet: train both models, then compare them here.",
        "pages/2_Train.py",
        "Train a model",
    )
with st.sidebar:
    dataset = state.choose("Dataset", "dataset", names)
    runs = {r.run_id: r for r in data.usable_runs(dataset) if r.scores}
    first = next((r for r in runs if runs[r].classifier == "cnn"), next(iter(runs)))
    second = next((r for r in runs if r != first and runs[r].classifier == "xgboost"), first)
    said = {r: compare_maps.run_label(runs[r]) for r in runs}
    left_id = state.choose(
        "Left run", "left", list(runs), default=first, format_func=said.__getitem__
    )
    right_id = state.choose(
        "Right run", "right", list(runs), default=second, format_func=said.__getitem__
    )
left, right = runs[left_id], runs[right_id]
if left_id == right_id:
    frame.stop_with(
        "Only one run is chosen: train the other model, or choose two different runs.",
        "pages/2_Train.py",
        "Train a model",
    )
zones = comparison.common_zones(left, right)
if not zones:
    frame.stop_with("These runs were scored on different zones: choose two that share some.")
pair, labels = (left, right), compare_views.names_of(left, right)

with frame.plainly():
    choice = comparison.controls(left, right, zones)
    scored = comparison.score(left, right, choice)
    marks = (left.status.finished, right.status.finished)
    found = comparison.differences(left_id, right_id, choice, marks)
    comparison.show_figures(labels, scored, choice, found)
    comparison.significance(labels, left, right, choice)
    if choice.background and choice.average_over == "all":
        compare_views.published()

    st.subheader("Confusion matrices", anchor=False)
    view, top_k = compare_views.matrix_controls()
    draw = confusion.difference if view == "Difference" else confusion.side_by_side
    figure = draw(
        *scored.totals, labels, legend.load(), level=choice.level, top_k=top_k, dark=frame.is_dark()
    )
    st.caption(f"Rows are what was declared, as shares of each row: {choice.said}.")
    st.plotly_chart(figure, theme=None, width="stretch", key="matrices")
    compare_views.cell(pair, labels, scored, choice)

    st.subheader("By class", anchor=False)
    compare_views.classes(labels, scored, choice)
    figure = metrics.f1_dumbbell(
        compare_tables.dumbbell_table(scored, choice.level), labels, legend.load(),
        level=choice.level, dark=frame.is_dark(),
    )  # fmt: skip
    st.plotly_chart(figure, theme=None, width="stretch", key="dumbbell")

    st.subheader("Is the confidence honest?", anchor=False)
    compare_views.reliability(pair, labels, choice)
    compare_views.downloads(pair, labels, scored, choice)
