"""Folds of whole zones: who sees what, what is kept, and what the numbers are."""

from __future__ import annotations

import json
import math
import statistics
from collections import Counter

import numpy as np
import pytest
from sklearn.metrics import accuracy_score, f1_score
from typer.testing import CliRunner

from cropdash.cli.app import app
from cropdash.domain import IGNORE
from cropdash.domain.errors import InvalidRun, NotEnoughData
from cropdash.evaluate import learning
from cropdash.settings import folders as settings
from cropdash.settings.folders import Folders
from cropdash.storage import field, layout, runs
from cropdash.storage.datasets import DatasetFolder
from cropdash.workflow.crossvalidate import _thinned, crossvalidate, divide
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
    """A cross-validation of 4 training zones in 3 folds, each on half its parcels too."""
    where = Folders(data, tmp_path_factory.mktemp("models"))
    study = queued(where, kind="crossvalidate", folds=3, steps=2, fixed=QUICK)
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


def test_a_curve_is_learned_from_nested_halves_of_each_fold_s_own_parcels(finished):
    folders, study = finished
    dataset, config = DatasetFolder(folders.data, "demo"), study.config
    learned, fewer = {0: Counter(), 1: Counter()}, 0
    for fold, zones in enumerate(divide(dataset, config)):
        left: list[set[tuple[str, int]]] = []
        for step in (0, 1, 2):
            taught, table = _thinned(folders, dataset, config, zones, step)
            left.append({(z, p) for z, held in taught.by_zone.items() for p in held})
            assert {z for z, _ in left[-1]} <= {zone.zone_id for zone in zones.train}
            crops = Counter[int]()
            for zone in zones.train:
                parcels = dataset.parcels(zone.zone_id)
                crops.update(int(k) for k in parcels["crop"] if 0 < k < IGNORE)
            n = dict(zip(table["class_id"], table["n"], strict=True))
            assert n == {k: math.ceil(held / 2**step) for k, held in crops.items()}
            if step in learned:
                learned[step].update(n)
        assert left[0] == set()
        fewer += len(left[1])
        assert left[1] <= left[2]  # what is learned at a step was learned at the one before
        run = study.fold(3 + fold, {})
        kept = layout.TAUGHT.read(run.path)["classes"]
        assert {(z, int(p)) for z, held in kept.items() for p in held} == left[1]
    assert fewer > 0
    found = {row["class_id"]: row for row in study.scores()["curve"]}
    every = study.fold_parcels()
    assert sorted(every["fold"].unique()) == [0, 1, 2, 3, 4, 5]
    for k, row in found.items():
        for step in (0, 1):
            assert row[f"n_{step}"] == round(learned[step][k] / 3)
            here = every[every["fold"] // 3 == step]
            score = f1_score(here["truth"], here["predicted"], labels=[k], average=None)
            assert (row[f"f1_{step}"] or 0.0) == pytest.approx(float(score[0]), abs=1e-6)
    json.dumps(study.scores(), allow_nan=False)


def test_what_is_likely_declared_wrongly_is_written_as_decisions_from_a_file_are_read(
    finished, tmp_path, monkeypatch
):
    folders, study = finished
    told = study.out_of_fold()
    monkeypatch.setattr(settings, "folders", lambda: folders)
    monkeypatch.setattr(learning, "MOST_WRONG", 1.0)  # a small world
    monkeypatch.setattr(learning, "SURE", 0.0)
    file = tmp_path / "likely.csv"
    outcome = CliRunner().invoke(app, ["decisions", "clean", study.study_id, str(file), "-n", "7"])
    assert outcome.exit_code == 0, outcome.output
    rows = field.read(file)
    assert 0 < len(rows) <= 7
    assert {row["decision"] for row in rows} == {"leave_out"}
    dataset = DatasetFolder(folders.data, "demo")
    own = {}
    for zone in told["zone_id"].unique():
        parcels = dataset.parcels(zone)
        keys = zip(parcels["register_id"].astype(str), parcels["parcel_id"], strict=True)
        own |= {register_id: (zone, parcel) for register_id, parcel in keys}
    said = told.set_index(["zone_id", "parcel_id"])
    for row in rows:
        parcel = said.loc[own[row["register_id"]]]
        assert parcel["truth"] != parcel["predicted"]
        assert dataset.legend().classes[int(parcel["predicted"])].name in row["note"]


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
    whole = {key: value for key, value in finished[1].scores().items() if key != "curve"}
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
