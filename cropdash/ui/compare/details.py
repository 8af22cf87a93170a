"""The parts of the comparison below the matrices, one at a time: each has charts of its own."""

from __future__ import annotations

import streamlit as st

from cropdash.i18n import say, sentence
from cropdash.ui.compare import audit, by_class, calibration, numbers, repeats
from cropdash.ui.compare.counting import Choice, Names, Runs, Scored
from cropdash.ui.shell import frame
from cropdash.ui.widgets import choices, reports

PARTS = {
    "classes": (sentence("Classes"), sentence("By class")),
    "chance": (sentence("Significance"), sentence("Is the difference more than chance?")),
    "confidence": (sentence("Confidence"), sentence("Is the confidence honest?")),
    "audit": (sentence("Audit"), sentence("What would somebody find who looked?")),
    "splits": (sentence("Splits"), sentence("How much would a wrong split flatter?")),
}


@st.fragment
@frame.plainly()
def show(pair: Runs, names: Names, scored: Scored, choice: Choice, orders: reports.Orders) -> None:
    """The part that the address names; another one is drawn when it is chosen."""
    options = {part: say(short) for part, (short, _) in PARTS.items()}
    part = choices.one_of(say("Look closer"), "part", options)
    st.header(say(PARTS[part][1]), anchor=False)
    if part == "classes":
        by_class.show(pair, names, scored, choice)
    elif part == "chance":
        numbers.significance(pair, names, scored, choice)
    elif part == "audit":
        audit.show(pair, names, orders)
    elif part == "splits":
        repeats.splits(pair[0].dataset)
    else:
        calibration.show(pair, names, choice)
        repeats.answers(pair, names)
