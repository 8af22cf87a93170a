"""Click a parcel on the map, read its year in the chart."""

import re

import numpy as np
import pandas as pd
import pytest
from playwright.sync_api import Page, expect
from shapely import box as rectangle

from cropdash import legend

MAP = "iframe[title='streamlit_folium.st_folium']"


def centre_of(server, zone, parcel):
    """(lat, lon) of a point inside the parcel."""
    table = server.store.parcels("demo", zone).set_index("parcel_id")
    point = table.geometry.loc[[parcel]].representative_point().to_crs(4326).iloc[0]
    return point.y, point.x


def map_frame(page: Page):
    # Asked of the page: the frame that is there first may be replaced while the page is drawn.
    page.wait_for_function(
        "title => document.querySelector(title)?.contentWindow.parcelsReady === true", arg=MAP
    )
    handle = page.wait_for_selector(MAP)
    return handle, handle.content_frame()


def click_parcel(page: Page, server, zone, parcel):
    handle, frame = map_frame(page)
    handle.scroll_into_view_if_needed()
    x, y = frame.evaluate(
        "([lat, lon]) => { const p = window.map.latLngToContainerPoint([lat, lon]);"
        " const r = window.map.getContainer().getBoundingClientRect();"
        " return [r.left + p.x, r.top + p.y]; }",
        list(centre_of(server, zone, parcel)),
    )
    box = handle.bounding_box()
    page.mouse.click(box["x"] + x, box["y"] + y)


def chart_of_parcel(page: Page, parcel):
    """y values of the trace that shows the parcel, named by the register's id: it ends with its
    number in the zone, after zeros."""
    script = (
        "id => { for (const plot of document.querySelectorAll('.js-plotly-plot')) {"
        " const t = (plot._fullData || []).find(t => new RegExp(`^Parcel \\\\d*0${id}(:|$)`).test(t.name || ''));"
        " if (t) return Array.from(t.y); } return null; }"
    )
    return page.wait_for_function(script, arg=parcel).json_value()


def wait_for_mark(frame, parcel):
    """Until the first panel outlines the parcel as the selected one."""
    frame.wait_for_function(
        "id => Object.values(window.map._layers).some(l => l.options"
        " && l.options.color === '#00e5ff' && l.feature && l.feature.properties.id === id)",
        arg=parcel,
    )


def large_parcels(server, zone, n):
    table = server.store.parcels("demo", zone)
    chosen = table[table["crop"] > 0].nlargest(n, "n_pixels")
    inside = chosen[chosen.geometry.representative_point().within(_rectangle(server, zone))]
    return inside["parcel_id"].tolist()


def _rectangle(server, zone):
    return rectangle(*next(z for z in server.store.zones("demo") if z.zone_id == zone).grid.bounds)


@pytest.mark.cold
def test_cold_deep_link_click_and_chart(page, server):
    zone = server.store.zones("demo")[1].zone_id
    first, second = large_parcels(server, zone, 8)[:2]
    page.goto(f"{server.url}/Explore?dataset=demo&zone={zone}&parcel={first}")
    expect(page.get_by_role("heading", name="Explore", exact=True)).to_be_visible()
    expect(page.get_by_role("link", name="Compare")).to_be_visible()  # our own menu, cold
    series = server.store.series("demo", zone).set_index("parcel_id")
    shown = chart_of_parcel(page, first)
    np.testing.assert_allclose(shown, series.loc[first, "NDVI_mean"], atol=1e-6)

    click_parcel(page, server, zone, second)
    shown = chart_of_parcel(page, second)
    np.testing.assert_allclose(shown, series.loc[second, "NDVI_mean"], atol=1e-6)
    expect(page).to_have_url(re.compile(f"parcel={second}"))
    crop = server.store.parcels("demo", zone).set_index("parcel_id").loc[second, "crop"]
    label = legend.load().classes[crop].label()
    expect(page.get_by_text(label, exact=True).first).to_be_visible()

    page.reload()
    np.testing.assert_allclose(
        chart_of_parcel(page, second), series.loc[second, "NDVI_mean"], atol=1e-6
    )


def test_the_list_marks_the_parcel_on_the_map_at_once(page, server):
    zone = server.store.zones("demo")[1].zone_id
    first, second = large_parcels(server, zone, 8)[:2]
    page.goto(f"{server.url}/Explore?dataset=demo&zone={zone}&parcel={first}")
    _, frame = map_frame(page)
    wait_for_mark(frame, first)
    frame.evaluate("window.stamp = 1")
    box = page.get_by_role("combobox", name="Parcel")
    box.click()
    box.fill(f"{second:05d} · ")
    box.press("Enter")
    wait_for_mark(frame, second)
    chart_of_parcel(page, second)
    assert frame.evaluate("window.stamp") == 1


def test_parcels_are_narrowed_to_a_crop_without_reloading_the_map(page, server):
    zone = server.store.zones("demo")[1].zone_id
    (parcel,) = large_parcels(server, zone, 8)[:1]
    crop = int(server.store.parcels("demo", zone).set_index("parcel_id").loc[parcel, "crop"])
    page.goto(f"{server.url}/Explore?dataset=demo&zone={zone}")
    _, frame = map_frame(page)
    frame.evaluate("window.stamp = 1")
    label = legend.load().classes[crop].label()
    frame.get_by_role("button", name=re.compile(f"^{re.escape(label)}")).click()
    frame.wait_for_function(
        "crop => { const all = Object.values(window.map._layers).filter(l => l.feature);"
        " return all.length && all.every(l => "
        "(l.options.opacity > 0.5) === (l.feature.properties.crop === crop)); }",
        arg=crop,
    )
    assert frame.evaluate("window.stamp") == 1


# Writes down every picture that the map shows from now on.
SEEN = """() => {
  const picture = document.querySelector('.zone-image');
  window.seen = [];
  new MutationObserver(() => window.seen.push(picture.src))
    .observe(picture, { attributes: true, attributeFilter: ['src'] });
}"""
PICTURE = "document.querySelector('.zone-image').src"


def socket_of(page: Page) -> list[str]:
    """Fills with what the page sends over its socket; to be called before the page opens."""
    sent: list[str] = []
    page.on("websocket", lambda ws: ws.on("framesent", lambda frame: sent.append(str(frame)[:20])))
    return sent


def test_the_period_changes_the_picture_without_reloading_the_map(page, server):
    zone = server.store.zones("demo")[0].zone_id
    page.goto(f"{server.url}/Explore?dataset=demo&zone={zone}")
    _, frame = map_frame(page)
    frame.evaluate("window.stamp = 1")
    before = frame.evaluate(PICTURE)
    frame.get_by_role("slider", name="Period").press("ArrowRight")
    frame.wait_for_function(f"src => {PICTURE} !== src", arg=before)
    expect(page).to_have_url(re.compile("period=2023-06"))
    expect(frame.locator(".period-name")).to_have_text("June 2023")
    assert frame.evaluate("window.stamp") == 1


def test_the_year_plays_in_the_browser_and_stops_at_a_period_of_the_address(page, server):
    zone, sent = server.store.zones("demo")[0].zone_id, socket_of(page)
    page.goto(f"{server.url}/Explore?dataset=demo&zone={zone}&period=2023-11&picture=NDVI")
    _, frame = map_frame(page)
    expect(frame.locator(".period-name")).to_have_text("November 2023")
    frame.get_by_role("button", name="Play the season").click()
    frame.get_by_role("button", name="Pause").wait_for()
    asked = len(sent)
    pictures = set()
    for name in ("December 2023", "January 2023", "February 2023"):  # round the end of the year
        expect(frame.locator(".period-name")).to_have_text(name)
        pictures.add(frame.evaluate(PICTURE))
    assert len(pictures) == 3
    assert len(sent) == asked, "playing must not ask the server for anything"
    frame.get_by_role("button", name="Pause").click()
    stopped = frame.locator(".period-name").inner_text()
    expect(page).to_have_url(re.compile("period=2023-0[1-9]"))
    page.reload()
    _, frame = map_frame(page)
    expect(frame.locator(".period-name")).to_have_text(stopped)


def test_a_click_while_the_year_plays_neither_stops_it_nor_turns_it_back(page, server):
    zone = server.store.zones("demo")[1].zone_id
    parcel = large_parcels(server, zone, 8)[0]
    page.goto(f"{server.url}/Explore?dataset=demo&zone={zone}")
    _, frame = map_frame(page)
    still = frame.evaluate(PICTURE)  # finer, so another file than that of May when it is played
    frame.get_by_role("button", name="Play the season").click()
    frame.get_by_role("button", name="Pause").wait_for()
    frame.evaluate(SEEN)
    click_parcel(page, server, zone, parcel)
    chart_of_parcel(page, parcel)
    wait_for_mark(frame, parcel)
    now = frame.locator(".period-name").inner_text()
    assert now != "May 2023"
    assert still not in frame.evaluate("window.seen")
    expect(frame.locator(".period-name")).not_to_have_text(now)
    expect(frame.get_by_role("button", name="Pause")).to_be_visible()


def test_two_parcels_are_clicked_and_stay_in_the_address(page, server):
    zone = server.store.zones("demo")[1].zone_id
    first, second, third = large_parcels(server, zone, 8)[:3]
    page.goto(f"{server.url}/Explore?dataset=demo&zone={zone}")
    click_parcel(page, server, zone, first)
    chart_of_parcel(page, first)
    page.get_by_role("radio", name="Compare").or_(
        page.get_by_role("button", name="Compare", exact=True)
    ).first.click()
    # The server has heard of it: a click on the map must not overtake the choice of what it sets.
    expect(page.get_by_test_id("stStatusWidget")).to_have_count(0, timeout=60_000)
    for other in (second, third):
        click_parcel(page, server, zone, other)
        chart_of_parcel(page, other)
        expect(page).to_have_url(re.compile(f"other={other}(&|$)"))
    expect(page).to_have_url(re.compile(f"parcel={first}(&|$)"))
    _, frame = map_frame(page)
    marks = (
        "() => Object.values(window.map._layers).filter(l => l.feature && l.options.weight === 3.5)"
        ".map(l => l.feature.properties.id)"
    )
    assert set(frame.evaluate(marks)) == {first, third}
    page.reload()
    chart_of_parcel(page, first)
    chart_of_parcel(page, third)


def test_a_chart_of_the_dataset_changes_and_its_data_is_handed_out(page, server):
    zone = server.store.zones("demo")[1].zone_id
    page.goto(f"{server.url}/Explore?dataset=demo&zone={zone}&part=dataset")
    for name, words in (("Clear dates", "cloud-free"), ("Crops by zone", "eight largest")):
        page.get_by_role("radio", name=name).or_(
            page.get_by_role("button", name=name, exact=True)
        ).first.click()
        expect(page.get_by_text(re.compile(words)).first).to_be_visible()
    expect(page).to_have_url(re.compile("view=shares"))
    # A button of the chart before is still there for a moment, and gives nothing any more.
    expect(page.locator("[data-stale='true']")).to_have_count(0)
    with page.expect_download() as download:
        page.get_by_role("button", name="Data (CSV)").click()
    table = pd.read_csv(download.value.path())
    np.testing.assert_allclose(table.groupby("zone_id")["share"].sum(), 1)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_is_wider_than_a_telephone(page, server, scheme):
    page.set_viewport_size({"width": 400, "height": 860})
    page.emulate_media(color_scheme=scheme)
    zone = server.store.zones("demo")[1].zone_id
    parcel = large_parcels(server, zone, 8)[0]
    page.goto(f"{server.url}/Explore?dataset=demo&zone={zone}&parcel={parcel}")
    chart_of_parcel(page, parcel)
    _, frame = map_frame(page)
    wide = "e => e.scrollWidth - e.clientWidth"
    assert page.get_by_test_id("stMain").evaluate(wide) <= 0
    bar = frame.locator(".period-bar").bounding_box()
    assert bar["width"] <= 400
    assert frame.locator(".period-bar").evaluate(wide) <= 0


def test_the_map_page_links_four_panels_and_any_of_them_takes_a_click(page, server):
    zone = next(z.zone_id for z in server.store.zones("demo") if z.split == "test")
    parcel = large_parcels(server, zone, 5)[0]
    page.goto(f"{server.url}/Map?dataset=demo&zone={zone}")
    handle, frame = map_frame(page)
    frame.wait_for_function("document.querySelectorAll('.leaflet-container').length === 4")
    captions = frame.evaluate(
        "[...document.querySelectorAll('.panel-caption')].map(e => e.textContent)"
    )
    assert captions == ["Declared", "CNN", "XGBoost", "Agreement"]
    handle.scroll_into_view_if_needed()
    x, y = frame.evaluate(
        "([lat, lon]) => { const p = window.map.latLngToContainerPoint([lat, lon]);"
        " const r = document.querySelectorAll('.leaflet-container')[2].getBoundingClientRect();"
        " return [r.left + p.x, r.top + p.y]; }",
        list(centre_of(server, zone, parcel)),
    )
    box = handle.bounding_box()
    page.mouse.click(box["x"] + x, box["y"] + y)
    expect(page).to_have_url(re.compile(f"parcel={parcel}(&|$)"))
    chart_of_parcel(page, parcel)


@pytest.mark.cold
@pytest.mark.parametrize("name", ["", "Explore", "Train", "Map", "Compare", "Review", "Data"])
def test_every_page_opens_cold_with_the_menu(page, server, name):
    page.goto(f"{server.url}/{name}")
    expect(page.get_by_role("heading", level=1)).to_have_text(name or "Overview")
    for other in ("Overview", "Explore", "Train", "Map", "Compare"):
        expect(page.get_by_role("link", name=other, exact=True).first).to_be_visible()
    expect(page.get_by_test_id("stException")).to_have_count(0)


def test_the_menu_takes_the_selection_along(page, server):
    zone = next(z.zone_id for z in server.store.zones("demo") if z.split == "test")
    parcel = large_parcels(server, zone, 5)[0]
    page.goto(f"{server.url}/Explore?dataset=demo&zone={zone}&parcel={parcel}")
    chart_of_parcel(page, parcel)
    page.get_by_role("link", name="Map", exact=True).first.click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Map")
    expect(page).to_have_url(
        re.compile(f"zone={zone}.*parcel={parcel}|parcel={parcel}.*zone={zone}")
    )
    chart_of_parcel(page, parcel)
