"""What one training leaves open: repeats over seeds, answers by group, and splits that flatter."""

from __future__ import annotations

import statistics

import pandas as pd
import streamlit as st

from cropdash.i18n import headed, number, say, sentence
from cropdash.storage.store import RunInfo
from cropdash.ui.compare.counting import Names, Runs
from cropdash.ui.shell import data
from cropdash.ui.widgets import chart, scores
from cropdash.ui.widgets import table as widget

_SPLITS = {
    "pixel": sentence("Single pixels"),
    "parcel": sentence("Parcels"),
    "patch": sentence("Patches"),
    "zone": sentence("Whole zones"),
    "region": sentence("Whole regions"),
    "another year": sentence("Whole zones, another year"),
}


def seeds(runs: Runs, names: Names) -> None:
    """Mean and standard deviation of both over the runs that differ from them in the seed alone."""
    alike = [of(run) for run in runs]
    st.markdown(f"**{say('Repeats over seeds')}**")
    if max(map(len, alike)) < 2:
        st.caption(
            say(
                "One training is one draw: no run differs from these in the seed alone. The "
                "command 'python -m cropdash train --like {run} --set seed=1' makes one.",
                run=runs[0].run_id,
            )
        )
        return
    rows = []
    for name, unit, key in scores.HEADLINE:
        row = {say("Score"): say(name)}
        for called, several in zip(names, alike, strict=True):
            row[called] = _spread([scores.value_of(run.scores, unit, key) for run in several])
        rows.append(row)
    table = pd.DataFrame(rows)
    widget.show(table, key="repeats")
    counted = ", ".join(headed(name, str(len(a))) for name, a in zip(names, alike, strict=True))
    st.caption(
        say(
            "Mean ± standard deviation over runs that differ in the seed alone and were scored on "
            "the same test zones ({counted}), crops without background.",
            counted=counted,
        )
    )
    chart.button(say("Repeats (CSV)"), lambda: _each(alike, names), runs[0].dataset, "repeats")


def of(run: RunInfo) -> list[RunInfo]:
    """The run and those that differ from it in the seed alone, scored on the same zones."""
    own, zones = _bare(run), run.scores.test.zones if run.scores else ()
    return [
        other
        for other in data.usable_runs(run.dataset)
        if other.scores and _bare(other) == own and set(other.scores.test.zones) == set(zones)
    ]


def answers(runs: Runs, names: Names) -> None:
    """How often each run is sure enough for a class, and what its answers are worth."""
    found = {
        name: run.scores.test.answers
        for name, run in zip(names, runs, strict=True)
        if run.scores and run.scores.test.answers
    }
    if not found:
        return
    st.markdown(f"**{say('Answers by class where sure, else by group')}**")
    columns = {
        "by_class": say("Answered by class"),
        "class_accuracy": say("Of these right"),
        "group_accuracy": say("Of the others, group right"),
    }
    rows = [
        {say("Run"): name, **{said: told.get(key) for key, said in columns.items()}}
        for name, told in found.items()
    ]
    table = pd.DataFrame(rows).astype(dict.fromkeys(columns.values(), float))
    widget.show(table, dict.fromkeys(columns.values(), ".1%"), key="answers")
    st.caption(say("Shares of the parcels of all test zones of each run."))


def splits(dataset: str) -> None:
    """One model under five splits: how much a wrong one flatters; or how to measure that."""
    found = data.store().optimism(dataset)
    if found is None:
        st.info(say("Not measured on this dataset yet. From a terminal:"), icon=":material/info:")
        st.code(f"python -m cropdash optimism {dataset}", language=None)
        return
    table = pd.DataFrame(found["splits"])
    shown = pd.DataFrame(
        {
            say("Held back"): [say(_SPLITS.get(s, s)) for s in table["split"]],
            **{
                say(name): table[key].astype(float)
                for name, key in (
                    ("Accuracy", "accuracy"),
                    ("Macro F1", "macro_f1"),
                    ("Parcel accuracy", "parcel_accuracy"),
                    ("Parcel macro F1", "parcel_macro_f1"),
                )
            },
            say("Flatters accuracy by"): table["flatters_by"].astype(float),
            say("Flatters macro F1 by"): table["flatters_f1_by"].astype(float),
        }
    )
    forms = {str(name): ".3f" for name in shown.columns[1:5]}
    widget.show(shown, forms | {str(n): "+.3f" for n in shown.columns[5:]}, key="splits")
    st.caption(
        say(
            "One model ({model}) on dataset {dataset}: what it scores depends on what is held back. "
            "Flattery is against whole zones, as test zones are. Not of the two runs above.",
            model=str(found["config"]["classifier"]), dataset=dataset,
        )
    )  # fmt: skip
    chart.button(say("Splits (CSV)"), lambda: table, dataset, "splits")


def _bare(run: RunInfo) -> dict[str, object]:
    return {name: value for name, value in run.config.items() if name != "seed"}


def _spread(values: list[float | None]) -> str:
    known = [value for value in values if value is not None]
    if not known:
        return scores.DASH
    mean = number(statistics.mean(known), ".3f")
    return mean if len(known) < 2 else f"{mean} ± {number(statistics.stdev(known), '.3f')}"


def _each(alike: list[list[RunInfo]], names: Names) -> pd.DataFrame:
    """One row a run."""
    return pd.DataFrame(
        [
            {"model": name, "run": run.run_id, "seed": run.config.get("seed"),
             **{f"{u}_{key}": scores.value_of(run.scores, u, key) for _, u, key in scores.HEADLINE}}
            for name, several in zip(names, alike, strict=True) for run in several
        ]
    )  # fmt: skip
