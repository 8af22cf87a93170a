"""A page's picture is seen before the browser reads what is heavy."""

from __future__ import annotations

from contextlib import suppress

import pytest
from playwright.sync_api import Error, Page, Route, expect

from tests.browser.conftest import Server

READY = (
    "document.querySelector(\"iframe[title='streamlit_folium.st_folium']\")"
    "?.contentWindow.parcelsReady === true"
)


@pytest.mark.parametrize("name", ["Train", "Compare", "Data"])
def test_a_still_stands_for_the_chart_until_plotly_is_there(page: Page, server: Server, name: str):
    held: list[Route] = []
    page.route("**/static/js/PlotlyChart.*", lambda route: held.append(route))
    page.goto(f"{server.url}/{name}?dataset=demo")
    still = page.locator(".still img").first
    expect(still).to_be_visible()
    page.wait_for_function("document.querySelector('.still img').naturalWidth > 0")
    box = page.locator(".still").first.bounding_box()
    assert box
    assert box["width"] > 200
    assert box["height"] > 200
    assert page.locator(".js-plotly-plot").count() == 0
    page.wait_for_timeout(500)  # so that it is asked for
    for route in held:
        route.continue_()
    page.wait_for_selector(".js-plotly-plot .main-svg")
    expect(still).to_be_hidden()
    chart = page.locator(".js-plotly-plot").first.bounding_box()
    assert chart
    assert abs(chart["y"] - box["y"]) < 2
    assert abs(chart["height"] - box["height"]) < 2


def test_on_review_the_map_comes_before_charts_and_tables(page: Page, server: Server):
    """With the map's own page held back none of them is drawn; then all of them are."""
    held: list[Route] = []
    page.route("**/*st_folium*/**", lambda route: held.append(route))
    page.goto(f"{server.url}/Review?dataset=demo&lights=red,amber,green")
    page.wait_for_selector("iframe[title='streamlit_folium.st_folium']", state="attached")
    page.wait_for_timeout(500)
    heavy = page.locator(".js-plotly-plot, [data-testid='stDataFrame']")
    assert held
    assert heavy.count() == 0
    page.unroute("**/*st_folium*/**")
    for route in held:
        with suppress(Error):  # the frame was loaded anew meanwhile
            route.continue_()
    page.wait_for_function(READY)
    page.wait_for_selector(".js-plotly-plot .main-svg")
    page.wait_for_selector("[data-testid='stDataFrame']")
