"""The season of two classes, of parcels taken for one another, and the periods that tell them apart."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from cropdash.domain import Level
from cropdash.evaluate.confusion_cells import separating_periods
from cropdash.figures import palette, standing, wording
from cropdash.i18n import say
from cropdash.ui.compare.controls import group_labels
from cropdash.ui.compare.counting import Runs
from cropdash.ui.compare.tables import Cell
from cropdash.ui.shell import data, frame
from cropdash.ui.shell.literal import literal
from cropdash.ui.widgets import chart

_LARGE = 0.8  # Cohen's d from which on an effect is called large
_MARKED = 2  # periods


def show(runs: Runs, parcels: pd.DataFrame, cell: Cell, level: Level) -> None:
    """NDVI of both classes, the confused parcels among them, and when they differ most."""
    dataset = runs[0].dataset
    table = years(dataset, data.fingerprint(dataset))
    groups, labels = data.legend(dataset).group_of(level), group_labels(dataset, level)
    periods = [c for c in table.columns if c not in ("crop", "zone_id", "parcel_id")]
    group = groups[table["crop"].to_numpy()]
    sides = [table.loc[group == k, periods] for k in dict.fromkeys(cell)]
    marked: list[str] = []
    if len(sides) == 2:
        ranked = separating_periods(sides[0].to_numpy(), sides[1].to_numpy(), periods)
        marked = best(ranked)
        st.markdown(
            _difference_said(ranked, marked, (literal(labels[cell[0]]), literal(labels[cell[1]])))
        )
    colours = palette.model_colours(frame.is_dark())
    bands = [
        (labels[k], _band(side), colour)
        for k, side, colour in zip(dict.fromkeys(cell), sides, colours, strict=False)
        if len(side)
    ]
    behind = table.merge(parcels[["zone_id", "parcel_id"]], on=["zone_id", "parcel_id"])
    mean = behind[periods].mean().rename("mean").rename_axis("period").reset_index()
    name = say("Mean of the {n} parcels of this cell", n=len(behind))
    figure = standing.two_seasons(
        bands, (name, mean.dropna()) if len(behind) else None, marked, dark=frame.is_dark()
    )
    title = say(
        "NDVI of {crops} over all parcels of the dataset", crops=", ".join(b[0] for b in bands)
    )
    if marked:
        title += say("; grey: the periods that tell them apart best")
    rows = [
        side.assign(group=labels[k]) for k, side in zip(dict.fromkeys(cell), sides, strict=True)
    ]
    home = pd.concat([_band(r[periods]).assign(group=r["group"].iloc[0]) for r in rows if len(r)])
    chart.show(title, figure, lambda: home, dataset, "seasons_of_cell")


def best(ranked: pd.DataFrame) -> list[str]:
    """The periods that tell two classes apart best, in order; none if none is defined."""
    return sorted(ranked.dropna(subset=["effect"]).head(_MARKED)["period"])


@st.cache_resource(max_entries=4, show_spinner=False)
def years(dataset: str, fingerprint: str) -> pd.DataFrame:
    """zone_id, parcel_id, crop and one column of mean NDVI per period: parcels of all built zones.

    Shared between sessions: read, never change.
    """
    tables = []
    for zone in data.zones(dataset):
        series = data.store().series(dataset, zone.zone_id)
        wide = series.pivot(index="parcel_id", columns="period", values="NDVI_mean").reset_index()
        tables.append(wide.assign(zone_id=zone.zone_id))
    facts = data.parcel_facts(dataset)[["zone_id", "parcel_id", "crop"]]
    return pd.concat(tables, ignore_index=True).merge(facts, on=["zone_id", "parcel_id"])


def _band(side: pd.DataFrame) -> pd.DataFrame:
    """period, p10, p50, p90 of parcels (rows) by period (columns)."""
    table = side.quantile([0.1, 0.5, 0.9]).T
    table.columns = ["p10", "p50", "p90"]
    return table.rename_axis("period").reset_index()


def _difference_said(ranked: pd.DataFrame, marked: list[str], names: tuple[str, str]) -> str:
    if not marked:
        return say("There are too few parcels of these classes to tell when they differ.")
    words = [wording.period(period, with_year=False) for period in marked]
    when = say(" and ").join(words)
    strongest = float(ranked["effect"].abs().max())
    values = {"one": names[0], "other": names[1], "periods": when}
    if strongest < _LARGE:
        return say(
            "NDVI of **{one}** and **{other}** never differs much; most in **{periods}**: no date "
            "alone tells them apart.",
            **values,
        )
    return say("NDVI of **{one}** and **{other}** differs most in **{periods}**.", **values)
