"""Map: filter, swipe, judge a parcel, take it home, come back to the same."""

from __future__ import annotations

import re

import geopandas as gpd
from playwright.sync_api import Page, expect

MAP = "iframe[title='streamlit_folium.st_folium']"
PICTURES = "() => Array.from(document.querySelectorAll('img.zone-image')).map(i => i.src)"


def map_frame(page: Page):
    frame = page.wait_for_selector(MAP).content_frame()
    frame.wait_for_function("window.parcelsReady === true")
    return frame


def test_a_class_is_filtered_and_the_divider_moves(page, server):
    zone = next(z.zone_id for z in server.store.zones("demo") if z.split == "test")
    parcel = int(server.store.parcels("demo", zone)["parcel_id"].iloc[0])
    link = f"{server.url}/Map?dataset=demo&zone={zone}&parcel={parcel}"
    page.goto(link)
    frame = map_frame(page)
    before = frame.evaluate(PICTURES)
    page.get_by_text("Both right", exact=True).first.click()
    frame.wait_for_function(
        f"before => JSON.stringify(({PICTURES})()) !== JSON.stringify(before)", arg=before
    )
    expect(page).to_have_url(re.compile("agree=0"))
    page.get_by_role("radio", name="Swipe").or_(page.get_by_text("Swipe", exact=True)).first.click()
    expect(page).to_have_url(re.compile("view=swipe"))
    frame = map_frame(page)
    divider = frame.get_by_label("Move the divider")
    divider.focus()
    cut = "() => window.map.getPane('left').style.clip"
    clip = frame.evaluate(cut)
    divider.press("ArrowRight")
    frame.wait_for_function(f"before => ({cut})() !== before", arg=clip)
    page.reload()
    map_frame(page).wait_for_selector(".swipe-line")
    expect(page).to_have_url(re.compile("agree=0.*view=swipe|view=swipe.*agree=0"))
    with page.expect_download() as waiting:
        page.get_by_role("button", name="Parcels (GeoPackage)").click()
    table = gpd.read_file(waiting.value.path())
    assert set(table["parcel_id"]) == set(server.store.parcels("demo", zone)["parcel_id"])
    assert {"declared", "first_class", "second_class_2"} <= set(table.columns)
