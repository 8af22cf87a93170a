"""Start a true training in the browser, reload, and see it end; stop another."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests import factory

TRAIN_MS = 180_000  # [ms] a small training may take on a busy machine


@pytest.fixture
def world(tmp_path: Path) -> Path:
    """A dataset of one's own, since these tests write runs."""
    factory.write_dataset(tmp_path / "data", zones=4, size=48)
    return tmp_path


def fill(page: Page, label: str, value: int) -> None:
    box = page.get_by_role("spinbutton", name=label, exact=True)
    box.fill(str(value))
    box.press("Enter")


LABELS = {"epochs": "Epochs", "steps_per_epoch": "Steps an epoch"}


def start(page: Page, **values: int) -> str:
    """Start a training with these settings of the form; returns the run's id."""
    page.get_by_text("Hyper-parameters").click()
    for name, value in values.items():
        fill(page, LABELS[name], value)
        expect(page.get_by_text(f"--set {name}={value}")).to_be_visible()
    page.get_by_role("button", name="Start training").click()
    page.wait_for_url("**run=cnn-*")
    return page.url.split("run=")[1].split("&")[0]


def test_a_training_outlives_a_reload_and_ends(page: Page, server) -> None:
    page.goto(f"{server.url}/Train?dataset=demo")
    run_id = start(page, epochs=5, steps_per_epoch=5)
    stop = page.get_by_role("button", name="Stop training")
    expect(stop).to_be_visible()
    page.reload()
    expect(page.get_by_text(run_id, exact=True).first).to_be_visible()
    expect(stop).to_be_visible()
    assert not server.store.run(run_id).status.is_final
    expect(page.get_by_role("button", name="Repeat with changes")).to_be_visible(timeout=TRAIN_MS)
    run = server.store.run(run_id)
    assert run.status.state == "done"
    score = f"{run.scores.test.pixel.accuracy:.3f}"
    expect(page.get_by_test_id("stMetric").filter(has_text="Pixel accuracy")).to_contain_text(score)
    drawn = page.wait_for_function(
        "() => { const t = document.querySelector('.js-plotly-plot')?._fullData?.[0];"
        " return t && t.y.length; }"
    )
    assert drawn.json_value() == len(server.store.epochs(run_id)) == 5


def test_a_training_is_stopped_and_keeps_its_place(page: Page, server) -> None:
    page.goto(f"{server.url}/Train?dataset=demo")
    run_id = start(page, epochs=1000)
    page.get_by_role("button", name="Stop training").click()
    expect(page.get_by_role("button", name="Resume")).to_be_visible(timeout=TRAIN_MS)
    assert server.store.run(run_id).status.state == "stopped"
