"""One parcel, or two side by side: facts and series."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from cropdash import language, legend
from cropdash.figures import palette, series
from cropdash.language import label, number, say
from cropdash.ui import data, frame
from cropdash.ui import maps as component
from cropdash.ui.explore import choices
from cropdash.ui.explore.names import crop_name


def _values() -> dict[str, str]:
    """Readable name of each value that a series can show."""
    return {
        name: "NDVI" if name == "NDVI" else say("Reflectance {band}", band=name)
        for name in series.INDICES
    }


def parcel_panel(dataset: str, zone: str) -> None:
    """Series and facts of the selected parcel, and of a second one to compare with."""
    left, right = st.columns(2)
    with left:
        first = component.choose_parcel(dataset, zone)
    if first is None:
        st.info(
            say("Click a parcel on the map, or choose one above, to see its year."),
            icon=":material/touch_app:",
        )
        return
    with right:
        other = choices.choose_second(dataset, zone)
    chosen = [first] if other is None else [first, other]
    values, picks = st.columns(2)
    with values:
        index = choices.box_of(say("Value"), "value", _values())
    with picks:
        choices.choose_picks()
    series_chart(dataset, zone, chosen, index)
    if other is None:
        facts(dataset, zone, first)
    else:
        _side_by_side(dataset, zone, chosen)


def facts(dataset: str, zone: str, parcel: int) -> None:
    """Crop in both languages, code, area, and how usual its year is."""
    table = data.parcels(dataset, zone)
    row = table[table["parcel_id"] == parcel].iloc[0]
    crop = legend.load().classes[row["crop"]]
    code = legend.load().codes.get(row["code"])
    french = language.current() == "fr"
    both = (code.label_fr if french else f"{code.label_en} ({code.label_fr})") if code else None
    declared = both or say("a code that the legend lacks")
    other = crop.label_en if french else crop.label_fr
    st.markdown(f"**{label(crop)}** · {other}")
    usual = _usual(dataset, zone, row)
    facts = [
        say("Declared {code}, {crop}", code=row["code"] or "–", crop=declared),
        f"{number(row['area_ha'], ',.2f')} ha",
        say("{n} pixels", n=number(row["n_pixels"])),
        say("register id {id}", id=row["register_id"]),
    ]
    if usual:
        facts.append(say("{n} observed months within the 10–90 % range of its crop", n=usual))
    st.caption(" · ".join(facts))


def series_chart(dataset: str, zone: str, chosen: Sequence[int], index: str = "NDVI") -> None:
    """A value of the chosen parcels by month, against the class of the first."""
    table, parcels = data.series(dataset, zone), data.parcels(dataset, zone).set_index("parcel_id")
    lines = [
        series.Line(_named(i, parcels.loc[i, "crop"]), table.loc[[i]], colour)
        for i, colour in zip(chosen, palette.model_colours(frame.is_dark()), strict=False)
        if i in table.index
    ]
    if not lines:
        st.warning(
            say("This parcel is too small to hold a pixel: it has no series. Choose another.")
        )
        return
    crop = int(parcels.loc[chosen[0], "crop"])
    usual = data.seasons(dataset, index)
    band, name = usual[usual["crop"] == crop], crop_name(crop)
    title = _title(_values()[index], chosen, name.lower())
    st.markdown(f"**{title}**")
    figure = series.parcel_series(lines, band, name, index=index, dark=frame.is_dark())
    st.plotly_chart(figure, theme=None, width="stretch", key="series", alt=title)
    st.download_button(
        say("Series (CSV)"),
        lambda: data.csv(pd.concat([line.series for line in lines])),
        f"{dataset}_{zone}_parcel_{'_'.join(map(str, chosen))}.csv",
        "text/csv",
        icon=":material/download:",
        on_click="ignore",
    )


def _parcel(parcel: int) -> str:
    return say("Parcel {id}", id=parcel)


def _named(parcel: int, crop: int) -> str:
    return say("Parcel {id}: {crop}", id=parcel, crop=crop_name(int(crop)))


def _title(value: str, chosen: Sequence[int], crop: str) -> str:
    if len(chosen) == 1:
        return say(
            "{value} of parcel {id}, and of all {crop} parcels of the dataset",
            value=value, id=chosen[0], crop=crop,
        )  # fmt: skip
    return say(
        "{value} of parcels {id} and {other}, and of all {crop} parcels of the dataset",
        value=value, id=chosen[0], other=chosen[1], crop=crop,
    )  # fmt: skip


def _side_by_side(dataset: str, zone: str, chosen: Sequence[int]) -> None:
    """Facts of two parcels in two columns."""
    table = data.parcels(dataset, zone).set_index("parcel_id", drop=False)
    rows, items = [table.loc[i] for i in chosen], legend.load().classes
    lines = [
        f"| | {' | '.join(f'**{_parcel(i)}**' for i in chosen)} |",
        "| --- | --- | --- |",
        _line(say("Crop"), [crop_name(row["crop"]) for row in rows]),
        _line(say("In French"), [items[int(row["crop"])].label_fr.split(" (")[0] for row in rows]),
        _line(say("Declared code"), [row["code"] or "–" for row in rows]),
        _line(say("Area"), [f"{number(row['area_ha'], ',.2f')} ha" for row in rows]),
        _line(say("Pixels"), [number(row["n_pixels"]) for row in rows]),
        _line(say("Usual months"), [_usual(dataset, zone, row) or "–" for row in rows]),
    ]
    st.markdown("\n".join(lines))
    st.caption(say("Usual: observed months in which NDVI lies in the 10–90 % range of the crop."))
    st.button(say("Swap the two"), icon=":material/swap_horiz:", on_click=choices.swap)


def _line(name: str, cells: Sequence[str]) -> str:
    return f"| {name} | {' | '.join(cells)} |"


def _usual(dataset: str, zone: str, row: pd.Series) -> str:
    """How many of the parcel's observed months lie where those of its class do."""
    table, parcel, crop = data.series(dataset, zone), int(row["parcel_id"]), int(row["crop"])
    usual = data.seasons(dataset)
    band = usual[usual["crop"] == crop]
    if crop == 0 or parcel not in table.index or band.empty:
        return ""
    inside, seen = series.months_within(table.loc[[parcel]], band)
    return say("{i} of {n}", i=inside, n=seen)
