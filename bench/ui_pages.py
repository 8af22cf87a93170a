"""Each page beside an empty one of Streamlit's, opened in turns; part of bench.ui.

"empty" holds a heading alone: what browser and server take by themselves on this machine. "picture"
is the time until the page's map, main chart or first figure is seen with its data; of a chart that may
be its still, before Plotly has drawn it to be touched. "By the menu" is until the heading of the page
chosen there can be read.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Browser, BrowserContext, Page

from cropdash.ui.shell import frame
from tests.browser.conftest import Server, serve

HEADING, PICTURE, MENU_S = 1.3, 2.0, 0.7  # times the empty page; seconds
PATIENCE_MS = 180_000  # a busy machine makes all of them slow: what counts is their ratio
# Asked at each frame: Playwright's own waiting looks but each half second after the first third of one.
_TITLE = "document.querySelector('h1')?.checkVisibility() === true"
_NAMED = "name => document.querySelector('h1')?.innerText.trim().startsWith(name)"
_MAP = (
    "document.querySelector(\"iframe[title='streamlit_folium.st_folium']\")"
    "?.contentWindow.parcelsReady === true"
)
_DRAWN = "document.querySelector('.js-plotly-plot .main-svg') !== null"
# Its still, which shows the same data until Plotly has drawn it: loaded, and seen.
_STILL = (
    "[...document.querySelectorAll('.still img')]"
    ".some(i => i.complete && i.naturalWidth > 0 && i.offsetWidth > 100)"
)
_CHART = f"{_DRAWN} || {_STILL}"
_FIGURE = "document.querySelector('[data-testid=stMetric]') !== null"
_PICTURES = {"": _FIGURE, "Explore": _MAP, "Map": _MAP, "Review": _MAP}


@dataclass(frozen=True)
class Opened:
    """Medians of one page [s]; those of the empty one are of the same turns."""

    name: str
    empty: float
    heading: float
    picture: float
    by_menu: float


def measure(browser: Browser, server: Server, folder: Path, times: int) -> Iterator[Opened]:
    """Each page, `times` times after one that is not counted."""
    script = folder / "empty.py"
    script.write_text("import streamlit as st\n\nst.title('Empty')\n", encoding="utf-8")
    for beside in serve(folder, script=script):
        for page in frame.PAGES:
            with _context(browser) as ours, _context(browser) as other:
                rows = [
                    (_empty(other, beside), *_opened(ours, server, page.address), _chosen(ours, server, page))
                    for _ in range(times + 1)
                ][1:]  # fmt: skip
            yield Opened(page.name, *map(statistics.median, zip(*rows, strict=True)))


def report(found: Iterable[Opened]) -> None:
    """One row a page: seconds, and the two times as multiples of the empty page's."""
    print_row("page", "empty", "heading", "times", "picture", "times", "by the menu")
    print_row(*["---"] * 7)
    for one in found:
        heading, picture = one.heading / one.empty, one.picture / one.empty
        print_row(
            one.name, f"{one.empty:.2f} s", f"{one.heading:.2f} s", f"{heading:.2f}",
            f"{one.picture:.2f} s", f"{picture:.2f}", f"{one.by_menu:.2f} s",
        )  # fmt: skip
    print(f"aimed at: heading {HEADING:g} times, picture {PICTURE:g} times, menu {MENU_S:g} s")


def print_row(*cells: str) -> None:
    print(f"| {' | '.join(cells)} |", flush=True)


@contextmanager
def _context(browser: Browser) -> Iterator[BrowserContext]:
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    context.set_default_timeout(PATIENCE_MS)
    yield context
    context.close()


def _empty(context: BrowserContext, server: Server) -> float:
    page, start = context.new_page(), time.perf_counter()
    page.goto(server.url, wait_until="commit")
    page.wait_for_function(_TITLE)
    spent = time.perf_counter() - start
    page.close()
    return spent


def _opened(context: BrowserContext, server: Server, name: str) -> tuple[float, float]:
    page, start = context.new_page(), time.perf_counter()
    page.goto(f"{server.url}/{name}?dataset=demo", wait_until="commit")
    page.wait_for_function(_TITLE)
    heading = time.perf_counter() - start
    page.wait_for_function(_PICTURES.get(name, _CHART))
    picture = time.perf_counter() - start
    page.close()
    return heading, picture


def _chosen(context: BrowserContext, server: Server, wanted: frame.Listed) -> float:
    """From a click in the menu of another page to the heading."""
    page = context.new_page()
    page.goto(f"{server.url}/{'Data' if not wanted.address else ''}?dataset=demo")
    link = _link(page, wanted.name)
    page.wait_for_selector("[data-testid='stApp'][data-test-script-state='notRunning']")
    start = time.perf_counter()
    link.click()
    page.wait_for_function(_NAMED, arg=wanted.name)
    spent = time.perf_counter() - start
    page.close()
    return spent


def _link(page: Page, name: str):
    link = page.get_by_test_id("stSidebar").get_by_role("link", name=name, exact=True)
    link.wait_for()
    return link
