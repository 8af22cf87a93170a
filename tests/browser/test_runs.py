"""Name, put away and delete runs in the browser."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import parse_qs, urlparse

import pytest
from playwright.sync_api import Page, expect

from tests import factory


@pytest.fixture
def world(tmp_path: Path) -> Path:
    """Runs of one's own, since this test changes them."""
    dataset = factory.write_dataset(tmp_path / "data", zones=4, size=48)
    for kind, seed in (("xgboost", 2), ("cnn", 1)):
        factory.write_run(tmp_path / "models", dataset, classifier=kind, seed=seed, accuracy=0.4)
    return tmp_path


def test_a_run_is_named_put_away_and_deleted_when_asked_twice(page: Page, server) -> None:
    run = server.store.runs()[0]
    page.goto(f"{server.url}/Train?dataset=demo&run={run.run_id}")
    page.get_by_role("button", name="Name, note, tags").click()
    page.get_by_role("textbox", name="Name", exact=True).fill("Ten bands")
    page.get_by_role("textbox", name="Note").fill("**as of May**")
    page.get_by_role("textbox", name="Tags").fill("paper, light")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("#paper #light · **as of May**")).to_be_visible()
    page.goto(f"{server.url}/Compare?dataset=demo&left={run.run_id}")
    box = page.get_by_role("combobox", name="Run A")
    expect(box).to_have_value(re.compile("^Ten bands · "))

    page.goto(f"{server.url}/Train?dataset=demo&run={run.run_id}")
    page.get_by_role("button", name="Archive").click()
    expect(page.get_by_role("button", name="Bring back")).to_be_visible()
    assert [one.run_id for one in server.store.runs()] != [run.run_id]
    page.get_by_role("button", name="Delete", exact=True).click()
    expect(page.get_by_text("It can't be had back")).to_be_visible()
    assert server.store.run(run.run_id).notes.name == "Ten bands"  # asked, and still there
    page.get_by_role("button", name="Delete for good").click()
    expect(page.get_by_text(f"({run.run_id}) is deleted.")).to_be_visible()
    assert run.run_id not in {one.run_id for one in server.store.runs(archived=True)}


def test_the_three_links_of_a_first_look_open_exactly_what_they_name(page: Page, server) -> None:
    for seen, word in (
        ("Review", "The most doubtful parcel"),
        ("Compare", "The largest confusion"),
        ("Map", "The zone where the models differ most"),
    ):
        page.goto(f"{server.url}/?dataset=demo")
        link = page.get_by_role("link", name=word)
        said = link.inner_text()
        link.click()
        page.wait_for_url(f"**/{seen}?*")
        query = {name: one[0] for name, one in parse_qs(urlparse(page.url).query).items()}
        if seen == "Review":
            own = said.split(": ")[1].split(" in ")[0]
            expect(page.get_by_text(f"Parcel {own} in").first).to_be_visible()
        elif seen == "Compare":
            run = server.store.run(query["left"])
            table = server.store.confusions(run.run_id)
            pixels = table[(table["unit"] == "pixel") & (table["truth"] > 0)]
            wrong = pixels[pixels["truth"] != pixels["predicted"]]
            largest = wrong.groupby(["truth", "predicted"])["value"].sum().idxmax()
            assert query["cell"] == "{}-{}".format(*largest)
            box = page.get_by_role("combobox", name="Declared and named, most frequent first")
            expect(box).to_be_visible()
        else:
            sides = [server.store.calibration(query[side]) for side in ("left", "right")]
            both = sides[0].merge(sides[1], on=["zone_id", "parcel_id"])
            apart = both["predicted_x"] != both["predicted_y"]
            assert query["zone"] == apart.groupby(both["zone_id"]).mean().idxmax()
            expect(page.locator("iframe").first).to_be_visible()
