"""A margin around zones: their parcels are seen whole, and nothing of it is learned or scored."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from bench import land
from cropdash.domain import IGNORE, Grid, Sample, Season, Zone, interior
from cropdash.domain.errors import ConfigError
from cropdash.settings import classifiers, sources
from cropdash.settings.folders import Folders
from cropdash.simulate.source import SimulatedSource
from cropdash.storage import beside, runs
from cropdash.storage.datasets import DatasetFolder
from cropdash.storage.store import Store
from cropdash.workflow import build, predict, score, train
from docs.inputs import world

SIZE, MARGIN = 40, 14  # [px]: a field has 13 on its longer side
SPLITS = ("train", "test", "train", "train")


def silent(stage: str, done: float) -> None:
    """Nobody listens."""


def built(data, name, zones, margin=0):
    source, folder = land.Fields(tuple(zones)), DatasetFolder(data, name)
    about = build.describe(source, name, name, {}, margin=margin)
    done = build.build(source, folder, about, progress=silent)
    assert not done.failed
    return folder


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Four zones side by side on both sides of the split, with a margin, without, and as one zone."""
    where = tmp_path_factory.mktemp("margin")
    folders = Folders(where / "data", where / "models")
    squares = land.squares(4, SIZE, columns=2)
    four = [replace(z, split=split) for z, split in zip(squares, SPLITS, strict=True)]
    wide = built(folders.data, "wide", four, MARGIN)
    plain = built(folders.data, "plain", four)
    values = {"classifier": "xgboost", "dataset": "wide", "trees": 4, "pixels": 1_000, "threads": 1}
    run = runs.queue(folders, classifiers.parse(values))
    train.train_run(run, folders, progress=silent)
    plain_as_the_model = {"parcel_temperature": 1.0, "tau": 0.0, "threshold": 0.2}
    run.write_calibrated(run.calibrated() | plain_as_the_model)
    predict.predict_zones(run, wide, wide.built_zones(), silent)
    predict.predict_zones(run, plain, plain.built_zones(), silent)
    return folders, run, wide, plain


def test_a_zone_s_own_ground_is_what_it_is_without_a_margin(made):
    _, _, wide, plain = made
    for zone in plain.built_zones():
        ours, theirs = wide.cube(zone.zone_id), plain.cube(zone.zone_id)
        assert ours.grid == theirs.grid == zone.grid
        np.testing.assert_array_equal(ours.reflectance, theirs.reflectance)
        np.testing.assert_array_equal(ours.clear_dates, theirs.clear_dates)
        assert wide.cube(zone.zone_id, around=True).grid == zone.grid.grown(MARGIN)
        one, other = wide.labels(zone.zone_id), plain.labels(zone.zone_id)
        np.testing.assert_array_equal(one.crop, other.crop)
        np.testing.assert_array_equal(one.parcel_id, other.parcel_id)
        picture = wide.imagery(zone.zone_id, ["2023-05"], ["B8"], 20)
        assert picture.grid == plain.imagery(zone.zone_id, ["2023-05"], ["B8"], 20).grid
        expected = ours.reflectance[4, ours.bands.index("B8")].reshape(20, 2, 20, 2).mean((1, 3))
        np.testing.assert_allclose(picture.reflectance[0, 0], expected, atol=2e-4)
    assert isinstance(wide.sample(wide.built_zones()[0]), Sample)


def test_parcels_on_the_edge_are_seen_whole(made):
    _, _, wide, plain = made
    cut = [plain.parcels(zone.zone_id)["share_in_zone"] < 0.9 for zone in plain.built_zones()]
    assert sum(map(sum, cut)) >= 5
    for zone in wide.built_zones():
        ours, theirs = wide.parcels(zone.zone_id), plain.parcels(zone.zone_id)
        assert list(ours["register_id"]) == list(theirs["register_id"])
        np.testing.assert_allclose(ours["share_in_zone"], 1, atol=1e-6)
        size = (land.WIDE - 1) * (land.HIGH - 1)  # without the way along two sides
        assert (ours["n_pixels"] == size).all()
        series = wide.series(zone.zone_id)
        assert (series["n_pixels"] == size).all()


def test_no_pixel_is_declared_on_both_sides_of_the_split(made):
    """Ground of the whole lattice: who names it, and on which side of the split."""
    _, _, wide, _ = made
    told = np.full((2 * SIZE + 2 * MARGIN,) * 2, "", dtype=object)
    for zone in wide.built_zones():
        labels = wide.labels(zone.zone_id, around=True)
        top = round((land.TOP - labels.grid.top) / land.PIXEL) + MARGIN
        left = round((labels.grid.left - land.LEFT) / land.PIXEL) + MARGIN
        here = told[top : top + labels.crop.shape[0], left : left + labels.crop.shape[1]]
        known = labels.crop != IGNORE
        assert (here[known] == "").all()
        here[known] = zone.zone_id
        outside = np.ones(labels.crop.shape, bool)
        outside[MARGIN:-MARGIN, MARGIN:-MARGIN] = False
        assert ((labels.parcel_id > 0) == known)[
            outside
        ].all()  # in the margin its own parcels alone
    assert {*np.unique(told)} > {"z0", "z1", "z2", "z3"}


def test_a_parcel_is_answered_from_all_its_pixels_and_a_map_shows_the_zone_alone(made):
    folders, run, wide, _ = made
    model = predict.load(run, wide)
    for zone in wide.built_zones():
        name = zone.zone_id
        said = run.prediction(name)
        assert said.grid == zone.grid
        crop, grid = Store(folders.data, folders.models).around(run.run_id, name)
        assert grid == zone.around.grid
        np.testing.assert_array_equal(crop[MARGIN:-MARGIN, MARGIN:-MARGIN], said.crop)
        cube, labels = wide.cube(name, around=True), wide.labels(name, around=True)
        chances, core = model.predict_proba(cube), interior(labels.parcel_id)
        for parcel in wide.parcels(name)["parcel_id"]:
            inside = labels.parcel_id == parcel
            assert inside.sum() == (land.WIDE - 1) * (land.HIGH - 1)
            (at,) = np.flatnonzero(said.parcel_ids == parcel)
            expected = chances[:, inside & core].mean(axis=1)
            np.testing.assert_allclose(said.parcel_probabilities[at], expected, atol=1e-5)
    edges = beside.edges(run, "z0").set_index("register_id")["n_pixels"]
    # Of a parcel that two zones share each says its own ground, so that both make up the whole.
    there = beside.edges(run, "z1").set_index("register_id")["n_pixels"]
    both = edges.index.intersection(there.index)
    rows = {i for i in both if (int(i.split("-")[0]) + 1) * land.HIGH <= SIZE}
    assert rows
    assert {int(edges[i] + there[i]) for i in rows} == {(land.WIDE - 1) * (land.HIGH - 1)}


def test_scores_count_the_zone_s_pixels_alone(made):
    _, run, wide, _ = made
    score.score_run(run, wide, score.to_score(run, wide))
    table = run.confusions()
    pixels = table[(table["unit"] == "pixel") & (table["zone_id"] == "z1")]["value"].sum()
    labels = wide.labels("z1")
    assert pixels == (labels.crop != IGNORE).sum() <= SIZE**2


def test_ready_composites_have_the_margin_that_was_asked_for(tmp_path):
    world.register(world.zones(world.composites(tmp_path / "in")) / "register.gpkg")
    given = {"source": "local", "dataset": "d", "folder": tmp_path / "in", "workers": 1}
    config = sources.parse(given | {"margin": 4})
    folder = DatasetFolder(tmp_path, "d")
    build.build_configured(config, folder, progress=silent, should_stop=lambda: False)
    for zone in folder.built_zones():
        wide, own = folder.cube(zone.zone_id, around=True), folder.cube(zone.zone_id)
        assert wide.grid == own.grid.grown(4)
        np.testing.assert_array_equal(wide.inner(4).reflectance, own.reflectance)
        row, column = world.place_of(wide.grid)
        inside = np.zeros(wide.grid.shape, bool)  # where the images are
        inside[max(-row, 0) : 24 - row, max(-column, 0) : 48 - column] = True
        assert ((folder.clear_dates(zone.zone_id, around=True) > 0) == inside).all()


def test_a_table_has_no_margin(tmp_path):
    config = sources.parse(
        {"source": "table", "dataset": "d", "table_path": world.table(tmp_path / "t.csv")}
    )
    source = sources.of(config).open(config)
    with pytest.raises(ConfigError, match="no margin"):
        source.composites(replace(source.zones()[0], margin=4).around)


def test_a_margin_is_checked_at_the_door():
    with pytest.raises(ConfigError, match="margin of 201"):
        replace(land.squares(1, SIZE)[0], margin=201)
    uneven = Grid(land.CRS, 400_000.00000004, land.TOP, 10.0, (8, 9))
    with pytest.raises(ConfigError, match="6 decimals"):
        Zone("a", "north", "test", uneven, 3)
    assert Zone("a", "north", "test", uneven).around.grid == uneven  # none needs no corners
    assert Zone("a", "north", "test", replace(uneven, left=400_000.5), 3).around.grid.shape == (
        14,
        15,
    )


def test_a_margin_grows_with_the_season(tmp_path):
    """What is taken up later has the margin still, and its parcels are seen whole."""
    folder, mid = DatasetFolder(tmp_path, "d"), Season.of(2023).periods[5].end
    source = SimulatedSource(seed=3, size=32, zones_per_region=1)
    told = {}
    for day in (mid, None):
        about = build.describe(source, "d", "d", {}, as_of=day, margin=4)
        about = replace(about, zones=about.zones[:1])
        build.build(source, folder, about, progress=silent)
        told[day] = folder.known_cube(about.zones[0].zone_id, around=True)
        assert told[day].grid == about.zones[0].around.grid
    assert len(told[mid].periods) == 6
    assert len(told[None].periods) == 12
    seen = told[mid].clear_dates > 0
    ours = np.moveaxis(told[None].reflectance[:6], 1, -1)[seen]
    np.testing.assert_array_equal(ours, np.moveaxis(told[mid].reflectance, 1, -1)[seen])
