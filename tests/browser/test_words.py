"""No word of a page is cut where a language's words are the longest."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.browser.conftest import Server, watched
from tests.browser.test_whole import PAGES, address, settled

# What a reader must see whole: not the values that people typed, which boxes shorten themselves.
CUT = """() => Array.from(document.querySelectorAll(
    'h1, h2, h3, button, label, [role=tab], [data-testid=stMetricLabel], [data-testid=stMarkdown] p,'
    + '[data-testid=stPageLink] a, [data-testid=stSidebarNav] a'
  )).flatMap(e => [e, ...e.querySelectorAll('p, span')]).filter(e => {
    const box = e.getBoundingClientRect(), style = getComputedStyle(e)
    if (!box.width || !e.innerText || !e.innerText.trim() || style.visibility === 'hidden') return false
    const hides = style.overflowX !== 'visible' && e.scrollWidth > e.clientWidth + 1
    const leaves = box.right > document.documentElement.clientWidth + 1 && !e.closest('[role=tablist]')
      && !e.closest('[data-testid=stSidebar]') && style.position !== 'absolute'
    return (hides || leaves) && !e.closest('[data-testid=stIconMaterial], .katex')
  }).map(e => e.innerText.trim().slice(0, 80))"""


@pytest.mark.parametrize("width", [1440, 390])
def test_no_german_word_is_cut(browser: Browser, server: Server, width: int) -> None:
    cut: dict[str, list[str]] = {}
    with watched(browser, server, viewport={"width": width, "height": 900}) as page:
        for name in PAGES:
            page.goto(f"{address(server, name)}&lang=de")
            settled(page, name)
            if folder := os.environ.get("PICTURES"):
                page.screenshot(path=Path(folder) / f"{name or 'Overview'}_{width}.png")
            if found := page.evaluate(CUT):
                cut[name or "Overview"] = sorted(set(found))
    assert not cut
