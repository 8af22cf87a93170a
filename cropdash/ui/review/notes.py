"""What the analyst decided, parcel by parcel; kept beside the dataset and in what is downloaded."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import streamlit as st

from cropdash.i18n import say, sentence
from cropdash.storage import decisions
from cropdash.ui.shell import data, frame, identity
from cropdash.ui.shell.literal import literal

DECISIONS = {
    "keep": sentence("Keep as declared"),
    "doubtful": sentence("Doubtful"),
    "visit": sentence("Check on the ground"),
}
_NONE = decisions.Decision("")


def added(rows: pd.DataFrame, dataset: str) -> pd.DataFrame:
    """The rows with `decision` and `note`; both empty where nothing was decided."""
    known = decisions.read(_folder(dataset))
    places = zip(rows["zone_id"], rows["parcel_id"], strict=True)
    found = [known.get((str(zone), int(parcel)), _NONE) for zone, parcel in places]
    return rows.assign(decision=[f.decision for f in found], note=[f.note for f in found])


def decision_said(decision: str) -> str:
    """The decision in words; empty without one."""
    return say(DECISIONS[decision]) if decision in DECISIONS else ""


def ask(dataset: str, zone: str, parcel: int) -> None:
    """Controls for the decision on a parcel and a word on why."""
    known = decisions.read(_folder(dataset)).get((zone, parcel), _NONE)
    place = f"{dataset}/{zone}/{parcel}"
    pressed, why = f"review:decision:{place}", f"review:why:{place}"

    def remember() -> None:
        decision = st.session_state.get(pressed) or ""
        note = str(st.session_state.get(why) or "").strip()
        with frame.plainly():
            decisions.write(_folder(dataset), zone, parcel, decision, note)

    # What is on disk leads: another tab may have decided meanwhile.
    st.session_state[pressed] = known.decision if known.decision in DECISIONS else None
    st.session_state[why] = known.note
    why_not = identity.barred("decide")
    st.segmented_control(
        say("Your decision"), list(DECISIONS), format_func=lambda d: say(DECISIONS[d]),
        key=pressed, on_change=remember, disabled=bool(why_not),
        help=say("Kept beside the dataset, for everybody who reviews it; the list takes it home."),
    )  # fmt: skip
    st.text_input(say("Note"), key=why, on_change=remember, max_chars=300, disabled=bool(why_not))
    if why_not:
        st.caption(literal(why_not))


def _folder(dataset: str) -> Path:
    return data.store().data / dataset
