"""Several processes train one model as one would."""

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import psutil
import pytest
import torch

from cropdash import classify
from cropdash.classify import sampling, stopping
from cropdash.classify.cnn import distributed
from cropdash.classify.cnn.encoding import Encoding
from cropdash.classify.cnn.patches import Patches
from cropdash.classify.description import schema_of
from cropdash.classify.xgboost import together
from cropdash.domain.errors import ConfigError, TrainingFailed
from cropdash.settings import classifiers
from cropdash.settings.folders import Folders
from cropdash.storage import layout, runs, status
from cropdash.storage.datasets import DatasetFolder
from cropdash.workflow import partition, ranks
from cropdash.workflow.zone_dataset import ZoneDataset
from tests import factory
from tests.classify import landscapes

PROJECT = Path(__file__).resolve().parents[2]
PATIENCE_S = 240
SMALL = {
    "cnn": {"unet_channels": (8, 12), "temporal_hidden": 16, "patch_size": 16},
    "xgboost": {},
}
SHARED = {
    "cnn": {"ema_decay": 0.8, "half_precision": False, "steps_per_epoch": 8},
    "xgboost": {"location": False},
}
FEW = {"cnn": {"epochs": 2}, "xgboost": {"trees": 2}}
MANY = {
    "cnn": {"epochs": 400, "patience": 400},
    "xgboost": {"trees": 400, "patience": 400},
}
CHECKPOINT = {"cnn": "checkpoint.safetensors", "xgboost": "checkpoint.ubj"}


@pytest.fixture(scope="module")
def folders(tmp_path_factory) -> Folders:
    where = tmp_path_factory.mktemp("devices")
    factory.write_dataset(where / "data", zones=8, size=48)
    return Folders(where / "data", where / "models")


def queued(folders, classifier, **settings):
    few = {"dataset": "demo", "folds": 2, "threads": 1, "devices": 2}
    values = {"classifier": classifier, **few, **SMALL[classifier], **settings}
    return runs.queue(folders, classifiers.parse(values))


def worker(run, folders, launcher=("-m", "cropdash"), log=subprocess.DEVNULL):
    environment = os.environ | {
        "CROPDASH_DATA": str(folders.data),
        "CROPDASH_MODELS": str(folders.models),
        "OMP_NUM_THREADS": "1",
    }
    command = [sys.executable, *launcher, "train", "--run", run.run_id]
    return subprocess.Popen(command, cwd=PROJECT, env=environment, stdout=log, stderr=log)


def assistant_at_work(run, process):
    """The other process, once an epoch has passed."""
    until = time.monotonic() + PATIENCE_S
    while not len(run.epochs()):
        assert process.poll() is None, "the worker ended early"
        assert time.monotonic() < until, "the worker is too slow"
        time.sleep(0.02)
    (assistant,) = psutil.Process(process.pid).children()
    return assistant


def validation_accuracy(run, folders):
    """Of the run's saved weights, computed in this process alone."""
    config = classifiers.parse(run.config)
    dataset = DatasetFolder(folders.data, "demo")
    zones = partition.choose_zones(dataset, config).validation
    model = classify.load(run.path, dataset.legend())
    right = scored = 0
    for sample in ZoneDataset(dataset, zones):
        said, truth = model.predict_proba(sample.cube).argmax(axis=0), sample.labels.crop
        asked = (truth > 0) & (truth < 255)
        right, scored = right + (said == truth)[asked].sum(), scored + asked.sum()
    assert len(zones) == 2  # one for each process
    return right / scored


def assert_judged_together(run, folders, epochs_asked):
    told = run.epochs()
    assert told["epoch"].tolist() == [*range(1, len(told) + 1)]  # by one process, once each
    told = told.dropna(subset="validation_loss")  # a stop may come before the last is judged
    kept = stopping.kept(told["validation_loss"].tolist(), epochs_asked)
    accuracy = told.iloc[kept]["validation_accuracy"]
    assert accuracy == pytest.approx(validation_accuracy(run, folders), abs=2e-3)


both = pytest.mark.parametrize("classifier", ["cnn", "xgboost"])


@both
def test_processes_of_torchrun_share_a_training_and_judge_it_together(
    folders, tmp_path, classifier
):
    run = queued(folders, classifier, **FEW[classifier], **SHARED[classifier])
    how = "-m torch.distributed.run --standalone --nproc-per-node=2 -m -- cropdash"
    with (tmp_path / "log").open("wb") as log:
        ended = worker(run, folders, how.split(), log).wait(PATIENCE_S)
    assert ended == 0, (tmp_path / "log").read_text()
    assert status.read(run.path).state == "done"
    assert len(run.epochs()) == 2
    assert_judged_together(run, folders, 2)


@both
def test_a_stopped_training_takes_its_assistant_along_and_keeps_what_both_judged(
    folders, classifier
):
    run = queued(folders, classifier, **MANY[classifier], **SHARED[classifier])
    process = worker(run, folders)
    assistant = assistant_at_work(run, process)
    (run.path / layout.STOP).touch()
    assert process.wait(PATIENCE_S) == 0
    assert not assistant.is_running()
    assert status.read(run.path).state == "stopped"
    assert_judged_together(run, folders, 400)


@both
def test_a_training_whose_assistant_dies_fails_and_can_go_on(folders, classifier):
    run = queued(folders, classifier, **MANY[classifier], **SHARED[classifier])
    process = worker(run, folders)
    assistant = assistant_at_work(run, process)
    kept = run.path / CHECKPOINT[classifier]  # what a resumed worker goes on from
    until = time.monotonic() + PATIENCE_S
    while not kept.is_file():
        assert time.monotonic() < until, "nothing is kept"
        time.sleep(0.02)
    assistant.send_signal(signal.SIGKILL)
    assert process.wait(PATIENCE_S) == 2
    state = status.read(run.path)
    assert (state.state, "One of the processes" in state.error) == ("failed", True)
    assert kept.is_file()


def test_an_assistant_that_closed_its_connections_but_has_not_ended_yet_is_waited_for(
    folders, monkeypatch
):
    code = "import sys; sys.stdin.read(); sys.exit(1)"
    started = []

    def start(*_):
        started.append(subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE))
        return started[-1]

    monkeypatch.setattr(ranks, "_start", start)
    run = queued(folders, "cnn")

    @ranks.assisted(run, folders, classifiers.parse(run.config))
    def training():
        threading.Timer(0.5, started[0].stdin.close).start()
        raise RuntimeError("Connection closed by peer")

    with pytest.raises(TrainingFailed, match="One of the processes"):
        training()


def test_processes_learn_from_the_rows_that_one_alone_would_each_from_its_own_zones():
    config = classifiers.parse({"classifier": "xgboost", "dataset": "d", "variation": 0})
    samples = [landscapes.sample(name, seed=n) for n, name in enumerate("abc")]
    schema = schema_of(samples, config)

    def rows(share):
        rng = np.random.default_rng(3)
        said = sampling.draw(samples, schema, 300, "parcel", rng, share=share)
        assert rng.random() == after  # what is drawn next is the same for all
        return {tuple(row) for row in np.nan_to_num(np.column_stack(said), nan=-1.0)}

    rng = np.random.default_rng(3)
    alone = np.column_stack(sampling.draw(samples, schema, 300, "parcel", rng))
    after = rng.random()
    first, second = rows((0, 2)), rows((1, 2))
    assert first | second == {tuple(row) for row in np.nan_to_num(alone, nan=-1.0)}
    assert not first & second
    assert len(first) > len(second) > 0


def test_each_process_draws_its_own_half_of_a_batch():
    config = classifiers.parse(
        {"classifier": "cnn", "dataset": "d", "patch_size": 16, "batch_size": 8, "devices": 2}
    )
    samples = [landscapes.sample("a", seed=1), landscapes.sample("b", (30, 44), seed=2)]
    found = Encoding.of(samples, schema_of(samples, config))
    first, second = (next(iter(Patches(samples, found, config, rank)))[0] for rank in (0, 1))
    assert len(first) == len(second) == 4
    assert not torch.isclose(first, second).all()


def test_the_first_process_draws_what_one_alone_would():
    values = {"classifier": "cnn", "dataset": "d", "patch_size": 16, "batch_size": 4}
    samples = [landscapes.sample("a", seed=1)]
    alone, shared = (
        classifiers.parse(values | more) for more in ({}, {"batch_size": 8, "devices": 2})
    )
    found = Encoding.of(samples, schema_of(samples, alone))
    drawn = [next(iter(Patches(samples, found, config)))[0].numpy() for config in (alone, shared)]
    np.testing.assert_array_equal(*drawn)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"devices": 2}, "torchrun"),
        ({"nodes": 2}, "torchrun"),
        ({"accelerator": "gpu", "devices": 16, "batch_size": 32}, "GPU"),
    ],
)
def test_a_training_without_its_devices_says_so(settings, words, monkeypatch):
    monkeypatch.delenv("WORLD_SIZE", raising=False)
    config = classifiers.parse({"classifier": "cnn", "dataset": "d", **settings})
    with pytest.raises(ConfigError, match=words):
        distributed.trainer_options(config)
    if words == "torchrun":
        trees = classifiers.parse({"classifier": "xgboost", "dataset": "d", **settings})
        with pytest.raises(ConfigError, match=words), together.joined(trees):
            pass


@pytest.mark.parametrize("batch", [6, 7])
def test_patches_that_can_not_be_shared_are_refused(batch):
    values = {"classifier": "cnn", "dataset": "d", "batch_size": batch}
    with pytest.raises(ConfigError, match="batch_size"):
        classifiers.parse(values | {"devices": 4})
