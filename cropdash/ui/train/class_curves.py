"""What a cross-validation with steps says of rare classes: how many more parcels they would take."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
import streamlit as st

from cropdash.evaluate.learning_curve import GOAL
from cropdash.figures import trials as figures
from cropdash.figures import wording
from cropdash.i18n import number, say
from cropdash.ui.shell import data, frame
from cropdash.ui.widgets import chart, table
from cropdash.ui.widgets.names import crop_name

_DRAWN = 8  # classes on the chart: the rarest of those below the goal
_REGIONS = 3  # that hold most parcels of a class


def show(rows: Sequence[Mapping[str, Any]], dataset: str, study: str) -> None:
    """The curves of the rarest classes, and every class with what it takes and where it grows.

    rows: see `evaluate.learning_curve.curve`, as JSON holds them.
    """
    found = pd.DataFrame(rows)
    below = found[found["f1"] < GOAL].head(_DRAWN)
    if len(below):
        title = say("F1 of rare classes by their training parcels, {dataset}", dataset=dataset)
        drawn = figures.by_parcels(_long(below, dataset), GOAL, dark=frame.is_dark())
        chart.draw(title, drawn, f"{study}:curve")
    table.show(readable(found, dataset), height=table.fitting(len(found), 388))
    with_limits = say(
        "Likely parcels for an F1 of {goal}, with the 95 % interval over zones: F1 is taken to rise with "
        "each doubling of a class's parcels by as much as it does for all classes together.",
        goal=number(GOAL, ".1f"),
    )  # fmt: skip
    st.caption(with_limits)


def readable(found: pd.DataFrame, dataset: str) -> pd.DataFrame:
    """Class, parcels learned of, F1 now, how many more it takes, and which regions hold the class."""
    counts = data.class_counts(dataset)
    return pd.DataFrame(
        {
            say("Class"): [crop_name(dataset, int(k)) for k in found["class_id"]],
            say("Training parcels"): [number(int(n)) for n in found["parcels"]],
            say("Scored"): [number(round(n)) for n in found["scored"]],
            "F1": ["–" if v != v else number(v, ".2f") for v in found["f1"]],
            say("More parcels to F1 {goal}", goal=number(GOAL, ".1f")): [
                more(row) for row in found.to_dict("records")
            ],
            say("Where it grows"): [_places(counts, int(k)) for k in found["class_id"]],
        }
    )


def more(row: Mapping[Any, Any]) -> str:
    """How many more parcels, with the interval's ends; in words where it can't be said."""
    now, f1 = int(row["parcels"]), row["f1"]
    if f1 == f1 and f1 >= GOAL:
        return say("reached")
    if row["wanted"] != row["wanted"]:
        return say("more of them don't seem to help")

    def left(n: float) -> str:
        return say("no end") if n != n else number(max(round(n) - now, 0))

    return f"{left(row['wanted'])} ({left(row['low'])} – {left(row['high'])})"


def _places(counts: pd.DataFrame, class_id: int) -> str:
    """Parcels by region of all zones of the dataset, test zones too, where most are."""
    here = counts[counts["crop"] == class_id].groupby("region")["parcels"].sum()
    most = here.sort_values(ascending=False, kind="stable").head(_REGIONS)
    return ", ".join(f"{wording.place(str(region))} {number(int(n))}" for region, n in most.items())


def _long(found: pd.DataFrame, dataset: str) -> pd.DataFrame:
    colours = {crop.id: crop.colour for crop in data.legend(dataset).classes}
    steps = [str(name).removeprefix("n_") for name in found if str(name).startswith("n_")]
    parts = [
        pd.DataFrame(
            {"class": [crop_name(dataset, int(k)) for k in found["class_id"]],
             "colour": [colours[int(k)] for k in found["class_id"]],
             "n": found[f"n_{step}"], "f1": found[f"f1_{step}"].astype(float)}
        )
        for step in steps
    ]  # fmt: skip
    return pd.concat(parts, ignore_index=True)
