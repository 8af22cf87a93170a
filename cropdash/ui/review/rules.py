"""The rules of the lamps that a reader sets, kept in the address."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence

import pandas as pd
import streamlit as st

from cropdash.domain import FEW_PIXELS, Level
from cropdash.evaluate.lamps import Rules
from cropdash.i18n import date, say
from cropdash.ui.review import words
from cropdash.ui.shell import address
from cropdash.ui.widgets.cases import Limits

_FROM = re.compile(r"(\d{1,3})_(\d{4}-\d{2}-\d{2})")  # a class, and the day from which it is judged
_NEVER = "…"  # in the table of days: judged at once
_MOST = 1000  # pixels


def choose(
    dataset: str, days: Sequence[dt.date], level: Level, limits: Limits, found: pd.DataFrame
) -> Rules:
    """From which day on each group of crops is judged, and what is never red."""
    least = _least()
    stays = _stays()
    names = words.names(dataset, level)
    declared = sorted((int(k) for k in found["declared"].unique()), key=lambda k: names[k])
    known = judged_from(st.query_params.get("from"), declared, days)
    key = f"season:from:{dataset}:{level}"
    # What the table begins with stays while it is edited, or its edits would be lost.
    first = st.session_state.setdefault(
        f"{key}:first", [known[k].isoformat() if k in known else _NEVER for k in declared]
    )
    first = first if len(first) == len(declared) else [_NEVER] * len(declared)
    table = pd.DataFrame({say("Declared"): [names[k] for k in declared], say("Judged from"): first})
    options = [_NEVER, *(day.isoformat() for day in days)]
    from_ = st.column_config.SelectboxColumn(options=options, format_func=_written)
    edited = st.data_editor(
        table, hide_index=True, disabled=[say("Declared")], height=220, key=key,
        column_config={say("Judged from"): from_},
    )  # fmt: skip
    chosen = dict(zip(declared, edited[say("Judged from")], strict=True))
    judged = {k: dt.date.fromisoformat(day) for k, day in chosen.items() if day in options[1:]}
    address.put("from", ",".join(f"{k}_{day}" for k, day in judged.items()) or None)
    return Rules(limits.red, limits.amber, judged, stays, least)


def _written(option: str | int | float | bool) -> str:
    return _NEVER if option == _NEVER else date(dt.date.fromisoformat(str(option)))


def judged_from(
    text: str | None, classes: Sequence[int], days: Sequence[dt.date]
) -> dict[int, dt.date]:
    """What the address says of classes and days that there are."""
    known = {day.isoformat(): day for day in days}
    pairs = [_FROM.fullmatch(part) for part in (text or "").split(",")]
    found = {int(m[1]): known[m[2]] for m in pairs if m and m[2] in known}
    return {k: day for k, day in found.items() if k in classes}


def _least() -> int:
    key, said = "season:least", st.query_params.get("least") or ""
    usual = FEW_PIXELS
    asked = int(said) if said.isdigit() and int(said) <= _MOST else usual
    follow = address.follow(key, "least", lambda n: None if n == usual else str(n))
    return int(
        st.number_input(
            say("Never red below so many pixels"), 0, _MOST, asked, key=key, on_change=follow
        )
    )


def _stays() -> bool:
    key = "season:stays"
    follow = address.follow(key, "stays", lambda on: None if on else "0")
    return st.checkbox(
        say("What was green once stays green"), value=st.query_params.get("stays") != "0",
        key=key, on_change=follow,
    )  # fmt: skip
