"""The charts over the dataset; the address keeps which one is shown."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import streamlit as st

from cropdash import i18n
from cropdash.domain import Zone
from cropdash.figures import classes, clear_dates, shares, wording
from cropdash.i18n import say, sentence
from cropdash.ui.explore import distributions
from cropdash.ui.explore.distributions import Place, region_box
from cropdash.ui.shell import data, frame
from cropdash.ui.widgets import chart, choices
from cropdash.ui.widgets.names import ALL, by_region

UNITS = {
    "pixels": sentence("Pixels"),
    "hectares": sentence("Hectares"),
    "parcels": sentence("Parcels"),
}
LEVELS = {
    "class": sentence("Crops"),
    "group": sentence("Groups"),
    "family": sentence("Families"),
}
_SPLITS = {
    ALL: ALL,
    "train": sentence("Training"),
    "test": sentence("Test"),
    "both": sentence("Side by side"),
}
_DATES = {"clear_dates": sentence("Clear dates"), "empty_share": sentence("Filled in")}

_DATES_SAID = {
    "clear_dates": sentence(
        "Clear dates by zone and period: mean number of cloud-free observations a pixel"
    ),
    "empty_share": sentence(
        "Filled pixels by zone and period: share without a clear date, filled in from other periods"
    ),
}


def show(dataset: str, zone: str, zones: Sequence[Zone]) -> None:
    """The chart that the reader chose."""
    names = {name: text for name, (text, _) in VIEWS.items()}
    view = choices.one_of(say("Chart"), "view", names)
    place = Place(dataset, zone, zones)
    VIEWS[view][1](place)


def imbalance(place: Place) -> None:
    """How much of each class was declared."""
    first, second, third = st.columns([3, 4, 3], gap="medium")
    with first:
        unit = choices.one_of(say("Unit"), "unit", UNITS)
    with second:
        split = choices.one_of(say("Zones"), "split", _SPLITS)
    counts = data.class_counts(place.dataset)
    with third:
        region = region_box(place)
    chosen = counts if region == ALL else counts[counts["region"] == region]
    chosen = chosen if split in (ALL, "both") else chosen[chosen["split"] == split]
    if not (chosen["crop"] > 0).any():
        st.info(say("No mapped crop is declared there: choose other zones or another region."))
        return
    where = say("all regions") if region == ALL else wording.place(region)
    said = say(
        "{unit} of each declared crop in {n} zones of {where}, background left out",
        unit=say(UNITS[unit]), n=chosen["zone_id"].nunique(), where=where,
    )  # fmt: skip
    if split in ("train", "test"):
        said += f" ({i18n.inside(wording.term(split))})"
    table, both = data.legend(place.dataset), split == "both"
    figure = classes.imbalance(chosen, unit, table, by_split=both, dark=frame.is_dark())
    make = classes.by_split if both else classes.ranked
    chart.show(
        said,
        figure,
        lambda: make(chosen, unit, table).drop(columns="colour"),
        place.dataset,
        "imbalance",
        "classes",
        unit,
    )


def crop_shares(place: Place) -> None:
    """What each zone is made of."""
    first, second, third = st.columns(3, gap="medium")
    with first:
        unit = choices.one_of(say("Unit"), "unit", UNITS)
    with second:
        level = choices.one_of(say("Level"), "level", LEVELS)
    with third:
        region = region_box(place)
    zones = _zones_of(place, region)
    counts = data.class_counts(place.dataset)
    counts = counts[counts["zone_id"].isin(zones)]
    table = shares.of_zones(counts, unit, data.legend(place.dataset), level)  # type: ignore[arg-type]
    if table.empty:
        st.info(say("No mapped crop is declared there: choose another region."))
        return
    figure = shares.bars(
        table, classes.UNITS[unit], data.legend(place.dataset), level,  # type: ignore[arg-type]
        zones=[z for z in zones if z in set(table["zone_id"])], marked=place.zone,
        dark=frame.is_dark(),
    )  # fmt: skip
    said = say(
        "{level} of each zone by {unit}",
        level=say(LEVELS[level]),
        unit=i18n.inside(say(UNITS[unit])),
    )
    if (table["group"] == shares.OTHER).any():
        said += say(": the eight largest, and all others together")
    chart.show(said, figure, lambda: table, place.dataset, "shares", "shares", level, unit)


def dates(place: Place) -> None:
    """How often the ground was seen."""
    first, second = st.columns(2, gap="medium")
    with first:
        shown = choices.one_of(say("Shown"), "shown", _DATES)
    with second:
        region = region_box(place)
    zones, table = _zones_of(place, region), data.clear_dates(place.dataset)
    table = table[table["zone_id"].isin(zones)]
    figure = clear_dates.heat_map(
        table, shown=shown, zones=zones, marked=place.zone, dark=frame.is_dark()
    )
    said = say(_DATES_SAID[shown])
    chart.show(said, figure, lambda: table, place.dataset, "dates", "clear_dates")


def _zones_of(place: Place, region: str) -> list[str]:
    return by_region([z for z in place.zones if region in (ALL, z.region)])


VIEWS: dict[str, tuple[str, Callable[[Place], None]]] = {
    "imbalance": (sentence("Class imbalance"), imbalance),
    "shares": (sentence("Crops by zone"), crop_shares),
    "dates": (sentence("Clear dates"), dates),
    "sizes": (sentence("Parcel sizes"), distributions.sizes),
    "bands": (sentence("Histograms"), distributions.histogram),
    "seasons": (sentence("Seasons by crop"), distributions.seasons),
}
