"""Declarations by a date: what the runs say of the season so far, and the lamps until then."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import pandas as pd
import streamlit as st

from cropdash.domain import Level
from cropdash.evaluate import lamps, suspicion
from cropdash.evaluate import season as evaluation
from cropdash.evaluate.lamps import Means, Rules
from cropdash.figures import season as figures
from cropdash.i18n import number, say, sentence
from cropdash.storage.store import RunInfo
from cropdash.ui.review import words
from cropdash.ui.shell import address, data, frame
from cropdash.ui.widgets import cases, chart, run_pair
from cropdash.ui.widgets import table as widget
from cropdash.ui.widgets.cases import Limits

_WHOLE = "whole"
_NEVER = "…"  # in the table of days: judged at once


def choose_day(runs: Sequence[RunInfo]) -> dt.date | None:
    """The day by which the runs are asked; None for the whole season. Kept in the address as `by`."""
    days = common_days(runs)
    if not days:
        return None
    options = [_WHOLE, *(day.isoformat() for day in days)]
    chosen = address.choose(
        say("As seen by"), "by", options, format_func=_said, width=150,
        label_visibility="collapsed",
    )  # fmt: skip
    return None if chosen == _WHOLE else dt.date.fromisoformat(chosen)


def common_days(runs: Sequence[RunInfo]) -> tuple[dt.date, ...]:
    """The days of which all runs have scores, in order."""
    return tuple(sorted(set.intersection(*(set(run.days) for run in runs))))


def _said(option: str) -> str:
    return say("Whole season") if option == _WHOLE else say("By {day}", day=_day(option))


def _day(text: str) -> str:
    return f"{dt.date.fromisoformat(text):%d.%m.%Y}"


def by(runs: Sequence[RunInfo], day: dt.date | None) -> list[RunInfo]:
    """The runs as they answer by the day; as they are for the whole season."""
    if day is None:
        return list(runs)
    return [data.store().run(run.by(day)) for run in runs]


def choose_rules(
    runs: Sequence[RunInfo], level: Level, limits: Limits, found: pd.DataFrame
) -> Rules:
    """From which day on each group of crops is judged, and what is never red."""
    least = st.number_input(
        say("Never red below so many pixels"), 0, 1000, words.FEW_PIXELS, key="season:least",
    )  # fmt: skip
    stays = st.checkbox(say("What was green once stays green"), value=True, key="season:stays")
    days = [day.isoformat() for day in common_days(runs)]
    names = words.names(runs[0].dataset, level)
    declared = sorted(found["declared"].unique(), key=lambda k: names[k])
    table = pd.DataFrame(
        {say("Declared"): [names[k] for k in declared], say("Judged from"): _NEVER}
    )
    edited = st.data_editor(
        table, hide_index=True, disabled=[say("Declared")], height=220, key=f"season:from:{level}",
        column_config={say("Judged from"): st.column_config.SelectboxColumn(options=[_NEVER, *days])},
    )  # fmt: skip
    chosen = dict(zip(declared, edited[say("Judged from")], strict=True))
    judged = {int(k): dt.date.fromisoformat(day) for k, day in chosen.items() if day in days}
    return Rules(limits.red, limits.amber, judged, stays, int(least))


def lit(
    found: pd.DataFrame, runs: Sequence[RunInfo], level: Level, rules: Rules, day: dt.date
) -> pd.DataFrame:
    """The evidence of the day with the lamps that it and the days before give as `light`."""
    lamp = lamps.lamps(_evidence(runs, level), rules)
    today = lamp[lamp["as_of"] == day].set_index(lamps.KEYS)["lamp"].rename("light")
    return found.join(today, on=lamps.KEYS).assign(as_of=day.isoformat())


def _evidence(runs: Sequence[RunInfo], level: Level) -> dict[dt.date, pd.DataFrame]:
    """The evidence of every day that all runs were asked by."""
    return {day: cases.cases(by(runs, day), level) for day in common_days(runs)}


def show(runs: Sequence[RunInfo], level: Level, rules: Rules) -> None:
    """How good the answers were by each day, how the lamps stood, and what that would have asked for."""
    dataset, dark, told = runs[0].dataset, frame.is_dark(), _evidence(runs, level)
    left, right = st.columns(2, gap="medium")
    with left:
        scores = dict(zip(run_pair.names_of(runs), map(_scores, runs), strict=True))
        chart.show(
            say("Parcels named right, by date"), figures.by_date(scores, dark=dark),
            lambda: pd.concat([t.assign(model=n) for n, t in scores.items()]), dataset, "by-date",
        )  # fmt: skip
    with right:
        visits = st.number_input(
            say("Visits that can be made until each date"), 0, 1_000_000, 50, key="season:visits"
        )
        photo, visit = (
            col.number_input(say(text), 0.0, 1e6, value, key=f"season:{text}")
            for col, text, value in zip(
                st.columns(2),
                (sentence("Cost of a photograph"), sentence("Cost of a visit")),
                (5.0, 150.0),
                strict=True,
            )
        )
        nobody = pd.Series(dtype=bool, index=pd.MultiIndex.from_tuples([], names=lamps.KEYS))
        counts = lamps.campaign(
            lamps.lamps(told, rules), told, nobody, Means(int(visits), photo, visit)
        )
        colours = {name: words.word(name) for name in suspicion.LIGHTS}
        chart.draw(say("Lamps by date"), figures.lamps(counts, colours, dark=dark), "chart:lamps")
    widget.show(_table(counts), width="stretch")


def _scores(run: RunInfo) -> pd.DataFrame:
    """Scores of a run's parcels by date; see `evaluate.season.by_date`."""
    dated = {day: run.by(day) for day in run.days}
    found = {
        day: scores for day, name in dated.items() if (scores := data.store().run(name).scores)
    }
    table = evaluation.by_date(
        found,
        {day: data.store().confusions(dated[day]) for day in found},
        {day: data.store().calibration(dated[day]) for day in found},
        data.legend(run.dataset).n_classes,
    )
    return table[table["unit"] == "parcel"]


def _table(counts: pd.DataFrame) -> pd.DataFrame:
    columns = {
        "photographs": say("Photographs"), "visits": say("Visits"),
        "waiting": say("Waiting for a visit"), "cost": say("Cost"),
    }  # fmt: skip
    table = pd.DataFrame({say("Date"): [_day(day.isoformat()) for day in counts["as_of"]]})
    for name, word in columns.items():
        table[word] = [number(round(value)) for value in counts[name]]
    return table
