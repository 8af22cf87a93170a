"""Every page in every language and theme: axe's faults, what jumps, and what is wider than a phone.

    python -m bench.access

A real Chromium on a small world of its own. Faults of axe-core are counted whatever their impact, in
the page and in the frames of its maps; the shift is the browser's own cumulative layout shift from the
first paint on, of a second visit; the last column is by how many pixels a page is wider than a window
of 390, in the worst language.
"""

from __future__ import annotations

import itertools
import tempfile
from pathlib import Path

from playwright.sync_api import Browser, expect

from bench import ui
from cropdash import i18n
from tests.browser.conftest import Server, serve
from tests.browser.test_frame import SHIFTS
from tests.browser.test_whole import PAGES, VIEWS, address, faults_of, settled

LOOKS = tuple(itertools.product(("light", "dark"), i18n.LANGUAGES))
SHIFT = 0.1  # what is aimed at
_PATIENCE_MS = 180_000  # a busy machine is no fault of a page


def main() -> None:
    expect.set_options(timeout=_PATIENCE_MS)
    with tempfile.TemporaryDirectory() as scratch, ui.chromium() as browser:
        ui.write_world(Path(scratch))
        ui.load("before")
        for server in serve(Path(scratch)):
            report(browser, server)
        ui.load("after")


def report(browser: Browser, server: Server) -> None:
    """One line a page or view, printed once it was seen in all looks."""
    heads = [f"{theme} {language}" for theme, language in LOOKS]
    print("| page | " + " | ".join(heads) + " | shift | too wide |")
    print("| --- |" + " --- |" * (len(heads) + 2), flush=True)
    told: list[str] = []
    worst, widest, total = 0.0, 0, 0
    for name in (*PAGES, *VIEWS):
        counts, shift, wider = [], 0.0, 0
        for theme, language in LOOKS:
            found, moved, over = seen(browser, server, name, theme, language)
            told += [f"{name or 'Overview'}, {theme} {language}: {fault}" for fault in found]
            counts.append(len(found))
            shift, wider = max(shift, moved), max(wider, over)
        cells = [*map(str, counts), f"{shift:.3f}", f"{wider} px"]
        print(f"| {name or 'Overview'} | " + " | ".join(cells) + " |", flush=True)
        worst, widest, total = max(worst, shift), max(widest, wider), total + sum(counts)
    print(
        f"faults: {total} of 0; largest shift: {worst:.3f} of {SHIFT}; too wide: {widest} of 0 px"
    )
    print("\n".join(told))


def seen(
    browser: Browser, server: Server, name: str, theme: str, language: str
) -> tuple[list[str], float, int]:
    """Faults, shift, and by how much a phone's window is too narrow."""
    context = browser.new_context(
        viewport={"width": 1440, "height": 900}, color_scheme=theme, locale=language
    )
    context.set_default_timeout(_PATIENCE_MS)
    page = context.new_page()
    page.add_init_script(SHIFTS)
    for _ in range(2):
        page.goto(f"{address(server, name)}&lang={language}")
        settled(page, name)
    shift = page.evaluate("window.shifted")
    found = faults_of(page)
    page.set_viewport_size({"width": 390, "height": 844})
    page.evaluate("new Promise(f => setTimeout(f, 500))")
    over = page.evaluate(
        "Math.max(0, ...[document.documentElement, ...document.querySelectorAll('[data-testid=stMain]')]"
        ".map(e => e.scrollWidth - e.clientWidth))"
    )
    context.close()
    return found, shift, over


if __name__ == "__main__":
    main()
