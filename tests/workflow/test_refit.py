"""A run that, once validated, learns from all its training zones."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import xgboost
from safetensors.numpy import load_file

from cropdash import classify
from cropdash.domain.errors import ConfigError
from cropdash.settings import classifiers
from cropdash.settings.folders import Folders
from cropdash.storage import runs
from cropdash.workflow import ensemble, partition, train
from cropdash.workflow.zone_dataset import ZoneDataset
from tests import factory

QUICK = {
    "cnn": {"epochs": 3, "steps_per_epoch": 4, "half_precision": False, "unet_channels": (8, 12)},
    "xgboost": {"trees": 12, "pixels": 1_000},
}


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory):
    folder = tmp_path_factory.mktemp("refit")
    dataset = factory.write_dataset(folder / "data", zones=6, size=40)
    return Folders(folder / "data", folder / "models"), dataset


def queued(world, kind: str, **settings):
    values = {"classifier": kind, "dataset": "demo", "folds": 2, "threads": 1, **QUICK[kind]}
    return runs.queue(world[0], classifiers.parse(values | settings))


def trained(world, kind: str, **settings):
    run = queued(world, kind, **settings)
    train.train_run(run, world[0], progress=lambda stage, done: None)
    return run


@pytest.fixture(scope="module", params=list(QUICK))
def kind(request) -> str:
    return request.param


@pytest.fixture(scope="module")
def pair(world, kind):
    """The same training without and with a second one on all zones."""
    return trained(world, kind), trained(world, kind, refit=True)


def weights(folder: Path) -> dict[str, np.ndarray]:
    if (folder / "model.safetensors").exists():
        return load_file(folder / "model.safetensors")
    booster = xgboost.Booster(model_file=folder / "model.ubj")
    return {str(i): np.array(json.loads(t)) for i, t in enumerate(_trees(booster))}


def _trees(booster: xgboost.Booster) -> list[str]:
    return [json.dumps(tree) for tree in booster.get_dump(dump_format="json")]


def same(one: Path, other: Path) -> bool:
    a, b = weights(one), weights(other)
    return a.keys() == b.keys() and all(np.array_equal(a[name], b[name]) for name in a)


def test_the_validated_model_is_that_of_a_run_without(pair):
    plain, again = pair
    assert again.validated != again.path
    assert same(plain.path, again.validated)
    assert not same(plain.path, again.path)
    assert plain.validated == plain.path


def test_the_model_is_one_trained_on_all_zones_for_the_best_number_of_epochs(world, pair, tmp_path):
    _, dataset = world
    _, again = pair
    config = classifiers.parse(again.config)
    told = again.epochs()
    best = int(
        told.sort_values("validation_score", kind="stable", ascending=False).iloc[0]["epoch"]
    )
    length = "epochs" if again.config["classifier"] == "cnn" else "trees"
    zones = partition.choose_zones(dataset, config)
    alone = classify.build(config.model_copy(update={length: best}), dataset.legend())
    samples = ZoneDataset(dataset, zones.train + zones.validation)
    alone.fit(samples, [], folder=tmp_path, on_epoch=lambda values: None, should_stop=lambda: False)
    alone.save(tmp_path)
    assert same(again.path, tmp_path)


def test_it_is_calibrated_on_zones_that_the_fitted_model_had_not_seen(pair):
    plain, again = (run.calibrated() for run in pair)
    assert plain.pop("prior") != again.pop("prior")  # the shares in what was learned
    assert plain == again
    assert pair[0].scores().test.zones == pair[1].scores().test.zones


def test_a_run_stopped_while_it_learns_from_all_has_a_model_and_goes_on(world, kind, pair):
    run, stages = queued(world, kind, refit=True), []
    train.train_run(
        run,
        world[0],
        progress=lambda stage, done: stages.append(stage),
        should_stop=lambda: bool(stages) and stages[-1].startswith("Training on all zones"),
    )
    assert same(run.path, pair[0].path)  # the validated one, whole
    assert not run.scores()
    (run.path / "refit" / "rows-left").mkdir()  # as a killed training leaves it
    train.train_run(run, world[0], progress=lambda stage, done: None)
    assert same(run.path, pair[1].path)
    assert not list(run.path.rglob("checkpoint*"))
    assert not (run.path / "refit").exists()


def test_an_ensemble_is_fitted_with_members_that_had_not_seen_the_zones(world):
    stacks = []
    for settings in ({}, {"refit": True}):
        members = [trained(world, kind, **settings) for kind in QUICK]
        joined = runs.queue(world[0], ensemble.of_runs(members))
        train.train_run(joined, world[0], progress=lambda stage, done: None)
        stacks.append((joined.stack(), joined.calibrated()["parcel_temperature"]))
    assert stacks[0] == stacks[1]


def test_without_zones_held_out_there_is_nothing_to_add(tmp_path):
    dataset = factory.write_dataset(tmp_path / "data", zones=2, size=40)
    assert len([z for z in dataset.built_zones() if z.split == "train"]) == 1
    where = (Folders(tmp_path / "data", tmp_path / "models"), dataset)
    assert not (trained(where, "xgboost", refit=True).path / "validated").exists()


def test_the_best_epoch_may_be_an_early_one_and_others_unscored(world):
    run = queued(world, "cnn")
    for epoch, score in enumerate((0.2, 0.5, float("nan"), 0.4), start=1):
        run.append_epoch({"epoch": epoch, "validation_score": score})
    assert train.best_round(run) == 2


@pytest.mark.parametrize("scores", [{}, {"validation_score": float("nan")}])
def test_where_no_epoch_could_be_judged_the_last_one_is_the_best(world, scores):
    run = queued(world, "xgboost")
    for epoch in range(1, 4):
        run.append_epoch({"epoch": epoch} | scores)
    assert train.best_round(run) == 3


def test_several_processes_do_not_learn_twice():
    values = {"classifier": "cnn", "dataset": "demo", "devices": 2, "refit": True}
    with pytest.raises(ConfigError, match="refit"):
        classifiers.parse(values)
