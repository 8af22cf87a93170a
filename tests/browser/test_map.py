"""Map: judge a parcel, narrow to classes and errors, swipe, take it home, come back to the same."""

from __future__ import annotations

import io
import re
import zipfile

import geopandas as gpd
from playwright.sync_api import Frame, Page, expect

from cropdash import legend
from cropdash.ui.map.downloads import AGREEMENT
from tests.browser.test_explore import (
    chart_of_parcel,
    click_parcel,
    large_parcels,
    map_frame,
    wait_for_mark,
)

PICTURES = "() => Array.from(document.querySelectorAll('img.zone-image')).map(i => i.src)"
# Parcels that are outlined in full, of those of one panel.
OUTLINED = (
    "() => Object.values(window.map._layers).filter(l => l.feature && l.options.weight < 1"
    " && l.options.opacity > 0.5).map(l => l.feature.properties.id).sort((a, b) => a - b)"
)


def a_test_zone(server) -> str:
    return next(z.zone_id for z in server.store.zones("demo") if z.split == "test")


def bars_of(page: Page, parcel: int) -> dict[str, list[float]]:
    """Probabilities by model in the chart of a parcel."""
    said = re.compile(rf"Most probable classes of parcel \d*0{parcel},")
    page.get_by_text(said).first.wait_for()
    script = (
        "() => { for (const plot of document.querySelectorAll('.js-plotly-plot')) {"
        " const d = (plot._fullData || []).filter(t => t.type === 'bar' && t.orientation === 'h');"
        " if (d.length === 2) return d.map(t => [t.name, Array.from(t.x)]); } return null; }"
    )
    return dict(page.wait_for_function(script).json_value())


def changed(frame: Frame, before: list[str]) -> None:
    frame.wait_for_function(
        f"before => JSON.stringify(({PICTURES})()) !== JSON.stringify(before)", arg=before
    )


def test_a_parcel_is_judged_by_link_and_by_click(page, server):
    zone = a_test_zone(server)
    first, second = large_parcels(server, zone, 8)[:2]
    runs = {run.classifier: run.run_id for run in server.store.runs("demo")}
    page.goto(f"{server.url}/Map?dataset=demo&zone={zone}&parcel={first}")
    chart_of_parcel(page, first)
    bars_of(page, first)
    _, frame = map_frame(page)
    wait_for_mark(frame, first)
    frame.evaluate("window.stamp = 1")

    click_parcel(page, server, zone, second)
    expect(page).to_have_url(re.compile(f"parcel={second}(&|$)"))
    chart_of_parcel(page, second)
    wait_for_mark(frame, second)
    assert frame.evaluate("window.stamp") == 1, "a click must not reload the map"
    shown = bars_of(page, second)
    for name, classifier in (("CNN", "cnn"), ("XGBoost", "xgboost")):
        table = server.store.parcel_prediction(runs[classifier], zone).set_index("parcel_id")
        assert abs(max(shown[name]) - table.loc[second, "confidence"]) < 1e-6

    page.reload()
    chart_of_parcel(page, second)
    bars_of(page, second)


def test_errors_and_classes_are_shown_alone_without_reloading_the_map(page, server):
    zone = a_test_zone(server)
    page.goto(f"{server.url}/Map?dataset=demo&zone={zone}")
    _, frame = map_frame(page)
    frame.evaluate("window.stamp = 1")
    before = frame.evaluate(PICTURES)
    agreed = frame.get_by_role("button", name=re.compile("^Only CNN right"))
    agreed.click()
    expect(page).to_have_url(re.compile("agree=1(&|$)"))
    changed(frame, before)
    expected = sorted(
        i
        for i, (truth, first, second) in answered(server, zone).items()
        if first == truth != second
    )
    frame.wait_for_function(
        f"ids => JSON.stringify(({OUTLINED})()) === JSON.stringify(ids)", arg=expected
    )

    agreed.click()
    frame.wait_for_function(
        f"before => JSON.stringify(({PICTURES})()) === JSON.stringify(before)", arg=before
    )
    frame.locator(".legend-part").last.get_by_role("button").first.click()
    page.mouse.move(2, 2)  # parcels of the class under the pointer are lit
    expect(page).to_have_url(re.compile("classes="))
    name = re.search(r"classes=([a-z_0-9]+)", page.url)[1]
    crop = next(item.id for item in legend.load().classes if item.name == name)
    changed(frame, before)
    expected = sorted(i for i, crops in answered(server, zone).items() if crop in crops)
    frame.wait_for_function(
        f"ids => JSON.stringify(({OUTLINED})()) === JSON.stringify(ids)", arg=expected
    )
    assert frame.evaluate("window.stamp") == 1, "a choice must not reload the map"

    narrowed = frame.evaluate(PICTURES)
    page.reload()
    _, frame = map_frame(page)
    frame.wait_for_function(
        f"wanted => JSON.stringify(({PICTURES})()) === JSON.stringify(wanted)", arg=narrowed
    )


def answered(server, zone) -> dict[int, tuple[int, int, int]]:
    """Classes of each mapped parcel that holds a pixel: declared, by the CNN, by XGBoost."""
    runs = {run.classifier: run.run_id for run in server.store.runs("demo")}
    table = server.store.parcels("demo", zone).set_index("parcel_id")[["crop"]]
    for name in ("cnn", "xgboost"):
        said = server.store.parcel_prediction(runs[name], zone).set_index("parcel_id")
        table = table.join(said["predicted"].rename(name), how="inner")
    mapped = table[(table["crop"] > 0) & (table["crop"] < 255)]
    return {int(i): tuple(map(int, row)) for i, *row in mapped.itertuples()}


def test_the_divider_is_dragged_and_moved_by_keys_and_files_are_taken_home(page, server):
    zone = a_test_zone(server)
    page.goto(f"{server.url}/Map?dataset=demo&zone={zone}&view=swipe&over=second&shows=confidence")
    _, frame = map_frame(page)
    cut = "() => parseFloat(document.querySelector('.swipe-line').style.left)"
    clip = "() => window.map.getPane('left').style.clip"
    assert frame.evaluate(cut) == 50
    divider, before = frame.get_by_label("Move the divider"), frame.evaluate(clip)
    divider.press("ArrowRight")
    frame.wait_for_function(f"({cut})() === 51")
    assert frame.evaluate(clip) != before
    divider.scroll_into_view_if_needed()
    box = divider.bounding_box()
    middle = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + 12 + (box["width"] - 24) * 0.51, middle)
    page.mouse.down()
    page.mouse.move(box["x"] + 12 + (box["width"] - 24) * 0.25, middle, steps=4)
    page.mouse.up()
    assert 20 < frame.evaluate(cut) < 30
    expect(frame.locator(".swipe-name.right")).to_have_text("XGBoost")

    table = gpd.read_file(io.BytesIO(download(page, "Parcels (GeoPackage)")))
    assert set(table["parcel_id"]) == set(server.store.parcels("demo", zone)["parcel_id"])
    assert set(table["agreement"].dropna()) <= set(AGREEMENT)
    with zipfile.ZipFile(io.BytesIO(download(page, "All for QGIS (ZIP)"))) as bundle:
        kinds = sorted(name.rpartition(".")[2] for name in bundle.namelist())
    assert kinds == ["csv", "gpkg", "qml", "qml", "qml", "tif", "tif"]


def download(page: Page, name: str) -> bytes:
    if not page.get_by_role("button", name=name).is_visible():
        page.get_by_role("button", name="Download", exact=True).first.click()
    with page.expect_download() as waiting:
        page.get_by_role("button", name=name).click()
    return waiting.value.path().read_bytes()
