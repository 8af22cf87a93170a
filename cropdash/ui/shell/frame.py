"""The shell that every page shares."""

from __future__ import annotations

import base64
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import streamlit as st
from streamlit.delta_generator import DeltaGenerator
from streamlit.runtime.scriptrunner import get_script_run_ctx

from cropdash import __doc__ as about
from cropdash import i18n
from cropdash.domain.errors import CropdashError, of_place
from cropdash.figures import palette, wording
from cropdash.i18n import say, sentence
from cropdash.settings.folders import PROJECT
from cropdash.ui.shell import address, identity, manual
from cropdash.ui.shell.literal import told

_ROOT = PROJECT
_PLAIN = ":material/article:"
_STATED = re.compile(r'^MENU_(ICON|NEEDS) = "(\S+)"', re.MULTILINE)
_NEEDS = {  # what a page may need before it can be used, and what to do about it
    "dataset": sentence("Build a dataset first."),
    "prediction": sentence("Train a model first: it then predicts the test zones."),
}


class Listed(NamedTuple):
    """A page of the menu."""

    path: str  # as Streamlit takes it, from the project's root
    name: str  # English
    icon: str
    needs: str = ""  # of _NEEDS

    @property
    def address(self) -> str:
        """Its part of the address: nothing for the first page."""
        return Path(self.path).stem.partition("_")[2]


def _listed() -> tuple[Listed, ...]:
    """The first page, then every file `pages/N_Name.py` in order, with the icon and need it states."""
    found = [Listed("app.py", sentence("Overview"), ":material/home:")]
    for path in sorted((_ROOT / "pages").glob("[0-9]*_*.py"), key=_number):
        stated = dict(_STATED.findall(path.read_text(encoding="utf-8")))
        name, icon = path.stem.partition("_")[2].replace("_", " "), stated.get("ICON", _PLAIN)
        found.append(Listed(f"pages/{path.name}", name, icon, stated.get("NEEDS", "")))
    return tuple(found)


def _number(path: Path) -> int:
    return int(path.stem.partition("_")[0])


PAGES = _listed()
# In the page itself: as a file of its own the server forgets it when a page is left or reloaded,
# and a browser that asks a moment later is told that there is no such picture.
_ICON = "data:image/png;base64," + base64.b64encode(
    (Path(__file__).parents[1] / "icon.png").read_bytes()
).decode("ascii")
# On dark pages a chosen option and a main button are written white on the light accent: 1.9:1
# instead of 4.5.
# On paper, where page.css makes the page light, their figures' ink and their tables turn dark.
_DARK = """<style>[data-tag], [data-tag] *,
[data-testid^="stBaseButton-primary"]:enabled, [data-testid^="stBaseButton-primary"]:enabled * {{ color: #0d1410 !important; }}
@media print {{
  .stApp svg [style*="stroke: rgb{ink}"] {{ stroke: {dark} !important; }}
  .stApp svg [style*="fill: rgb{ink}"] {{ fill: {dark} !important; }}
  .stApp svg [style*="stroke: rgb{grid}"] {{ stroke: {pale} !important; }}
  .stApp .stDataFrame canvas {{ filter: invert(1) hue-rotate(180deg); }}
}}</style>""".format(
    ink=palette.rgb(palette.DARK.text), dark=palette.LIGHT.text,
    grid=palette.rgb(palette.DARK.grid), pale=palette.LIGHT.grid,
)  # fmt: skip
# Empty, but it has the browser fetch what shows HTML before the page's picture, the still of a chart,
# needs it: else all that is sent after the picture is drawn before it.
_LIGHT = "<style></style>"
_KEPT = ("dataset", "zone", "parcel", "left", "right", "run", "lang")  # selections that go along
_MENU_PX = 220  # width of the menu
_PENDING = "frame:toast"  # what is said at the start of the next run of a page
_READY = "frame:ready"  # whether every page can be used
_HERE = "frame:page"
_FRESH = "frame:fresh"  # whether the page has yet to be seen
_MOMENT_S = 0.25
_LINKED = "frame:linked"  # the selection that the menu's links were drawn with


def begin(title: str, lead: str) -> DeltaGenerator:
    """Set up the page: browser title, menu in the sidebar, one line of head; returns that line.

    `title` and `lead`, a sentence on what the page is for, are English: they are said in the
    reader's language. What the page is about (dataset, zone, runs) is chosen in the head.
    """
    _take_along(title)
    st.set_page_config(
        page_title=f"{say(title)} · cropdash",
        page_icon=_ICON,
        layout="wide",
        initial_sidebar_state=_MENU_PX,
    )
    st.logo(_ICON, size="large")
    with st.sidebar:
        _menu(title)
    st.html(_DARK if is_dark() else _LIGHT)
    with st.container(key="top"):
        head = _line("head")
    head.title(say(title), anchor=False, help=say(lead), width="content")
    if said := st.session_state.pop(_PENDING, None):
        text, icon = said
        st.toast(text, icon=icon, duration="long")
    return head


def tools() -> DeltaGenerator:
    """The line of controls below the head; a narrow window folds it away behind one button."""
    made = _line("tools")
    made.html(f"<details class=fold><summary>{say('Controls')}</summary></details>")
    return made


def _line(key: str) -> DeltaGenerator:
    return st.container(
        key=key, horizontal=True, wrap=False, vertical_alignment="center", gap="small"
    )


def _take_along(title: str) -> None:
    """Bring what was chosen on the page before, after its menu was drawn.

    A click on a map redraws the map alone: the links beside it still say what was selected before.
    """
    came = st.session_state.get(_HERE) not in (None, title)
    st.session_state[_FRESH] = came or _HERE not in st.session_state
    if came and _kept() == st.session_state.get(_LINKED):
        for name, value in address.since().items():
            if name in _KEPT:
                address.put(name, value)
    st.session_state[_HERE] = title


def _kept() -> dict[str, str]:
    return {name: st.query_params[name] for name in _KEPT if name in st.query_params}


def _menu(title: str) -> None:
    st.markdown("**cropdash**")
    st.caption(say(about or ""))
    kept = st.session_state[_LINKED] = _kept()
    address.mark()
    lacking = _lacking()
    for page in PAGES:
        lacks = page.needs in lacking
        why = say(_NEEDS[page.needs]) if lacks else None
        link(page.name, kept, width="stretch", disabled=lacks, help=why)
    if told := manual.guide(title):
        st.markdown(f"[:material/help: {say('How this page is used')}]({told})")
    st.space("small")
    identity.greet()
    _language_switch()
    st.caption(say(wording.CREDIT))


def _lacking() -> tuple[str, ...]:
    """What of _NEEDS is not there; once all of it is, nobody asks the disk again."""
    if st.session_state.get(_READY):
        return ()
    from cropdash.ui.shell import data  # the server, which reads the menu too, needs none of it

    try:
        names = data.datasets()
        predicted = any(data.usable_runs(name) for name in names)
    except CropdashError:  # the page itself says what is wrong
        return ()
    st.session_state[_READY] = predicted
    return () if predicted else ("prediction",) if names else tuple(_NEEDS)


def _language_switch() -> None:
    st.session_state["language"] = i18n.current()
    st.segmented_control(
        say("Language"),
        i18n.LANGUAGES,
        format_func=str.upper,
        key="language",
        label_visibility="collapsed",
        required=True,
        on_change=address.follow("language", "lang"),
    )


def _of_reader() -> str | None:
    """The language in the page's address; on a first visit that of the reader's browser."""
    if get_script_run_ctx(suppress_warning=True) is None:
        return None  # not in a page: a test, a worker
    wanted = st.query_params.get("lang") or (st.context.locale or "").lower()[:2]
    return next((known for known in i18n.LANGUAGES if known == wanted), None)


i18n.follow(_of_reader)


def heading(text: str) -> None:
    """Title of a box on the page, smaller than that of a section."""
    st.markdown(f"## {text}")


def is_dark() -> bool:
    """True if the reader's theme is dark; figures choose their colours by it."""
    return st.context.theme.type == "dark"


def let_be_seen() -> None:
    """Give the browser a moment to draw what a page has sent so far, where it was just opened.

    All that has come is drawn in one go: forms and tables sent along would hold the picture back.
    """
    if st.session_state.pop(_FRESH, False):
        time.sleep(_MOMENT_S)


def announce(text: str, icon: str = ":material/check_circle:") -> None:
    """Say something in passing at the start of the next run, so that a rerun doesn't cut it off."""
    st.session_state[_PENDING] = (text, icon)


@contextmanager
def plainly() -> Iterator[None]:
    """Show an error that is meant for the reader as its one sentence, and go on below."""
    try:
        with unwritable():
            yield
    except CropdashError as error:
        st.error(told(error), icon=":material/error:")


@contextmanager
def unwritable() -> Iterator[None]:
    """Raises NotKept where the system says that a place may not be written."""
    try:
        yield
    except OSError as error:
        if refused := of_place(error):
            raise refused from error
        raise


@contextmanager
def or_stop() -> Iterator[None]:
    """As `plainly`, where the rest of the page can't go on without what is read."""
    try:
        with unwritable():
            yield
    except CropdashError as error:
        st.error(told(error), icon=":material/error:")
        st.stop()


def link(name: str, query: dict[str, str], label: str | None = None, **more: Any) -> None:
    """A link to the page of that English name, in the language that the reader chose, if any.

    label: in place of the page's name.
    """
    page = next(page for page in PAGES if page.name == name)
    spoken = {key: st.query_params[key] for key in ("lang",) if key in st.query_params}
    st.page_link(
        page.path, label=label or say(name), icon=page.icon, query_params=spoken | query, **more
    )


def stop_with(message: str, page: str | None = None, label: str | None = None) -> None:
    """Show an empty state that says what to do next, and end the page."""
    st.info(message, icon=":material/info:")
    if page and label:
        st.page_link(page, label=label, icon=":material/arrow_forward:")
    st.stop()
