"""What people have, by the page alone: from files in data/incoming to a trained, scored model."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import parse_qs, urlparse

import pytest
from playwright.sync_api import Page, expect

from cropdash.figures import zone_map
from docs.inputs import world as land

BUILD_MS = 180_000  # [ms] a small build, or training, may take on a busy machine
KINDS = {
    "Local": lambda folder: land.register(
        land.composites(folder / "mosaics", (3, 5, 6, 8)) / "register.gpkg"
    ),
    "Table": lambda folder: land.table(folder / "means.csv"),
}


@pytest.fixture
def world(tmp_path: Path) -> Path:
    """An installation that holds nothing but the files."""
    for write in KINDS.values():
        write(tmp_path / "data" / "incoming")
    return tmp_path


def draw_two_zones(page: Page) -> None:
    """West to learn from and east to test on, as boxes on the map of the images."""
    west, south, east, north = zone_map.extent([land.FRAME])
    middle = (west + east) / 2
    wide, high = east - west, north - south
    for n, (left, right) in enumerate(
        ((west - wide / 9, middle), (middle, east + wide / 9)), start=1
    ):
        chart = page.locator(".js-plotly-plot").first
        expect(chart).to_contain_text("Train" if n == 1 else "zone_1")
        chart.scroll_into_view_if_needed()
        at = chart.locator(".nsewdrag").first.bounding_box()
        ends = chart.evaluate(
            """(plot, xy) => xy.map(([x, y]) => [
                plot._fullLayout.xaxis.l2p(x), plot._fullLayout.yaxis.l2p(y)])""",
            [[left, south - high / 9], [right, north + high / 9]],
        )
        (x0, y0), (x1, y1) = ((at["x"] + x, at["y"] + y) for x, y in ends)
        page.mouse.move(x0, y0)
        page.mouse.down()
        page.mouse.move((x0 + x1) / 2, (y0 + y1) / 2)
        page.mouse.move(x1, y1)
        page.mouse.up()
        expect(page.get_by_role("button", name=f"Use the drawn zones ({n})")).to_be_visible()
    page.get_by_role("button", name="Use the drawn zones (2)").click()
    expect(page.locator("code", has_text="zones_local.geojson")).to_be_visible()


def run_of(url: str) -> str:
    """The run of an address; empty where it names none."""
    return parse_qs(urlparse(url).query).get("run", [""])[0]


def test_files_become_datasets_and_scored_models(page: Page, server) -> None:
    for kind in KINDS:
        name = kind.lower()
        page.goto(f"{server.url}/Data?view=new")
        page.get_by_role("radio", name=kind, exact=True).or_(
            page.get_by_role("button", name=kind, exact=True)
        ).first.click()
        expect(page.get_by_text(f"build {name} --source {name}")).to_be_visible()
        expect(page.get_by_test_id("stDataFrame").last).to_be_visible()  # what was found
        if kind == "Local":
            draw_two_zones(page)
        page.get_by_role("button", name="Start building").click()
        expect(page.get_by_text("2 of 2 built")).to_be_visible(timeout=BUILD_MS)

        page.goto(f"{server.url}/Train?dataset={name}")
        page.get_by_text("XGBoost", exact=True).first.click()
        known = [run.run_id for run in server.store.runs()]
        page.get_by_role("button", name="Start training").click()
        page.wait_for_url(lambda url, known=("", *known): run_of(url) not in known)
        run_id = run_of(page.url)
        # What the page showed before, another run with its scores, may still stand there.
        for _ in range(BUILD_MS // 250):
            run = server.store.run(run_id)
            if run.status.is_final:
                break
            page.wait_for_timeout(250)
        assert run.scores, run.status
        assert run.scores.test.parcel.accuracy > 0.9
        assert run.scores.test.parcel.n_scored == 16
        metric = page.get_by_test_id("stMetric").filter(has_text="Pixel accuracy")
        expect(metric).to_contain_text(f"{run.scores.test.pixel.accuracy:.3f}")
    page.goto(f"{server.url}/Explore?dataset=table")
    expect(page.get_by_text("A table without a map: each square is a parcel")).to_be_visible()
