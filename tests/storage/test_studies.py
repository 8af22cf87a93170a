"""Studies on disk: beside the runs and no runs, trials whole or not at all."""

from __future__ import annotations

import time

import pandas as pd
import pytest

from cropdash.domain.errors import RunNotFound
from cropdash.settings import study as study_config
from cropdash.storage import layout, runs, status, studies
from cropdash.storage.status import Status
from cropdash.storage.store import Store
from cropdash.storage.studies import StudyFolder, Trial


@pytest.fixture
def study(tmp_path) -> StudyFolder:
    """A search whose worker says that it works."""
    path = tmp_path / layout.STUDIES / "search-xgboost-1"
    config = study_config.parse({"kind": "optuna", "classifier": "xgboost", "dataset": "demo"})
    path.mkdir(parents=True)
    record = {"config": config.model_dump(mode="json"), "created": "2026-01-01T00:00:00+00:00"}
    layout.RUN.write(path, record)
    now = time.time()
    status.write(path, Status("running", created=now, started=now, heartbeat=now))
    return StudyFolder(path)


def trial(number, state="done", score=None, **settings):
    return Trial(number, state, settings, score, score, score, 1.0, "", ((1, 0.5), (3, 0.25)))


def test_a_study_is_listed_as_such_and_never_as_a_run(study, tmp_path):
    assert runs.list_all(tmp_path) == ()
    assert [found.study_id for found in studies.list_all(tmp_path)] == ["search-xgboost-1"]
    (info,) = Store(tmp_path, tmp_path).studies()
    assert (info.dataset, info.is_search, info.status.state) == ("demo", True, "running")


def test_names_are_looked_up_not_joined(study, tmp_path):
    for name in ("nowhere", "../search-xgboost-1", "", "."):
        with pytest.raises(RunNotFound):
            studies.find(tmp_path, name)


def test_a_trial_comes_back_as_it_was_written(study):
    written = [trial(0, score=0.5, trees=40), trial(1, "failed", inputs="raw", location=True)]
    for one in written:
        study.write_trial(one)
    assert list(study.trials()) == written


def test_trials_are_in_order_of_their_number_past_nine(study):
    for number in (10, 2, 0, 11, 1):
        study.write_trial(trial(number))
    assert [t.number for t in study.trials()] == [0, 1, 2, 10, 11]


def test_a_half_written_trial_is_not_read(study):
    study.write_trial(trial(0, score=0.5))
    (study.path / "trials" / ".1.abcd1234.part.json").write_text('{"number": 1, "sta')
    assert len(study.trials()) == 1


def test_the_running_trial_of_a_lost_worker_is_not_called_running(study):
    study.write_trial(trial(0, "running"))
    assert study.trials()[0].state == "running"
    status.write(study.path, Status("running", created=1.0, heartbeat=1.0))
    assert status.read(study.path).state == "lost"
    assert study.trials()[0].state == "stopped"


def test_best_so_far_counts_finished_trials_only():
    scored = [trial(0, "done", 0.3), trial(1, "pruned", 0.9), trial(2, "done", 0.5)]
    scored += [trial(3, "done", 0.5), trial(4, "running", 0.8), trial(5, "failed")]
    table = studies.table(tuple(scored))
    assert table["best"].tolist() == [0.3, 0.3, 0.5, 0.5, 0.5, 0.5]
    assert studies.best(tuple(scored)).number == 2  # the earliest of equals
    assert studies.best(()) is None


def test_the_table_has_a_column_for_each_setting_that_any_trial_has():
    table = studies.table((trial(0, score=0.1, trees=4), trial(1, score=0.2, depth=3)))
    assert table["trees"].tolist()[0] == 4
    assert pd.isna(table["trees"][1])
    assert studies.table(()).empty


def test_the_best_settings_make_a_training(study, tmp_path):
    store = Store(tmp_path, tmp_path)
    assert store.best_settings(study.study_id) is None
    study.write_trial(trial(0, score=0.5, trees=77, inputs="raw"))
    best = store.best_settings(study.study_id)
    assert (best["trees"], best["inputs"], best["dataset"]) == (77, "raw", "demo")
