"""All runs as a table: filter, sort, choose one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
import streamlit as st

from cropdash import train_config
from cropdash.errors import ConfigError
from cropdash.storage.store import RunInfo
from cropdash.ui import data, scores, state

_SCORES = {
    "Pixel accuracy": ("pixel", "accuracy"),
    "Pixel macro F1": ("pixel", "macro_f1"),
    "Parcel accuracy": ("parcel", "accuracy"),
    "Parcel macro F1": ("parcel", "macro_f1"),
}
_FILTERS = ("Model", "Dataset", "State")


def show(runs: Sequence[RunInfo]) -> None:
    """The table with its filters; a click on a row chooses the run."""
    shown = _filtered(table(runs))
    st.caption(
        f"{len(shown):,} of {len(runs):,} runs. Scores: held-out test zones, background not "
        "scored, macro F1 over the classes that occur. Click on the left of a row to open it."
    )
    chosen = st.dataframe(
        shown,
        hide_index=True,
        on_select="rerun",
        selection_mode="single-row",
        key="history",
        placeholder=scores.DASH,
        column_config=_columns(),
    )
    rows = chosen["selection"]["rows"]
    run_id = str(shown.iloc[rows[0]]["Run"]) if rows and rows[0] < len(shown) else None
    # Only a new click moves the address on: else an old one would hold it fast for ever.
    if run_id != st.session_state.get("history:clicked"):
        st.session_state["history:clicked"] = run_id
        if run_id is not None:
            state.put("run", run_id)
            st.rerun()
    st.download_button(
        "Runs (CSV)", data.csv(shown), "runs.csv", "text/csv", icon=":material/download:"
    )


def table(runs: Sequence[RunInfo]) -> pd.DataFrame:
    """One row per run: state, times, scores on the test zones, settings that are not the default."""
    rows = [
        {
            "Run": run.run_id,
            "Model": run.classifier,
            "Dataset": run.dataset,
            "State": run.status.state,
            "Created": run.created,
            "Minutes": run.status.seconds / 60 if run.status.started else None,
            **{name: scores.value_of(run.scores, *key) for name, key in _SCORES.items()},
            "Settings": changed_settings(run.config),
        }
        for run in runs
    ]
    names = ["Run", "Model", "Dataset", "State", "Created", "Minutes", *_SCORES, "Settings"]
    frame = pd.DataFrame(rows, columns=names)
    numbers = ["Minutes", *_SCORES]
    frame[numbers] = frame[numbers].astype(float)
    return frame.assign(Created=pd.to_datetime(frame["Created"], utc=True, format="ISO8601"))


def changed_settings(config: Mapping[str, Any]) -> str:
    """Settings that differ from the model's defaults: 'epochs=3, seed=7'."""
    values = {k: v for k, v in config.items() if k not in ("classifier", "dataset")}
    try:
        needed = {"classifier", "dataset", "members"} & config.keys()
        default = train_config.parse({k: config[k] for k in needed})
    except ConfigError:
        usual: dict[str, Any] = {}
    else:
        usual = default.model_dump(mode="json", exclude={"members"})
    return ", ".join(f"{k}={v}" for k, v in values.items() if k not in usual or usual[k] != v)


def _filtered(runs: pd.DataFrame) -> pd.DataFrame:
    columns = st.columns(len(_FILTERS) + 1)
    for column, name in zip(columns, _FILTERS, strict=False):
        chosen = column.multiselect(name, sorted(runs[name].unique()), placeholder="all")
        if chosen:
            runs = runs[runs[name].isin(chosen)]
    text = columns[-1].text_input("Name or setting", placeholder="contains …").strip()
    if text:
        found = runs["Run"].str.contains(text, case=False, regex=False)
        runs = runs[found | runs["Settings"].str.contains(text, case=False, regex=False)]
    return runs


def _columns() -> dict[str, Any]:
    number = st.column_config.NumberColumn
    return {
        "Run": st.column_config.TextColumn(pinned=True),
        "Created": st.column_config.DatetimeColumn(format="YYYY-MM-DD HH:mm", timezone="UTC"),
        "Minutes": number("Time [min]", format="%.1f"),
        **{name: number(format="%.3f") for name in _SCORES},
    }
