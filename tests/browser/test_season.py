"""Review by a date: lamps, the slider of their limits, and the curve of what is found."""

from __future__ import annotations

import datetime as dt
import re
from pathlib import Path

import pandas as pd
import pytest
from playwright.sync_api import Page, expect

from cropdash.settings.folders import Folders
from cropdash.storage import decisions
from cropdash.storage.datasets import DatasetFolder
from cropdash.storage.decisions import Parcel, Said
from tests import factory
from tests.browser.conftest import Server
from tests.browser.test_stories import settle, take_home

JUNE, JULY = dt.date(2023, 6, 30), dt.date(2023, 7, 31)


@pytest.fixture
def world(tmp_path: Path) -> Path:
    """A run that was asked twice before the season was over, and some decisions."""
    dataset = factory.write_dataset(tmp_path / "data", zones=4, size=64)
    run = factory.write_run(
        tmp_path / "models", dataset, classifier="xgboost", seed=2, accuracy=0.6
    )
    for day in (JUNE, JULY):
        factory.ask_by(Folders(tmp_path / "data", tmp_path / "models"), run.run_id, day, day.month)
    said = []
    for zone in run.predicted_zones():
        table = dataset.parcels(zone)
        for i, row in enumerate(table[table["crop"].between(1, 254)].itertuples()):
            word = decisions.DOUBTFUL if i % 3 else decisions.KEEP
            said.append(Said(Parcel(str(row.register_id), zone, int(row.parcel_id)), decision=word))
    decisions.decide(tmp_path / "data", "demo", said)
    return tmp_path


def test_a_date_is_set_and_its_lamps_follow_the_rules(page: Page, server: Server) -> None:
    page.goto(f"{server.url}/Review?dataset=demo&limits=10-40&least=4")
    expect(page.get_by_role("heading", level=1)).to_have_text("Review")
    settle(page)
    page.get_by_role("combobox", name="As seen by").click()
    page.get_by_role("option", name="By 30 Jun 2023").click()
    expect(page).to_have_url(re.compile("by=2023-06-30"))
    settle(page)

    page.get_by_role("button", name="How to judge").click()
    handle = page.get_by_role("slider").nth(1)
    handle.focus()
    handle.press("ArrowRight")
    expect(page).to_have_url(re.compile("limits=10-41"))
    page.keyboard.press("Escape")
    settle(page)

    page.get_by_text("The season so far").click()
    expect(page.get_by_text("Lamps by date (2023)")).to_be_visible()
    counts = pd.read_csv(take_home(page, "Data (CSV)")).set_index("as_of")
    lit = counted(server.folder, JUNE, 0.10, 0.41, 4)
    assert counts.loc["2023-06-30", list(lit)].to_dict() == lit
    page.get_by_role("tab", name="Errors").click()
    expect(page.get_by_text("Found against visited, the most doubtful first")).to_be_visible()
    expect(page.locator(".js-plotly-plot").filter(has_text="By lot")).to_be_visible()


def counted(folder: Path, day: dt.date, red: float, amber: float, least: int) -> dict[str, int]:
    """Lamps of a day by the files alone; nothing was green before it."""
    dataset, found = (
        DatasetFolder(folder / "data", "demo"),
        dict.fromkeys(("red", "amber", "green"), 0),
    )
    for path in sorted((folder / "models").glob(f"*/season/{day}/predictions/*.parquet")):
        said = pd.read_parquet(path).set_index("parcel_id")
        for row in dataset.parcels(path.stem).itertuples():
            if not 0 < row.crop < 255 or row.parcel_id not in said.index:
                continue
            shares = said.loc[row.parcel_id].filter(like="p_")
            declared, named = shares[f"p_{row.crop}"], int(shares.astype(float).argmax())
            if declared == 0:
                continue  # never learned
            fit = row.n_pixels >= least and row.n_pixels / (row.area_ha * 100) >= 0.5
            if declared < red and named != row.crop and fit:
                found["red"] += 1
            else:
                found["amber" if declared < amber else "green"] += 1
    return found
