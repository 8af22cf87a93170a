"""What was decided on parcels, for the list: by whom, when, and what a filter on it leaves."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
import streamlit as st

from cropdash.domain import access
from cropdash.i18n import label, number, say, sentence
from cropdash.storage import decisions
from cropdash.storage.decisions import Decision, Event
from cropdash.ui.shell import data

DECISIONS = {
    decisions.KEEP: sentence("Keep as declared"),
    decisions.DOUBTFUL: sentence("Doubtful"),
    decisions.VISIT: sentence("Check on the ground"),
    decisions.RELABEL: sentence("Is in truth …"),
    decisions.LEAVE_OUT: sentence("Leave out of training"),
}
UNDECIDED = "undecided"
COLUMNS = ("decision", "truth", "note", "decided", "decided_by")


def added(rows: pd.DataFrame, dataset: str) -> pd.DataFrame:
    """The rows with COLUMNS; empty where nothing was decided."""
    known, ids = current(dataset), rows["register_id"].astype(str)
    told = {name: np.full(len(rows), "", dtype=object) for name in COLUMNS}
    kept = {name: pd.Series(told[name], rows.index, dtype=object, copy=False) for name in COLUMNS}
    for at in np.flatnonzero(ids.isin(known)):  # few of many
        found = known[ids.iloc[at]]
        said = (found.decision, found.crop, found.note, found.time, found.author)
        for name, value in zip(COLUMNS, said, strict=True):
            told[name][at] = value
    return rows.assign(**kept)


def current(dataset: str) -> Mapping[str, Decision]:
    """What holds of each parcel now, by the register's id."""
    return decisions.fold(history(dataset))


def history(dataset: str) -> tuple[Event, ...]:
    """All events on the dataset's parcels, oldest first."""
    return _history(dataset, decisions.mark(data.store().data, dataset), str(data.store().data))


@st.cache_resource(max_entries=8, show_spinner=False)
def _history(dataset: str, mark: int, where: str) -> tuple[Event, ...]:
    return decisions.history(data.store().data, dataset)


def said(dataset: str, decision: str, crop: str = "") -> str:
    """The decision in words; empty without one."""
    if decision == decisions.RELABEL:
        return say("Is in truth {crop}", crop=class_label(dataset, crop))
    return say(DECISIONS[decision]) if decision in DECISIONS else ""


def class_label(dataset: str, name: str) -> str:
    """A class's name for readers, by the name that the legend knows it by."""
    return next((label(c) for c in data.legend(dataset).classes if c.name == name), name)


def progress(rows: pd.DataFrame, dataset: str) -> None:
    """How many of the listed parcels are decided, and how fast this reader goes."""
    done = int((rows["decision"] != "").sum())
    told = say("{n} of {of} decided", n=number(done), of=number(len(rows)))
    if pace := decisions.an_hour(history(dataset), access.actor().name):
        told += ", " + say("{n} an hour", n=number(pace))
    st.caption(told)
