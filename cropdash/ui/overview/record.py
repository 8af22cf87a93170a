"""Who did what, for operators."""

from __future__ import annotations

from dataclasses import asdict

import pandas as pd
import streamlit as st

from cropdash.domain import access
from cropdash.i18n import say, sentence
from cropdash.settings import access as settings
from cropdash.storage import record
from cropdash.ui.shell import data, frame
from cropdash.ui.widgets import chart, table

_SHOWN = 200  # rows, the newest
_COLUMNS = {
    "time": sentence("Time (UTC)"),
    "name": sentence("Name"),
    "role": sentence("Role"),
    "action": sentence("Action"),
    "object": sentence("Object"),
}
_WORDS = {
    "start": sentence("started"),
    "stop": sentence("asked to stop"),
    "end": sentence("ended at once"),
    "decide": sentence("decided"),
    "undo": sentence("took a decision back"),
    "upload": sentence("uploaded"),
    "look": sentence("looked for a place"),
    "report": sentence("made a report"),
    "name": sentence("named"),
    "note": sentence("noted"),
    "tag": sentence("tagged"),
    "archive": sentence("put away"),
    "restore": sentence("brought back"),
    "delete": sentence("deleted"),
    "sign in": sentence("signed in"),
    "set user": sentence("set a user"),
    "remove user": sentence("removed a user"),
}


def show() -> None:
    """The newest rows of the record, where people sign in and this one is an operator."""
    if settings.users_file() is None or not access.actor().may("see the record"):
        return
    st.header(say("Who did what"), anchor=False)
    if not st.toggle(say("Show the record"), key="record:show"):
        return
    with frame.plainly():
        events = record.read(data.store().data)
        rows = pd.DataFrame([asdict(e) for e in events[::-1]], columns=list(_COLUMNS))
        said = [_said(event) for event in events[: -_SHOWN - 1 : -1]]
        table.show(pd.DataFrame(said, columns=[say(c) for c in _COLUMNS.values()]))
        chart.download(say("The record (CSV)"), lambda: data.csv(rows), "record.csv")


def _said(event: record.Event) -> tuple[str, ...]:
    role = say(event.role) if event.role else ""
    action = say(_WORDS.get(event.action, event.action))
    return event.time[:19].replace("T", " "), event.name, role, action, event.object
