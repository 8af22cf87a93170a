"""The search: what is tried, what is kept, and that no break changes either."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from dataclasses import replace

import pytest

from cropdash.domain.errors import InvalidRun, NotEnoughData
from cropdash.settings import folders as installation
from cropdash.settings.folders import Folders
from cropdash.storage import status, studies
from cropdash.storage.datasets import DatasetFolder
from cropdash.storage.status import Status
from cropdash.workflow.search import LOOKS, search
from tests import factory, foreign, worlds
from tests.workflow.studying import EPOCHS, QUICK, pretending, queued, silent, spying

PATIENCE_S = 240


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    folder = tmp_path_factory.mktemp("world")
    factory.write_dataset(folder / "data", zones=6, size=64)
    return folder / "data"


@pytest.fixture
def folders(data, tmp_path):
    return Folders(data, tmp_path / "models")


def timeless(study):
    return [replace(trial, seconds=0.0) for trial in study.trials()]


def test_no_trial_sees_a_test_zone(folders, monkeypatch):
    seen = spying(monkeypatch)
    study = queued(folders, kind="optuna", trials=2, fixed=QUICK, folds=2)
    search(study, folders, progress=silent)
    zones = DatasetFolder(folders.data, "demo").built_zones()
    learnable = {z.zone_id for z in zones if z.split == "train"}
    assert len(seen.learned) == 4  # two trials of two folds
    for learned, held in zip(seen.learned, seen.held, strict=True):
        assert learned
        assert held
        assert set(learned) | set(held) == learnable
        assert not set(learned) & set(held)


def test_the_first_trial_is_the_default_and_the_best_is_no_worse(folders, monkeypatch):
    pretending(monkeypatch)
    study = queued(folders, kind="optuna", trials=16)
    best = search(study, folders, progress=silent)
    first = study.trials()[0]
    usual = study.config.training()
    assert all(getattr(usual, name) == value for name, value in first.settings.items())
    assert best.score >= first.score
    assert best == max((t for t in study.trials() if t.state == "done"), key=lambda t: t.score)
    assert abs(best.settings["max_depth"] - 5) <= 2


def test_settings_stay_within_what_is_tried(folders, monkeypatch):
    model = pretending(monkeypatch)
    study = queued(folders, kind="optuna", trials=12, fixed={"trees": 33, "seed": 9})
    search(study, folders, progress=silent)
    ranges = {s.name: s for s in study.config.space()}
    assert "trees" not in ranges
    for fitted in model.fits:
        assert (fitted["trees"], fitted["seed"]) == (33, 9)
        assert ranges["learning_rate"].low <= fitted["learning_rate"] <= 0.4
        assert fitted["inputs"] in ranges["inputs"].values
        assert isinstance(fitted["max_depth"], int)
    assert len({fitted["learning_rate"] for fitted in model.fits}) == 12


def test_the_grid_is_tried_whole_and_once(folders, monkeypatch):
    model = pretending(monkeypatch)
    study = queued(folders, kind="grid", trials=100, prune=False)
    search(study, folders, progress=silent)
    tried = [(fitted["trees"], fitted["learning_rate"]) for fitted in model.fits]
    assert sorted(tried) == sorted((t, r) for t in (40, 80, 160) for r in (0.1, 0.2, 0.3))
    search(study, folders, progress=silent)
    assert len(model.fits) == 9


@pytest.mark.parametrize("kind", ["optuna", "grid"])
@pytest.mark.parametrize("after", [15, 29])
def test_a_search_broken_off_anywhere_tries_the_same(folders, monkeypatch, kind, after):
    """Stopped again and again, after so many looks at the flag, in and between trials."""
    pretending(monkeypatch)
    whole = queued(folders, kind=kind, trials=9)
    search(whole, folders, progress=silent)
    broken = queued(folders, kind=kind, trials=9)
    for _ in range(30):
        looks = []

        def enough(looks=looks) -> bool:
            looks.append(1)
            return len(looks) > after

        search(broken, folders, progress=silent, should_stop=enough)
        if len(broken.trials()) == whole.config.n_trials and broken.trials()[-1].state != "stopped":
            break
    assert timeless(broken) == timeless(whole)
    assert any(trial.state == "pruned" for trial in whole.trials())


def test_trials_that_do_badly_are_ended_early_and_can_be_spared(folders, monkeypatch):
    pretending(monkeypatch)
    pruning = queued(folders, kind="optuna", trials=15)
    search(pruning, folders, progress=silent)
    pruned = [trial for trial in pruning.trials() if trial.state == "pruned"]
    assert pruned
    assert all(len(trial.curve) < EPOCHS or trial.score for trial in pruned)
    assert min(trial.number for trial in pruned) >= 4  # there is a median to speak of
    sparing = queued(folders, kind="optuna", trials=15, prune=False)
    search(sparing, folders, progress=silent)
    assert {trial.state for trial in sparing.trials()} == {"done"}


def test_the_score_of_a_trial_is_the_mean_over_its_folds(folders, monkeypatch):
    pretending(monkeypatch)
    study = queued(folders, kind="grid", trials=1, folds=3)
    search(study, folders, progress=silent)
    (trial,) = study.trials()
    by_fold = [
        max(s for step, s in trial.curve if (step - 1) // LOOKS == fold) for fold in range(3)
    ]
    assert trial.score == pytest.approx(sum(by_fold) / 3)
    assert by_fold[0] - by_fold[2] == pytest.approx(0.02)
    assert trial.accuracy - trial.macro_f1 == pytest.approx(0.08)


def test_a_trial_that_fails_is_written_down_and_the_search_goes_on(folders, monkeypatch):
    pretending(monkeypatch, fails_at=lambda config: config.trees == 80)
    study = queued(folders, kind="grid")
    search(study, folders, progress=silent)
    states = [trial.state for trial in study.trials()]
    assert states.count("failed") == 3
    assert len(states) == 9
    failed = next(trial for trial in study.trials() if trial.state == "failed")
    assert failed.error == "The loss became infinite."
    assert failed.score is None


def test_no_trial_begins_after_the_time_is_up(folders, monkeypatch):
    pretending(monkeypatch)
    study = queued(folders, kind="optuna", trials=50, minutes=1e-6)
    search(study, folders, progress=silent)
    assert len(study.trials()) == 1


def test_a_word_from_outside_leaves_a_true_state(folders, monkeypatch):
    pretending(monkeypatch)
    study = queued(folders, kind="optuna", trials=5)

    def ended(stage: str, done: float) -> None:
        if "Trial 3" in stage and "epoch 4" in stage:
            raise SystemExit(143)

    with pytest.raises(SystemExit):
        search(study, folders, progress=ended)
    last = study.trials()[-1]
    assert (last.number, last.state, len(last.curve)) == (2, "stopped", 4)


def test_one_zone_and_the_wrong_kind_are_refused(folders, tmp_path):
    small = Folders(tmp_path / "data", tmp_path / "models")
    factory.write_dataset(small.data, zones=2, size=32)
    with pytest.raises(NotEnoughData, match="single training zone"):
        search(queued(small, kind="grid"), small, progress=silent)
    with pytest.raises(InvalidRun, match="no search"):
        search(queued(folders, kind="crossvalidate"), folders, progress=silent)


def test_more_folds_than_training_zones_are_refused(folders):
    """They would hold some zones out twice."""
    with pytest.raises(NotEnoughData, match="can't make 7 folds"):
        search(queued(folders, kind="grid", folds=7), folders, progress=silent)


def test_a_search_does_not_go_on_when_its_dataset_has_changed(folders, monkeypatch):
    pretending(monkeypatch)
    study = queued(folders, kind="grid")
    monkeypatch.setattr(DatasetFolder, "fingerprint", lambda self: "another")
    with pytest.raises(InvalidRun, match="changed since this study began"):
        search(study, folders, progress=silent)


def test_zones_held_out_that_can_not_judge_are_said_and_not_scored_zero(folders, monkeypatch):
    kind = pretending(monkeypatch)
    monkeypatch.setattr(kind, "fit", lambda self, *_, on_epoch, **__: on_epoch({"epoch": 1}))
    study = queued(folders, kind="grid")
    with pytest.raises(NotEnoughData, match="held out have no pixel"):
        search(study, folders, progress=silent)
    assert study.trials()[0].score is None


def worker(study, folders):
    environment = worlds.environment(folders.models.parent) | {
        "CROPDASH_DATA": str(folders.data), "OMP_NUM_THREADS": "1",
    }  # fmt: skip
    command = [sys.executable, "-m", "cropdash", "search", "--study", study.study_id]
    return subprocess.Popen(
        command, cwd=installation.PROJECT, env=environment,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip


def wait_for(condition, process):
    until = time.monotonic() + PATIENCE_S
    while not condition():
        assert process.poll() is None, "the worker ended early"
        assert time.monotonic() < until, "the worker is too slow"
        time.sleep(0.01)


def test_a_killed_search_goes_on_and_ends_with_the_same_trials(folders, monkeypatch):
    """The true model and the true worker; what comes out is what an unbroken search finds."""
    quick = {"kind": "optuna", "trials": 3, "fixed": {"pixels": 1000, "threads": 1, "trees": 30}}
    whole, broken = queued(folders, **quick), queued(folders, **quick)
    search(whole, folders, progress=silent)
    status.write(whole.path, Status("done"))  # else it would be waited for
    process = worker(broken, folders)
    wait_for(lambda: len(broken.trials()) > 1, process)
    process.send_signal(signal.SIGKILL)
    process.wait(PATIENCE_S)
    assert broken.trials()[-1].state in ("running", "stopped")
    monkeypatch.setenv("CROPDASH_DATA", str(folders.data))
    monkeypatch.setenv("CROPDASH_MODELS", str(folders.models))
    foreign.call("search", "--study", broken.study_id)
    assert status.read(broken.path).state == "done"
    assert timeless(broken) == timeless(whole)
    assert studies.best(broken.trials()) is not None
    assert not list(broken.path.glob("trials/*/*/rounds*"))
