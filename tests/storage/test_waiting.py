"""What new work takes is told by what ended well, in one go, on a machine like this one."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from cropdash.settings import classifiers
from cropdash.settings.folders import Folders
from cropdash.settings.study import CrossValidation, Search
from cropdash.storage import layout, runs, status, waiting
from cropdash.storage.datasets import DatasetFolder
from tests import factory


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> DatasetFolder:
    return factory.write_dataset(tmp_path_factory.mktemp("world") / "data", zones=4, size=32)


def ended(where: Folders, seconds: float, first: float = 0.0, state: status.State = "done", **own):
    config = classifiers.parse({"classifier": "forest", "dataset": "demo", **own})
    run = runs.queue(where, config)
    marks = ((1000.0, first), (1000.0 + seconds, 1.0))
    told = status.Status(state, started=1000.0, finished=1000.0 + seconds, marks=marks)
    status.write(run.path, told)
    assert status.read(run.path) == told
    return run


def test_runs_that_ended_well_here_in_one_go_tell(dataset: DatasetFolder, tmp_path: Path) -> None:
    where = Folders(dataset.path.parent, tmp_path)
    config = classifiers.parse({"classifier": "forest", "dataset": "demo", "seed": 4})

    def told():
        return waiting.training(where.data, where.models, config)

    assert told() is None  # a forest's time is not known before one was made
    ended(where, 80.0, first=0.5)  # taken up again
    ended(where, 9.0, state="stopped")
    elsewhere = ended(where, 5.0)
    record = layout.RUN.read(elsewhere.path)
    layout.RUN.write(elsewhere.path, record | {"hardware": {"cores": 512}})
    damaged = ended(where, 5.0)
    layout.RUN.of(damaged.path).write_text("{")
    assert told() is None
    ended(where, 40.0)
    assert (told().low, told().jobs) == (40.0, 1)
    folds = CrossValidation(kind="crossvalidate", dataset="demo", classifier="forest", folds=3)
    assert waiting.study(where.data, where.models, folds).low == 120.0
    search = Search(dataset="demo", classifier="forest", trials=100, minutes=5.0, folds=1)
    assert waiting.study(where.data, where.models, search).low == 300.0


def test_without_any_it_is_scaled_from_the_demo(dataset: DatasetFolder, tmp_path: Path) -> None:
    config = classifiers.parse({"classifier": "cnn", "dataset": "demo"})
    found = waiting.training(dataset.path.parent, tmp_path, config)
    assert found.jobs == 0
    assert 0 < found.low < found.high < 300  # four zones of 32 pixels, not forty of 256


def test_a_worker_marks_its_progress_for_all_to_see(tmp_path: Path) -> None:
    reporter = status.Reporter(tmp_path)
    for done in (0.1, 0.2, 0.2, 0.1, 0.3):
        reporter.update("Training", done)
    reporter.finish("stopped")
    marks = status.read(tmp_path).marks
    assert [share for _, share in marks] == [0.1, 0.2, 0.3]
    running = replace(status.read(tmp_path), state="running", marks=((0.0, 0.0), (1e9, 0.5)))
    assert running.remaining > 0
    assert status.read(tmp_path).remaining is None
