"""What the analyst decided, parcel by parcel; kept in the session and in what is downloaded."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import streamlit as st

from cropdash.language import say, sentence

_KEY = "review:notes"
DECISIONS = {
    "keep": sentence("Keep as declared"),
    "doubtful": sentence("Doubtful"),
    "visit": sentence("Check on the ground"),
}


@dataclass(frozen=True)
class Note:
    """A decision on a parcel."""

    decision: str
    text: str = ""


def of(zone: str, parcel: int) -> Note | None:
    """The note on a parcel, if there is one."""
    found = _notes().get(f"{zone}/{parcel}")
    return Note(**found) if found else None


def decision_said(note: Note | None) -> str:
    """The decision in words; empty without one."""
    return say(DECISIONS[note.decision]) if note and note.decision in DECISIONS else ""


def ask(zone: str, parcel: int) -> None:
    """Controls for the decision on a parcel and a word on why."""
    place, known = f"{zone}/{parcel}", of(zone, parcel)
    pressed, why = f"review:decision:{place}", f"review:why:{place}"

    def remember() -> None:
        decision = st.session_state.get(pressed) or ""
        text = str(st.session_state.get(why) or "").strip()
        if decision or text:
            _notes()[place] = asdict(Note(decision, text))
        else:
            _notes().pop(place, None)

    st.session_state.setdefault(pressed, known.decision or None if known else None)
    st.session_state.setdefault(why, known.text if known else "")
    st.segmented_control(
        say("Your decision"), list(DECISIONS), format_func=lambda d: say(DECISIONS[d]),
        key=pressed, on_change=remember,
        help=say("Kept while this tab is open; download the list to take it home."),
    )  # fmt: skip
    st.text_input(say("Note"), key=why, on_change=remember, max_chars=300)


def _notes() -> dict[str, Any]:
    kept: dict[str, Any] = st.session_state.setdefault(_KEY, {})
    return kept
