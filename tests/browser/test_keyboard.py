"""Without a mouse: past the menu, to a zone and a parcel, to a decision, and away with the list."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from playwright.sync_api import Page, expect

from cropdash.figures import wording
from tests import factory
from tests.browser.conftest import Server
from tests.browser.test_explore import chart_of_parcel, large_parcels
from tests.browser.test_map import a_test_zone
from tests.browser.test_review import wait_until_kept
from tests.browser.test_stories import selection, settle
from tests.browser.test_whole import settled

STOPS = 120  # a way that is longer is none
# What has the focus: its name, and whether that can be seen (an outline, or a field's own frame).
FOCUS = """
() => {
  const e = document.activeElement, box = e.closest("[data-testid]");
  const look = getComputedStyle(e), labels = [...(e.labels || [])].map(l => l.textContent);
  const ringed = (s) => s.outlineStyle !== "none" && parseFloat(s.outlineWidth) > 0
    || s.boxShadow !== "none";
  let seen = ringed(look), field = e;
  if (e.matches("input, textarea")) {
    for (let i = 0; i < 5 && field; i++, field = field.parentElement) {
      const s = getComputedStyle(field);
      seen = seen || ringed(s) || s.borderTopColor === "rgb(47, 107, 58)";
    }
  }
  return {tag: e.tagName, seen: seen, html: e.outerHTML.slice(0, 200), key: box && box.className,
    name: [e.getAttribute("aria-label"), ...labels, e.textContent].filter(Boolean).join(" ")};
}
"""


@pytest.fixture
def world(tmp_path: Path) -> Path:
    """One of its own: a decision is written."""
    dataset = factory.write_dataset(tmp_path / "data", zones=4, size=64)
    factory.write_run(tmp_path / "models", dataset, classifier="xgboost", seed=2, accuracy=0.6)
    factory.write_run(tmp_path / "models", dataset, classifier="cnn", seed=1, accuracy=0.8)
    return tmp_path


def tab_to(page: Page, name: str, tag: str | None = None) -> int:
    """Press the tab key until what bears that name has the focus; returns how often.

    Each stop on the way shows that it has the focus.
    """
    for stop in range(1, STOPS):
        page.keyboard.press("Tab")
        now = page.evaluate(FOCUS)
        assert now["seen"] or now["tag"] in ("BODY", "IFRAME"), now
        if re.search(name, now["name"]) and (tag is None or now["tag"] == tag):
            return stop
    raise AssertionError(f"{name} is not among the first {STOPS} stops")


def test_a_keyboard_alone_goes_from_a_zone_to_a_decision_and_takes_the_list(
    page: Page, server: Server
) -> None:
    zone = a_test_zone(server)
    other = next(z.zone_id for z in server.store.zones("demo") if z.zone_id != zone)
    page.goto(f"{server.url}/Explore?dataset=demo&zone={other}")
    settled(page, "Map")  # its map; no chart is there yet
    settle(page)
    assert tab_to(page, "^Skip to the content$") == 1
    page.keyboard.press("Enter")
    tab_to(page, "Zone", "INPUT")
    page.keyboard.press("Control+a")
    page.keyboard.type(wording.place(zone))
    page.keyboard.press("Enter")
    page.wait_for_url(lambda url: f"zone={zone}" in url)
    settle(page)

    (parcel,) = large_parcels(server, zone, 8)[:1]
    from_the_top(page)
    assert tab_to(page, "^Skip to the choice of a parcel$") <= 10
    page.keyboard.press("Enter")
    focused = page.evaluate("document.activeElement.closest('[class*=st-key-]').className")
    assert "st-key-parcel" in focused
    page.keyboard.type(f"{parcel:05d} · ")
    page.keyboard.press("Enter")
    series = server.store.series("demo", zone).set_index("parcel_id")
    np.testing.assert_allclose(
        chart_of_parcel(page, parcel), series.loc[parcel, "NDVI_mean"], atol=1e-6
    )
    settle(page)

    from_the_top(page)
    tab_to(page, "Review$", "A")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Review")
    settled(page, "Review")
    settle(page)
    from_the_top(page)
    tab_to(page, "Next$")  # of the list, so that it is in it
    page.keyboard.press("Enter")
    here = re.compile(rf"parcel={parcel}(&|$)")
    page.wait_for_url(lambda url: not (f"zone={zone}" in url and here.search(url)))
    settle(page)
    from_the_top(page)
    tab_to(page, "Keep as declared")
    page.keyboard.press("Enter")
    place = selection(page)["zone"], int(selection(page)["parcel"])
    wait_until_kept(page, server, place, decision="keep")

    from_the_top(page)
    tab_to(page, "Download")
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="List (CSV)")).to_be_visible()
    with page.expect_download() as waiting:
        tab_to(page, r"List \(CSV\)")
        page.keyboard.press("Enter")
    table = pd.read_csv(waiting.value.path()).set_index(["zone_id", "parcel_id"])
    assert table.loc[place, "decision"] == "keep"


def from_the_top(page: Page) -> None:
    """Where the page begins, as after loading it: at the first of the links past the menu."""
    page.evaluate("document.querySelector('.skip').focus()")
