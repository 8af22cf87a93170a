"""A worker that is killed loses no epoch."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file

from cropdash.settings import classifiers
from cropdash.settings.folders import Folders
from cropdash.storage import runs, status
from tests import factory, foreign

PROJECT = Path(__file__).resolve().parents[2]
PATIENCE_S = 240
SETTINGS = {
    "epochs": 6,
    "patience": 6,
    "steps_per_epoch": 6,
    "unet_channels": (8, 12),
    "patch_size": 16,
    "threads": 1,
}


@pytest.fixture(scope="module")
def folders(tmp_path_factory) -> Folders:
    where = tmp_path_factory.mktemp("killed")
    factory.write_dataset(where / "data", zones=4, size=48)
    return Folders(where / "data", where / "models")


def queued(folders):
    values = {"classifier": "cnn", "dataset": "demo", **SETTINGS}
    return runs.queue(folders, classifiers.parse(values))


def worker(run, folders):
    """A process that trains it."""
    environment = os.environ | {
        "CROPDASH_DATA": str(folders.data),
        "CROPDASH_MODELS": str(folders.models),
    }
    command = [sys.executable, "-m", "cropdash", "train", "--run", run.run_id]
    return subprocess.Popen(
        command, cwd=PROJECT, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )


def wait_for_epochs(run, n, process):
    until = time.monotonic() + PATIENCE_S
    while len(run.epochs()) < n:
        assert process.poll() is None, "the worker ended early"
        assert time.monotonic() < until, "the worker is too slow"
        time.sleep(0.01)


def test_a_killed_worker_goes_on_and_ends_with_the_same_weights(folders, monkeypatch):
    monkeypatch.setenv("CROPDASH_DATA", str(folders.data))
    monkeypatch.setenv("CROPDASH_MODELS", str(folders.models))
    whole, broken = queued(folders), queued(folders)
    foreign.call("train", "--run", whole.run_id)
    rng = np.random.default_rng(3)
    for epoch in (2, 4):
        process = worker(broken, folders)
        wait_for_epochs(broken, epoch, process)
        time.sleep(rng.uniform(0, 0.1))  # anywhere in the epoch, its end and its writing included
        process.send_signal(signal.SIGKILL)
        process.wait(PATIENCE_S)
    foreign.call("train", "--run", broken.run_id)
    assert status.read(broken.path).state == "done"
    one, other = (load_file(run.path / "model.safetensors") for run in (whole, broken))
    assert one.keys() == other.keys()
    for name, values in one.items():
        np.testing.assert_array_equal(values, other[name])
    curves = [run.epochs().drop(columns="seconds") for run in (whole, broken)]
    assert curves[0].equals(curves[1])  # each epoch once, in order, with the same numbers
    assert whole.scores().test == broken.scores().test
    assert not list(broken.path.glob("checkpoint*"))
