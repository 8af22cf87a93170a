"""Pages of a dataset of ten bands, ten-day periods and a foreign legend, in a real browser."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from cropdash.settings import classifiers
from cropdash.storage.datasets import DatasetFolder
from tests import factory, foreign
from tests.browser.conftest import Server, watched
from tests.browser.test_whole import settled

NAME = "elsewhere"


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built from files by the command line, with answers of each classifier made up."""
    folder = tmp_path_factory.mktemp("foreign")
    land = foreign.landscape(folder / "land")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CROPDASH_DATA", str(folder / "data"))
        patch.setenv("CROPDASH_MODELS", str(folder / "models"))
        with foreign.source_of("local", folder, land) as options:
            legend = foreign.legend_of(folder)
            foreign.call("build", NAME, *options, *foreign.ASKED, *legend, "--workers", 1)
    dataset = DatasetFolder(folder / "data", NAME)
    for seed, kind in enumerate(classifiers.trainable()):
        factory.write_run(folder / "models", dataset, classifier=kind.name, seed=seed)
    return folder


@pytest.mark.parametrize("size", [(1440, 1000), (390, 844)], ids=["desk", "telephone"])
def test_pages_show_the_foreign_classes_and_no_fault(
    browser: Browser, server: Server, size: tuple[int, int]
) -> None:
    zone = next(z.zone_id for z in server.store.zones(NAME) if z.split == "test")
    table = server.store.parcels(NAME, zone)
    row = table[table["crop"] > 0].nlargest(1, "n_pixels").iloc[0]
    crop = foreign.CLASSES[row["crop"] - 1][3].partition(" (")[0]
    place = f"dataset={NAME}&zone={zone}&parcel={row['parcel_id']}"
    screen = {"width": size[0], "height": size[1]}
    with watched(
        browser, server, viewport=screen
    ) as page:  # fails on what the browser complains of
        for name in ("Explore", "Map", "Compare", "Review", "Train", "Data"):
            page.goto(f"{server.url}/{name}?{place}")
            settled(page, name)
            expect(page.get_by_test_id("stException")).to_have_count(0)
            expect(page.get_by_test_id("stAlert")).to_have_count(0)
            body = page.locator("[data-testid='stMain']")
            expect(body).not_to_contain_text("Traceback")
            wide = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
            assert wide <= 0, name
            if name in ("Explore", "Map", "Review"):
                expect(body).to_contain_text(crop)
                expect(body).to_contain_text("October 2022 – September 2023")
            if name == "Compare":
                ticks = page.locator(".ytick text", has_text=re.compile(_any_class()))
                expect(ticks.first).to_be_visible()
            if name == "Train":
                for kind in classifiers.trainable():
                    expect(body.get_by_text(kind.label, exact=True).first).to_be_visible()


def _any_class() -> str:
    return "|".join(re.escape(row[3].partition(" (")[0]) for row in foreign.CLASSES)
