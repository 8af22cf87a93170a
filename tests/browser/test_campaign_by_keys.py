"""A campaign by the keyboard alone, and by two browsers at once over a server that dies.

CROPDASH_SIDE=320 makes its zones so large that two browsers decide some 200 parcels.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import geopandas as gpd
import pandas as pd
import pytest
from playwright.sync_api import Browser, Locator, Page, ViewportSize, expect

from cropdash.simulate.source import SimulatedSource
from cropdash.storage import decisions, layout
from tests import factory, worlds
from tests.browser.conftest import Server, free_port, serve
from tests.browser.test_explore import map_frame
from tests.browser.test_stories import selection, settle, take_home
from tests.browser.test_whole import faults_of

_WORDS = list(decisions.WORDS)
_SIDE = int(os.environ.get("CROPDASH_SIDE", "96"))  # [px] of a zone
_FIRST = "12351"  # keys pressed before the server is killed
_WIDE: ViewportSize = {"width": 1400, "height": 1000}
_LIST = "Review?dataset=demo&limits=60-80&lights=red,amber,green,none"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("campaign")
    dataset = factory.write_dataset(folder / "data", zones=4, size=_SIDE)
    factory.write_run(folder / "models", dataset, classifier="xgboost", seed=2, accuracy=0.6)
    factory.write_run(folder / "models", dataset, classifier="cnn", seed=1, accuracy=0.8)
    return folder


@pytest.fixture
def world(made: Path, tmp_path: Path) -> Path:
    """One of its own: decisions are written."""
    return Path(shutil.copytree(made, tmp_path / "world"))


def test_ten_parcels_are_decided_by_keys_alone_in_less_than_a_minute(
    page: Page, server: Server
) -> None:
    ids = opened(page, server)
    assert len(ids) > 12
    began = time.monotonic()
    # Faster than the page goes on: ten decisions, with a step forth and back between them; then one
    # taken back and said anew, one undecided again, and a step back to the last for its note.
    press(page, *"12345123", "ArrowDown", "ArrowUp", *"45", *"1z2ku", *"1kn")
    expect(page.get_by_role("textbox", name="Note")).to_be_focused(timeout=100_000)
    page.keyboard.type("12 sheep, no maize")
    page.keyboard.press("Escape")
    press(page, "3")
    words = [*_WORDS, *_WORDS[:3], *_WORDS[3:], "", "visit"]
    wanted = {i: word for i, word in zip(ids, words, strict=False) if word}
    assert until(page, lambda: told(server) == wanted), (told(server), wanted)
    took = time.monotonic() - began
    assert took < 120  # beside another browser; a minute where this test runs alone
    kept = decisions.current(server.folder / "data", "demo")
    assert {i: one.note for i, one in kept.items() if one.note} == {ids[11]: "12 sheep, no maize"}
    past = [e.decision for e in decisions.history(server.folder / "data", "demo", ids[10])]
    assert past == ["keep", None, "doubtful", ""]
    settle(page)
    assert not faults_of(page)


def test_keys_wait_for_their_own_answer_though_the_page_is_done_with_something_else(
    page: Page, server: Server
) -> None:
    ids = opened(page, server)
    server.process.send_signal(signal.SIGSTOP)
    try:
        press(page, *"123")
        for state in ("running", "notRunning"):  # as a fragment that looks now and then does
            page.locator("[data-testid='stApp']").evaluate(
                "async (app, s) => { app.dataset.testScriptState = s; await null }", state
            )
    finally:
        server.process.send_signal(signal.SIGCONT)
    wanted = dict(zip(ids, _WORDS[:3], strict=False))
    assert until(page, lambda: told(server) == wanted), (told(server), wanted)


def test_from_a_zone_to_an_exported_decision_without_a_mouse(page: Page, server: Server) -> None:
    """Open a zone, choose a parcel, read its series, go to Review, decide, export."""
    page.goto(f"{server.url}/Explore?dataset=demo")
    map_frame(page)
    settle(page)
    box = page.get_by_role("combobox", name="Parcel")
    assert tab_to(page, page.get_by_role("button", name="Skip to the choice of a parcel")) <= 10
    page.keyboard.press("Enter")
    expect(box).to_be_focused()
    zone = server.store.zones("demo")[1].zone_id
    tab_to(page, page.get_by_role("button", name="Next zone"))
    page.keyboard.press("Enter")
    page.wait_for_url(f"**zone={zone}**")
    map_frame(page)
    settle(page)

    tab_to(page, box)
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.wait_for_url("**parcel=**")
    settle(page)
    parcel = int(selection(page)["parcel"])
    tab_to(page, page.get_by_role("button", name="Series (CSV)", exact=True))
    read = pd.read_csv(downloaded(page))
    stored = server.store.series("demo", zone).set_index("parcel_id").loc[parcel]
    assert read["NDVI_mean"].tolist() == pytest.approx(stored["NDVI_mean"].tolist(), abs=1e-6)

    tab_to(page, page.get_by_role("link", name="Review", exact=True))
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Review")
    map_frame(page)
    settle(page)
    press(page, "3")
    assert until(page, lambda: list(told(server).values()) == ["visit"])
    settle(page)
    tab_to(page, page.get_by_role("button", name="Download", exact=True))
    page.keyboard.press("Enter")
    tab_to(page, page.get_by_role("button", name="List (CSV)", exact=True))
    table = pd.read_csv(downloaded(page), dtype={"register_id": str}).set_index("register_id")
    (own,) = told(server)
    assert table.loc[own, "decision"] == "visit"


def test_two_browsers_decide_at_once_and_nothing_is_lost_with_the_server(
    browser: Browser, world: Path
) -> None:
    """Each works through a test zone; the server is killed while keys of both are on their way."""
    port = free_port()
    running = serve(world, port=port)
    server = next(running)
    zones = [z.zone_id for z in server.store.zones("demo") if z.split == "test"]
    pages = [browser.new_context(viewport=_WIDE).new_page() for _ in zones]
    lists = []
    for page, zone in zip(pages, zones, strict=True):
        page.goto(f"{server.url}/{_LIST}&in={zone}")
        map_frame(page)
        settle(page)
        table = pd.read_csv(take_home(page, "List (CSV)"), dtype=str)
        lists.append(dict(zip(table["register_id"], table["parcel_id"], strict=True)))
        press(page, *_FIRST)
    assert until(pages[0], lambda: all(len(told(server).keys() & own) > 1 for own in lists))
    command = [
        sys.executable,
        "-m",
        "cropdash",
        "dossier",
        "demo",
        *(i for own in lists for i in own),
    ]
    worker = subprocess.Popen(command, env=worlds.environment(world), stdout=subprocess.DEVNULL)
    assert until(
        pages[0], lambda: any((world / "models" / layout.REPORTS).glob(f"*/{layout.STATUS.file}"))
    )
    worker.kill()
    worker.wait()
    server.process.kill()
    running.close()
    running = serve(world, port=port)
    server = next(running)
    for page, own in zip(pages, lists, strict=True):
        page.reload()
        map_frame(page)
        settle(page)
        here = list(own).index(selection(page)["parcel"])  # the register's id
        assert told(server).keys() >= set(list(own)[:here])  # the page went on from these
        press(page, *"2" * (len(own) - here))
    whole = {own for ids in lists for own in ids}
    done, bound = (lambda: set(told(server)) == whole), 60 + 8 * len(whole)
    assert until(pages[0], done, bound), whole - set(told(server))

    events = decisions.history(world / "data", "demo")
    assert len(whole) >= (200 if _SIDE >= 320 else 10)
    # Those whose answer a page had not seen when the server was killed are decided a second time.
    assert 0 <= len(events) - len(whole) <= len(_FIRST) * len(pages)
    assert all(e.author and e.run_a and e.run_b and e.time for e in events)
    settle(pages[0])
    pages[0].goto(f"{server.url}/{_LIST}")
    map_frame(pages[0])
    settle(pages[0])
    table = pd.read_csv(take_home(pages[0], "List (CSV)"), dtype={"register_id": str})
    source = SimulatedSource(seed=0, size=_SIDE, zones_per_region=2)
    register = pd.concat([source.parcels(z) for z in source.zones() if z.zone_id in zones])
    # An id that the register gives twice has a mark of its own in the list.
    register = register.drop_duplicates(["ID_PARCEL", "CODE_CULTU"])
    table["id"] = table["register_id"].str.partition("#")[0]
    joined = register.merge(
        table, left_on=["ID_PARCEL", "CODE_CULTU"], right_on=["id", "code"], validate="one_to_one"
    )
    assert isinstance(joined, gpd.GeoDataFrame)
    assert len(joined) == len(table) == len(whole)
    assert dict(zip(joined["register_id"], joined["decision"], strict=True)) == told(server)
    for page in pages:
        page.context.close()
    running.close()


def opened(page: Page, server: Server) -> list[str]:
    """Register ids of the list, in its order, once its page is there."""
    page.goto(f"{server.url}/{_LIST}")
    map_frame(page)
    settle(page)
    listed = pd.read_csv(take_home(page, "List (CSV)"), dtype=str)
    return list(listed["register_id"])


def tab_to(page: Page, goal: Locator) -> int:
    """How often the tabulator was pressed till the goal had the focus."""
    goal = goal.first
    expect(goal).to_be_visible() if goal.get_attribute("class") != "skip" else None
    for stops in range(1, 150):
        page.keyboard.press("Tab")
        if goal.evaluate("e => e === document.activeElement"):
            return stops
    raise AssertionError(f"{goal} can't be reached by the keyboard")


def downloaded(page: Page) -> Path:
    """The file that Enter gives."""
    with page.expect_download() as waiting:
        page.keyboard.press("Enter")
    return Path(waiting.value.path())


def press(page: Page, *keys: str) -> None:
    for key in keys:
        page.keyboard.press(key)


def told(server: Server) -> dict[str, str]:
    """What holds of each parcel."""
    held = decisions.current(server.folder / "data", "demo")
    return {own: one.decision for own, one in held.items()}


def until(page: Page, holds: Callable[[], bool], bound: float = 60) -> bool:
    """Whether it holds within so many seconds."""
    end = time.monotonic() + bound
    while not holds() and time.monotonic() < end:
        page.wait_for_timeout(100)
    return holds()
