"""Declarations by a date: what the runs say of the season so far, and the lamps until then."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
import streamlit as st

from cropdash.domain import Level
from cropdash.evaluate import lamps, suspicion
from cropdash.evaluate import season as evaluation
from cropdash.evaluate.lamps import Means, Rules
from cropdash.figures import season as figures
from cropdash.figures import wording
from cropdash.i18n import date, number, probability, say, sentence
from cropdash.storage.store import RunInfo
from cropdash.ui.review import estimates, words
from cropdash.ui.shell import address, data, frame
from cropdash.ui.shell.literal import literal
from cropdash.ui.widgets import cases, chart, parcel, run_pair
from cropdash.ui.widgets import table as widget

_WHOLE = "whole"


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
    return (
        say("Whole season")
        if option == _WHOLE
        else say("By {day}", day=date(dt.date.fromisoformat(option)))
    )


def by(runs: Sequence[RunInfo], day: dt.date | None) -> list[RunInfo]:
    """The runs as they answer by the day; as they are for the whole season."""
    if day is None:
        return list(runs)
    return [data.store().run(run.by(day)) for run in runs]


def lit(
    found: pd.DataFrame, runs: Sequence[RunInfo], level: Level, rules: Rules, day: dt.date
) -> pd.DataFrame:
    """The evidence of the day with the lamps that it and the days before give as `light`."""
    lamp = lamps.lamps(_evidence(runs, level), rules)
    today = lamp[lamp["as_of"] == day].set_index(lamps.KEYS)["lamp"].rename("light")
    return found.join(today, on=lamps.KEYS).assign(
        as_of=day.isoformat(), red_below=rules.red, amber_below=rules.amber
    )


def _evidence(runs: Sequence[RunInfo], level: Level) -> dict[dt.date, pd.DataFrame]:
    """The evidence of every day that all runs were asked by."""
    return {day: cases.cases(by(runs, day), level) for day in common_days(runs)}


def show(
    runs: Sequence[RunInfo], level: Level, rules: Rules, day: dt.date, table: pd.DataFrame
) -> None:
    """How good the answers were by each day, how the lamps stood and what they would have asked for.

    `table` is the evidence of the day, as `lit` gives it.
    """
    told = _evidence(runs, level)
    decided = estimates.wrong(table, runs[0].dataset)
    tabs = st.tabs([say("Lamps"), say("Changes"), say("Errors"), say("Scores"), say("Clouds")])
    with tabs[0]:
        _lamps(runs, told, rules, decided)
    with tabs[1]:
        _changes(runs[0].dataset, told, rules, day, level)
    with tabs[2]:
        estimates.show(table, decided, runs[0].dataset, level)
    with tabs[3]:
        _by_date(runs)
    with tabs[4]:
        _clouds(runs, day)


def _lamps(
    runs: Sequence[RunInfo],
    told: Mapping[dt.date, pd.DataFrame],
    rules: Rules,
    decided: pd.Series,
) -> None:
    shown, asked = st.columns([3, 2], gap="medium")  # the chart first, on a telephone too
    with asked:
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
        means = Means(int(visits), photo, visit)
        counts = lamps.campaign(lamps.lamps(told, rules), told, decided, means)
    with shown:
        colours = {name: words.word(name) for name in suspicion.LIGHTS}
        dark = frame.is_dark()
        chart.show(
            say("Lamps by date"), figures.lamps(counts, colours, dark=dark), lambda: counts,
            runs[0].dataset, "lamps",
        )  # fmt: skip
    widget.show(_table(counts, int(decided.sum())), width="stretch")


def _changes(
    dataset: str, told: Mapping[dt.date, pd.DataFrame], rules: Rules, day: dt.date, level: Level
) -> None:
    """Parcels whose lamp is another one than on the day before among those asked."""
    earlier = [other for other in told if other < day]
    if not earlier:
        st.caption(say("No earlier day was asked."))
        return
    changed = lamps.changes(lamps.lamps(told, rules), max(earlier), day)
    names, rows = words.names(dataset, level), told[day].set_index(lamps.KEYS)
    st.caption(
        say("{n} lamps are others than by {day}.",
            n=number(len(changed)), day=date(max(earlier)))
    )  # fmt: skip
    places = list(zip(changed["zone_id"], changed["parcel_id"], strict=True))
    shown = pd.DataFrame(
        {
            say("Before"): [words.word(name) for name in changed["before"]],
            say("Now"): [words.word(name) for name in changed["after"]],
            say("Declared"): [
                names[rows.loc[p, "declared"]] if p in rows.index else "" for p in places
            ],
            say("Zone"): [wording.place(zone) for zone in changed["zone_id"]],
            say("Parcel"): [parcel.named(dataset, str(zone), int(i)) for zone, i in places],
        }
    )
    widget.show(shown, width="stretch", height=300)
    chart.button(say("Changes (CSV)"), lambda: shown, dataset, "changes", day.isoformat())


def _by_date(runs: Sequence[RunInfo]) -> None:
    scores = dict(zip(run_pair.names_of(runs), map(_scores, runs), strict=True))
    parcels = {name: table[table["unit"] == "parcel"] for name, table in scores.items()}
    left, right = st.columns(2, gap="medium")
    with left:
        chart.show(
            say("Parcels named right, by date"), figures.by_date(parcels, dark=frame.is_dark()),
            lambda: pd.concat([t.assign(model=n) for n, t in scores.items()]), runs[0].dataset,
            "by-date",
        )  # fmt: skip
    with right:
        for name, table in scores.items():
            with st.expander(name, expanded=len(scores) == 1):
                widget.show(_of_units(table), width="stretch")
    for name, run in zip(scores, runs, strict=True):
        st.markdown(f"**{literal(say('From when on {model} names a class', model=name))}**")
        widget.show(_named(run), width="stretch", height=240)


def _clouds(runs: Sequence[RunInfo], day: dt.date) -> None:
    """What clouds cost: by the number of clear dates, and with each period under cloud."""
    dataset = runs[0].dataset
    for name, run in zip(run_pair.names_of(runs), runs, strict=True):
        decided = data.store().calibration(run.by(day))
        about = data.description(dataset)
        start = evaluation.counted_from(about.season, day, about.zones[0].grid)
        clear = data.clear_by_parcel(dataset, tuple(decided["zone_id"].unique()), start, day)
        table = evaluation.by_clear_dates(decided, clear.set_index(lamps.KEYS)["clear"])
        left, right = st.columns(2, gap="medium")
        with left:
            title = say(
                "{model}: parcels named right, by clear dates since {day}", model=name,
                day=date(start),
            )  # fmt: skip
            st.markdown(f"**{literal(title)}**")
            widget.show(_clear(table), width="stretch")
        with right:
            lost = data.store().without_periods(run.run_id)
            st.markdown(
                f"**{literal(say('{model}: lost with one period under cloud', model=name))}**"
            )
            if lost:
                widget.show(_lost(lost), width="stretch", height=240)
            else:
                st.caption(literal(say("`{command}` measures it.",
                    command=f"python -m cropdash season {run.run_id} --without")))  # fmt: skip


def _clear(table: pd.DataFrame) -> pd.DataFrame:
    ends = zip(table["low"], table["high"], strict=True)
    return pd.DataFrame(
        {
            say("Clear dates"): [f"{number(int(low))} – {number(int(high))}" for low, high in ends],
            say("Parcels"): [number(int(n)) for n in table["parcels"]],
            say("Named right"): [probability(p) for p in table["accuracy"]],
        }
    )


def _lost(rows: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    ends = [
        " – ".join(number(100 * row[f"lost_{end}"], "+.1f") for end in ("low", "high"))
        for row in rows
    ]
    return pd.DataFrame(
        {
            say("Period"): [wording.period(str(row["period"])) for row in rows],
            say("Lost [points]"): [number(100 * row["lost"], "+.1f") for row in rows],
            say("95 % over zones"): ends,
        }
    )


def _of_units(table: pd.DataFrame) -> pd.DataFrame:
    units = {"pixel": say("Pixel"), "parcel": say("Parcel"), "hectare": say("Hectare")}
    columns = {"accuracy": say("Accuracy"), "macro_f1": say("Macro F1"), "ece": say("Calibration error"),
               "ece_by_chance": say("Of it by chance"), "covered": say("In sets")}  # fmt: skip
    shown = {
        say("Date"): [date(dt.date.fromisoformat(d)) for d in table["as_of"]],
        say("Unit"): [units[u] for u in table["unit"]],
    }
    for name, word in columns.items():
        known = table[name] if name in table else [float("nan")] * len(table)
        shown[word] = ["–" if v != v else number(v, ".3f") for v in known]
    return pd.DataFrame(shown)


def _named(run: RunInfo) -> pd.DataFrame:
    decided = {day: data.store().calibration(run.by(day)) for day in run.days}
    table = evaluation.first_named(decided).sort_values(["named_from", "parcels"])
    names = words.names(run.dataset, "class")

    def told(moment: Any) -> str:
        return "–" if pd.isna(moment) else date(moment)

    between = zip(table["named_low"], table["named_high"], strict=True)
    return pd.DataFrame(
        {
            say("Class"): [names[k] for k in table["class_id"]],
            say("Parcels"): [number(int(n)) for n in table["parcels"]],
            say("Named right at last"): [probability(p) for p in table["at_last"]],
            say("Named from"): [told(m) for m in table["named_from"]],
            say("95 % over zones"): [f"{told(a)} – {told(b)}" for a, b in between],
        }
    )


def _scores(run: RunInfo) -> pd.DataFrame:
    """Scores of a run by date and unit; see `evaluate.season.by_date`."""
    dated = {day: run.by(day) for day in run.days}
    found = {
        day: scores for day, name in dated.items() if (scores := data.store().run(name).scores)
    }
    return evaluation.by_date(
        found,
        {day: data.store().confusions(dated[day]) for day in found},
        {day: data.store().calibration(dated[day]) for day in found},
        data.legend(run.dataset).n_classes,
    )


def _table(counts: pd.DataFrame, wrong: int) -> pd.DataFrame:
    columns = {
        "photographs": say("Photographs"), "visits": say("Visits"),
        "waiting": say("Waiting for a visit"), "cost": say("Cost"),
    }  # fmt: skip
    table = pd.DataFrame({say("Date"): [date(day) for day in counts["as_of"]]})
    for name, word in columns.items():
        table[word] = [number(round(value)) for value in counts[name]]
    if wrong:
        found = [lamps.share(int(n), wrong) for n in counts["caught"]]
        table[say("Found of those decided")] = [
            f"{probability(p)} ({probability(low)} – {probability(high)})" for p, low, high in found
        ]
    return table
