"""Behind a cell of the matrices: its parcels as a list and on a map, and when its classes differ."""

from __future__ import annotations

from typing import Any

import pandas as pd
import streamlit as st

from cropdash import i18n
from cropdash.domain import Level
from cropdash.figures import wording
from cropdash.i18n import number, probability, say
from cropdash.ui.compare import parcel_map, seasons
from cropdash.ui.compare.controls import group_labels
from cropdash.ui.compare.counting import Choice, Names, Runs, Scored
from cropdash.ui.compare.tables import Cell, confused_cells, parcels_of_cell
from cropdash.ui.shell import address
from cropdash.ui.shell.literal import literal
from cropdash.ui.widgets import chart
from cropdash.ui.widgets import table as widget

_LISTED = 60  # confusions that can be chosen from the box
_LIST, _MAP = 250, 480  # [px] height of list and map


def current(scored: Scored, level: Level) -> str | None:
    """The address's cell if either matrix holds it, else the most frequent confusion."""
    wanted = st.query_params.get("cell")
    left, right = scored.totals_at(level)
    cell = _parsed(wanted, left.n_classes)
    if cell is not None and left.counts[cell] + right.counts[cell] > 0:
        return wanted
    frequent = confused_cells(scored, level)
    return None if frequent.empty else f"{frequent['truth'][0]}-{frequent['predicted'][0]}"


def show(runs: Runs, names: Names, scored: Scored, choice: Choice, cell: str | None) -> None:
    """The chosen cell: its parcels, where they lie, and the seasons of its classes."""
    if cell is None:
        st.info(say("Neither model confuses anything here."))
        return
    st.markdown(f"### {say('The parcels behind a cell')}")
    chosen = _box(runs, scored, choice, names, cell)
    parcels = parcels_of_cell(runs, chosen, choice.zones, choice.level)
    if parcels.empty:
        st.info(say("No whole parcel stands behind this cell: single pixels of other parcels do."))
        seasons.show(runs, parcels, chosen, choice.level)
        return
    st.caption(_counted(parcels, names))
    _list(runs, names, parcels)
    left, right = st.columns([5, 6], gap="medium")
    with left:
        parcel_map.show(runs, names, parcels, _MAP)
    with right:
        seasons.show(runs, parcels, chosen, choice.level)


def _box(runs: Runs, scored: Scored, choice: Choice, names: Names, cell: str) -> Cell:
    """The confusions in order of frequency: the matrices' twin for the keyboard."""
    table = confused_cells(scored, choice.level).head(_LISTED)
    rows = {f"{r.truth}-{r.predicted}": r for r in table.itertuples()}
    options = [*rows] if cell in rows else [cell, *rows]
    key = "address:cell"
    st.session_state[key] = cell
    labels, totals = group_labels(runs[0].dataset, choice.level), scored.totals_at(choice.level)

    def said(option: str) -> str:
        truth, predicted = map(int, option.split("-"))
        counts = [number(t.counts[truth, predicted], ",.0f") for t in totals]
        numbers = f"({names[0]} {counts[0]}, {names[1]} {counts[1]})"
        if truth == predicted:
            return say("{crop}, named rightly", crop=labels[truth]) + f" {numbers}"
        called = say("{declared} called {named}", declared=labels[truth], named=labels[predicted])
        return f"{called} {numbers}"

    chosen = st.selectbox(
        say("Declared and named, most frequent first"), options, format_func=said, key=key,
        on_change=address.follow(key, "cell"),
    )  # fmt: skip
    truth, predicted = map(int, str(chosen).split("-"))
    return truth, predicted


def _counted(parcels: pd.DataFrame, names: Names) -> str:
    if len(parcels) == 1:
        who = {"left": names[0], "right": names[1], "both": say("both")}[parcels["by"][0]]
        return say("One parcel, called so by {who}.", who=who)
    by = parcels["by"].value_counts()
    return say(
        "{n} parcels, the surest first: {both} by both, {a} by {left} alone, {b} by {right} alone.",
        n=number(len(parcels)), both=number(int(by.get("both", 0))),
        a=number(int(by.get("left", 0))), left=names[0],
        b=number(int(by.get("right", 0))), right=names[1],
    )  # fmt: skip


def _list(runs: Runs, names: Names, parcels: pd.DataFrame) -> None:
    """Parcels with both answers; a selected row goes to the map."""
    table, columns = _readable(runs, names, parcels)

    def choose() -> None:
        rows = st.session_state["cell_parcels"]["selection"]["rows"]
        if rows:
            row = parcels.iloc[rows[0]]
            parcel_map.go_to(runs[0].dataset, str(row["zone_id"]), int(row["parcel_id"]))

    forms: dict[str, widget.Form] = {
        say("Parcel"): widget.PLAIN,
        **{f"{name} %": probability for name in names},
    }
    widget.show(
        table, forms, columns=columns, width="stretch", height=_LIST,
        key="cell_parcels", on_select=choose, selection_mode="single-row",
    )  # fmt: skip
    chart.button(say("Parcels (CSV)"), lambda: parcels, runs[0].dataset, "parcels_of_cell")


def _readable(
    runs: Runs, names: Names, parcels: pd.DataFrame
) -> tuple[pd.DataFrame, dict[str, Any]]:
    dataset = runs[0].dataset
    labels = group_labels(dataset, "class")
    links = "&left=" + runs[0].run_id + "&right=" + runs[1].run_id + _language()
    ids = [
        f"dataset={dataset}&zone={z}&parcel={p}"
        for z, p in zip(parcels["zone_id"], parcels["parcel_id"], strict=True)
    ]
    table = {
        say("Zone"): [wording.place(z) for z in parcels["zone_id"]],
        say("Parcel"): parcels["parcel_id"],
        say("Area [ha]"): parcels["area_ha"],
        names[0]: [labels[k] for k in parcels["left"]],
        f"{names[0]} %": parcels["left_confidence"],
        names[1]: [labels[k] for k in parcels["right"]],
        f"{names[1]} %": parcels["right_confidence"],
        say("Map"): [f"/Map?{i}{links}" for i in ids],
        say("Explore"): [f"/Explore?{i}{_language()}" for i in ids],
    }
    sure = {
        f"{name} %": st.column_config.NumberColumn(
            "%", help=literal(say("Confidence of {name}", name=name))
        )
        for name in names
    }
    columns = {
        **sure,
        say("Map"): st.column_config.LinkColumn(display_text=say("Map")),
        say("Explore"): st.column_config.LinkColumn(display_text=say("Explore")),
    }
    return pd.DataFrame(table), columns


def _language() -> str:
    spoken = st.query_params.get("lang")
    return f"&lang={spoken}" if spoken in i18n.LANGUAGES else ""


def _parsed(text: str | None, n: int) -> Cell | None:
    parts = (text or "").split("-")
    if len(parts) != 2 or not all(p.isascii() and p.isdigit() and len(p) < 4 for p in parts):
        return None
    truth, predicted = map(int, parts)
    return (truth, predicted) if max(truth, predicted) < n else None
