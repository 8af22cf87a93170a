"""One doubtful declaration with its evidence: words, place, year, both models' answers."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import numpy as np
import pandas as pd
import streamlit as st

from cropdash import i18n
from cropdash.domain import Level, Period, Zone
from cropdash.figures import maps, palette, series, wording
from cropdash.i18n import number, say
from cropdash.storage.store import RunInfo
from cropdash.ui.review import deciding, listing, words
from cropdash.ui.shell import data, frame
from cropdash.ui.shell.literal import literal
from cropdash.ui.widgets import chart, choices, parcel_answers, pictures, run_pair
from cropdash.ui.widgets import parcel as parcel_card
from cropdash.ui.widgets import parcel_map as component

_HEIGHT = 380  # [px] of the map


def choose(rows: pd.DataFrame, whole: pd.DataFrame) -> pd.Series | None:
    """The parcel of the address; without one, the most doubtful of the list, None if that is empty."""
    case = _chosen(rows, whole)
    if case is not None:
        _steps(rows, case)
    return case


def place_and_year(case: pd.Series, runs: Sequence[RunInfo], level: Level) -> None:
    """The parcel on its map, and its year against what was declared and what is suggested.

    Of runs that answer by a day nothing is shown that came after it.
    """
    dataset, zone, parcel = runs[0].dataset, str(case["zone_id"]), int(case["parcel_id"])
    place = {z.zone_id: z for z in data.zones(dataset)}[zone]
    day = runs[0].as_of
    periods = _over(data.periods(dataset), day)
    bands = _bands(dataset, case, level, day)
    _map(dataset, place, parcel, _telling_period(dataset, bands, periods), day)
    table = data.series(dataset, zone) if day is None else data.series_by(dataset, zone, day)
    _series(dataset, zone, parcel, bands, table)


def _over(periods: Sequence[str], day: dt.date | None) -> list[str]:
    """Those of the periods that are over at the end of the day; all without one."""
    return [period for period in periods if day is None or Period.of(period).end <= day]


def evidence(case: pd.Series, rows: pd.DataFrame, runs: Sequence[RunInfo], level: Level) -> None:
    """What speaks against the declaration, the analyst's decision, both models' answers."""
    dataset, zone, parcel = runs[0].dataset, str(case["zone_id"]), int(case["parcel_id"])
    own = parcel_card.named(dataset, zone, parcel)
    title = say("Parcel {id} in {zone}", id=own, zone=wording.place(zone))
    frame.heading(f"{literal(title)} · {words.light(str(case['light']))}")
    called = words.names(dataset, level)
    reasons = words.reasons(case, run_pair.names_of(runs), called)
    st.markdown("\n".join(f"- {reason}" for reason in reasons))
    deciding.ask(case, rows, runs, level)
    if len(runs) == 2:
        place = {z.zone_id: z for z in data.zones(dataset)}[zone]
        parcel_answers.probabilities_chart(
            run_pair.Pair(dataset, place, (runs[0], runs[1])), parcel
        )
    parcel_card.facts(dataset, zone, parcel, year=runs[0].as_of is None)
    _links(dataset, zone, str(case["register_id"]))


def _chosen(rows: pd.DataFrame, whole: pd.DataFrame) -> pd.Series | None:
    at = listing.position(whole)
    if at >= 0:
        return whole.iloc[at]
    return rows.iloc[0] if len(rows) else None


def _steps(rows: pd.DataFrame, case: pd.Series) -> None:
    """To the one before and the one after in the list."""
    named = (str(case["register_id"]), str(case["parcel_id"]))
    there = st.query_params.get("parcel") in named
    here = listing.position(rows) if there else 0  # without one in the address it is the first
    line = st.container(horizontal=True, wrap=False, vertical_alignment="center")
    line.button(
        say("Before"), icon=":material/arrow_back:", width="content", disabled=here < 1,
        on_click=lambda: listing.open_parcel(rows.iloc[here - 1]), key="review:before", shortcut="k",
    )  # fmt: skip
    if here >= 0:
        line.caption(say("{i} of {n}", i=number(here + 1), n=number(len(rows))))
    else:
        line.caption(say("Not in the list as it is filtered now"))
    line.button(
        say("Next"), icon=":material/arrow_forward:", width="content",
        disabled=here + 1 >= len(rows),
        on_click=lambda: listing.open_parcel(rows.iloc[here + 1]), key="review:next", shortcut="j",
    )  # fmt: skip


def _bands(
    dataset: str, case: pd.Series, level: Level, day: dt.date | None
) -> list[tuple[str, pd.DataFrame, str]]:
    """NDVI bands of what was declared and of what is suggested: (name, table, colour)."""
    table = data.seasons(dataset) if day is None else data.seasons_seen(dataset)
    table = table[table["period"].isin(_over(data.periods(dataset), day))]
    groups = np.asarray(data.legend(dataset).group_of(level))
    called, colours = words.names(dataset, level), palette.model_colours(frame.is_dark())
    out = []
    for name, colour in zip(("declared", "suggested"), colours, strict=True):
        members = np.flatnonzero(groups == int(case[name]))
        rows = table[table["crop"].isin(members)]
        if len(rows):
            commonest = rows.groupby("crop")["n_parcels"].sum().idxmax()
            out.append((called[int(case[name])], rows[rows["crop"] == commonest], colour))
    return out


def _telling_period(
    dataset: str, bands: Sequence[tuple[str, pd.DataFrame, str]], periods: Sequence[str]
) -> str:
    """Of the periods that in which the two bands lie furthest apart, by their own widths."""
    if len(bands) < 2:
        usual = choices.standing(dataset)
        return usual if usual in periods else periods[-1]
    one, two = (table.set_index("period").reindex(list(periods)) for _, table, _ in bands)
    width = (one["p90"] - one["p10"] + two["p90"] - two["p10"]).clip(lower=0.02)
    apart = ((one["p50"] - two["p50"]).abs() / width).fillna(0.0)
    return str(apart.idxmax())


def _map(dataset: str, zone: Zone, parcel: int, period: str, day: dt.date | None) -> None:
    name, picture = zone.zone_id, pictures.url(dataset, zone, period, day=day)
    drawn = maps.zone_map(
        zone.grid, component.parcels_url(dataset, name), [maps.Panel("", base=picture)]
    )
    told = say("The zone in {period}, when the two differ most", period=wording.period(period))
    st.markdown(f"**{told}**")
    state = {"selected": parcel, "base": picture, "fill": 0, "focus": True}
    key = f"review:{dataset}:{name}:{i18n.current()}"
    with st.container(key="review_map"):
        component.show(drawn, maps.command(state), key=key, of=(dataset, name), height=_HEIGHT)


def _series(
    dataset: str,
    zone: str,
    parcel: int,
    bands: Sequence[tuple[str, pd.DataFrame, str]],
    table: pd.DataFrame,
) -> None:
    if parcel not in table.index:
        return
    ink = palette.of_theme(frame.is_dark()).text
    own = parcel_card.named(dataset, zone, parcel)
    line = series.Line(say("Parcel {id}", id=own), table.loc[[parcel]], ink)
    title = say(
        "NDVI of parcel {id} against what was declared and what is suggested, {season}",
        id=own, season=wording.season(data.description(dataset).season),
    )  # fmt: skip
    chart.draw(title, series.against_two(line, bands, dark=frame.is_dark()), "review:series")
    chart.button(say("Series (CSV)"), lambda: table.loc[[parcel]], dataset, zone, "parcel", parcel)


def _links(dataset: str, zone: str, own: str) -> None:
    where = {"dataset": dataset, "zone": zone, "parcel": own}
    for name, column in zip(("Explore", "Map"), st.columns(2), strict=True):
        with column:
            frame.link(name, where)
