"""How the two runs are counted: the switches of the Compare page, kept in the address."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

import pandas as pd
import streamlit as st

from cropdash.domain import Level
from cropdash.evaluate import Averaged, Unit
from cropdash.figures import wording
from cropdash.i18n import number, say, sentence
from cropdash.ui.compare.counting import Choice
from cropdash.ui.shell import address, data
from cropdash.ui.widgets import choices
from cropdash.ui.widgets import table as widget

UNITS: dict[Unit, str] = {
    "pixel": sentence("Pixel"),
    "parcel": sentence("Parcel"),
    "hectare": sentence("Hectare"),
}
AVERAGES: dict[Averaged, str] = {
    "supported": sentence("classes in the test"),
    "trained": sentence("classes in the test that were trained"),
    "all": sentence("all classes of the legend"),
}
_COUNTED: dict[Unit, str] = {
    "pixel": sentence("pixels"),
    "parcel": sentence("parcels"),
    "hectare": sentence("hectares of parcels"),
}
ALL = "all"
_SWITCHES = ("unit", "level", "over", "where", "background")
_SEED = {"over": "all", "background": "1"}  # what differs from the page's own defaults
_BEFORE = "compare:before"
# As the seed project published them, background in and over its own class lists.
_PUBLISHED = (
    ("CNN", 0.8721, 0.4099, 0.3544, 0.3516, 0.5222),
    ("XGBoost", 0.8045, 0.3543, 0.2303, 0.2524, 0.7358),
)


def choose(dataset: str, zones: Sequence[str]) -> Choice:
    """Unit, level, denominator, and which of the zones that both runs have."""
    places = places_of(dataset, zones)
    unit = choices.one_of(
        say("Unit"), "unit", {u: say(name) for u, name in UNITS.items()}, bare=True,
        help=say("Hectare: decisions on parcels, weighted by their area."),
    )  # fmt: skip
    level = choices.one_of(say("Level"), "level", choices.LEVELS, bare=True)
    over = choices.box_of(
        say("Macro scores average over"), "over", {a: say(t) for a, t in AVERAGES.items()},
        bare=True, width=176,
    )  # fmt: skip
    where = choices.box_of(
        say("Zones"), "where", {name: place_name(name, len(zones)) for name in places},
        bare=True, width=145,
    )  # fmt: skip
    with st.popover(say("How to count"), icon=":material/tune:"):
        background = _conventions()
    return Choice(
        cast("Unit", unit),
        cast("Level", level),
        background,
        cast("Averaged", over),
        places[where],
    )


def is_seed(choice: Choice) -> bool:
    """True if the runs are counted as the seed project counted its own."""
    return choice.background and (choice.unit, choice.level, choice.average_over) == (
        "pixel", "class", "all",
    )  # fmt: skip


def said(choice: Choice) -> str:
    """The denominator, in words."""
    ground = say("background in") if choice.background else say("background left out")
    return say(
        "{units} of {zones}, {ground}, macro over {classes}",
        units=say(_COUNTED[choice.unit]),
        zones=test_zones(len(choice.zones)),
        ground=ground,
        classes=say(AVERAGES[choice.average_over]),
    )


def test_zones(n: int) -> str:
    """So many test zones, in words."""
    return say("1 test zone") if n == 1 else say("{n} test zones", n=number(n))


def group_labels(dataset: str, level: Level) -> tuple[str, ...]:
    """Readable name of each class or group in the reader's language."""
    return wording.group_labels(data.legend(dataset), level)


def places_of(dataset: str, zones: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """What can be chosen: all zones, regions that hold several of them, single zones."""
    regions: dict[str, tuple[str, ...]] = {}
    for zone in data.zones(dataset):
        if zone.zone_id in zones:
            name = f"region:{zone.region}"
            regions[name] = (*regions.get(name, ()), zone.zone_id)
    several = {name: held for name, held in regions.items() if 1 < len(held) < len(zones)}
    return {ALL: tuple(zones), **several, **{zone: (zone,) for zone in zones}}


def place_name(name: str, n_zones: int) -> str:
    """A choice of zones as people read it."""
    if name == ALL:
        return say("All test zones") + f" ({n_zones})"
    kind, _, region = name.partition(":")
    if region:
        return say("Region {region}", region=wording.place(region))
    return wording.place(kind)


def published() -> None:
    """The seed project's table beside its convention, and what flatters in it."""
    st.markdown(say("**As the seed project published it**, on its own zones and class lists"))
    heads = [
        say("Model"),
        say("Accuracy"),
        say("Macro precision"),
        say("Macro recall"),
        say("Macro F1"),
        say("Loss"),
    ]
    table = pd.DataFrame(_PUBLISHED, columns=heads)
    widget.show(table, dict.fromkeys(heads[1:], ".4f"), width="stretch")
    st.caption(
        say(
            "What flatters: its background had been set to zero reflectance from the ground "
            "truth, so both models got 26 % of the test pixels right for free; its two macro "
            "scores average over different class lists; its validation mixed neighbouring "
            "patches of one field. The runs here never answer background, so under this "
            "convention each such pixel counts as an error."
        )
    )


def _conventions() -> bool:
    """The switch of background, and the seed's convention one click away."""
    background = choices.toggle(
        say("Count background as a class"), "background",
        say("Our models never answer background, so each such pixel counts as an error."),
    )  # fmt: skip
    if _SEED.items() <= st.query_params.to_dict().items():
        st.button(
            say("Back to my own count"), icon=":material/undo:", on_click=_go_back,
            key="convention", width="stretch",
        )  # fmt: skip
    else:
        st.button(
            say("Count as the seed project did"), icon=":material/history:", on_click=_as_the_seed,
            key="convention", width="stretch",
            help=say("Pixels, background in, averaged over all classes of the legend."),
        )  # fmt: skip
    return background


def _as_the_seed() -> None:
    st.session_state[_BEFORE] = {k: v for k in _SWITCHES if (v := st.query_params.get(k))}
    _set({"where": st.query_params.get("where"), **_SEED})


def _go_back() -> None:
    before = st.session_state.pop(_BEFORE, {})
    _set({} if _SEED.items() <= before.items() else before)


def _set(switches: dict[str, str | None]) -> None:
    for name in _SWITCHES:
        address.put(name, switches.get(name))
