"""The shell that every page shares."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import streamlit as st

from cropdash import __doc__ as about
from cropdash.errors import CropdashError

PAGES = (
    ("app.py", "Overview", ":material/home:"),
    ("pages/1_Explore.py", "Explore", ":material/travel_explore:"),
    ("pages/2_Train.py", "Train", ":material/model_training:"),
    ("pages/3_Map.py", "Map", ":material/map:"),
    ("pages/4_Compare.py", "Compare", ":material/compare:"),
    ("pages/5_Data.py", "Data", ":material/database:"),
)
_ICON = Path(__file__).parent / "icon.png"
CREDIT = (
    "Crop classes: RPG © IGN/ASP, Licence Ouverte Etalab 2.0. "
    "Contains modified Copernicus Sentinel data where real scenes are shown."
)
_KEPT = ("dataset", "zone", "parcel", "left", "right", "run")  # selections that go along
_PENDING = "frame:toast"  # what is said at the start of the next run of a page


def begin(title: str, lead: str) -> None:
    """Set up the page: browser title, menu in the sidebar, heading and one sentence below it."""
    st.set_page_config(page_title=f"{title} · cropdash", page_icon=str(_ICON), layout="wide")
    st.logo(str(_ICON), size="large")
    with st.sidebar:
        _menu()
    st.title(title, anchor=False)
    st.caption(lead)
    if said := st.session_state.pop(_PENDING, None):
        text, icon = said
        st.toast(text, icon=icon, duration="long")


def _menu() -> None:
    st.markdown("#### cropdash")
    st.caption(about or "")
    kept = {name: st.query_params[name] for name in _KEPT if name in st.query_params}
    for path, label, icon in PAGES:
        st.page_link(path, label=label, icon=icon, width="stretch", query_params=kept)
    st.space("small")
    st.caption(CREDIT)


def heading(text: str) -> None:
    """Title of a box on the page, smaller than that of a section."""
    st.markdown(f"#### {text}")


def is_dark() -> bool:
    """True if the reader's theme is dark; figures choose their colours by it."""
    return st.context.theme.type == "dark"


def announce(text: str, icon: str = ":material/check_circle:") -> None:
    """Say something in passing at the start of the next run, so that a rerun doesn't cut it off."""
    st.session_state[_PENDING] = (text, icon)


@contextmanager
def plainly() -> Iterator[None]:
    """Show an error that is meant for the reader as its one sentence, and go on below."""
    try:
        yield
    except CropdashError as error:
        st.error(str(error), icon=":material/error:")


def stop_with(message: str, page: str | None = None, label: str | None = None) -> None:
    """Show an empty state that says what to do next, and end the page."""
    st.info(message, icon=":material/info:")
    if page and label:
        st.page_link(page, label=label, icon=":material/arrow_forward:")
    st.stop()
