"""Build from the page in a real browser: start, watch, reload, stop, resume; choose zones."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest
from playwright.sync_api import Page, expect

from cropdash.storage.status import process_of
from tests import factory
from tests.browser.conftest import Server

BUILD_MS = 180_000  # [ms] a small build may take on a busy machine


@pytest.fixture
def world(tmp_path: Path) -> Path:
    """An empty installation: what is built is built by the test."""
    return tmp_path


def fill(page: Page, label: str, value: object) -> None:
    box = page.get_by_label(label, exact=True).first
    box.fill(str(value))
    box.press("Enter")


def start(page: Page, url: str, name: str, size: int) -> None:
    """Give the smallest landscape's settings and start; the page then shows the build."""
    page.goto(f"{url}/Data?view=new")
    fill(page, "Dataset", name)
    fill(page, "Zones per region", 2)
    fill(page, "Zone size", size)
    command = page.get_by_text(f"build {name} --source simulated")
    expect(command).to_contain_text(f"--size {size}")
    expect(command).to_contain_text("--zones-per-region 2")
    page.get_by_role("button", name="Start building").click()
    page.wait_for_url(f"**dataset={name}*")


def built_on_map(page: Page) -> int:
    """Zones that the map draws as built."""
    return int(
        page.evaluate(
            "() => (document.querySelector('.js-plotly-plot')?._fullData || [])"
            ".filter(t => (t.name || '').startsWith('Built')).reduce((n, t) => n + t.x.length, 0)"
        )
    )


def test_a_build_is_started_watched_and_still_there_after_a_reload(page: Page, server) -> None:
    start(page, server.url, "tiny", 48)
    whole = page.get_by_text("16 of 16 built")
    expect(whole).to_be_visible(timeout=BUILD_MS)
    page.reload()
    expect(whole).to_be_visible()
    page.wait_for_function("() => document.querySelector('.js-plotly-plot')?._fullData")
    assert built_on_map(page) == len(server.store.zones("tiny")) == 16
    expect(page.get_by_text("What the zones hold")).to_be_visible()
    with page.expect_download() as download:
        page.get_by_role("button", name="Zones (GeoJSON)").click()
    found = json.loads(Path(download.value.path()).read_text())["features"]
    assert {f["properties"]["state"] for f in found} == {"built"}
    page.get_by_text("How real is the simulation").click()
    expect(page.get_by_text("simulate report --dataset tiny")).to_be_visible()


@contextmanager
def held_at_work(server: Server, name: str) -> Iterator[tuple[threading.Event, Callable[[], None]]]:
    """A build that is yet to be asked for stands still at its first zone, until told to go on.

    Gives what tells that it stands, and what tells it to go on.

    Watched for from a thread and before the click: a small build may be done by the time that a
    busy browser has shown it.
    """
    held, over = threading.Event(), threading.Event()
    tree: list[psutil.Process] = []

    def hold() -> None:
        while not over.wait(0.005):
            status = server.store.build_status(name)
            process = status and process_of(status)
            if process and any((server.folder / "data" / name).glob("zones/*/manifest.json")):
                process.suspend()  # first, so that it hires nobody else
                tree.extend((process, *process.children(recursive=True)))
                for other in tree[1:]:
                    other.suspend()
                held.set()
                return

    def go_on() -> None:
        while tree:
            tree.pop().resume()

    watcher = threading.Thread(target=hold, daemon=True)
    watcher.start()
    try:
        yield held, go_on
    finally:
        over.set()
        watcher.join()
        for process in tree:
            process.resume()


def test_a_build_is_stopped_and_resumed(page: Page, server) -> None:
    with held_at_work(server, "halted") as (held, go_on):
        start(page, server.url, "halted", 48)
        assert held.wait(BUILD_MS / 1000), "Nobody took up the build."
        page.get_by_role("button", name="Stop building").click()
        told = re.compile("Stopping …|End now")  # the second after twenty seconds
        expect(page.get_by_role("button", name=told)).to_be_visible()
        go_on()
    resume = page.get_by_role("button", name="Resume building")
    expect(resume).to_be_visible(timeout=BUILD_MS)
    status = server.store.build_status("halted")
    assert status is not None
    assert status.state == "stopped"
    assert 0 < len(server.store.zones("halted")) < 16
    resume.click()
    expect(page.get_by_text("16 of 16 built")).to_be_visible(timeout=BUILD_MS)
    expect(resume).to_have_count(0)


FIRST_ON_MAP = """() => {
  const plot = document.querySelector('.js-plotly-plot'), layout = plot._fullLayout;
  const trace = plot._fullData.find(t => t.mode === 'markers'), box = plot.getBoundingClientRect();
  return {x: box.left + layout.xaxis._offset + layout.xaxis.d2p(trace.x[0]),
          y: box.top + layout.yaxis._offset + layout.yaxis.d2p(trace.y[0]),
          id: trace.customdata[0][0]};
}"""


def test_a_click_on_a_zone_leads_to_its_pages(page: Page, server) -> None:
    factory.write_dataset(server.folder / "data", zones=2, size=48)
    page.goto(f"{server.url}/Data?dataset=demo")
    page.wait_for_function("() => document.querySelector('.js-plotly-plot')?._fullData?.length")
    at = page.evaluate(FIRST_ON_MAP)
    page.mouse.click(at["x"], at["y"])
    page.get_by_test_id("stMain").get_by_role("link", name="Explore").click()
    page.wait_for_url(f"**/Explore?*zone={at['id']}*")


def test_zones_are_chosen_on_the_map(page: Page, server) -> None:
    page.goto(f"{server.url}/Data?view=new")
    page.get_by_text("STAC", exact=True).click()
    expect(
        page.get_by_text("40 zones, 32 to train on and 8 held out for the test; regions: 8.")
    ).to_be_visible()
    page.wait_for_function("() => document.querySelector('.js-plotly-plot')?._fullData?.length")
    at = page.evaluate(FIRST_ON_MAP)
    page.mouse.click(at["x"], at["y"])
    expect(
        page.get_by_text("39 zones, 32 to train on and 7 held out for the test; regions: 8.")
    ).to_be_visible()
    page.get_by_role("button", name="Brittany").click()
    expect(
        page.get_by_text("34 zones, 28 to train on and 6 held out for the test; regions: 7.")
    ).to_be_visible()
