"""No name of a control or a figure is cut, in the language with the longest words."""

from __future__ import annotations

from playwright.sync_api import Browser, Page

from tests.browser.conftest import watched
from tests.browser.test_whole import PAGES, address, settled

# What is wider than the box that hides the rest of it. A box that scrolls sideways cuts nothing,
# and the value that a reader chose may be longer than its select box; its name may not.
CUT = """() => {
  const named = 'button, [role="tab"], .stWidgetLabel, [data-testid="stWidgetLabel"], .stMetric, '
    + '[data-testid="stPageLink-NavLink"], .stage-tab';
  const hides = e => ['hidden', 'clip'].includes(getComputedStyle(e).overflowX);
  return [...document.querySelectorAll(named)].filter(e => e.offsetWidth > 0)
    .flatMap(e => [e, ...e.querySelectorAll('*')])
    .filter(e => e.textContent.trim() && e.clientWidth > 1 && e.scrollWidth > e.clientWidth + 1)
    .filter(e => hides(e) && !e.closest('[data-testid="stIconMaterial"]'))
    .map(e => `${e.textContent.trim()}: ${e.scrollWidth} in ${e.clientWidth} px`);
}"""


SIZES = [(1440, 900), (390, 844)]


def boxes_beyond(page: Page, key: str) -> list[str]:
    """Controls of a line that end beyond the window and that no sideways scrolling reaches."""
    return page.evaluate(
        """key => [...document.querySelectorAll(`.st-key-${key} > *`)]
            .filter(e => e.getBoundingClientRect().right > innerWidth + 1)
            .filter(e => getComputedStyle(e.parentElement).overflowX !== 'auto')
            .map(e => e.textContent)""",
        key,
    )


def test_no_label_is_cut_in_german(browser: Browser, server) -> None:
    cut: dict[tuple[str, int], list[str]] = {}
    with watched(browser, server) as page:
        for name in PAGES:
            for width, height in SIZES:
                page.set_viewport_size({"width": width, "height": height})
                if (width, height) == SIZES[0]:
                    page.goto(f"{address(server, name)}&lang=de")
                    settled(page, name)
                else:  # what follows a change of size does so within two frames
                    page.evaluate(
                        "new Promise(f => requestAnimationFrame(() => requestAnimationFrame(f)))"
                    )
                found = [text for inner in page.frames for text in inner.evaluate(CUT)]
                found += boxes_beyond(page, "head") + boxes_beyond(page, "tools")
                if found:
                    cut[name, width] = found
    assert not cut, cut
