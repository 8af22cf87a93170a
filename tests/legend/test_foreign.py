"""A dataset with a legend of twelve classes of its own, from its build to every page."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace

import numpy as np
import pytest

from cropdash import legend
from cropdash.cli import terminal
from cropdash.domain.errors import ConfigError, InvalidRun
from cropdash.evaluate import confusion
from cropdash.evaluate.area import estimate_area
from cropdash.figures import confusion as figures
from cropdash.figures import layers, maps, qgis
from cropdash.settings import sources
from cropdash.settings.folders import Folders
from cropdash.storage.datasets import DatasetFolder
from cropdash.ui.map import downloads, legends
from cropdash.ui.shell import data
from cropdash.ui.widgets.run_pair import Pair
from cropdash.workflow import build
from tests import factory, visiting, worlds
from tests.legend import foreign
from tests.visiting import EXPLORE, MAP, here  # noqa: F401 (fixtures)

COMPARE, REVIEW = "pages/4_Compare.py", "pages/5_Review.py"
DUTCH = {"Wintergraan", "Groente", "Gras"}
FRENCH = {"Winter soft wheat", "Blé tendre d'hiver", "Sugar beet"}


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Folders:
    folder = tmp_path_factory.mktemp("world")
    own = foreign.load(folder)
    dataset = factory.write_dataset(folder / "data", zones=4, size=100, legend=own)
    factory.write_run(folder / "models", dataset, classifier="xgboost", seed=2, accuracy=0.5)
    factory.write_run(folder / "models", dataset, classifier="cnn", seed=1, accuracy=0.8)
    return Folders(folder / "data", folder / "models")


@pytest.fixture
def dataset(world: Folders) -> DatasetFolder:
    return DatasetFolder(world.data, "demo")


@pytest.fixture
def pair(dataset: DatasetFolder) -> Pair:
    zone = next(z for z in dataset.built_zones() if z.split == "test")
    first, second = data.store().runs("demo")[:2]
    return Pair("demo", zone, (first, second))


# build and store -------------------------------------------------------------------


def test_parcels_have_the_classes_of_their_codes(dataset):
    own, french = dataset.legend(), legend.load()
    assert [c.name for c in own.classes[:4]] == ["background", "wintergraan", "zomergraan", "gerst"]
    seen, counted, background = set(), 0, 0
    for zone in dataset.built_zones():
        table, unknown = (
            dataset.parcels(zone.zone_id),
            dataset.report(zone.zone_id)["unknown_codes"],
        )
        for code, crop in zip(table["code"], table["crop"], strict=True):
            known = own.codes.get(code)
            assert crop == (known.crop if known else 0)
            if known:
                assert french.codes[code].crop > 0
            seen.add(int(crop))
        counted, background = counted + sum(unknown.values()), background + sum(table["crop"] == 0)
    assert counted >= background > 0  # those of parcels that belong elsewhere are counted too
    assert len(seen) > 8


def test_a_build_takes_the_legend_of_its_settings_and_goes_on_without_the_files(tmp_path):
    home = foreign.write(tmp_path)
    values = {"source": "simulated", "dataset": "d", "size": 32, "zones_per_region": 2}
    config = sources.parse(values | {"legend_path": str(home)})
    folder = DatasetFolder(tmp_path / "data", "d")
    quiet = {"progress": lambda stage, done: None, "should_stop": lambda: True}
    build.build_configured(config, folder, **quiet)
    own = folder.legend()
    assert own == legend.load(home)
    assert folder.description().legend_hash == own.hash
    shutil.rmtree(home)
    build.build_configured(config, folder, **quiet)
    assert folder.legend() == own


def test_a_legend_that_knows_none_of_the_codes_is_one_warning_a_zone_whose_parcels_are_unknown(
    tmp_path,
):
    source = factory.SomeZones(factory.SimulatedSource(size=32, zones_per_region=2), 1)
    folder, own = DatasetFolder(tmp_path, "d"), worlds.legend(5)
    description = build.describe(source, "d", "D", {}, own)
    done = build.build(source, folder, description, legend=own, progress=lambda stage, done: None)
    assert set(done.warned) == set(done.built) == {zone.zone_id for zone in source.zones()}
    (sentence,) = {s[0].split("(")[0].rsplit(" zone ", 1)[0] for s in done.warned.values()}
    assert sentence == "The legend knows none of the crop codes of"
    assert not folder.parcels(done.built[0])["crop"].any()


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"codes": "/nowhere/codes.csv"}, "codes.csv can't be read"),
        ({"legend_path": "/nowhere"}, "/nowhere can't be read"),
        ({"legend_level": 4}, "A level is chosen of EuroCrops"),
        ({"legend_level": 2}, "legend_level"),
    ],
)
def test_settings_that_name_no_legend_are_one_sentence(tmp_path, changes, words):
    folder = DatasetFolder(tmp_path, "d")
    with pytest.raises(ConfigError, match=words):
        _build({"source": "simulated", "dataset": "d"} | changes, folder)


def _build(values: dict[str, object], folder: DatasetFolder) -> None:
    config = sources.parse(values)
    build.build_configured(config, folder, progress=print, should_stop=lambda: True)


# scores, figures, files ------------------------------------------------------------


def test_scores_and_areas_are_over_thirteen_classes(dataset, pair, capsys):
    run = pair.runs[0]
    assert set(data.store().confusions(run.run_id)["predicted"]) <= set(range(13))
    probabilities = data.store().parcel_prediction(run.run_id, pair.zone.zone_id)
    assert "p_12" in probabilities
    assert "p_13" not in probabilities
    areas = estimate_area(np.eye(13) * 5, np.ones(13))
    terminal.print_areas(areas, dataset.legend())
    told = capsys.readouterr().out
    assert "Winter grain" in told
    assert "groente" in told  # without an English name, its own
    assert "Winter soft wheat" not in told


def test_pictures_and_styles_wear_the_colours_of_the_legend(dataset, pair):
    own = dataset.legend()
    crop = np.arange(13, dtype=np.uint8)[None]
    picture = layers.classes(crop, layers.group_colours(own, "class"))
    for item in own.classes[1:]:
        rgba = picture.colours[picture.codes[0, item.id]]
        assert "#" + bytes(rgba[:3]).hex() == item.colour
    style = qgis.class_style(own).decode()
    assert 'label="Barley &amp; co"' in style
    assert style.count("<paletteEntry") == 13
    shapes = json.loads(maps.geojson(dataset.parcels(pair.zone.zone_id), own))
    labels = " ".join(f["properties"]["label"] for f in shapes["features"])
    assert "Winter soft wheat" not in labels
    assert {f["properties"]["colour"] for f in shapes["features"]} <= {
        c.colour for c in own.classes
    }


def test_downloads_name_the_classes_of_the_legend(dataset, pair):
    names = {c.name for c in dataset.legend().classes}
    table = downloads.answers(pair)
    assert set(table["declared"]) | set(table["first_class"].dropna()) <= names
    whole = legends.whole_legend(pair)
    assert {"label_en", "label_fr", "label_nl"} <= set(whole.columns)
    assert set(whole["label_nl"]) & {"Wintergraan", "Gras", "Groente"}


def test_a_matrix_is_drawn_by_the_families_of_the_legend(dataset):
    own = dataset.legend()
    truth, said = np.random.default_rng(0).integers(1, 13, (2, 500))
    counted = [confusion(truth, p, 13) for p in (said, truth)]
    drawn, _ = figures.side_by_side(*counted, own, level="family", top_k=None)
    heat = next(t for t in drawn.data if t.type == "heatmap")
    assert np.shape(heat.z) == (3, 3)


def test_runs_of_another_legend_are_not_compared(pair):
    other = replace(pair.runs[1], legend_hash="0" * 16)
    with pytest.raises(InvalidRun, match="names classes of another legend than that of dataset"):
        data.shared_legend((pair.runs[0], other))
    assert not replace(pair, runs=(pair.runs[0], other)).fits


# pages -----------------------------------------------------------------------------


def everything(app) -> str:
    """All that a page says and draws, as text."""
    specs = [json.dumps(chart, ensure_ascii=False) for chart in visiting.charts(app)]
    frames = [frame.value.to_csv() for frame in app.dataframe]
    options = [str(option) for box in [*app.selectbox, *app.multiselect] for option in box.options]
    return " ".join([visiting.text(app), *specs, *frames, *options])


@pytest.mark.parametrize(
    ("page", "query"),
    [
        (EXPLORE, {"view": "imbalance"}),
        (EXPLORE, {"view": "shares", "level": "group"}),
        (EXPLORE, {"view": "sizes", "sizes": "crop"}),
        (EXPLORE, {"view": "bands"}),
        (EXPLORE, {"view": "seasons"}),
        (MAP, {}),
        (COMPARE, {}),
        (COMPARE, {"level": "group"}),
        (COMPARE, {"part": "classes"}),
        (REVIEW, {}),
        (REVIEW, {"level": "group"}),
    ],
)
def test_pages_speak_of_the_legends_own_classes(page, query):
    app = visiting.show(page, dataset="demo", **query)
    assert not app.error, app.error
    told = everything(app)
    own = data.legend("demo")
    known = {c.label() for c in own.classes[1:]} | {g.capitalize() for g in own.groups("group")}
    assert [name for name in known if name in told]
    assert not [name for name in FRENCH if name in told]


def test_a_parcel_is_told_in_english_and_in_dutch(dataset):
    zone = visiting.a_test_zone()
    table = dataset.parcels(zone)
    labels = {c.id: c.labels for c in dataset.legend().classes if {"en", "nl"} == {*c.labels}}
    row = table[table["crop"].isin(list(labels)) & (table["n_pixels"] > 0)].iloc[0]
    both = "**{en}** · {nl}".format(**labels[row["crop"]])
    app = visiting.show(EXPLORE, dataset="demo", zone=zone, parcel=str(row["parcel_id"]))
    assert both in visiting.text(app)
    french = visiting.show(
        EXPLORE, dataset="demo", zone=zone, parcel=str(row["parcel_id"]), lang="fr"
    )
    assert both in visiting.text(french)  # it has no French name


# as many classes as there can be ----------------------------------------------------


def test_254_classes_go_through_a_matrix_and_a_picture():
    table = worlds.legend(254)
    rng = np.random.default_rng(1)
    truth, said = rng.integers(0, 255, (2, 4000))
    matrix = confusion(truth, said, table.n_classes, include_background=True)
    assert matrix.counts.shape == (255, 255)
    expected = np.zeros((255, 255))
    np.add.at(expected, (truth, said), 1)
    np.testing.assert_array_equal(matrix.counts, expected)
    groups = table.group_of("group")
    assert matrix.at_level(groups, "group").counts.sum() == 4000
    drawn, _ = figures.side_by_side(matrix, matrix, table, top_k=20)
    assert len(next(t for t in drawn.data if t.type == "heatmap").z) == 21  # and the rest
    crop = np.arange(255, dtype=np.uint8).reshape(15, 17)
    picture = layers.classes(crop, layers.group_colours(table, "class"))
    assert len(np.unique(picture.colours[picture.codes].reshape(-1, 4), axis=0)) == 255
