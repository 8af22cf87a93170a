"""The whole way of a dataset that says what it is, from each source: ten bands, ten-day periods from
October, a foreign legend; build, three models, predict, score, every page and every export."""

from __future__ import annotations

import io
import json
import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import rasterio
import streamlit as st
from sklearn.metrics import f1_score

from cropdash import legend as legends
from cropdash.domain import Zone
from cropdash.settings import classifiers
from cropdash.storage.datasets import DatasetFolder
from cropdash.storage.runs import RunFolder, list_all
from cropdash.ui.map import downloads
from cropdash.ui.shell import data, frame
from cropdash.ui.widgets.run_pair import Pair
from tests import foreign
from tests.visiting import charts, sent, show, text

NAME = "elsewhere"
K = len(foreign.CLASSES) + 1
KINDS = tuple(kind.name for kind in classifiers.trainable())
SMALL = {
    "cnn": ("epochs=1", "steps_per_epoch=3", "batch_size=4", "threads=1"),
    "xgboost": ("trees=6", "threads=1"),
    "forest": ("trees=10", "threads=1"),
}  # the least that learns; what is not here is quick


@dataclass(frozen=True)
class World:
    """A dataset from one source, and a run of each classifier."""

    source: str
    folder: Path
    land: Path
    said: str  # by `build`

    @property
    def dataset(self) -> DatasetFolder:
        return DatasetFolder(self.folder / "data", NAME)

    @property
    def runs(self) -> dict[str, RunFolder]:
        return {run.config["classifier"]: run for run in list_all(self.folder / "models")}

    def zones(self, split: str) -> list[Zone]:
        return [zone for zone in self.dataset.built_zones() if zone.split == split]


@pytest.fixture(scope="module")
def land(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return foreign.landscape(tmp_path_factory.mktemp("land"))


@pytest.fixture(scope="module", params=foreign.SOURCES)
def world(
    request: pytest.FixtureRequest, land: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[World]:
    """Built and trained by the command line, as a user would."""
    folder = tmp_path_factory.mktemp(request.param)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CROPDASH_DATA", str(folder / "data"))
        patch.setenv("CROPDASH_MODELS", str(folder / "models"))
        with foreign.source_of(request.param, folder, land) as options:
            legend = foreign.legend_of(folder)
            said = foreign.call("build", NAME, *options, *foreign.ASKED, *legend, "--workers", 1)
        for kind in KINDS:
            values = (*SMALL.get(kind, ()), "indices=NDVI,NDMI,NDRE")
            settings = [word for value in values for word in ("--set", value)]
            foreign.call("train", NAME, "--classifier", kind, *settings)
        _forget()
        yield World(request.param, folder, land, said)
        _forget()


def _forget() -> None:
    st.cache_data.clear()
    st.cache_resource.clear()


def test_each_zone_holds_36_periods_of_ten_bands_and_the_legends_classes(world: World) -> None:
    assert f"{len(world.dataset.built_zones())} zones built, 0 kept" in world.said
    assert world.dataset.legend() == legends.load(
        world.folder / "classes.csv", codes=(world.folder / "own.csv", world.folder / "rpg.csv")
    )
    assert tuple(c.name for c in world.dataset.legend().classes) == ("background", *foreign.NAMES)
    met: set[int] = set()
    for zone in world.dataset.built_zones():
        folder = world.dataset.path / "zones" / zone.zone_id
        with rasterio.open(folder / "composite.tif") as raster:
            expected = [f"{p.id} {band}" for p in foreign.SEASON.periods for band in foreign.BANDS]
            assert raster.count == len(expected) == 36 * 10
            assert list(raster.descriptions) == expected
            assert raster.tags()["SEASON"] == "2022-10..2023-09"
            values = raster.read()
        assert len(np.unique(values.reshape(360, -1), axis=0)) > 36  # no band or period repeats
        with rasterio.open(folder / "labels.tif") as raster:
            met |= set(np.unique(raster.read(1)).tolist())
    assert met - {0, 255} == set(range(1, K))


def test_own_codes_mean_the_legends_classes_and_unknown_ones_are_counted(world: World) -> None:
    for zone in world.dataset.built_zones():
        table = world.dataset.parcels(zone.zone_id)
        unknown = world.dataset.report(zone.zone_id)["unknown_codes"]
        if world.source == "simulated":
            known = {code: foreign.IDS[str(own)] for code, own in foreign.OWN.items()}
            assert not set(unknown) & set(known)
        else:
            known = foreign.IDS
            ids = table["register_id"].str.partition("#")[0]  # where an id stands there twice
            declared = set(zip(ids, table["code"], strict=True))
            assert declared == foreign.declared(world.land, zone.grid)
            assert set(unknown) <= {str(foreign.STRANGE)}
            assert sum(unknown.values()) == sum(c not in known for c in table["code"])
        assert table["crop"].tolist() == [known.get(code, 0) for code in table["code"]]
    reports = [world.dataset.report(z.zone_id) for z in world.dataset.built_zones()]
    assert sum(sum(report["unknown_codes"].values()) for report in reports) > 5


def test_three_models_are_scored_over_the_datasets_own_classes(world: World) -> None:
    assert set(world.runs) == set(KINDS)
    assert len(KINDS) >= 3
    for run in world.runs.values():
        pixel = run.scores().test.pixel
        truth, said = [], []
        for zone in world.zones("test"):
            with rasterio.open(run.path / "predictions" / f"{zone.zone_id}.tif") as raster:
                assert raster.tags()["SEASON_START"] == "2022-10-01"
                assert raster.tags()["SEASON_END"] == "2023-09-30"
                said.append(raster.read(1).ravel())
            labels = world.dataset.path / "zones" / zone.zone_id / "labels.tif"
            with rasterio.open(labels) as raster:
                truth.append(raster.read(1).ravel())
        y, p = np.concatenate(truth), np.concatenate(said)
        scored = (y > 0) & (y < 255)
        y, p = y[scored], p[scored]
        assert p.max() < K
        assert pixel.n_scored == scored.sum()
        assert set(pixel.classes_averaged) == set(np.unique(y).tolist())
        macro = f1_score(y, p, labels=np.unique(y), average="macro", zero_division=0)
        assert pixel.macro_f1 == pytest.approx(macro)
        assert run.config["indices"] == ["NDVI", "NDMI", "NDRE"]


def test_predict_evaluate_and_runs_by_the_command_line(world: World) -> None:
    listed = foreign.call("runs")
    zone = world.zones("train")[0]
    for run in world.runs.values():
        assert run.run_id in listed
        foreign.call("predict", run.run_id, "--zone", zone.zone_id)
        assert (run.path / "predictions" / f"{zone.zone_id}.tif").is_file()
        before = run.scores().test
        said = foreign.call("evaluate", run.run_id)
        assert run.scores().test.pixel == before.pixel
        assert f"{before.pixel.accuracy:.3f}" in said


def test_what_is_taken_home_has_the_season_and_the_legends_names_and_colours(world: World) -> None:
    legend = world.dataset.legend()
    zone = world.zones("test")[-1]
    known = {run.run_id: run for run in data.usable_runs(NAME)}
    first, second = (known[world.runs[kind].run_id] for kind in ("forest", "cnn"))
    pair = Pair(NAME, zone, (first, second))
    with zipfile.ZipFile(io.BytesIO(downloads.archive(pair))) as bundle:
        files = {name: bundle.read(name) for name in bundle.namelist()}
    (parcels,) = (name for name in files if name.endswith("_parcels.gpkg"))
    path = world.folder / "home.gpkg"
    path.write_bytes(files[parcels])
    table = gpd.read_file(path)
    assert set(table["season_start"]) == {"2022-10-01"}
    assert set(table["declared"]) <= {"background", *foreign.NAMES}
    assert set(table["first_class"].dropna()) <= set(foreign.NAMES)
    (counts,) = (files[name] for name in files if name.endswith("_legend.csv"))
    rows = pd.read_csv(io.BytesIO(counts))
    assert set(rows["season"]) == {"2022-10..2023-09"}
    assert rows["colour"].tolist() == [legend.classes[k].colour for k in rows["class_id"]]
    rasters = [name for name in files if name.endswith(".tif")]
    assert len(rasters) == 2
    for name in rasters:
        with rasterio.MemoryFile(files[name]) as memory, memory.open() as raster:
            assert raster.tags()["SEASON"] == "2022-10..2023-09"
        style = files[name.replace(".tif", ".qml")].decode()
        entries = re.findall(r'value="(\d+)" color="(#\w+)" alpha="\d+" label="([^"]+)"', style)
        assert len(entries) == K
        for number, colour, label in entries:
            item = legend.classes[int(number)]
            assert (colour, label) == (item.colour, item.label())
    given = {row[0]: row[5] for row in foreign.CLASSES if row[5]}
    assert {c.name: c.colour for c in legend.classes if c.name in given} == given
    assert len({c.colour for c in legend.classes}) == K


@pytest.mark.parametrize("page", [page.path for page in frame.PAGES])
def test_every_page_speaks_of_the_legend_and_the_periods(world: World, page: str) -> None:
    zone = world.zones("test")[-1]
    table = world.dataset.parcels(zone.zone_id)
    row = table[table["crop"] > 0].nlargest(1, "n_pixels").iloc[0]
    name = foreign.CLASSES[row["crop"] - 1][3].partition(" (")[0]
    there = {"dataset": NAME, "zone": zone.zone_id, "parcel": str(row["parcel_id"])}
    app = show(page, **(there if page != "app.py" else {}))
    assert not app.error, app.error
    word = page.partition("_")[2].removesuffix(".py")
    shows = [charts(app), sent(app) if word == "Map" else {}]
    if word == "Explore":
        shows.append(charts(show(page, dataset=NAME, part="dataset")))
    drawn = json.dumps(shows, ensure_ascii=False)
    said = text(app)
    if word in ("Explore", "Map", "Review"):
        assert name in said
        assert "October 2022 – September 2023" in said
        assert {f"2022-{m}" for m in (10, 11, 12)} <= set(re.findall(r"2022-\d\d", drawn))
        assert sent(app)
    if word in ("Explore", "Compare", "Map"):
        shown = {row[3].partition(" (")[0] for row in foreign.CLASSES}
        assert len({n for n in shown if n in drawn}) >= 5
        for strange in ("Winter wheat", "Permanent grassland", "Vineyard"):
            assert strange not in drawn
    if word == "Explore":
        (values,) = [b for b in app.selectbox if b.label == "Value"]
        assert {"NDMI", "NDRE", "BSI", "B12"} <= {
            option.split(" ")[-1] for option in values.options
        }
    if word == "Train":
        options = {o for control in app.get("button_group") for o in control.options}
        assert {kind.label for kind in classifiers.trainable()} <= {str(o) for o in options}
