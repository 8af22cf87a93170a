"""Start a true search in the browser, see its trials arrive, stop it, and go on with it."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests import factory

SEARCH_MS = 120_000  # [ms] a few small trainings may take on a busy machine


@pytest.fixture
def world(tmp_path: Path) -> Path:
    """A dataset of one's own, since the test writes a study."""
    factory.write_dataset(tmp_path / "data", zones=6, size=64)
    return tmp_path


def fill(page: Page, label: str, value: int) -> None:
    box = page.get_by_role("spinbutton", name=label, exact=True)
    box.fill(str(value))
    box.press("Enter")


def test_trials_arrive_and_a_stopped_search_goes_on(page: Page, server) -> None:
    page.goto(f"{server.url}/Train?dataset=demo&do=search")
    page.get_by_text("XGBoost", exact=True).click()
    fill(page, "Trials", 100)  # more than are over before a slow browser has pressed a button
    expect(page.get_by_text("--trials 100")).to_be_visible()
    page.get_by_text("Hyper-parameters").click()
    fill(page, "Trees", 50)
    expect(page.get_by_text("--set trees=50")).to_be_visible()
    page.get_by_role("button", name="Start the search").click()
    page.wait_for_url("**study=search-xgboost-*")
    study_id = page.url.split("study=")[1].split("&")[0]
    chart = page.get_by_text("Score by trial: held-out training zones of demo")
    expect(chart).to_be_visible(timeout=SEARCH_MS)  # the first trial, while it trains

    stop = page.get_by_role("button", name="Stop the search")
    stop.click()
    resume = page.get_by_role("button", name="Resume")
    expect(resume).to_be_visible(timeout=SEARCH_MS)
    assert server.store.study(study_id).status.state == "stopped"
    over = _over(server, study_id)
    resume.click()
    for _ in range(SEARCH_MS // 250):
        if _over(server, study_id) > over:
            break
        page.wait_for_timeout(250)
    stop.click(timeout=SEARCH_MS)
    expect(resume).to_be_visible(timeout=SEARCH_MS)
    assert _over(server, study_id) > over
    trials = server.store.trials(study_id)
    assert trials["score"][trials["state"] == "done"].notna().all()

    page.get_by_role("button", name="Train with the best settings").click()
    expect(page.get_by_role("button", name="Start training")).to_be_visible()
    page.wait_for_url(f"**like={study_id}**")
    expect(chart).to_have_count(0)  # the search, whose log ends with the same command, has left
    expect(page.get_by_text("cropdash train demo --classifier xgboost")).to_be_visible()


def _over(server, study_id: str) -> int:
    """Trials of the search that are not taken up again."""
    return int(server.store.trials(study_id)["state"].isin(["done", "pruned"]).sum())
