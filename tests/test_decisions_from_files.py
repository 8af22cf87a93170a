"""Decisions of a file, taken in by the command and by Review's page."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest
from typer.testing import CliRunner

from cropdash.cli import app as command_line
from cropdash.settings import folders
from cropdash.settings.folders import Folders
from cropdash.storage import decisions, layout
from cropdash.storage.decisions import Parcel, Said
from cropdash.ui.shell import data
from cropdash.ui.shell.literal import literal
from tests import factory

# What a page would take for a picture elsewhere, and a terminal for an order.
GONE = "![gone](http://evil.example/p.png)[/]"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Folders:
    folder = tmp_path_factory.mktemp("world")
    dataset = factory.write_dataset(folder / "data", zones=2, size=48)
    factory.write_run(folder / "models", dataset, classifier="cnn", seed=1, accuracy=0.8)
    return Folders(folder / "data", folder / "models")


@pytest.fixture
def world(made: Folders, monkeypatch: pytest.MonkeyPatch):
    for module in (data, folders):
        monkeypatch.setattr(module, "folders", lambda: made)
    data.store.clear()
    yield made
    data.store.clear()
    for path in made.data.glob(f"{layout.DATABASE}*"):
        path.unlink()


@pytest.fixture
def places(world: Folders) -> dict[str, tuple[str, int]]:
    """Zone and number of each parcel; the first one is decided already."""
    found = data.store().parcel_places("demo")
    own, place = next(iter(found.items()))
    decisions.decide(world.data, "demo", [Said(Parcel(own, *place), "keep")])
    return dict(found)


@pytest.fixture
def file(places: dict[str, tuple[str, int]], tmp_path: Path) -> Path:
    """One against what is decided, one new with a note that looks like a formula, one of no parcel."""
    first, second = list(places)[:2]
    rows = [
        (first, "visit", "", ""),
        (second, "relabel", "maize", "'=1+1"),
        (GONE, "keep", "", ""),
    ]
    path = tmp_path / "field.csv"
    columns = ["register_id", "decision", "crop", "note"]
    pd.DataFrame(rows, columns=columns).to_csv(path, index=False)
    return path


def held(world: Folders) -> dict[str, tuple[str, str, str]]:
    found = decisions.current(world.data, "demo")
    return {own: (d.decision, d.crop, d.note) for own, d in found.items()}


@pytest.mark.parametrize("take", [False, True])
def test_the_command_takes_in_what_is_new_and_what_differs_when_told_to(
    world: Folders, places: dict[str, tuple[str, int]], file: Path, take: bool
) -> None:
    first, second = list(places)[:2]
    words = ["decisions", "import", "demo", str(file), *(["--take"] if take else [])]
    done = CliRunner().invoke(command_line.app, words)
    assert done.exit_code == 0, done.output
    assert held(world) == {
        first: ("visit" if take else "keep", "", ""), second: ("relabel", "maize", "=1+1"),
    }  # fmt: skip
    told = " ".join(done.output.split())
    assert f"{first}: keep by" in told.replace("keep  by", "keep by")
    assert f"Of no parcel of demo: {GONE}." in told
    assert f"Taken in: {1 + take}." in told
    event = decisions.history(world.data, "demo", second)[-1]
    assert event.source == "field.csv"
    assert (event.zone_id, event.parcel_id) == places[second]


def test_what_the_command_writes_out_it_takes_in_as_it_was(
    world: Folders, file: Path, tmp_path: Path
) -> None:
    for words in (["import", "demo", str(file)], ["export", "demo", str(tmp_path / "out.csv")]):
        assert CliRunner().invoke(command_line.app, ["decisions", *words]).exit_code == 0
    before, out = held(world), tmp_path / "out.csv"
    for path in world.data.glob(f"{layout.DATABASE}*"):
        path.unlink()
    assert held(world) == {}
    assert (
        CliRunner().invoke(command_line.app, ["decisions", "import", "demo", str(out)]).exit_code
        == 0
    )
    assert held(world) == before


def test_a_file_with_a_word_that_is_no_decision_changes_nothing(
    world: Folders, places: dict[str, tuple[str, int]], file: Path
) -> None:
    before, third = held(world), list(places)[2]
    with file.open("a") as handle:
        handle.write(f"{third},burn,,\n")
    done = CliRunner().invoke(command_line.app, ["decisions", "import", "demo", str(file)])
    assert done.exit_code != 0
    assert "burn" in str(done.exception) + done.output
    assert held(world) == before


def test_the_page_shows_what_differs_and_takes_in_what_it_is_told_to(
    world: Folders, places: dict[str, tuple[str, int]], file: Path
) -> None:
    first, second = list(places)[:2]
    app = AppTest.from_file(str(folders.PROJECT / "app.py"), default_timeout=60).run()
    app = app.switch_page("pages/5_Review.py").run()
    app.file_uploader[0].set_value(("from the field.csv", file.read_bytes(), "text/csv"))
    app.run()
    assert not app.exception
    assert not app.error
    told = [caption.value for caption in app.caption]
    assert (
        "1 new, 0 as they are, 1 against what is decided, 1 of no parcel of this dataset." in told
    )
    assert literal(GONE) in told
    assert GONE not in told
    assert any(first in frame.value.to_string() for frame in app.dataframe)
    assert held(world) == {first: ("keep", "", "")}  # nothing is kept before it is told to
    next(box for box in app.checkbox if "differ" in box.label).check().run()
    next(button for button in app.button if button.label == "Take in 2").click().run()
    assert held(world) == {first: ("visit", "", ""), second: ("relabel", "maize", "=1+1")}
    assert {e.source for e in decisions.history(world.data, "demo")[1:]} == {"from the field.csv"}
