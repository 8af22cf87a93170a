"""A real browser before damaged files: each page is shown, and says what is damaged."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from bench import damages
from cropdash.storage import record
from tests import factory
from tests.browser.conftest import Server, serve, watched

PAGES = ("", "Explore", "Train", "Map", "Compare", "Review", "Data?view=datasets&dataset=demo")
DAMAGED = {
    "models/one/status.json": "not UTF-8",
    "models/two/config.json": "cut",
    "data/cropdash.db": "not UTF-8",
    "data/broken/dataset.json": "text for numbers",
}


@pytest.fixture(scope="module")
def damaged(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder: Path = tmp_path_factory.mktemp("damaged")
    dataset = factory.write_dataset(folder / "data", zones=4, size=48)
    factory.write_dataset(folder / "data", "broken", zones=2, size=48)
    for seed, name in enumerate(("one", "two", "three", "four")):
        kind = "cnn" if seed % 2 else "xgboost"
        factory.write_run(folder / "models", dataset, classifier=kind, seed=seed).path.rename(
            folder / "models" / name
        )
    for name, how in DAMAGED.items():
        if not (path := folder / name).exists():
            record.note(path.parent, "start", "a build")
        damages.DAMAGES[how](path, random.Random(0))
    yield from serve(folder)


def test_every_page_is_shown_and_says_what_is_damaged(browser: Browser, damaged: Server) -> None:
    with watched(browser, damaged) as page:
        for name in PAGES:
            page.goto(f"{damaged.url}/{name}")
            expect(page.get_by_role("heading", level=1)).to_be_visible()
            expect(page.get_by_test_id("stStatusWidget")).to_have_count(0)
            expect(page.get_by_test_id("stException")).to_have_count(0)
        page.goto(damaged.url)
        for name, sentence in (
            ("two", "can't be read as JSON"),
            ("broken", "is damaged"),
            ("database", "bring a backup back"),
            ("one", "status.json in one can't be read"),
        ):
            alert = page.get_by_role("alert").filter(has_text=f"{name}:")
            expect(alert.filter(has_text=sentence).first).to_be_visible()
