"""What the reader chose on the Map page: one line of tools; kept in the address."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast

import streamlit as st

from cropdash.domain import Level
from cropdash.i18n import say, sentence
from cropdash.ui.map import layers
from cropdash.ui.map.layers import Look
from cropdash.ui.shell import address, data
from cropdash.ui.widgets import choices, pictures
from cropdash.ui.widgets.run_pair import Pair

VIEWS = {
    "four": sentence("Four panels"),
    "swipe": sentence("Swipe"),
    "one": sentence("One panel"),
}
SHOWN = {"class": sentence("Classes"), "confidence": sentence("Confidence")}
UNITS = {"parcel": sentence("Parcels"), "pixel": sentence("Pixels")}
_OPACITY = 0.85


@dataclass(frozen=True)
class View:
    """Which layers stand where."""

    name: str  # of VIEWS
    layers: tuple[str, ...]  # one a panel; left and right of the divider


def choose_view(pair: Pair) -> View:
    """Four linked panels, two layers with a divider to drag, or one layer."""
    name = choices.one_of(say("View"), "view", VIEWS, bare=True)
    names = layers.titles(pair)
    if name == "swipe":
        return View(name, _sides(names))
    if name == "one":
        layer = choices.box_of(say("Layer"), "layer", names, "first", bare=True, width=150)
        return View(name, (layer,))
    return View(name, ("declared", *layers.MODELS, "agreement"))


def _sides(names: Mapping[str, str]) -> tuple[str, str]:
    left = choices.box_of(
        say("Left of the divider"), "under", names, "declared", bare=True, width=130
    )
    right = choices.box_of(
        say("Right of the divider"), "over", names, "first", bare=True, width=130
    )
    return left, right


def choose_look(pair: Pair) -> tuple[Look, float]:
    """How layers are drawn, and their opacity over the imagery."""
    shown = choices.one_of(
        say("Models show"), "shows", SHOWN, bare=True,
        help=say(
            "Confidence is the probability of the class that the model names, calibrated on zones "
            "that it did not learn from: of pixels with 80 %, about 8 in 10 should be right."
        ),
    )  # fmt: skip
    unit = choices.one_of(say("Decisions of"), "by", UNITS, bare=True)
    level = choices.box_of(say("Level"), "level", choices.LEVELS, bare=True, width=110)
    with st.popover(say("Layers"), icon=":material/layers:"):
        picture = pictures.choose(pair.dataset)
        pictures.background()
        opacity = _share(say("Opacity over the imagery"), "opacity", _OPACITY)
        everywhere = unit == "pixel" and choices.toggle(say("Also outside parcels"), "everywhere")
    wanted = (st.query_params.get("agree") or "").split(",")
    agreement = tuple(k for k in range(len(layers.agreement_names(pair))) if str(k) in wanted)
    classes = choices.classes_of(data.legend(pair.dataset), cast("Level", level))
    return (
        Look(shown, unit, cast("Level", level), everywhere, classes, agreement, picture),
        opacity,
    )


def _share(text: str, name: str, default: float) -> float:
    """A slider from 0 to 100 %, which the address keeps as `name`."""
    key, percents = f"address:{name}", [str(p) for p in range(0, 101, 5)]
    usual = str(round(100 * default))
    st.session_state[key] = int(address.get(name, percents, usual) or usual)
    follow = address.follow(key, name, lambda p: None if str(p) == usual else str(p))
    return st.slider(text, 0, 100, step=5, format="%d %%", key=key, on_change=follow) / 100
