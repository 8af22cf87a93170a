"""What people have besides scenes and polygons: from a file to a trained, scored model."""

import sys

import pytest

from cropdash.cli import app
from cropdash.settings import folders
from cropdash.storage import runs
from cropdash.storage.datasets import DatasetFolder
from docs.inputs import world
from docs.inputs.world import Safe

QUICK = {
    "xgboost": ["trees=20"],
    "forest": ["trees=20"],
    "cnn": ["epochs=2", "steps_per_epoch=4", "batch_size=4", "patch_size=8", "temporal_hidden=16",
            "half_precision=False"],
}  # fmt: skip


@pytest.fixture
def where(tmp_path, monkeypatch):
    monkeypatch.setenv("CROPDASH_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("CROPDASH_MODELS", str(tmp_path / "models"))
    return folders.folders()


def run(monkeypatch, *words):
    """The command line in this process; its exit code."""
    monkeypatch.setattr(sys, "argv", ["cropdash", *map(str, words)])
    try:
        app.main()
    except SystemExit as end:
        return int(end.code or 0)
    return 0


def trained(monkeypatch, where, classifier="xgboost"):
    quick = [word for value in QUICK[classifier] for word in ("--set", value)]
    assert run(monkeypatch, "train", "mine", "--classifier", classifier, *quick) == 0
    return runs.list_all(where.models)[0]


def safes(folder):
    for day in world.days(of=(3, 5, 6, 8)):
        world.safe(folder / "scenes", Safe(day))
    return folder


def with_land(write):
    return lambda folder: world.register(world.zones(write(folder)) / "register.gpkg").parent


FOLDERS = {
    "composites": with_land(world.composites),
    "one file": with_land(world.stacked),
    "SAFE": with_land(safes),
    "composites, zones proposed": lambda folder: (
        world.register(world.composites(folder) / "register.gpkg").parent
    ),
}


@pytest.mark.parametrize("kind", FOLDERS)
def test_a_folder_is_built_learned_from_and_scored(tmp_path, monkeypatch, where, kind):
    folder = FOLDERS[kind](tmp_path / "mine")
    assert run(monkeypatch, "build", "mine", "--folder", folder, "--size", 24) == 0
    found = trained(monkeypatch, where).scores()
    assert found.test.pixel.accuracy > 0.9
    assert found.test.parcel.n_scored == 16


@pytest.mark.parametrize("classifier", QUICK)
def test_a_table_is_learned_from_and_scored_without_a_map(tmp_path, monkeypatch, where, classifier):
    table = world.table(tmp_path / "means.csv")
    assert run(monkeypatch, "build", "mine", "--table", table) == 0
    done = trained(monkeypatch, where, classifier)
    assert done.config["smoothing"] is False
    assert done.config.get("context", False) is False
    found = done.scores().test
    assert found.pixel.n_scored == found.parcel.n_scored == 16
    if classifier != "cnn":  # two epochs teach it little
        assert found.parcel.accuracy > 0.9
    assert len(DatasetFolder(where.data, "mine").built_zones()) == 2
