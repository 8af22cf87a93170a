"""A trained run on land that is not its own: without labels, without parcels, by several workers."""

from __future__ import annotations

import os
import signal
from dataclasses import replace

import numpy as np
import pytest

from bench import land
from cropdash.cli import app
from cropdash.domain import IGNORE, Season
from cropdash.domain.errors import DamagedFile, InvalidRun
from cropdash.settings import classifiers
from cropdash.settings.folders import Folders
from cropdash.storage import elsewhere, runs
from cropdash.storage.datasets import DatasetFolder
from cropdash.storage.store import Store
from cropdash.workflow import build, mosaic, predict, score, train

SIZE = 40


def silent(stage: str, done: float) -> None:
    """Nobody listens."""


def built(data, name, source):
    folder = DatasetFolder(data, name)
    described = build.describe(source, name, name.title(), {})
    result = build.build(source, folder, described, progress=silent)
    assert not result.failed, result.failed
    return folder


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """A run that was trained at home, and two datasets next to it: with a register and without."""
    where = tmp_path_factory.mktemp("country")
    folders = Folders(where / "data", where / "models")
    zones = land.squares(16, SIZE, columns=4)
    sides = ("train", "train", "train", "test")
    home = tuple(replace(z, split=side) for z, side in zip(zones[:4], sides, strict=True))
    built(folders.data, "home", land.Fields(home))
    built(folders.data, "bare", land.Fields(zones[8:12], declared=False))
    tested = tuple(replace(z, split="test") for z in zones[12:])
    built(folders.data, "declared", land.Fields(tested))
    values = {"classifier": "xgboost", "dataset": "home", "trees": 4, "pixels": 1_000, "threads": 1}
    run = runs.queue(folders, classifiers.parse(values))
    train.train_run(run, folders, progress=silent)
    return folders, run


def bytes_of(run, name):
    folder = elsewhere.at(run, name).predictions
    return {p.name: p.read_bytes() for p in folder.iterdir() if p.suffix != ".jsonl"}


def test_a_zone_without_a_register_is_built_for_the_map_and_says_nothing(world):
    folders, _ = world
    bare = DatasetFolder(folders.data, "bare")
    for zone in bare.built_zones():
        labels = bare.labels(zone.zone_id)
        assert (labels.crop == IGNORE).all()
        assert not labels.parcel_id.any()
        assert bare.parcels(zone.zone_id).empty
        assert bare.series(zone.zone_id).empty
        assert not np.isnan(bare.cube(zone.zone_id).reflectance).any()


def test_land_without_labels_is_predicted_and_not_scored(world, monkeypatch, capsys):
    folders, run = world
    monkeypatch.setenv("CROPDASH_DATA", str(folders.data))
    monkeypatch.setenv("CROPDASH_MODELS", str(folders.models))
    monkeypatch.setattr("sys.argv", ["cropdash", "predict", run.run_id, "--on", "bare"])
    with pytest.raises(SystemExit) as end:
        app.main()
    assert not end.value.code
    assert "Predicted 4 zones" in (told := capsys.readouterr().out)
    assert "Nothing is scored: dataset bare declares no mapped crop" in told.replace("\n", " ")
    monkeypatch.setattr("sys.argv", ["cropdash", "evaluate", run.run_id, "--on", "bare"])
    with pytest.raises(SystemExit) as end:
        app.main()
    assert end.value.code == 2
    (info,) = Store(folders.data, folders.models).runs("bare")
    assert info.on == info.dataset == "bare"
    assert len(info.zones) == 4
    assert info.scores is None
    said = Store(folders.data, folders.models).prediction(info.run_id, info.zones[0])
    assert said.crop.shape == (SIZE, SIZE)
    assert not len(said.parcel_ids)


def test_what_is_declared_elsewhere_is_scored_apart(world):
    folders, run = world
    there = DatasetFolder(folders.data, "declared")
    own = run.scores()
    predict.predict_zones(run, there, there.built_zones(), silent)
    zones = score.to_score(run, there)
    found = score.score_run(elsewhere.at(run, "declared"), there, zones, workers=2)
    assert len(zones) == 4
    assert found.test.parcel.accuracy > 0.9
    assert run.scores() == own
    store = Store(folders.data, folders.models)
    (info,) = store.runs("declared")
    assert info.scores == found
    assert store.record(info.run_id) == run.record()
    table = store.parcel_prediction(info.run_id, info.zones[0])
    assert {"applicable", "dissimilarity"} <= set(table)
    assert not [z for z in score.to_score(run, DatasetFolder(folders.data, "home"))
                if z.split != "test"]  # fmt: skip


def test_what_was_learned_from_in_another_dataset_is_told_and_never_scored(world):
    folders, _ = world
    zones = land.squares(32, SIZE, columns=4)
    years = {"later": zones[8:12], "mixed": (zones[9], zones[28])}
    sides = {"later": "train", "mixed": "test"}
    later, mixed = (
        built(folders.data, n, land.Fields(tuple(replace(z, split=sides[n]) for z in of)))
        for n, of in years.items()
    )
    values = {"classifier": "xgboost", "dataset": "home", "trees": 2, "pixels": 1_000}
    values |= {"extra_datasets": "later", "threads": 1}
    run = runs.queue(folders, classifiers.parse(values))
    train.train_run(run, folders, progress=silent)
    assert run.sides()["beside"] == {"later": [zone.zone_id for zone in zones[8:12]]}
    assert run.record().extra_fingerprints == {"later": later.fingerprint()}
    predict.predict_zones(run, mixed, mixed.built_zones(), silent)
    assert [z.zone_id for z in score.to_score(run, mixed)] == [zones[28].zone_id]


def test_only_what_is_missing_or_changed_is_predicted_again(world):
    folders, run = world
    there = DatasetFolder(folders.data, "declared")
    zones = there.built_zones()
    predict.predict_zones(run, there, zones, silent)
    before = bytes_of(run, "declared")
    place = elsewhere.at(run, "declared").predictions
    (place / f"{zones[1].zone_id}.tif").unlink()
    rows = (place / "predicted.jsonl").read_bytes()
    (place / "predicted.jsonl").write_bytes(rows[:-20])  # as a writer that was killed leaves it
    done = predict.predict_zones(run, there, zones, silent)
    assert set(done.done) == {zones[1].zone_id, zones[3].zone_id}
    assert bytes_of(run, "declared") == before


@pytest.mark.parametrize(
    "path", ["predictions/{}.tif", "predictions/{}.parquet", "edges/{}.parquet"]
)
def test_a_prediction_that_was_cut_is_no_map_and_is_made_again(world, path, tmp_path):
    folders, run = world
    there = DatasetFolder(folders.data, "declared")
    zones = there.built_zones()
    predict.predict_zones(run, there, zones, silent)
    before = bytes_of(run, "declared")
    file = elsewhere.at(run, "declared").path / path.format(zones[2].zone_id)
    file.write_bytes(file.read_bytes()[:-9])
    with pytest.raises(
        DamagedFile, match=f"not as they were written, {zones[2].zone_id} the first"
    ):
        mosaic.make(run, there, tmp_path / "map", silent)
    assert predict.predict_zones(run, there, zones, silent).done == (zones[2].zone_id,)
    assert bytes_of(run, "declared") == before


def dies_once(run, dataset, weights, zone):
    """The task, whose process is killed the first time that it is at the second zone."""
    marker = run.path / "died"
    if zone.zone_id.endswith("3") and not marker.exists():
        marker.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    _predict_zone(run, dataset, weights, zone)


_predict_zone = predict.predict_zone


def test_two_workers_of_whom_one_is_killed_say_what_one_process_says(world, monkeypatch):
    folders, run = world
    there = DatasetFolder(folders.data, "declared")
    zones = there.built_zones()
    predict.predict_zones(run, there, zones, silent)
    before = bytes_of(run, "declared")
    for path in elsewhere.at(run, "declared").predictions.iterdir():
        path.unlink()
    monkeypatch.setattr(predict, "predict_zone", dies_once)
    done = predict.predict_zones(run, there, zones, silent, workers=2)
    assert (run.path / "died").exists()
    assert len(done.done) == 4
    assert not done.failed
    assert bytes_of(run, "declared") == before


def test_what_does_not_fit_is_one_sentence(world):
    folders, run = world
    zones = land.squares(1, SIZE, split="test")
    tens = built(folders.data, "tens", land.Fields(zones, season=Season.of(2023, "dekad")))
    with pytest.raises(InvalidRun, match=r"Dataset tens does not fit run .*wants 12 periods"):
        predict.predict_zones(run, tens, zones, silent)
    assert not elsewhere.at(run, "tens").predictions.exists()
