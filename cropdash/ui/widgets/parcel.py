"""One parcel: facts, and the chart of its year."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from cropdash import i18n
from cropdash.figures import palette, series, values, wording
from cropdash.i18n import label, number, other_label, say
from cropdash.ui.shell import data, frame
from cropdash.ui.shell.literal import literal
from cropdash.ui.widgets import chart
from cropdash.ui.widgets.names import crop_name


def named(dataset: str, zone: str, parcel: int) -> str:
    """The register's own id of a parcel."""
    return data.parcel_names(dataset, zone)[parcel].split(" · ", 1)[0]


def facts(dataset: str, zone: str, parcel: int, *, year: bool = True) -> None:
    """Crop in two languages, code, area, and, with `year`, how usual its whole season is."""
    table = data.parcels(dataset, zone)
    row = table[table["parcel_id"] == parcel].iloc[0]
    legend = data.legend(dataset)
    crop, code = legend.classes[row["crop"]], legend.codes.get(row["code"])
    meaning = literal(label(code)) if code else say("a code that the legend lacks")
    if code and (other := other_label(code)):
        meaning += f" ({literal(other)})"
    declared = f"{say('Declared')} {literal(row['code'] or '–')}"
    if not code or code.labels:  # else the legend says no more than the code
        declared += f", {meaning}"
    st.markdown(
        " · ".join(filter(None, (f"**{literal(label(crop))}**", literal(other_label(crop)))))
    )
    usual = usual_periods(dataset, zone, row) if year else None
    facts = [
        declared,
        f"{number(row['area_ha'], ',.2f')} ha",
        say("{n} pixels", n=number(row["n_pixels"])),
        say("register id {id}", id=literal(row["register_id"])),
        say("number {id} in the zone", id=parcel),
    ]
    if usual:
        facts.append(say("{n} observed periods within the 10–90 % range of its crop", n=usual))
    st.caption(" · ".join(facts))


def series_chart(dataset: str, zone: str, chosen: Sequence[int], index: str = "NDVI") -> None:
    """A value of the chosen parcels by period, against the class of the first."""
    table, parcels = data.series(dataset, zone), data.parcels(dataset, zone).set_index("parcel_id")
    own = [named(dataset, zone, i) for i in chosen]
    crops = [crop_name(dataset, int(parcels.loc[i, "crop"])) for i in chosen]
    called = (  # the crop of one alone stands in the title
        [say("Parcel {id}", id=own[0])]
        if len(chosen) == 1
        else [say("Parcel {id}: {crop}", id=i, crop=c) for i, c in zip(own, crops, strict=True)]
    )
    lines = [
        series.Line(name, table.loc[[i]], colour)
        for i, name, colour in zip(
            chosen, called, palette.model_colours(frame.is_dark()), strict=False
        )
        if i in table.index
    ]
    if not lines:
        st.warning(
            say("This parcel is too small to hold a pixel: it has no series. Choose another.")
        )
        return
    crop = int(parcels.loc[chosen[0], "crop"])
    usual = data.seasons(dataset, index)
    band, name = usual[usual["crop"] == crop], crops[0]
    title = _title(dataset, values.title(index), own, i18n.inside(name))
    figure = series.parcel_series(lines, band, name, index=index, dark=frame.is_dark())
    chart.draw(title, figure, "series")
    rows = pd.concat([line.series for line in lines])
    chart.button(say("Series (CSV)"), lambda: rows, dataset, zone, "parcel", *chosen)


def _title(dataset: str, value: str, chosen: Sequence[str], crop: str) -> str:
    season = wording.season(data.description(dataset).season)
    if len(chosen) == 1:
        return say(
            "{value} of parcel {id}, and of all {crop} parcels of the dataset, {season}",
            value=value, id=chosen[0], crop=crop, season=season,
        )  # fmt: skip
    return say(
        "{value} of parcels {id} and {other}, and of all {crop} parcels of the dataset, {season}",
        value=value, id=chosen[0], other=chosen[1], crop=crop, season=season,
    )  # fmt: skip


def usual_periods(dataset: str, zone: str, row: pd.Series) -> str:
    """How many of the parcel's observed periods lie where those of its class do."""
    table, parcel, crop = data.series(dataset, zone), int(row["parcel_id"]), int(row["crop"])
    usual = data.seasons(dataset)
    band = usual[usual["crop"] == crop]
    if crop == 0 or parcel not in table.index or band.empty:
        return ""
    inside, seen = series.periods_within(table.loc[[parcel]], band)
    return say("{i} of {n}", i=inside, n=seen)
