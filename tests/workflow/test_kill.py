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

from cropdash.ingest.local.source import LocalSource
from cropdash.settings import classifiers
from cropdash.settings.folders import Folders
from cropdash.storage import runs, status
from cropdash.storage.datasets import DatasetFolder
from cropdash.workflow import build
from tests.worlds import FLANDERS, needs

pytestmark = needs(FLANDERS)
PROJECT = Path(__file__).resolve().parents[2]
PATIENCE_S = 90
SETTINGS = {
    "epochs": 6,
    "patience": 6,
    "steps_per_epoch": 6,
    "unet_channels": (8, 12),
    "threads": 1,
}


@pytest.fixture(scope="module")
def folders(tmp_path_factory) -> Folders:
    where = tmp_path_factory.mktemp("flanders")
    folders = Folders(where / "data", where / "models")
    source = LocalSource(FLANDERS)
    description = build.describe(source, "flanders", "Flanders 2018", {})
    folder = DatasetFolder(folders.data, "flanders")
    build.build(source, folder, description, progress=lambda stage, done: None)
    return folders


def queued(folders):
    values = {"classifier": "cnn", "dataset": "flanders", **SETTINGS}
    return runs.queue(folders, classifiers.parse(values))


def worker(run, folders):
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


def test_a_killed_worker_goes_on_and_ends_with_the_same_weights(folders):
    whole, broken = queued(folders), queued(folders)
    assert worker(whole, folders).wait(PATIENCE_S) == 0
    rng = np.random.default_rng(3)
    for epoch in (2, 4):
        process = worker(broken, folders)
        wait_for_epochs(broken, epoch, process)
        time.sleep(rng.uniform(0, 0.1))  # anywhere in the epoch, its end and its writing included
        process.send_signal(signal.SIGKILL)
        process.wait(PATIENCE_S)
    assert worker(broken, folders).wait(PATIENCE_S) == 0
    assert status.read(broken.path).state == "done"
    one, other = (load_file(run.path / "model.safetensors") for run in (whole, broken))
    assert one.keys() == other.keys()
    for name, values in one.items():
        np.testing.assert_array_equal(values, other[name])
    curves = [run.epochs().drop(columns="seconds") for run in (whole, broken)]
    assert curves[0].equals(curves[1])  # each epoch once, in order, with the same numbers
    assert whole.scores().test == broken.scores().test
    assert not list(broken.path.glob("checkpoint*"))
