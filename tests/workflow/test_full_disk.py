"""A disk that fills up while a model is trained: one sentence, and a run that goes on later."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from cropdash.settings import classifiers
from cropdash.settings.folders import Folders
from cropdash.storage import runs, status
from tests import factory, foreign

PROJECT = Path(__file__).resolve().parents[2]
PATIENCE_S = 180
LIMIT = 80_000  # [bytes] of one file: enough for the record, not for the weights
QUICK = {
    "cnn": {"epochs": 2, "steps_per_epoch": 4, "unet_channels": (8, 12), "embedding": 16},
    "xgboost": {"trees": 200, "pixels": 2_000},
    "forest": {"trees": 200, "pixels": 2_000},
}
# A limit on the size of a file is what root can set everywhere, and tells the same as a full disk.
LIMITED = (
    "import resource, sys; "
    "resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv.pop(1)), resource.RLIM_INFINITY)); "
    "from cropdash.cli.app import main; main()"
)


@pytest.fixture(scope="module")
def folders(tmp_path_factory) -> Folders:
    where = tmp_path_factory.mktemp("full")
    folders = Folders(where / "data", where / "models")
    factory.write_dataset(folders.data, "small", zones=4, size=48)
    return folders


def train_in_little_room(run, folders) -> subprocess.CompletedProcess[str]:
    """Train in a process none of whose files may be larger than the limit."""
    environment = os.environ | {
        "CROPDASH_DATA": str(folders.data),
        "CROPDASH_MODELS": str(folders.models),
    }
    return subprocess.run(
        [sys.executable, "-c", LIMITED, str(LIMIT), "train", "--run", run.run_id],
        cwd=PROJECT, env=environment, capture_output=True, text=True, timeout=PATIENCE_S,
        check=False,
    )  # fmt: skip


def test_every_kind_is_tried():
    assert set(QUICK) == {kind.name for kind in classifiers.trainable()}


@pytest.mark.parametrize("kind", list(QUICK))
def test_without_room_a_training_says_so_and_goes_on_once_there_is(folders, kind, monkeypatch):
    values = {"classifier": kind, "dataset": "small", "threads": 1, **QUICK[kind]}
    run = runs.queue(folders, classifiers.parse(values))
    told = train_in_little_room(run, folders)
    assert told.returncode == 2, told.stderr
    assert "Traceback" not in told.stderr + told.stdout
    assert "There is no room on the disk" in told.stderr.replace("\n", " ")
    state = status.read(run.path)
    assert state.state == "failed"
    assert "no room" in state.error
    assert not run.predicted_zones()
    assert not list(run.path.rglob("*.part*")), "half a file stays"
    monkeypatch.setenv("CROPDASH_DATA", str(folders.data))
    monkeypatch.setenv("CROPDASH_MODELS", str(folders.models))
    foreign.call("train", "--run", run.run_id)
    assert status.read(run.path).state == "done"
    assert run.scores() is not None
