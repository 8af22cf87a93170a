"""Parts of the Explore page."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import pandas as pd
import streamlit as st

from cropdash import legend
from cropdash.domain import Zone
from cropdash.figures import imagery, maps, palette, series
from cropdash.figures.classes import UNITS
from cropdash.ui import data, frame
from cropdash.ui import maps as component

HEIGHT = 560  # [px] of the map
ALL = "All"


@dataclass(frozen=True)
class Choice:
    """What the map shows."""

    period: str
    mode: str
    fill: float
    only: tuple[int, ...]  # classes to which the parcels are narrowed; none = all


def zone_name(zones: Mapping[str, Zone]) -> Callable[[str], str]:
    """Readable name of a zone: its id and its side of the split."""
    return lambda i: f"{i.replace('_', ' ').capitalize()} ({zones[i].split})" if i in zones else i


def middle(periods: Sequence[str]) -> str:
    """A month in which crops stand: May in a calendar year."""
    return periods[min(4, len(periods) - 1)]


def controls(dataset: str, zone: str) -> Choice:
    """Month, picture, fill and crops of the map."""
    periods = data.cube(dataset, zone).periods
    month = st.select_slider("Month", periods, value=middle(periods), key="month")
    picture, shade = st.columns([3, 2])
    with picture:
        mode = st.segmented_control(
            "Picture", list(imagery.MODES), default="true_colour", required=True,
            format_func=imagery.MODES.__getitem__, key="mode",
        )  # fmt: skip
    with shade:
        fill = st.slider(
            "Crop colours", 0.0, 1.0, 0.35, 0.05, key="fill", help="Opacity of the parcels' fill."
        )
    return Choice(str(month), str(mode), float(fill), _crops(dataset, zone))


def zone_map(dataset: str, zone: Zone, choice: Choice) -> None:
    """The zone's imagery with its parcels; a click selects a parcel."""
    name, mark = zone.zone_id, data.fingerprint(dataset)

    def picture(period: str, mode: str) -> str:
        cube = data.cube(dataset, name)
        return component.picture(
            f"{dataset}/{name}/{mark}/{period}/{mode}",
            lambda: imagery.png(imagery.composite(cube, period, mode), cube.grid),
        )

    # The month on the map's own script stays the same, so that sliding never reloads the map.
    first = picture(middle(data.cube(dataset, name).periods), "true_colour")
    url = component.parcels_url(dataset, name)
    chart = maps.zone_map(zone.grid, url, [maps.Panel("", base=first)], HEIGHT)
    command = maps.command(
        {
            "selected": component.selected(dataset, name),
            "base": picture(choice.period, choice.mode),
            "fill": choice.fill,
            "only": choice.only,
        }
    )
    component.show(chart, command, key=f"explore:{dataset}:{name}", height=HEIGHT)


def parcel_panel(dataset: str, zone: str, parcel: int | None) -> None:
    """Facts and series of the selected parcel, and of a second one to compare with."""
    if parcel is None:
        st.info("Click a parcel to see its year.", icon=":material/touch_app:")
        return
    facts(dataset, zone, parcel)
    other = _compared_with(dataset, zone, parcel)
    series_chart(dataset, zone, [parcel] if other is None else [parcel, other])


def facts(dataset: str, zone: str, parcel: int) -> None:
    """Crop in both languages, code, area."""
    table = data.parcels(dataset, zone)
    row = table[table["parcel_id"] == parcel].iloc[0]
    crop = legend.load().classes[row["crop"]]
    code = legend.load().codes.get(row["code"])
    declared = f"{code.label_en} ({code.label_fr})" if code else "a code that the legend lacks"
    st.markdown(f"**{crop.label_en}** · {crop.label_fr}")
    st.caption(
        f"Declared {row['code'] or '–'}, {declared} · {row['area_ha']:,.2f} ha · "
        f"{row['n_pixels']:,} pixels · register id {row['register_id']}"
    )


def series_chart(dataset: str, zone: str, chosen: Sequence[int]) -> None:
    """NDVI of the chosen parcels against the class of the first."""
    table, parcels = data.series(dataset, zone), data.parcels(dataset, zone).set_index("parcel_id")
    items = legend.load().classes
    lines = [
        series.Line(f"Parcel {i}: {items[parcels.loc[i, 'crop']].label_en}", table.loc[[i]], colour)
        for i, colour in zip(chosen, palette.model_colours(frame.is_dark()), strict=False)
        if i in table.index
    ]
    if not lines:
        st.warning("This parcel is too small to hold a pixel: it has no series.")
        return
    crop = items[parcels.loc[chosen[0], "crop"]]
    usual = data.class_series(dataset)
    band = usual[usual["crop"] == crop.id]
    title = f"NDVI of parcel {chosen[0]}, and of all {crop.label_en.lower()} parcels of the dataset"
    st.markdown(f"**{title}**")
    figure = series.parcel_series(lines, band, crop.label_en, dark=frame.is_dark())
    st.plotly_chart(figure, theme=None, width="stretch", key="series", alt=title)
    st.download_button(
        "Series (CSV)",
        data.csv(pd.concat([line.series for line in lines])),
        f"{dataset}_{zone}_parcel_{chosen[0]}.csv",
        "text/csv",
        icon=":material/download:",
    )


def filter_counts(counts: pd.DataFrame) -> tuple[pd.DataFrame, str, str]:
    """Class counts of a region and split, the unit, and a sentence that says so."""
    first, second, third = st.columns(3)
    with first:
        unit = st.segmented_control(
            "Unit", list(UNITS), default="pixels", required=True,
            format_func=str.capitalize, key="unit",
        )  # fmt: skip
    with second:
        split = st.segmented_control(
            "Zones", [ALL, "train", "test"], default=ALL, required=True,
            format_func=str.capitalize, key="split",
        )  # fmt: skip
    with third:
        regions = [ALL, *sorted(counts["region"].unique())]
        region = st.selectbox("Region", regions, format_func=_readable, key="region")
    if split != ALL:
        counts = counts[counts["split"] == split]
    if region != ALL:
        counts = counts[counts["region"] == region]
    n, which = counts["zone_id"].nunique(), "" if split == ALL else f"{split} "
    place = "all regions" if region == ALL else _readable(str(region))
    said = f"{str(unit).capitalize()} of each declared crop in {n} {which}zones of {place}"
    return counts, str(unit), said


def _compared_with(dataset: str, zone: str, parcel: int) -> int | None:
    key, names = f"compare:{dataset}:{zone}", data.parcel_names(dataset, zone)
    chosen = component.parcel_box(
        "Compare with", dataset, zone, None, key=key, placeholder="No second parcel"
    )
    other = next((i for i in names if str(i) == str(chosen).strip()), None)
    return None if other == parcel else other


def _crops(dataset: str, zone: str) -> tuple[int, ...]:
    found = data.parcels(dataset, zone)["crop"].value_counts()
    items = legend.load().classes
    chosen = st.multiselect(
        "Crops", found.index.tolist(), placeholder="All crops", key=f"crops:{dataset}:{zone}",
        format_func=lambda k: f"{items[k].label_en} ({found[k]:,})",
        help="Parcels of other crops fade; their number in this zone stands in brackets.",
    )  # fmt: skip
    return tuple(chosen)


def _readable(region: str) -> str:
    return region.replace("_", " ").capitalize()
