"""What a window shows: maps as large as it allows, in view from the start, and nothing that jumps."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import watched
from tests.browser.test_explore import map_frame
from tests.browser.test_whole import PAGES, VIEWS, address, settled

SIZES = [(1440, 900), (1920, 1080), (2560, 1440)]
PANELS = (
    "() => [...document.querySelectorAll('.panel-grid > div')].map(e => e.getBoundingClientRect())"
    ".filter(r => r.width).map(r => [r.left, r.top, r.right, r.bottom])"
)
PICTURES = (
    "() => [...document.querySelectorAll('.panel-grid > div')].map(e => {"
    " const r = e.getBoundingClientRect(), i = e.querySelector('img.zone-image');"
    " const p = i.getBoundingClientRect();"
    " const w = Math.min(r.right, p.right) - Math.max(r.left, p.left);"
    " const h = Math.min(r.bottom, p.bottom) - Math.max(r.top, p.top);"
    " return r.width ? Math.max(w, 0) * Math.max(h, 0) : 0; }).reduce((a, b) => a + b)"
)
# The map and the panel of a parcel, which is beside it or below it, never on it.
APART = """() => {
  const map = document.querySelector('.st-key-work iframe'), panel = document.querySelector('.st-key-side');
  if (!map || !panel) return false;
  const seen = [...map.contentDocument.querySelectorAll('.panel-grid > div')].filter(e => e.offsetWidth);
  const at = map.getBoundingClientRect(), place = panel.getBoundingClientRect();
  const right = at.left + Math.max(...seen.map(e => e.getBoundingClientRect().right));
  return place.width > 100 && (place.left >= right - 1 || place.top >= at.bottom - 1);
}"""
SHIFTS = (
    "window.shifted = 0; new PerformanceObserver(list => { for (const e of list.getEntries())"
    " if (!e.hadRecentInput) window.shifted += e.value; })"
    ".observe({type: 'layout-shift', buffered: true});"
)


def place_of_panels(page: Page) -> list[tuple[float, float, float, float]]:
    """Left, top, right, bottom in the window of each panel that is shown."""
    handle, inner = map_frame(page)
    box = handle.bounding_box()
    return [
        (left + box["x"], top + box["y"], right + box["x"], bottom + box["y"])
        for left, top, right, bottom in inner.evaluate(PANELS)
    ]


def pictured(page: Page) -> float:
    """Share of the window that pictures of the zone cover."""
    _, inner = map_frame(page)
    size = page.viewport_size
    return inner.evaluate(PICTURES) / (size["width"] * size["height"])


def a_test_zone(server) -> str:
    return next(z.zone_id for z in server.store.zones("demo") if z.split == "test")


@pytest.mark.parametrize(("width", "height"), SIZES)
def test_four_panels_are_wholly_in_view_and_fill_the_window(browser, server, width, height):
    with watched(browser, server, viewport={"width": width, "height": height}) as page:
        page.goto(f"{server.url}/Map?dataset=demo&zone={a_test_zone(server)}")
        panels = place_of_panels(page)
        assert len(panels) == 4
        for left, top, right, bottom in panels:
            assert 0 <= left < right <= width
            assert 0 <= top < bottom <= height
        assert pictured(page) >= 0.45
        page.goto(f"{server.url}/Explore?dataset=demo")
        assert pictured(page) >= 0.40
        assert len(place_of_panels(page)) == 1


@pytest.mark.parametrize(
    ("name", "first", "then"),
    [("Train", "Run", "New training"), ("Compare", "Confusion matrices", "Accuracy")],
)
def test_a_telephone_shows_the_picture_before_what_stands_beside_it(
    browser, server, name, first, then
):
    with watched(browser, server, viewport={"width": 390, "height": 844}) as page:
        page.goto(f"{server.url}/{name}?dataset=demo")
        settled(page, name)
        tops = [
            page.get_by_test_id("stMain").get_by_text(words, exact=True).first.bounding_box()["y"]
            for words in (first, then)
        ]
        assert tops == sorted(tops)


@pytest.mark.parametrize("name", ["Map", "Explore"])
def test_a_telephone_shows_a_map_first_and_a_zoomed_window_is_half_map(browser, server, name):
    zone = a_test_zone(server)
    parcel = server.store.parcels("demo", zone)["parcel_id"].iloc[0]
    bare = f"{server.url}/{name}?dataset=demo&zone={zone}"
    with watched(browser, server, viewport={"width": 390, "height": 844}) as page:
        page.add_init_script(SHIFTS)
        page.goto(f"{bare}&parcel={parcel}")
        ((_, top, right, _),) = place_of_panels(page)
        assert top <= 160
        assert right <= 390
        settled(page, "Explore")
        assert page.evaluate("window.shifted") < 0.1  # the parcel's panel waits below the map
    with watched(browser, server, viewport={"width": 720, "height": 450}) as page:  # 200 %
        page.goto(bare)
        ((left, top, right, bottom),) = place_of_panels(page)
        assert bottom <= 450
        assert (right - left) * (bottom - top) >= 0.5 * 720 * 450
        page.goto(f"{bare}&parcel={parcel}")
        settled(page, "Explore")
        for width, height in ((720, 450), (900, 700), (1000, 700)):
            page.set_viewport_size({"width": width, "height": height})
            page.wait_for_function(APART)


@pytest.mark.parametrize("name", [*PAGES, *(view for view in VIEWS if view.startswith("Map"))])
def test_nothing_jumps_once_it_is_there(browser, server, name):
    with watched(browser, server, viewport={"width": 1440, "height": 900}) as page:
        page.add_init_script(SHIFTS)
        # Streamlit fetches each kind of control when it first needs it: over a slow line, all at
        # other times than what stands beside them.
        page.context.new_cdp_session(page).send(
            "Network.emulateNetworkConditions",
            {"offline": False, "latency": 150, "downloadThroughput": -1, "uploadThroughput": -1},
        )
        page.goto(address(server, name))
        settled(page, name)
        expect(page.get_by_test_id("stMain").get_by_test_id("stSkeleton")).to_have_count(0)
        page.wait_for_timeout(500)  # what comes late would jump then
        assert page.evaluate("window.shifted") < 0.1
