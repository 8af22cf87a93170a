"""Scores class by class: a table that can be sorted and filtered, and the F1 of both as a chart."""

from __future__ import annotations

import unicodedata

import pandas as pd
import streamlit as st

from cropdash.domain import Legend, Level
from cropdash.figures import metrics, wording
from cropdash.i18n import say
from cropdash.ui.compare.controls import UNITS, group_labels, said
from cropdash.ui.compare.counting import Choice, Names, Runs, Scored
from cropdash.ui.compare.tables import scores_by_class, shown_by_class
from cropdash.ui.shell import frame
from cropdash.ui.shell.literal import literal
from cropdash.ui.widgets import chart
from cropdash.ui.widgets import table as widget


@st.fragment
@frame.plainly()
def show(runs: Runs, names: Names, scored: Scored, choice: Choice) -> None:
    """Table with the interval of the difference, filtered by name; chart; CSV."""
    table = scores_by_class(runs, scored, choice)
    text = st.text_input(
        say("Filter by name"), key="class_filter", placeholder=say("wheat, blé, vine…")
    )
    found = table[named_like(table, text, scored.legend, choice.level)]
    st.caption(
        say(
            "Scores by class, largest first: {what}. The interval is that of the F1 difference, by "
            "how much single zones move it (95 %).",
            what=said(choice),
        )
    )
    unseen = table.loc[~table["trained"] & (table["support"] > 0), "name"]
    if len(unseen):
        st.caption(
            say("Never trained, so counted as errors: {which}.", which=literal(", ".join(unseen)))
        )
    shown = shown_by_class(found, names)
    plain = (say("Class"), say("Support"), say("Trained"))
    unit = say("Unit: {unit}", unit=say(UNITS[choice.unit]))
    forms = {str(name): ".3f" for name in shown.columns if name not in plain}
    widget.show(
        shown, {**forms, say("Support"): wording.number}, width="stretch", height=380,
        columns={say("Support"): st.column_config.NumberColumn(help=unit),
                 say("Class"): st.column_config.TextColumn(pinned=True)},
    )  # fmt: skip
    file = ("classes", choice.unit, choice.level)
    chart.button(say("Scores by class (CSV)"), lambda: table, runs[0].dataset, *file)
    title = say("F1 of both by class, the largest lead of {left} on top", left=names[0])
    figure = metrics.dumbbell(
        found.sort_values("f1_difference", kind="stable"), "f1", names,
        group_labels(runs[0].dataset, choice.level), say("F1 score"), dark=frame.is_dark(),
    )  # fmt: skip
    chart.draw(title, figure, "dumbbell")


def named_like(table: pd.DataFrame, text: str, legend: Legend, level: Level) -> pd.Series:
    """True where the class's name in any of its languages holds the text; accents and case don't count."""
    wanted = _plain(text)
    names = table["name"].map(_plain)
    if level == "class":
        items = legend.classes
        both = [" ".join(items[k].labels.values()) for k in table["class_id"]]
        names = pd.Series([_plain(b) for b in both], index=table.index, dtype="str")
    return names.str.contains(wanted, regex=False)


def _plain(text: str) -> str:
    split = unicodedata.normalize("NFKD", text.strip().casefold())
    return "".join(c for c in split if not unicodedata.combining(c))
