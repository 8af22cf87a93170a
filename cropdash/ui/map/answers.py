"""One parcel on the Map page: what was declared, what both models say, its year."""

from __future__ import annotations

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from cropdash.domain import Float
from cropdash.evaluate import conformal
from cropdash.i18n import headed, label, probability, say
from cropdash.storage.store import RunInfo
from cropdash.ui.shell import data, frame
from cropdash.ui.shell.literal import literal
from cropdash.ui.widgets import parcel as parcel_card
from cropdash.ui.widgets import parcel_answers
from cropdash.ui.widgets import parcel_map as component
from cropdash.ui.widgets.names import crop_name
from cropdash.ui.widgets.run_pair import Pair


def parcel_panel(pair: Pair, parcel: int) -> None:
    """What was declared, what both models say, and the parcel's series."""
    parcel_card.facts(pair.dataset, pair.zone.zone_id, parcel)
    verdicts(pair, parcel)
    if parcel_answers.probabilities_chart(pair, parcel):
        parcel_card.series_chart(pair.dataset, pair.zone.zone_id, [parcel])
    _links(pair, parcel)


def verdicts(pair: Pair, parcel: int) -> None:
    """Whether each model names what was declared, and the classes that hold the truth."""
    table = data.parcels(pair.dataset, pair.zone.zone_id).set_index("parcel_id")
    declared, items = int(table.loc[parcel, "crop"]), data.legend(pair.dataset).classes
    for name, run, prediction in zip(pair.names, pair.runs, pair.predictions, strict=True):
        answer = parcel_answers.answer_of(prediction, parcel)
        if answer is None:
            continue
        best = int(answer.argmax())
        st.markdown(
            headed(
                f"{_mark(best, declared)} **{name}**",
                literal(label(items[best])) + _judged(best, declared),
            )
        )
        inside = class_set(run, answer)
        if inside is not None:
            named = ", ".join(crop_name(pair.dataset, int(k)) for k in inside)
            st.caption(
                say(
                    "{p} probable for this parcel. Its class set: {classes}. Of all parcels, 9 in "
                    "10 have what was declared in their set.",
                    p=probability(float(answer[best])), classes=literal(named),
                ),
                help=say(
                    "The least set of classes that held the declared one in 90 % of the parcels "
                    "of zones that the model did not learn from. More classes: less sure."
                ),
            )  # fmt: skip


def class_set(run: RunInfo, answer: Float) -> NDArray[np.intp] | None:
    """Classes of a parcel's set, most probable first; None if the run has no threshold.

    answer: (K,) probabilities.
    """
    threshold = data.store().calibrated(run.run_id).get("threshold")
    if threshold is None:
        return None
    inside = np.flatnonzero(conformal.class_sets(answer[None], threshold)[0])
    return inside[np.argsort(-answer[inside], kind="stable")]


def _mark(best: int, declared: int) -> str:
    if not 0 < declared < 255:
        return ":gray[:material/remove:]"
    return ":green[:material/check:]" if best == declared else ":red[:material/close:]"


def _judged(best: int, declared: int) -> str:
    if not 0 < declared < 255:
        return ", " + say("to be compared with nothing: no mapped crop is declared.")
    return ", " + (say("as declared.") if best == declared else say("not as declared."))


def _links(pair: Pair, parcel: int) -> None:
    """The same parcel on other pages."""
    dataset, zone = pair.dataset, pair.zone.zone_id
    own = component.told_apart(dataset, zone, str(parcel))
    where = {"dataset": dataset, "zone": zone, "parcel": own}
    with st.container(horizontal=True):
        for name in ("Explore", "Review"):
            frame.link(name, where)
