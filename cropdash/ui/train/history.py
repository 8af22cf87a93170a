"""All runs as a table: filter, sort, choose one to open or several to compare."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
import streamlit as st

from cropdash.domain.errors import ConfigError, CropdashError
from cropdash.figures import wording
from cropdash.i18n import number, say, sentence
from cropdash.settings import classifiers
from cropdash.storage.store import RunInfo
from cropdash.ui.shell import address, data
from cropdash.ui.widgets import chart, job_watch, scores

_SCORES = {name: (unit, key) for name, unit, key in scores.HEADLINE}
_FILTERS = ("Model", "Dataset", "State")
_NAMES = {
    "Run": sentence("Run"),
    "Model": sentence("Model"),
    "Dataset": sentence("Dataset"),
    "Season": sentence("Season"),
    "State": sentence("State"),
    "Created": sentence("Created"),
    "Minutes": sentence("Time [min]"),
    **{name: name for name in _SCORES},
    "Settings": sentence("Settings"),
}


def show(runs: Sequence[RunInfo]) -> list[RunInfo]:
    """The table with its filters; a click on a row chooses the run. Returns the chosen ones."""
    shown = _filtered(table(runs))
    st.caption(
        say(
            "{n} of {total} runs. Scores: held-out test zones, background not scored, macro F1 "
            "over the classes that occur. Click on the left of a row to open it, of several to "
            "compare them.",
            n=number(len(shown)),
            total=number(len(runs)),
        )
    )
    chosen = st.dataframe(
        shown.assign(State=shown["State"].map(job_watch.word)),
        hide_index=True,
        on_select="rerun",
        selection_mode="multi-row",
        key="history",
        placeholder=scores.DASH,
        column_config=_columns(),
    )
    rows = [row for row in chosen["selection"]["rows"] if row < len(shown)]
    selected = [str(name) for name in shown["Run"].iloc[rows]]
    _open(selected[0] if len(selected) == 1 else None)
    chart.download(say("Runs (CSV)"), lambda: data.csv(shown), "runs.csv")
    return [run for run in runs if run.run_id in selected]


def _open(run_id: str | None) -> None:
    """Show the run that was clicked on."""
    # Only a new click moves the address on: else an old one would hold it fast for ever.
    if run_id != st.session_state.get("history:clicked"):
        st.session_state["history:clicked"] = run_id
        if run_id is not None:
            address.put("run", run_id)
            st.rerun()


def table(runs: Sequence[RunInfo]) -> pd.DataFrame:
    """One row per run: state, times, scores on the test zones, settings that are not the default."""
    rows = [
        {
            "Run": run.run_id,
            "Model": run.classifier,
            "Dataset": run.dataset,
            "Season": _season(run.dataset),
            "State": run.status.state,
            "Created": run.created,
            "Minutes": run.status.seconds / 60 if run.status.started else None,
            **{name: scores.value_of(run.scores, *key) for name, key in _SCORES.items()},
            "Settings": changed_settings(run.config),
        }
        for run in runs
    ]
    frame = pd.DataFrame(rows, columns=list(_NAMES))
    numbers = ["Minutes", *_SCORES]
    frame[numbers] = frame[numbers].astype(float)
    return frame.assign(Created=pd.to_datetime(frame["Created"], utc=True, format="ISO8601"))


def _season(dataset: str) -> str:
    """The dataset's season in words; empty once the dataset is gone."""
    try:
        return wording.season(data.store().dataset(dataset).description.season)
    except CropdashError:
        return ""


def changed_settings(config: Mapping[str, Any]) -> str:
    """Settings that differ from the model's defaults: 'epochs=3, seed=7'."""
    values = {k: v for k, v in config.items() if k not in ("classifier", "dataset")}
    try:
        needed = {"classifier", "dataset", "members"} & config.keys()
        default = classifiers.parse({k: config[k] for k in needed})
    except ConfigError:
        usual: dict[str, Any] = {}
    else:
        usual = default.model_dump(mode="json", exclude={"members"})
    return ", ".join(f"{k}={v}" for k, v in values.items() if k not in usual or usual[k] != v)


def _filtered(runs: pd.DataFrame) -> pd.DataFrame:
    columns = st.columns(len(_FILTERS) + 1)
    for column, name in zip(columns, _FILTERS, strict=False):
        chosen = column.multiselect(
            say(_NAMES[name]), sorted(runs[name].unique()), placeholder=say("all"),
            format_func=job_watch.word if name == "State" else str, key=f"history:{name}",
        )  # fmt: skip
        if chosen:
            runs = runs[runs[name].isin(chosen)]
    wanted = columns[-1].text_input(
        say("Name or setting"), placeholder=say("contains …"), key="history:text"
    )
    if text := wanted.strip():
        found = runs["Run"].str.contains(text, case=False, regex=False)
        runs = runs[found | runs["Settings"].str.contains(text, case=False, regex=False)]
    return runs


def _columns() -> dict[str, Any]:
    decimals, said = (
        st.column_config.NumberColumn,
        {name: say(text) for name, text in _NAMES.items()},
    )
    return {
        **{name: st.column_config.TextColumn(text) for name, text in said.items()},
        "Run": st.column_config.TextColumn(said["Run"], pinned=True),
        "Created": st.column_config.DatetimeColumn(
            said["Created"], format="YYYY-MM-DD HH:mm", timezone="UTC"
        ),
        "Minutes": decimals(said["Minutes"], format="%.1f"),
        **{name: decimals(said[name], format="%.3f") for name in _SCORES},
    }
