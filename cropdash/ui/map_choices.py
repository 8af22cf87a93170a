"""What the reader chose on the Map page; kept in the address."""

from __future__ import annotations

import streamlit as st

from cropdash.figures import wording
from cropdash.language import label, say, sentence
from cropdash.legend import load
from cropdash.ui import data, map_layers, state
from cropdash.ui.compare_maps import Pair
from cropdash.ui.explore import choices
from cropdash.ui.map_layers import Look

VIEWS = {"four": sentence("Four panels"), "swipe": sentence("Swipe")}
SHOWN = {"class": sentence("Classes"), "confidence": sentence("Confidence")}


def choose_view() -> str:
    """Four linked panels, or two layers with a divider to drag."""
    options = {key: say(text) for key, text in VIEWS.items()}
    return choices.one_of(say("View"), "view", options)


def choose_pair_of_layers(pair: Pair) -> tuple[str, str]:
    """What lies left and right of the divider."""
    names = map_layers.titles(pair)
    one, two = st.columns(2)
    with one:
        left = choices.box_of(say("Left of the divider"), "under", names, "declared")
    with two:
        right = choices.box_of(say("Right of the divider"), "over", names, "first")
    return left, right


def choose_look(pair: Pair) -> Look:
    """Classes or confidence, where, and which classes and agreements are left."""
    options = {key: say(text) for key, text in SHOWN.items()}
    one, two = st.columns([2, 2], vertical_alignment="bottom")
    with one:
        about = say(
            "How sure the model is of its class, calibrated on zones it did not learn from."
        )
        shown = choices.one_of(say("Models show"), "shows", options, help=about)
    everywhere = two.toggle(say("Also outside parcels"), key="everywhere")
    chosen = _classes(pair)
    return Look(shown == "confidence", bool(everywhere), chosen, _agreement(pair))


def _classes(pair: Pair) -> tuple[int, ...]:
    items = load().classes
    crops = data.parcels(pair.dataset, pair.zone.zone_id)["crop"].value_counts()
    offered = [int(k) for k in crops.index if 0 < k < 255]
    said = {int(k) for p in pair.predictions for k in p.parcel_probabilities.argmax(axis=1)}
    offered += sorted(said - {0} - set(offered))
    return choices.crops_of(
        say("Only these classes"), "classes", offered,
        lambda k: wording.shorten(label(items[k]), 40), placeholder=say("All classes"),
        help=say("Each panel shows its own pixels of these classes; other parcels fade."),
    )  # fmt: skip


def _agreement(pair: Pair) -> tuple[int, ...]:
    key, names = "address:agree", map_layers.agreement_names(pair)
    codes = list(range(len(names)))
    wanted = (st.query_params.get("agree") or "").split(",")
    st.session_state[key] = [k for k in codes if str(k) in wanted]

    def follow() -> None:
        state.put("agree", ",".join(map(str, sorted(st.session_state[key]))) or None)

    chosen = st.pills(
        say("Only where"), codes, selection_mode="multi", format_func=names.__getitem__, key=key,
        on_change=follow,
    )  # fmt: skip
    return tuple(sorted(chosen or ()))
