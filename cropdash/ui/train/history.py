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
from cropdash.ui.widgets import chart, choices, job_watch, scores
from cropdash.ui.widgets import table as widget

_SCORES = {name: (unit, key) for name, unit, key in scores.HEADLINE}
_FILTERS = ("Model", "Dataset", "State")
_NAMES = {
    "Run": sentence("Run"),
    "Name": sentence("Name"),
    "Model": sentence("Model"),
    "Dataset": sentence("Dataset"),
    "Season": sentence("Season"),
    "State": sentence("State"),
    "Created": sentence("Created"),
    "Minutes": sentence("Time [min]"),
    **{name: name for name in _SCORES},
    "Settings": sentence("Settings"),
    "Tags": sentence("Tags"),
}


def show(runs: Sequence[RunInfo]) -> list[RunInfo]:
    """The table with its filters; a click on a row chooses the run. Returns the chosen ones."""
    away = choices.toggle(say("Those put away as well"), "archived")
    runs = data.store().runs(archived=True) if away else runs
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
    chosen = widget.show(
        shown.assign(State=shown["State"].map(job_watch.word)),
        {"Minutes": ",.1f", **dict.fromkeys(_SCORES, ".3f")},
        columns=_columns(),
        on_select="rerun",
        selection_mode="multi-row",
        key="history",
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
            "Name": run.notes.name,
            "Model": run.classifier,
            "Dataset": run.dataset,
            "Season": _season(run.dataset),
            "State": run.status.state,
            "Created": run.created,
            "Minutes": run.status.seconds / 60 if run.status.started else None,
            **{name: scores.value_of(run.scores, *key) for name, key in _SCORES.items()},
            "Settings": changed_settings(run.config),
            "Tags": ", ".join(run.notes.tags),
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
            say(_NAMES[name]), sorted(runs[name].unique()), placeholder=say("any"),
            format_func=job_watch.word if name == "State" else str, key=f"history:{name}",
        )  # fmt: skip
        if chosen:
            runs = runs[runs[name].isin(chosen)]
    wanted = columns[-1].text_input(
        say("Name, tag or setting"), placeholder=say("contains …"), key="history:text"
    )
    if text := wanted.strip():
        where = ("Run", "Name", "Tags", "Settings")
        found = [runs[name].str.contains(text, case=False, regex=False) for name in where]
        runs = runs[pd.concat(found, axis=1).any(axis=1)]
    return runs


def _columns() -> dict[str, Any]:
    said = {name: say(text) for name, text in _NAMES.items()}
    return {
        **{name: st.column_config.Column(text) for name, text in said.items()},
        "Run": st.column_config.TextColumn(said["Run"], pinned=True),
        "Created": st.column_config.DatetimeColumn(
            said["Created"], format="YYYY-MM-DD HH:mm", timezone="UTC"
        ),
    }
