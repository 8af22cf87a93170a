"""What can't be read of all that is there: said by name, with the way out, while the rest works."""

from __future__ import annotations

import streamlit as st

from cropdash.i18n import headed, number, say
from cropdash.ui.shell import data, frame
from cropdash.ui.shell.literal import literal, told

_MOST = 20  # that are listed; a folder of thousands is told by its count


def instead(message: str) -> str:
    """What is said where there is nothing to show: `message`, unless damage may be why."""
    if not data.store().damaged():
        return message
    return say("What is to be shown here is damaged, as listed, or was not made yet.")


def stop_with(message: str, page: str | None = None, label: str | None = None) -> None:
    """End a page that has nothing to show: with what is damaged, and with what to do next."""
    show()
    if page and data.store().damaged():
        frame.link("Data", {})
    frame.stop_with(instead(message), page, label)


def show() -> None:
    """The list; nothing where all can be read."""
    found = data.store().damaged()
    if not found:
        return
    title = say("Damaged: {n}. All else works without it.", n=number(len(found)))
    with st.expander(title, icon=":material/broken_image:", expanded=True):
        for one in found[:_MOST]:
            st.error(headed(f"**{literal(one.name)}**", told(one.reason)), icon=":material/error:")
        st.caption(say("The same from a terminal:"))
        st.code("python -m cropdash doctor", language=None)
