"""What the reader chose on the Map page; kept in the address."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import streamlit as st

from cropdash.figures import wording
from cropdash.i18n import label, number, say, sentence
from cropdash.ui.map import counts, layers
from cropdash.ui.map.layers import Look
from cropdash.ui.shell import address, data
from cropdash.ui.widgets import choices, pictures
from cropdash.ui.widgets.run_pair import Pair

VIEWS = {
    "four": sentence("Four panels"),
    "swipe": sentence("Swipe"),
    "one": sentence("One panel"),
}
SHOWN = {
    "class": sentence("Classes"),
    "confidence": sentence("Confidence"),
}
_OPACITY = 0.85


@dataclass(frozen=True)
class View:
    """Which layers stand where."""

    name: str  # of VIEWS
    layers: tuple[str, ...]  # one a panel; left and right of the divider


def choose_view(pair: Pair) -> View:
    """Four linked panels, two layers with a divider to drag, or one layer."""
    one, two = st.columns([2, 3], gap="medium", vertical_alignment="bottom")
    with one:
        name = choices.one_of(say("View"), "view", VIEWS)
    names = layers.titles(pair)
    with two:
        if name == "swipe":
            return View(name, _sides(names))
        if name == "one":
            return View(name, (choices.box_of(say("Layer"), "layer", names, "first"),))
    return View(name, ("declared", *layers.MODELS, "agreement"))


def _sides(names: Mapping[str, str]) -> tuple[str, str]:
    one, two = st.columns(2)
    with one:
        left = choices.box_of(say("Left of the divider"), "under", names, "declared")
    with two:
        right = choices.box_of(say("Right of the divider"), "over", names, "first")
    return left, right


def choose_look(pair: Pair) -> tuple[Look, float]:
    """How layers are drawn, and their opacity over the imagery."""
    one, two, three, four = st.columns([3, 2, 2, 2], gap="medium", vertical_alignment="bottom")
    about = say(
        "Confidence is the probability of the class that the model names, calibrated on zones "
        "that it did not learn from: of pixels with 80 %, about 8 in 10 should be right."
    )
    with one:
        shown = choices.one_of(say("Models show"), "shows", SHOWN, help=about)
    with two:
        everywhere = choices.toggle(say("Also outside parcels"), "everywhere")
    with three:
        picture = pictures.choose(pair.dataset)
    with four:
        opacity = _share(say("Opacity over the imagery"), "opacity", _OPACITY)
    return Look(shown, everywhere, _classes(pair), _agreement(pair), picture), opacity


def _share(text: str, name: str, default: float) -> float:
    """A slider from 0 to 100 %, which the address keeps as `name`."""
    key, percents = f"address:{name}", [str(p) for p in range(0, 101, 5)]
    usual = str(round(100 * default))
    st.session_state[key] = int(address.get(name, percents, usual) or usual)
    follow = address.follow(key, name, lambda p: None if str(p) == usual else str(p))
    return st.slider(text, 0, 100, step=5, format="%d %%", key=key, on_change=follow) / 100


def _classes(pair: Pair) -> tuple[int, ...]:
    names = wording.shorten_all([label(c) for c in data.legend(pair.dataset).classes], 40)
    return choices.crops_of(
        pair.dataset,
        say("Only these classes"),
        "classes",
        counts.of_classes(pair)["class_id"].tolist(),
        names.__getitem__,
        placeholder=say("All classes"),
        help=say(
            "Each panel shows its own pixels of these classes; parcels that are neither declared "
            "as one of them nor called one by a model fade. Rows of the table of classes below "
            "the map choose them as well."
        ),
    )


def _agreement(pair: Pair) -> tuple[int, ...]:
    key, names = "address:agree", layers.agreement_names(pair)
    shares = counts.of_agreement(pair)["share"]
    words = [f"{name} · {number(p, '.1%')}" for name, p in zip(names, shares, strict=True)]
    codes = list(range(len(names)))
    wanted = (st.query_params.get("agree") or "").split(",")
    st.session_state[key] = [k for k in codes if str(k) in wanted]
    chosen = st.pills(
        say("Only where"), codes, selection_mode="multi", format_func=words.__getitem__, key=key,
        on_change=address.follow(key, "agree", lambda now: ",".join(map(str, sorted(now))) or None),
        help=say(
            "Share of the pixels with a declared crop. Parcels for which the models' own answers "
            "agree otherwise fade."
        ),
    )  # fmt: skip
    return tuple(sorted(chosen or ()))
