"""Is the confidence honest: reliability of both runs, and what their class sets hold."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from cropdash.figures import metrics, wording
from cropdash.i18n import number, say
from cropdash.ui.compare.controls import group_labels, test_zones
from cropdash.ui.compare.counting import Choice, Names, Runs
from cropdash.ui.compare.tables import coverage, reliability
from cropdash.ui.shell import frame
from cropdash.ui.widgets import chart

_SHOWN = 20  # classes of the chart of sets; the CSV has all


def show(runs: Runs, names: Names, choice: Choice) -> None:
    """How often parcels of a confidence are right; how often class sets hold the truth."""
    left, right = st.columns(2, gap="medium")
    with left:
        _reliability(runs, names, choice)
    with right:
        _sets(runs, names)


def _reliability(runs: Runs, names: Names, choice: Choice) -> None:
    tables, errors = reliability(runs, names, choice.zones)
    title = say(
        "Share of parcels that are right by confidence, {zones}",
        zones=test_zones(len(choice.zones)),
    )
    figure = metrics.reliability_curve(tables, errors=errors, dark=frame.is_dark())
    rows = [t.assign(model=name, calibration_error=errors[name]) for name, t in tables.items()]
    table = pd.concat(rows, ignore_index=True)
    chart.show(title, figure, lambda: table, runs[0].dataset, "reliability")
    st.caption(
        say(
            "On the diagonal, parcels of a confidence of 80 % are right 8 times of 10. ECE is the "
            "mean distance from it."
        )
    )


def _sets(runs: Runs, names: Names) -> None:
    table, zones = coverage(runs, "class_id"), coverage(runs, "zone_id")
    if table.empty:
        st.info(say("One of the runs has no class sets: repeat it to get them."))
        return
    sets = [run.scores.test.sets for run in runs if run.scores and run.scores.test.sets]
    promised = number(sets[0].promised, ".0%")
    title = say(
        "How often a parcel's class set holds what was declared, all test zones ({share} promised)",
        share=promised,
    )
    if len(table) > _SHOWN:
        title += say("; the {n} largest", n=number(_SHOWN))
    labels = group_labels(runs[0].dataset, "class")
    figure = metrics.dumbbell(
        table.head(_SHOWN)[::-1], "covered", names, labels, "", promised=sets[0].promised,
        dark=frame.is_dark(),
    )  # fmt: skip
    chart.show(title, figure, lambda: table, runs[0].dataset, "class_sets")
    for name, one in zip(names, sets, strict=True):
        st.caption(
            say(
                "{name}: {covered} of {n} parcels covered, {size} classes a set on average.",
                name=name,
                covered=number(one.covered, ".1%"),
                n=number(one.parcels),
                size=number(one.size, ".2f"),
            )
        )
    title = say("The same by test zone ({share} promised)", share=promised)
    rows = zones.assign(class_id=range(len(zones)))[::-1]
    called = [wording.place(zone) for zone in zones["zone_id"]]
    figure = metrics.dumbbell(
        rows, "covered", names, called, "", promised=sets[0].promised, dark=frame.is_dark()
    )
    chart.show(title, figure, lambda: zones, runs[0].dataset, "class_sets_by_zone")
    st.caption(
        say(
            "The promise is for all parcels together: rare classes are covered less often than "
            "common ones, and single zones more or less often than all."
        )
    )
