"""Views of how values are spread: parcel sizes, bands, seasons."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import pandas as pd
import streamlit as st
from numpy.typing import NDArray

from cropdash.domain import Zone
from cropdash.figures import histograms, parcels, series, values, wording
from cropdash.figures.values import KINDS
from cropdash.i18n import number, say, sentence
from cropdash.ui.shell import data, frame
from cropdash.ui.widgets import chart, choices
from cropdash.ui.widgets.names import ALL, crop_name

_SHAPES = {
    "crop": sentence("By crop"),
    "region": sentence("By region"),
}
_WHERE = {"zone": sentence("This zone, pixels"), "all": sentence("All zones, parcels")}
_DRAWN = 4  # crops whose histograms, or seasons, are drawn unasked
_MOST = 8  # lines that can still be told apart


@dataclass(frozen=True)
class Place:
    """Dataset and zone of the page."""

    dataset: str
    zone: str
    zones: Sequence[Zone]  # all that are built


def region_box(place: Place) -> str:
    """A region of the dataset, or all."""
    regions = sorted({z.region for z in place.zones})
    return choices.box_of(
        say("Region"), "region", {ALL: ALL} | {r: wording.place(r) for r in regions}
    )


def sizes(place: Place) -> None:
    """How large parcels are, by crop or region."""
    first, second = st.columns(2, gap="medium")
    with first:
        shape = choices.one_of(say("Sizes"), "sizes", _SHAPES)
    with second:
        region = ALL if shape == "region" else region_box(place)
    facts = data.parcel_facts(place.dataset)
    facts = facts if region == ALL else facts[facts["region"] == region]
    where = say("all regions") if region == ALL else wording.place(region)
    if facts.empty:
        st.info(say("No parcel is declared there: choose another region."))
        return
    said = say("Area of {n} parcels of {where}", n=number(len(facts)), where=where)
    table = parcels.size_table(facts, shape, data.legend(place.dataset))
    figure = parcels.size_boxes(table, shape, data.legend(place.dataset), dark=frame.is_dark())
    said += (
        say(" by crop: half of them in the box, 90 % in the whiskers")
        if shape == "crop"
        else say(" by region: half of them in the box, 90 % in the whiskers")
    )
    chart.show(said, figure, lambda: table, place.dataset, "sizes", "parcel_sizes", shape)


def histogram(place: Place) -> None:
    """How the values of bands, indices or layers are spread in a period, by crop."""
    dataset, zone = place.dataset, place.zone
    names = {kind: [v for v in data.values(dataset) if values.kind(v) == kind] for kind in KINDS}
    first, second, third = st.columns([4, 3, 3], gap="medium")
    with first:
        where = choices.one_of(say("Where"), "where", _WHERE)
    with second:
        kind = choices.one_of(say("Values"), "values", {k: KINDS[k] for k in KINDS if names[k]})
    with third:
        periods = {p: wording.period(p) for p in data.periods(dataset)}
        period = choices.box_of(say("Period"), "spread", periods, choices.period(dataset))
    in_zone = where == "zone"
    counts = _amounts(dataset, zone if in_zone else None)
    chosen = _crop_box(dataset, "lines", counts, default=counts[: _DRAWN - 1])
    found, crop = (_pixels if in_zone else _means)(dataset, zone, period, names[kind])
    groups = {say("All parcels"): crop > 0} | {crop_name(dataset, k): crop == k for k in chosen}
    table = histograms.of_bands(found, groups)
    if not (crop > 0).any():
        st.info(say("No mapped crop was seen there: choose another zone or period."))
        return
    figure = histograms.curves(
        table, _colours(dataset, chosen, True), not in_zone, dark=frame.is_dark()
    )
    covered = (
        say("pixels of {zone}", zone=wording.place(zone))
        if in_zone
        else say("parcel means of all zones")
    )
    said = say(
        "{values} in {period}, {covered}, mapped crops only",
        values=say("Reflectance") if kind == "bands" else say(KINDS[kind]),
        period=wording.period(period),
        covered=covered,
    )
    chart.show(said, figure, lambda: table, dataset, "bands", kind, period, where)


def seasons(place: Place) -> None:
    """The mean year of several crops."""
    first, second = st.columns(2, gap="medium")
    with first:
        index = choices.value(place.dataset, ":seasons")
    with second:
        region = region_box(place)
    table = data.seasons(place.dataset, index, None if region == ALL else region)
    counts = table[table["crop"] > 0].groupby("crop")["n_parcels"].max()
    ordered = [int(k) for k in counts.sort_values(ascending=False, kind="stable").index]
    chosen = _crop_box(place.dataset, "lines", ordered, default=ordered[:_DRAWN])
    rows = table[table["crop"].isin(chosen)]
    if rows.empty:
        st.info(say("No parcel of these crops lies there: choose other crops or another region."))
        return
    colours = _colours(place.dataset, chosen, False)
    shown = [
        (
            _counted(place.dataset, k, rows),
            rows[rows["crop"] == k],
            colours[crop_name(place.dataset, k)],
        )
        for k in chosen
        if (rows["crop"] == k).any()
    ]
    classes = data.legend(place.dataset).classes
    figure = series.seasons(shown, index=index, dark=frame.is_dark())
    where = say("all regions") if region == ALL else wording.place(region)
    spread = say(", with the range of 10–90 % of parcels") if len(shown) <= _DRAWN else ""
    said = say(
        "Mean {value} of parcels by period and crop in {where}",
        value=values.spoken(index),
        where=where,
    )
    said += spread
    chart.show(
        said,
        figure,
        lambda: rows.assign(name=[classes[k].name for k in rows["crop"]]),
        place.dataset,
        "seasons",
        "seasons",
        index,
    )


def _counted(dataset: str, crop: int, rows: pd.DataFrame) -> str:
    n = int(rows.loc[rows["crop"] == crop, "n_parcels"].max())
    return f"{crop_name(dataset, crop)} ({number(n)})"


def _crop_box(
    dataset: str, name: str, options: Sequence[int], default: Sequence[int]
) -> tuple[int, ...]:
    return choices.crops_of(
        dataset, say("Crops drawn"), name, options, partial(crop_name, dataset), default=default,
        max_selections=_MOST,
        placeholder=say("Choose crops"),
        help=say("Up to {n}, largest first in the list.", n=_MOST),
    )  # fmt: skip


def _amounts(dataset: str, zone: str | None) -> list[int]:
    """Mapped crops by pixels, most first; of a zone if given."""
    counts = data.class_counts(dataset)
    counts = counts[counts["crop"] > 0]
    counts = counts if zone is None else counts[counts["zone_id"] == zone]
    totals = counts.groupby("crop")["pixels"].sum().sort_values(ascending=False, kind="stable")
    return [int(k) for k in totals.index]


def _colours(dataset: str, chosen: Sequence[int], with_all: bool) -> dict[str, str]:
    """Colour of each line by name, dark or light enough to be seen."""
    dark, items = frame.is_dark(), data.legend(dataset).classes
    whole = {say("All parcels"): "#9aa5a0" if dark else "#5d6b63"} if with_all else {}
    return whole | {
        crop_name(dataset, k): series.readable_colour(items[k].colour, dark) for k in chosen
    }


Values = tuple[dict[str, NDArray[np.float32]], NDArray[np.uint8]]


def _pixels(dataset: str, zone: str, period: str, names: Sequence[str]) -> Values:
    """Values by name, and class, of each pixel of a zone."""
    if values.kind(names[0]) == "layers":
        cube = data.cube(dataset, zone)
        at = data.periods(dataset).index(period)
        planes = {name: cube.layer(name)[at if len(cube.layer(name)) > 1 else 0] for name in names}
    else:
        cube = data.imagery(dataset, zone, (period,))
        planes = {n: (cube.band if n in cube.bands else cube.index)(n)[0] for n in names}
    crop = data.labels(dataset, zone).crop.ravel()
    crop = np.where(crop == 255, 0, crop).astype(np.uint8)
    return {name: plane.ravel() for name, plane in planes.items()}, crop


def _means(dataset: str, zone: str, period: str, names: Sequence[str]) -> Values:
    """Mean values by name, and class, of each parcel of all zones."""
    table = data.parcel_means(dataset, period, tuple(names))
    found = {name: table[f"{name}_mean"].to_numpy(dtype=np.float32) for name in names}
    return found, table["crop"].to_numpy(dtype=np.uint8)
