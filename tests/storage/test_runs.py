import json
import time

import numpy as np
import pytest

from cropdash.domain import Prediction, Season
from cropdash.domain.errors import RunNotFound
from cropdash.storage import layout, runs, status
from cropdash.storage.status import Reporter, Status
from tests import worlds

CONFIG = {"classifier": "cnn", "dataset": "d", "seed": 0}


def test_a_new_run_is_queued_and_found_by_its_id_only(tmp_path):
    run = runs.create(tmp_path, CONFIG, {"versions": {}})
    assert runs.find(tmp_path, run.run_id).config == CONFIG
    assert run.status.state == "queued"
    for wrong in ("../" + run.run_id, "", ".", run.run_id + "x"):
        with pytest.raises(RunNotFound):
            runs.find(tmp_path, wrong)


def test_half_a_line_of_the_learning_curve_is_left_out(tmp_path):
    run = runs.create(tmp_path, CONFIG, {})
    run.append_epoch({"epoch": 1, "train_loss": 2.0})
    run.append_epoch({"epoch": 2, "train_loss": float("nan")})
    with (run.path / "epochs.jsonl").open("a") as handle:
        handle.write('{"epoch": 3, "trai')
    table = run.epochs()
    assert table["epoch"].tolist() == [1, 2]
    assert np.isnan(table["train_loss"].iloc[1])
    assert json.loads((run.path / "epochs.jsonl").read_text().splitlines()[1])["train_loss"] is None


def test_a_learning_curve_is_cut_where_it_goes_on(tmp_path):
    run = runs.create(tmp_path, CONFIG, {})
    run.keep_epochs_before(1)  # there is nothing yet
    for epoch in (1, 2, 3):
        run.append_epoch({"epoch": epoch, "train_loss": 1.0})
    with (run.path / "epochs.jsonl").open("a") as handle:
        handle.write('{"epoch": 4, "trai')  # what a killed worker leaves
    run.keep_epochs_before(3)
    run.append_epoch({"epoch": 3, "train_loss": 2.0})
    assert run.epochs()["epoch"].tolist() == [1, 2, 3]
    assert run.epochs()["train_loss"].tolist() == [1.0, 1.0, 2.0]


def test_prediction_survives_the_disk(tmp_path):
    run = runs.create(tmp_path, CONFIG, {})
    labels = worlds.labels()
    probabilities = np.random.default_rng(0).dirichlet(np.ones(50), 3).astype(np.float32)
    ids = np.array([1, 2, 4], np.int32)
    sure = np.full(labels.crop.shape, 0.5, np.float32)
    said = Prediction(labels.crop, sure, ids, probabilities, labels.grid, run.run_id)
    run.write_prediction("a", said, Season.of(2023))
    back = run.prediction("a")
    np.testing.assert_array_equal(back.crop, labels.crop)
    np.testing.assert_allclose(back.parcel_probabilities, probabilities)
    table = run.parcel_prediction("a")
    assert table["predicted"].tolist() == probabilities.argmax(1).tolist()
    assert run.predicted_zones() == ("a",)
    with pytest.raises(RunNotFound, match="b"):
        run.prediction("b")


def test_a_worker_that_falls_silent_reads_as_lost(tmp_path):
    old = time.time() - 1000
    status.write(tmp_path, Status("running", heartbeat=old, pid=1, created=old))
    assert status.read(tmp_path).state == "lost"
    with status.lock(tmp_path).acquire():
        assert status.read(tmp_path).state == "running"
    status.write(tmp_path, Status("running", heartbeat=time.time()))
    assert status.read(tmp_path).state == "running"
    status.write(tmp_path, Status("done", heartbeat=old, pid=1))
    assert status.read(tmp_path).state == "done"


def test_reporter_keeps_creation_obeys_stop_and_clears_it(tmp_path):
    status.write(tmp_path, Status("queued", created=123.0))
    (tmp_path / layout.STOP).touch()
    reporter = Reporter(tmp_path)
    assert reporter.should_stop()
    reporter.update("Training", 0.5)
    reporter.finish("stopped")
    after = status.read(tmp_path)
    assert (after.state, after.created, after.progress) == ("stopped", 123.0, 0.5)
    assert not reporter.should_stop()


def test_a_damaged_status_is_a_state_not_a_crash(tmp_path):
    (tmp_path / layout.STATUS.file).write_text("{")
    assert status.read(tmp_path).state == "failed"
    assert status.read(tmp_path / "nothing") is None
