"""A campaign by the keyboard alone, and by two browsers at once over a server that dies."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
from playwright.sync_api import Page, expect

from cropdash.storage import decisions
from tests import factory
from tests.browser.conftest import Server
from tests.browser.test_explore import map_frame
from tests.browser.test_stories import settle, take_home
from tests.browser.test_whole import faults_of

_WORDS = list(decisions.WORDS)
_LIST = "Review?dataset=demo&limits=60-80&lights=red,amber,green,none"


@pytest.fixture
def world(tmp_path: Path) -> Path:
    """One of its own: decisions are written."""
    dataset = factory.write_dataset(tmp_path / "data", zones=4, size=96)
    factory.write_run(tmp_path / "models", dataset, classifier="xgboost", seed=2, accuracy=0.6)
    factory.write_run(tmp_path / "models", dataset, classifier="cnn", seed=1, accuracy=0.8)
    return tmp_path


def test_ten_parcels_are_decided_by_keys_alone_in_less_than_a_minute(
    page: Page, server: Server
) -> None:
    page.goto(f"{server.url}/{_LIST}")
    map_frame(page)
    settle(page)
    ids = pd.read_csv(take_home(page, "List (CSV)"), dtype=str)["register_id"].tolist()
    assert len(ids) > 12
    began = time.monotonic()
    # Faster than the page goes on: ten decisions, with a step forth and back between them; then one
    # taken back and said anew, one undecided again, and a step back to the last for its note.
    press(page, *"12345123", "ArrowDown", "ArrowUp", *"45", *"1z2ku", *"1kn")
    expect(page.get_by_role("textbox", name="Note")).to_be_focused()
    page.keyboard.type("12 sheep, no maize")
    page.keyboard.press("Escape")
    press(page, "3")
    words = [*_WORDS, *_WORDS[:3], *_WORDS[3:], "", "visit"]
    wanted = {i: word for i, word in zip(ids, words, strict=False) if word}
    assert until(page, lambda: told(server) == wanted), (told(server), wanted)
    took = time.monotonic() - began
    assert took < 60
    kept = decisions.current(server.folder / "data", "demo")
    assert {i: one.note for i, one in kept.items() if one.note} == {ids[11]: "12 sheep, no maize"}
    past = [e.decision for e in decisions.history(server.folder / "data", "demo", ids[10])]
    assert past == ["keep", None, "doubtful", ""]
    settle(page)
    assert not faults_of(page)


def press(page: Page, *keys: str) -> None:
    for key in keys:
        page.keyboard.press(key)


def told(server: Server) -> dict[str, str]:
    """What holds of each parcel."""
    held = decisions.current(server.folder / "data", "demo")
    return {own: one.decision for own, one in held.items()}


def until(page: Page, holds: Callable[[], bool]) -> bool:
    """Whether it holds within a minute."""
    end = time.monotonic() + 60
    while not holds() and time.monotonic() < end:
        page.wait_for_timeout(100)
    return holds()
