"""What three readers come for, each from page to page in one sitting."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Server
from tests.browser.test_explore import chart_of_parcel, click_parcel, large_parcels, map_frame


def selection(page: Page) -> dict[str, str]:
    """What the page's address says is selected."""
    return {name: values[0] for name, values in parse_qs(urlsplit(page.url).query).items()}


def go_to(page: Page, name: str) -> None:
    """By the menu."""
    page.get_by_role("link", name=name, exact=True).first.click()
    expect(page.get_by_role("heading", level=1)).to_have_text(name)
    settle(page)


def settle(page: Page) -> None:
    page.wait_for_selector("[data-testid='stApp'][data-test-script-state='notRunning']")
    expect(page.locator("[data-stale='true']")).to_have_count(0)


def take_home(page: Page, name: str) -> Path:
    button = page.get_by_role("button", name=name, exact=True).first
    folded = not button.is_visible()  # among those of the page's line of tools
    if folded:
        page.get_by_role("button", name="Download", exact=True).first.click()
    expect(button).to_be_visible()
    with page.expect_download() as waiting:
        button.click()
    name = waiting.value.suggested_filename
    path = Path(waiting.value.path()).with_name(name)
    waiting.value.save_as(path)
    if folded:
        page.keyboard.press("Escape")
        expect(button).not_to_be_visible()
    return path


def held_out(server: Server) -> str:
    return next(z.zone_id for z in server.store.zones("demo") if z.split == "test")


def newest(server: Server) -> dict[str, str]:
    return {run.classifier: run.run_id for run in server.store.runs("demo")}


def test_a_student_follows_a_parcel_from_the_first_page_to_both_models(
    page: Page, server: Server
) -> None:
    zone = held_out(server)
    first, parcel = large_parcels(server, zone, 8)[:2]
    page.goto(f"{server.url}/?dataset=demo&zone={zone}&parcel={first}")
    expect(page.get_by_role("heading", level=1)).to_have_text("Overview")
    settle(page)
    go_to(page, "Explore")
    chart_of_parcel(page, first)  # came along
    click_parcel(page, server, zone, parcel)
    shown = chart_of_parcel(page, parcel)
    settle(page)
    home = pd.read_csv(take_home(page, "Series (CSV)"))
    stored = server.store.series("demo", zone).set_index("parcel_id").loc[parcel]
    np.testing.assert_allclose(home["NDVI_mean"], stored["NDVI_mean"], atol=1e-6)
    np.testing.assert_allclose(shown, stored["NDVI_mean"], atol=1e-6)

    go_to(page, "Map")
    chart_of_parcel(page, parcel)
    assert selection(page)["zone"] == zone
    assert selection(page)["parcel"] == str(parcel)
    settle(page)
    rows = pd.read_csv(take_home(page, "Probabilities (CSV)")).set_index("class_id")
    for kind, name in (("cnn", "CNN"), ("xgboost", "XGBoost")):
        answer = server.store.prediction(newest(server)[kind], zone)
        there = answer.parcel_probabilities[list(answer.parcel_ids).index(parcel)]
        np.testing.assert_allclose(rows[name], there[rows.index], atol=1e-5)

    for _ in range(4):  # the defaults that a page writes into its address are steps as well
        if urlsplit(page.url).path == "/Map":  # the heading lags behind the address
            page.go_back()
            settle(page)
    expect(page.get_by_role("heading", level=1)).to_have_text("Explore")
    assert selection(page)["parcel"] == str(parcel)
    chart_of_parcel(page, parcel)
    page.reload()
    chart_of_parcel(page, parcel)


def test_a_researcher_compares_as_counted_elsewhere_and_takes_the_pair_along(
    page: Page, server: Server
) -> None:
    runs, zone = newest(server), held_out(server)
    # The pair is turned round: what is carried along is not what a page would choose itself.
    page.goto(
        f"{server.url}/Compare?dataset=demo&zone={zone}"
        f"&left={runs['xgboost']}&right={runs['cnn']}&unit=parcel"
    )
    expect(page.get_by_role("heading", level=1)).to_have_text("Compare")
    settle(page)
    order = [runs["xgboost"], runs["cnn"]]
    for unit, name in (("parcel", None), ("pixel", "Pixel")):
        if name:
            page.get_by_role("radio", name=name, exact=True).or_(
                page.get_by_role("button", name=name, exact=True)
            ).first.click()
            page.wait_for_url(lambda url: "unit=parcel" not in url)
            settle(page)
        table = pd.read_csv(take_home(page, "Metrics (CSV)"))
        assert table["run"].tolist() == order
        stored = [server.store.run(run).scores.test.of(unit).accuracy for run in order]
        assert table["accuracy"].tolist() == pytest.approx(stored)

    go_to(page, "Map")
    _, frame = map_frame(page)
    assert {k: selection(page)[k] for k in ("left", "right", "zone")} == {
        "left": order[0], "right": order[1], "zone": zone,
    }  # fmt: skip
    captions = frame.evaluate(
        "[...document.querySelectorAll('.panel-caption')].map(e => e.textContent)"
    )
    assert [c for c in captions if c in ("CNN", "XGBoost")] == ["XGBoost", "CNN"]
    settle(page)
    parcels = gpd.read_file(take_home(page, "Parcels (GeoPackage)"))
    assert set(parcels["parcel_id"]) == set(server.store.parcels("demo", zone)["parcel_id"])
    assert parcels.geometry.is_valid.all()


def test_an_analyst_goes_through_doubtful_declarations_and_looks_closer(
    page: Page, server: Server
) -> None:
    page.goto(f"{server.url}/Review?dataset=demo&limits=60-80&lights=red,amber,green")
    expect(page.get_by_role("heading", level=1)).to_have_text("Review")
    map_frame(page)
    settle(page)
    listed = pd.read_csv(take_home(page, "List (CSV)"))
    assert set(listed["light"]) <= {"red", "amber", "green"}
    assert listed["evidence"].str.len().min() > 20
    zone, parcel = listed.loc[0, ["zone_id", "parcel_id"]]
    declared = server.store.parcels("demo", zone).set_index("parcel_id")["area_ha"]
    assert listed.loc[0, "area_ha"] == pytest.approx(declared.loc[parcel])

    page.get_by_role("button", name="Next").click()
    zone, parcel = listed.loc[1, "zone_id"], int(listed.loc[1, "parcel_id"])
    own = re.escape(str(listed.loc[1, "register_id"]))
    expect(page).to_have_url(re.compile(rf"parcel={own}(&|$)"))
    expect(page.get_by_text(re.compile(rf"^Parcel \d*0{parcel} in ")).first).to_be_visible()
    page.reload()
    expect(page.get_by_text(re.compile(rf"^Parcel \d*0{parcel} in ")).first).to_be_visible()
    map_frame(page)
    settle(page)

    page.get_by_test_id("stMain").get_by_role("link", name="Map", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Map")
    chart_of_parcel(page, parcel)
    assert selection(page)["zone"] == zone
