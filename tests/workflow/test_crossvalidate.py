"""Folds of whole zones: who sees what, what is kept, and what the numbers are."""

from __future__ import annotations

import json
import statistics

import numpy as np
import pytest
from sklearn.metrics import accuracy_score, f1_score

from cropdash.domain import IGNORE
from cropdash.domain.errors import InvalidRun, NotEnoughData
from cropdash.settings.folders import Folders
from cropdash.storage import runs
from cropdash.storage.datasets import DatasetFolder
from cropdash.workflow.crossvalidate import crossvalidate, divide
from tests import factory
from tests.workflow.studying import QUICK, queued, silent, spying


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    folder = tmp_path_factory.mktemp("world")
    factory.write_dataset(folder / "data", zones=8, size=32)
    return folder / "data"


@pytest.fixture
def folders(data, tmp_path):
    return Folders(data, tmp_path / "models")


@pytest.fixture(scope="module")
def finished(data, tmp_path_factory):
    """A cross-validation of 4 training zones in 3 folds."""
    where = Folders(data, tmp_path_factory.mktemp("models"))
    study = queued(where, kind="crossvalidate", folds=3, fixed=QUICK)
    crossvalidate(study, where, progress=silent)
    return where, study


def zones_of(folders, split):
    dataset = DatasetFolder(folders.data, "demo")
    return {z.zone_id for z in dataset.built_zones() if z.split == split}


def test_no_model_sees_a_zone_that_it_is_scored_on_nor_a_test_zone(folders, monkeypatch):
    seen = spying(monkeypatch)
    study = queued(folders, kind="crossvalidate", folds=3, fixed=QUICK)
    crossvalidate(study, folders, progress=silent)
    scored = [fold["zones"] for fold in study.scores()["folds"]]
    learnable, test = zones_of(folders, "train"), zones_of(folders, "test")
    assert test
    assert sorted(zone for fold in scored for zone in fold) == sorted(learnable)
    for learned, held, told in zip(seen.learned, seen.held, scored, strict=True):
        assert learned
        assert held  # what ends the training early is no scored zone either
        assert len({*learned, *held, *told}) == len(learned) + len(held) + len(told)
        assert {*learned, *held, *told} == learnable


def test_scores_are_those_of_the_written_rasters_by_scikit_learn(finished):
    folders, study = finished
    dataset = DatasetFolder(folders.data, "demo")
    found = study.scores()
    by_fold = []
    for fold in found["folds"]:
        run = runs.RunFolder(study.path / "folds" / str(fold["fold"]))
        truth = np.concatenate([dataset.labels(z).crop.ravel() for z in fold["zones"]])
        said = np.concatenate([run.prediction(z).crop.ravel() for z in fold["zones"]])
        scored = (truth > 0) & (truth != IGNORE)
        y, p = truth[scored], said[scored]
        macro = f1_score(y, p, labels=np.unique(y), average="macro", zero_division=0)
        assert fold["pixel"]["accuracy"] == pytest.approx(accuracy_score(y, p))
        assert fold["pixel"]["macro_f1"] == pytest.approx(macro)
        by_fold.append(accuracy_score(y, p))
    mean = found["mean"]["pixel"]["accuracy"]
    assert mean["mean"] == pytest.approx(statistics.fmean(by_fold))
    assert mean["deviation"] == pytest.approx(np.std(by_fold, ddof=1))
    assert found["pooled"]["pixel"]["n_scored"] == sum(
        fold["pixel"]["n_scored"] for fold in found["folds"]
    )


def test_every_parcel_of_the_training_zones_is_told_once_out_of_fold(finished):
    folders, study = finished
    dataset = DatasetFolder(folders.data, "demo")
    table = study.out_of_fold()
    assert set(table["zone_id"]) == zones_of(folders, "train")
    assert not table.duplicated(["zone_id", "parcel_id"]).any()
    shares = table.filter(regex=r"^p_\d+$").to_numpy()
    np.testing.assert_allclose(shares.sum(axis=1), 1, atol=1e-4)
    for zone, part in table.groupby("zone_id"):
        declared = dataset.parcels(zone).set_index("parcel_id")["crop"]
        assert (declared.loc[part["parcel_id"]].to_numpy() == part["truth"].to_numpy()).all()


def test_no_list_of_runs_shows_a_fold_or_a_study(finished):
    folders, _ = finished
    assert runs.list_all(folders.models) == ()


def test_finished_folds_are_not_trained_again(folders, monkeypatch, finished):
    seen = spying(monkeypatch)
    study = queued(folders, kind="crossvalidate", folds=3, fixed=QUICK)

    def enough() -> bool:
        """A stop that comes while the second fold trains."""
        return len(seen.learned) == 2

    crossvalidate(study, folders, progress=silent, should_stop=enough)
    assert [fold["fold"] for fold in study.scores()["folds"]] == [0]
    crossvalidate(study, folders, progress=silent)
    assert len(seen.learned) == 4  # the first, the second twice, the third
    assert seen.learned[1] == seen.learned[2]
    whole = finished[1].scores()
    assert study.scores() == {**whole, "seconds": study.scores()["seconds"]}


def test_progress_never_falls_and_names_the_fold(folders):
    told = []
    study = queued(folders, kind="crossvalidate", folds=2, fixed=QUICK)
    crossvalidate(study, folders, progress=lambda stage, done: told.append((done, stage)))
    shares = [done for done, _ in told]
    assert shares == sorted(shares)
    assert shares[-1] > 0.95
    assert {stage.split(":")[0] for _, stage in told} == {"Fold 1 of 2", "Fold 2 of 2"}


def test_more_folds_than_zones_and_the_wrong_kind_are_refused(folders):
    study = queued(folders, kind="crossvalidate", folds=5, fixed=QUICK)
    with pytest.raises(NotEnoughData, match="4 training zones can't make 5 folds"):
        crossvalidate(study, folders, progress=silent)
    with pytest.raises(InvalidRun, match="no cross-validation"):
        crossvalidate(queued(folders, kind="grid"), folders, progress=silent)


def test_folds_of_two_datasets_are_not_mixed(folders, monkeypatch):
    study = queued(folders, kind="crossvalidate", folds=2, fixed=QUICK)
    monkeypatch.setattr(DatasetFolder, "fingerprint", lambda self: "another")
    with pytest.raises(InvalidRun, match="changed since this study began"):
        crossvalidate(study, folders, progress=silent)


def test_two_zones_left_are_one_to_learn_from_and_one_to_stop_by(folders):
    study = queued(folders, kind="crossvalidate", folds=2, fixed=QUICK)
    for zones in divide(DatasetFolder(folders.data, "demo"), study.config):
        assert (len(zones.train), len(zones.validation), len(zones.test)) == (1, 1, 2)


def test_the_record_traces_each_fold_to_its_data(finished):
    folders, study = finished
    record = json.loads((study.path / "folds" / "2" / "config.json").read_text())
    assert record["dataset_fingerprint"] == DatasetFolder(folders.data, "demo").fingerprint()
    assert record["config"]["trees"] == 4
