"""Review: go through doubtful declarations, weigh one, decide, and find the decision again."""

from __future__ import annotations

import re
from pathlib import Path

import pandas as pd
import pytest
from playwright.sync_api import Page, expect

from cropdash.storage import decisions
from tests import factory
from tests.browser.conftest import Server
from tests.browser.test_explore import map_frame, wait_for_mark
from tests.browser.test_stories import settle, take_home

_HEAD, _ROW = 36, 35  # [px] heights in the list, which is a canvas


@pytest.fixture
def world(tmp_path: Path) -> Path:
    """One of its own: decisions are written."""
    dataset = factory.write_dataset(tmp_path / "data", zones=4, size=64)
    factory.write_run(tmp_path / "models", dataset, classifier="xgboost", seed=2, accuracy=0.6)
    factory.write_run(tmp_path / "models", dataset, classifier="cnn", seed=1, accuracy=0.8)
    return tmp_path


def test_a_doubt_is_opened_weighed_decided_and_found_again(page: Page, server: Server) -> None:
    page.goto(f"{server.url}/Review?dataset=demo&limits=60-80&lights=amber,green")
    expect(page.get_by_role("heading", level=1)).to_have_text("Review")
    map_frame(page)
    settle(page)
    listed = pd.read_csv(take_home(page, "List (CSV)"))
    assert set(listed["light"]) <= {"amber", "green"}
    assert listed["decision"].isna().all()

    row = 1
    zone, parcel = str(listed.loc[row, "zone_id"]), int(listed.loc[row, "parcel_id"])
    own = re.escape(str(listed.loc[row, "register_id"]))  # the address names the register's id
    click_row(page, row)
    expect(page).to_have_url(re.compile(rf"parcel={own}(&|$)"))
    _evidence(page, listed.loc[row])
    _, frame = map_frame(page)
    wait_for_mark(frame, parcel)
    # A large parcel of a small zone: no more of the map than half lies beyond its picture.
    frame.wait_for_function(
        """() => {
            const [picture, map] = ['.leaflet-image-layer', '.leaflet-container'].map(
                name => document.querySelector(name).getBoundingClientRect());
            return picture.width * picture.height > 0.3 * map.width * map.height;
        }"""
    )
    assert _series(page, parcel) == pytest.approx(
        server.store.series("demo", zone).set_index("parcel_id").loc[parcel, "NDVI_mean"].tolist(),
        abs=1e-6,
    )

    page.get_by_role("button", name="Check on the ground").click()
    wait_until_kept(page, server, (zone, parcel), decision="visit")
    page.get_by_role("button", name="Before").click()  # from the next one, which was opened
    expect(page).to_have_url(re.compile(rf"parcel={own}(&|$)"))
    settle(page)
    note = page.get_by_role("textbox", name="Note")
    note.fill("Wet in May; ask the farmer.")
    note.press("Enter")
    wait_until_kept(page, server, (zone, parcel), note="Wet in May; ask the farmer.")
    table = pd.read_csv(take_home(page, "List (CSV)")).set_index(["zone_id", "parcel_id"])
    assert table.loc[(zone, parcel), "decision"] == "visit"
    assert table.loc[(zone, parcel), "note"] == "Wet in May; ask the farmer."
    assert table["decision"].notna().sum() == 1

    page.reload()
    expect(note).to_have_value("Wet in May; ask the farmer.")
    settle(page)
    assert "limits=60-80" in page.url
    _evidence(page, listed.loc[row])
    kept = decisions.current(server.folder / "data", "demo")
    assert {(d.parcel.zone_id, d.parcel.parcel_id): d.decision for d in kept.values()} == {
        (zone, parcel): "visit"
    }
    assert pd.read_csv(take_home(page, "List (CSV)"))["decision"].notna().sum() == 1


def wait_until_kept(page: Page, server, place: tuple[str, int], **wanted: str) -> None:
    """Until the decision is on disk and the page has run again: it may not have begun yet."""
    for _ in range(300):
        known = decisions.current(server.folder / "data", "demo").values()
        kept = [d for d in known if (d.parcel.zone_id, d.parcel.parcel_id) == place]
        if kept and all(getattr(kept[0], name) == value for name, value in wanted.items()):
            break
        page.wait_for_timeout(100)
    else:
        raise AssertionError(f"{wanted} was not kept")
    settle(page)


def click_row(page: Page, row: int) -> None:
    """The mark on the left of a row of the list."""
    table = page.get_by_test_id("stDataFrame").first
    table.scroll_into_view_if_needed()
    box = table.bounding_box()
    page.mouse.click(box["x"] + 16, box["y"] + _HEAD + _ROW * row + _ROW / 2)


def _evidence(page: Page, case: pd.Series) -> None:
    """The parcel's light, what was declared and suggested, in sight."""
    head = page.get_by_role("heading", name=re.compile(rf"^Parcel \d*0{case['parcel_id']} in "))
    expect(head).to_contain_text(str(case["light"]).capitalize())
    first = str(case["evidence"]).split(". ")[0]
    expect(page.get_by_text(re.compile(re.escape(first))).first).to_be_visible()


def _series(page: Page, parcel: int) -> list[float]:
    """The parcel's line in the chart that also holds the bands of both crops."""
    script = (
        "id => { for (const plot of document.querySelectorAll('.js-plotly-plot')) {"
        " const d = plot._fullData || []; const t = d.find(t => new RegExp(`^Parcel \\\\d*0${id}$`).test(t.name || ''));"
        " if (t && d.length > 2) return Array.from(t.y); } return null; }"
    )
    return page.wait_for_function(script, arg=parcel).json_value()
