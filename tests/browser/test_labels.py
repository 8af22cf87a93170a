"""No name of a control or a figure is cut and no control leaves the window, in the languages with the
longest words."""

from __future__ import annotations

from playwright.sync_api import Browser

from tests.browser.conftest import watched
from tests.browser.test_whole import PAGES, address, settled

# What is wider than the box that hides the rest of it, or than its input; and controls of the head
# and the line below it that are beyond the window or would have to be scrolled to. The value that a
# reader chose may be longer than its select box; its name and its hint may not.
FAULTS = """() => {
  const all = (of, what) => [...of.querySelectorAll(what)].filter(e => e.offsetWidth > 0);
  const named = 'button, summary, [role="tab"], .stWidgetLabel, [data-testid="stWidgetLabel"], .stMetric, '
    + '[data-testid="stPageLink-NavLink"], .stage-tab';
  const hides = e => ['hidden', 'clip'].includes(getComputedStyle(e).overflowX);
  const cut = all(document, named).flatMap(e => [e, ...e.querySelectorAll('*')])
    .filter(e => e.textContent.trim() && e.clientWidth > 1 && e.scrollWidth > e.clientWidth + 1)
    .filter(e => hides(e) && !e.closest('[data-testid="stIconMaterial"]'))
    .map(e => `${e.textContent.trim()}: ${e.scrollWidth} in ${e.clientWidth} px`);
  const lines = all(document, '.st-key-head, .st-key-tools');
  const beyond = lines.flatMap(line => all(line, 'h1, button, input, summary'))
    .filter(e => e.getBoundingClientRect().left < 0 || e.getBoundingClientRect().right > innerWidth + 1)
    .map(e => `${e.textContent || e.ariaLabel} is beyond the window`);
  const pen = document.createElement('canvas').getContext('2d');
  const hints = lines.flatMap(line => all(line, 'input')).filter(e => {
    const none = !e.value && !e.closest('[data-baseweb="select"]')?.querySelector('[value]');
    pen.font = getComputedStyle(e).font;
    return none && pen.measureText(e.placeholder).width > e.clientWidth + 1;
  }).map(e => `${e.placeholder}: in ${e.clientWidth} px`);
  return [...cut, ...beyond, ...hints];
}"""
FOLD = "() => document.querySelectorAll('.fold').forEach(e => { e.open = true; })"
TWO_FRAMES = "new Promise(f => requestAnimationFrame(() => requestAnimationFrame(f)))"
SIZES = [(1440, 900), (390, 844)]


def test_no_label_is_cut_and_no_control_leaves_the_window(browser: Browser, server) -> None:
    found: dict[tuple[str, str, int], list[str]] = {}
    with watched(browser, server) as page:
        for language, names in (
            ("de", PAGES),
            ("fr", ("Map", "Map?view=swipe", "Compare", "Review")),
        ):
            for name in names:
                page.set_viewport_size({"width": 1440, "height": 900})
                opened, bare = address(server, name), name.startswith(("Explore", "Map"))
                if bare:  # the hint is read where no parcel is chosen
                    opened = opened.replace("&parcel=", "&none=")
                page.goto(f"{opened}&lang={language}")
                settled(page, "Map" if bare else name)
                for width, height in SIZES:
                    page.set_viewport_size({"width": width, "height": height})
                    page.evaluate(FOLD)
                    page.evaluate(TWO_FRAMES)  # within which follows what a change of size brings
                    if faults := [text for inner in page.frames for text in inner.evaluate(FAULTS)]:
                        found[name, language, width] = faults
    assert not found, found
