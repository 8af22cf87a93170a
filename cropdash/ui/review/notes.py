"""What the analyst decided, parcel by parcel; kept in the database and in what is downloaded."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from cropdash.i18n import say, sentence
from cropdash.storage import decisions
from cropdash.storage.decisions import Parcel, Said
from cropdash.ui.shell import data, frame, identity
from cropdash.ui.shell.literal import literal

DECISIONS = {
    "keep": sentence("Keep as declared"),
    "doubtful": sentence("Doubtful"),
    "visit": sentence("Check on the ground"),
}
_NONE = decisions.Decision(Parcel(""))


def added(rows: pd.DataFrame, dataset: str) -> pd.DataFrame:
    """The rows with `decision` and `note`; both empty where nothing was decided."""
    known = decisions.current(data.store().data, dataset)
    found = [known.get(str(i), _NONE) for i in rows["register_id"]]
    return rows.assign(decision=[f.decision for f in found], note=[f.note for f in found])


def decision_said(decision: str) -> str:
    """The decision in words; empty without one."""
    return say(DECISIONS[decision]) if decision in DECISIONS else ""


def ask(dataset: str, parcel: Parcel) -> None:
    """Controls for the decision on a parcel and a word on why."""
    where = data.store().data
    known = decisions.current(where, dataset).get(parcel.register_id, _NONE)
    place = f"{dataset}/{parcel.register_id}"
    pressed, why = f"review:decision:{place}", f"review:why:{place}"

    def decide() -> None:
        with frame.plainly():
            said = Said(parcel, decision=st.session_state.get(pressed) or "")
            decisions.decide(where, dataset, [said])

    def note() -> None:
        with frame.plainly():
            said = Said(parcel, note=str(st.session_state.get(why) or "").strip())
            decisions.decide(where, dataset, [said])

    # What is in the database leads: another tab may have decided meanwhile.
    st.session_state[pressed] = known.decision if known.decision in DECISIONS else None
    st.session_state[why] = known.note
    why_not = identity.barred("decide")
    st.segmented_control(
        say("Your decision"), list(DECISIONS), format_func=lambda d: say(DECISIONS[d]),
        key=pressed, on_change=decide, disabled=bool(why_not),
        help=say("Kept for everybody who reviews this dataset; the list takes it home."),
    )  # fmt: skip
    st.text_input(say("Note"), key=why, on_change=note, max_chars=300, disabled=bool(why_not))
    if why_not:
        st.caption(literal(why_not))
