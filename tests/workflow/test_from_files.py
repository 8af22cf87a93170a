"""What people have besides scenes and polygons: from a file to a trained, scored model."""

import sys

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest

from cropdash.cli import app
from cropdash.domain import IGNORE
from cropdash.domain.source import CARRIED
from cropdash.settings import folders
from cropdash.settings import study as study_config
from cropdash.storage import elsewhere, runs, studies
from cropdash.storage.datasets import DatasetFolder
from docs.inputs import world
from docs.inputs.world import Safe

QUICK = {
    "xgboost": ["trees=20", "threads=1"],
    "forest": ["trees=20", "threads=1"],
    "cnn": ["epochs=2", "steps_per_epoch=4", "batch_size=4", "patch_size=8", "temporal_hidden=16",
            "half_precision=False", "threads=1"],
}  # fmt: skip


@pytest.fixture
def where(tmp_path, monkeypatch):
    monkeypatch.setenv("CROPDASH_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("CROPDASH_MODELS", str(tmp_path / "models"))
    return folders.folders()


def run(monkeypatch, *words):
    """The command line in this process, and the zones of a build in it too; its exit code."""
    alone = (
        ("--workers", 1) if words[0] == "build" else ()
    )  # the others would be begun for a moment
    words = (*words, *alone)
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
    values = {"kind": "crossvalidate", "classifier": classifier, "dataset": "mine"}
    study = studies.queue(where, study_config.parse(values))
    assert study.config.training() == study.config.training().by_itself()


@pytest.mark.parametrize(
    ("name", "more"),
    [
        ("points.csv", {}),
        ("points.csv", {"degrees": False}),
        ("points.gpkg", {"codes": "crop"}),
    ],
)
def test_points_are_learned_from_and_scored_at_their_pixels(
    tmp_path, monkeypatch, where, name, more
):
    folder = world.zones(world.composites(tmp_path / "mine"))
    world.points(folder / name, **more)
    columns = ["--id-column", "id", "--code-column", "crop"]
    assert run(monkeypatch, "build", "mine", "--folder", folder, *columns) == 0
    dataset = DatasetFolder(where.data, "mine")
    truth = {(one.row // 6, one.column // 6): one.code for one in world.fields()}
    legend = dataset.legend()
    for zone in dataset.built_zones():
        labels = dataset.labels(zone.zone_id)
        at = np.argwhere(labels.parcel_id > 0)
        assert len(at) == 3 * 16
        assert (labels.crop[labels.parcel_id == 0] == IGNORE).all()
        left = round((zone.grid.left - world.FRAME.left) / 10)
        for i, j in at:
            code = truth[(i // 6, (j + left) // 6)]
            assert labels.crop[i, j] == legend.codes[code].crop
    found = trained(monkeypatch, where).scores().test
    assert found.pixel.n_scored == found.parcel.n_scored == 3 * 16
    assert found.pixel.accuracy > 0.9


def test_outlines_alone_are_predicted_and_nothing_is_scored(tmp_path, monkeypatch, where, capsys):
    folder = FOLDERS["composites"](tmp_path / "mine")
    assert run(monkeypatch, "build", "mine", "--folder", folder) == 0
    done = trained(monkeypatch, where)
    bare = tmp_path / "bare"
    world.zones(world.composites(bare))
    world.register(bare / "fields.parquet", codes=None)
    words = ["--id-column", "ID_PARCEL"]
    assert run(monkeypatch, "build", "first", "--folder", bare, *words) == 2
    assert "crop code (none for outlines alone)" in capsys.readouterr().err.replace("\n", " ")
    assert run(monkeypatch, "build", "bare", "--folder", bare, *words, "--code-column", "none") == 0
    capsys.readouterr()
    assert run(monkeypatch, "predict", done.run_id, "--on", "bare") == 0
    assert (
        "Nothing is scored: dataset bare declares no mapped crop in west, east"
        in capsys.readouterr().out
    )
    answers = pd.read_parquet(next(elsewhere.at(done, "bare").predictions.glob("*.parquet")))
    legend = DatasetFolder(where.data, "bare").legend()
    ids = DatasetFolder(where.data, "bare").parcels("east").set_index("parcel_id")["register_id"]
    truth = {one.id: legend.codes[one.code].crop for one in world.fields()}
    right = [truth[ids[row.parcel_id]] == row.predicted for row in answers.itertuples()]
    assert len(right) == 16
    assert np.mean(right) > 0.9
    labels = DatasetFolder(where.data, "bare").labels("east")
    assert (labels.crop[labels.parcel_id > 0] == IGNORE).all()
    assert run(monkeypatch, "train", "bare", "--classifier", "xgboost") == 2
    assert "holds outlines alone, so there is nothing to learn from" in capsys.readouterr().err


def test_columns_that_are_carried_stay_with_each_parcel(tmp_path, monkeypatch, where, capsys):
    folder = world.zones(world.composites(tmp_path / "mine"))
    path = world.register(folder / "fields.gpkg")
    held = gpd.read_file(path)
    ids = held["ID_PARCEL"].astype(str)
    held["Holding"], held["commune"] = (
        "=H" + ids,
        [59_001.0 + n for n in range(len(held) - 1)] + [None],
    )
    held.to_file(path, layer="PARCELLES_GRAPHIQUES", driver="GPKG")
    asked = ["--carry", "holding, commune"]
    assert run(monkeypatch, "build", "mine", "--folder", folder, *asked) == 0
    built = DatasetFolder(where.data, "mine")
    found = pd.concat([built.parcels(zone.zone_id) for zone in built.built_zones()])
    of = dict(zip(ids, held["commune"], strict=True))
    assert len(found) == 32
    for row in found.to_dict("records"):
        town = of[row["register_id"]]
        assert row[CARRIED + "Holding"] == "=H" + row["register_id"]
        assert row[CARRIED + "commune"] == ("" if np.isnan(town) else str(int(town)))
    capsys.readouterr()
    assert run(monkeypatch, "build", "none", "--folder", folder, "--carry", "owner") != 0
    assert "no column owner to carry" in " ".join(capsys.readouterr().err.split())
