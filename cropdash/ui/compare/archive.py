"""All numbers of a comparison as one file, with a text that says every denominator; and for papers."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from cropdash.evaluate import zone_table
from cropdash.i18n import say
from cropdash.ui.compare import papers, tables
from cropdash.ui.compare.controls import said
from cropdash.ui.compare.counting import Choice, Names, Runs, Scored, differences, marks_of
from cropdash.ui.shell import data
from cropdash.ui.widgets import chart

# What stands in each table, in English as the columns are.
_ABOUT = {
    "metrics": "Named scores of both runs. n_scored and n_classes_averaged are the denominators.",
    "differences": "Left minus right: low and high are its 95 % interval, by the jackknife over zones "
    "(by draws of parcels where `drawn` says so); p exchanges the runs zone by zone.",
    "classes": "Scores by class. support: what was declared as the class; an F1 needs support.",
    "zones": "Scores by zone, over the classes that occur in it.",
    "cells": "Cells of both confusion matrices: truth is declared, predicted is named.",
    "reliability": "Parcels by confidence of the model in ten bins, whatever unit is chosen.",
    "class_sets": "How often class sets hold what was declared; all test zones of each run.",
    "class_sets_by_zone": "The same zone by zone; the promise is over all of them.",
}


def downloads(runs: Runs, names: Names, scored: Scored, choice: Choice) -> None:
    """One button for everything, one for the named scores alone."""
    dataset, file = runs[0].dataset, (choice.unit, choice.level)
    with st.popover(say("Download"), icon=":material/download:"):
        chart.download(
            say("All numbers (ZIP)"), lambda: whole(runs, names, scored, choice),
            f"{data.stem(dataset, 'comparison', *file)}.zip", "application/zip",
            say("Every table of this page as CSV, and a text on what each counts."),
        )  # fmt: skip
        chart.download(
            say("Figures (SVG and PNG, ZIP)"), lambda: papers.figures(runs, names, scored, choice),
            f"{data.stem(dataset, 'figures', *file)}.zip", "application/zip",
            say("Matrices, classes, zones and reliability, 16 cm wide, in the light theme."),
        )  # fmt: skip
        chart.download(
            say("Tables (Markdown and LaTeX, ZIP)"), lambda: papers.texts(runs, names, scored, choice),
            f"{data.stem(dataset, 'tables', *file)}.zip", "application/zip",
        )  # fmt: skip
        metrics = lambda: tables.metrics_table(runs, names, scored, choice)  # noqa: E731
        chart.button(say("Metrics (CSV)"), metrics, dataset, "metrics", *file)


def whole(runs: Runs, names: Names, scored: Scored, choice: Choice) -> bytes:
    """The tables of `_ABOUT` that are not empty, and README.txt."""
    left, right = runs
    sure, errors = tables.reliability(runs, names, choice.zones)
    bins = [t.assign(model=name, calibration_error=errors[name]) for name, t in sure.items()]
    held = {
        "metrics": tables.metrics_table(runs, names, scored, choice),
        "differences": differences(left.run_id, right.run_id, choice, marks_of(runs)),
        "classes": tables.scores_by_class(runs, scored, choice),
        "zones": zone_table(*scored.at(choice.level)),
        "cells": tables.named_cells(scored, choice.level),
        "reliability": pd.concat(bins, ignore_index=True),
        "class_sets": tables.coverage(runs, "class_id"),
        "class_sets_by_zone": tables.coverage(runs, "zone_id"),
    }
    kept = {name: table for name, table in held.items() if len(table)}
    lines = [
        f"left: {names[0]}, run {left.run_id}; right: {names[1]}, run {right.run_id}",
        f"counted: {said(choice)}",
        f"zones: {', '.join(choice.zones)}",
        *(f"{name}.csv: {_ABOUT[name]}" for name in kept),
    ]
    files = {f"{name}.csv": data.csv(table, left.dataset) for name, table in kept.items()}
    return chart.zipped({"README.txt": "\n".join(lines) + "\n", **files})
