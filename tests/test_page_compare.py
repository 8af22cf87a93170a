"""Compare, run without a browser: the numbers it shows are those of the files on disk."""

from __future__ import annotations

import dataclasses
import io
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import accuracy_score, f1_score
from streamlit.testing.v1 import AppTest

from cropdash import config, legend
from cropdash.config import Folders
from cropdash.ui import compare_tables, comparison, data
from cropdash.ui.comparison import Choice
from tests import factory

COMPARE = "pages/4_Compare.py"


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Folders:
    folder = tmp_path_factory.mktemp("world")
    dataset = factory.write_dataset(folder / "data", zones=4, size=48)
    factory.write_run(folder / "models", dataset, classifier="cnn", seed=1, accuracy=0.8)
    factory.write_run(folder / "models", dataset, classifier="xgboost", seed=2, accuracy=0.5)
    return Folders(folder / "data", folder / "models")


@pytest.fixture(autouse=True)
def here(world: Folders, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(data, "folders", lambda: world)
    data.store.clear()
    yield
    data.store.clear()


@pytest.fixture
def runs():
    newest = {run.classifier: run for run in data.store().runs("demo")}
    return newest["cnn"], newest["xgboost"]


def show() -> AppTest:
    app = AppTest.from_file(str(config.PROJECT / "app.py"), default_timeout=60)
    return checked(app.run().switch_page(COMPARE).run())


def checked(app: AppTest) -> AppTest:
    assert not app.exception, app.exception
    assert not app.error, app.error
    return app


def choice(runs, **changes) -> Choice:
    values = {
        "unit": "pixel",
        "level": "class",
        "background": False,
        "average_over": "supported",
        "zones": comparison.common_zones(*runs),
    }
    return Choice(**values | changes)


def pixels(run, zone):
    """Declared and predicted classes of a zone, straight from the rasters."""
    return data.store().labels("demo", zone).crop, data.store().prediction(run.run_id, zone).crop


def test_the_shown_scores_are_those_of_the_rasters(runs):
    app = show()
    shown = [m.value for m in app.metric]
    for position, run in enumerate(runs):
        both = [pixels(run, z) for z in comparison.common_zones(*runs)]
        truth = np.concatenate([t.ravel() for t, _ in both])
        said = np.concatenate([p.ravel() for _, p in both])
        scored = (truth > 0) & (truth < 255)
        truth, said = truth[scored], said[scored]
        accuracy = accuracy_score(truth, said)
        macro = f1_score(truth, said, labels=np.unique(truth), average="macro", zero_division=0)
        assert shown[position] == f"{accuracy:.3f}"
        assert shown[2 + position] == f"{macro:.3f}"
    assert any(f"{scored.sum():,} pixels of 2 test zones" in c.value for c in app.caption)


def test_levels_are_sums_over_their_classes(runs):
    scored = comparison.score(*runs, choice(runs))
    groups = legend.load().group_of("level_2")
    whole, _ = scored.totals
    grouped, _ = scored.totals_at("level_2")
    for i in set(groups.tolist()):
        assert grouped.support[i] == whole.support[groups == i].sum()
    assert grouped.accuracy >= whole.accuracy


def test_background_counts_only_when_it_is_asked_for(runs):
    without = comparison.score(*runs, choice(runs)).totals[0]
    within = comparison.score(*runs, choice(runs, background=True)).totals[0]
    assert without.support[0] == 0
    assert within.support[0] > 0
    assert within.n_scored == without.n_scored + within.support[0]


def test_the_parcels_behind_a_confusion_are_those_that_are_confused(runs):
    picked = choice(runs, unit="parcel")
    scored = comparison.score(*runs, picked)
    cells = compare_tables.confused_cells(scored)
    assert (cells["truth"] != cells["predicted"]).all()
    row = cells.iloc[0]
    cell = (int(row["truth"]), int(row["predicted"]))
    table = compare_tables.parcels_of_cell(runs, ("CNN", "XGBoost"), cell, picked.zones)
    counts = table["Model"].value_counts()
    assert counts.get("CNN", 0) == row["n_left"]
    assert counts.get("XGBoost", 0) == row["n_right"]
    for line in table.itertuples():
        parcels = data.store().parcels("demo", line.Zone).set_index("parcel_id")
        assert parcels.loc[line.Parcel, "crop"] == cell[0]
        assert line.Open == f"/Explore?dataset=demo&zone={line.Zone}&parcel={line.Parcel}"


def test_every_switch_redraws_without_a_fault():
    app = show()
    for label, values in (
        ("Unit", ("parcel", "hectare", "pixel")),
        ("Level", ("level_2", "level_1", "class")),
        ("View", ("Difference", "Side by side")),
    ):
        for value in values:
            (control,) = [g for g in app.get("button_group") if g.label == label]
            control.set_value([value] if isinstance(control.value, list) else value)
            checked(app.run())
    for name in ("trained", "all"):
        (over,) = [b for b in app.selectbox if b.label.startswith("Macro")]
        checked(over.set_value(name).run())
    (background,) = app.toggle
    checked(background.set_value(True).run())
    assert any("seed project" in m.value for m in app.markdown)


def test_few_zones_get_intervals_from_their_parcels(runs):
    marks = tuple(run.status.finished for run in runs)
    ids = [run.run_id for run in runs]
    none = comparison.differences(*ids, choice(runs), marks)
    assert none.empty  # two zones can't be drawn from, and pixels of a zone are no sample
    found = comparison.differences(*ids, choice(runs, unit="parcel"), marks).set_index("metric")
    row = found.loc["accuracy"]
    assert row["low"] <= row["difference"] <= row["high"]
    assert row["difference"] > 0


def test_metrics_come_home_with_their_denominators(runs):
    picked = choice(runs)
    scored = comparison.score(*runs, picked)
    table = compare_tables.metrics_table(runs, ("CNN", "XGBoost"), scored, picked)
    back = pd.read_csv(io.BytesIO(data.csv(table)))
    assert back["run"].tolist() == [run.run_id for run in runs]
    assert {
        "unit",
        "level",
        "background",
        "average_over",
        "classes_averaged",
        "n_scored",
        "zones",
    } <= set(back)
    assert back["accuracy"].tolist() == pytest.approx([m.accuracy for m in scored.totals])


def test_the_same_run_twice_says_so():
    app = AppTest.from_file(str(config.PROJECT / "app.py"), default_timeout=60)
    app.run().switch_page(COMPARE)
    run = data.store().runs("demo")[0].run_id
    app.query_params["left"] = run
    app.query_params["right"] = run
    checked(app.run())
    assert "two different runs" in app.info[0].value


def test_each_run_has_an_interval_of_its_own(runs):
    marks = tuple(run.status.finished for run in runs)
    ids = [run.run_id for run in runs]
    found = comparison.differences(*ids, choice(runs, unit="parcel"), marks)
    for side in ("left", "right"):
        assert (found[f"{side}_low"] <= found[f"{side}_high"]).all()
        row = found.set_index("metric").loc["accuracy"]
        assert row[f"{side}_low"] <= row[side] <= row[f"{side}_high"]
    app = show()
    (unit,) = [g for g in app.get("button_group") if g.label == "Unit"]
    unit.set_value(["parcel"] if isinstance(unit.value, list) else "parcel")
    captions = [c.value for c in checked(app.run()).caption]
    row = found.set_index("metric").loc["accuracy"]
    assert f"95 %: {row['left_low']:.3f} to {row['left_high']:.3f}" in captions


def test_an_average_over_other_classes_has_no_interval():
    app = show()
    (unit,) = [g for g in app.get("button_group") if g.label == "Unit"]
    unit.set_value(["parcel"] if isinstance(unit.value, list) else "parcel")
    (over,) = [b for b in app.selectbox if b.label.startswith("Macro")]
    captions = [c.value for c in checked(over.set_value("all").run()).caption]
    assert captions.count("no interval") == 2  # macro F1 of both; accuracy averages nothing


def with_zones(run, zones):
    scores = run.scores | {"test": run.scores["test"] | {"zones": list(zones)}}
    return dataclasses.replace(run, scores=scores)


def test_zones_of_one_run_alone_are_left_out_and_said(runs, monkeypatch):
    left, right = runs
    zones = comparison.common_zones(left, right)
    fewer = with_zones(right, zones[:1])
    assert comparison.common_zones(left, fewer) == zones[:1]
    listed = data.usable_runs
    changed = {fewer.run_id: fewer}
    monkeypatch.setattr(
        data, "usable_runs", lambda name: [changed.get(r.run_id, r) for r in listed(name)]
    )
    app = show()
    assert any("left out: 1." in c.value for c in app.caption)
    assert any("1 test zone," in c.value for c in app.caption)


def test_regions_can_be_chosen_where_they_hold_several_zones(runs, monkeypatch):
    zones = ["a_1", "a_2", "b_1"]
    there = [SimpleNamespace(zone_id=z, region=f"north_{z[0]}") for z in [*zones, "a_9"]]
    monkeypatch.setattr(data, "zones", lambda name: tuple(there))
    places = comparison._places("demo", zones)
    assert places["Region North a"] == ("a_1", "a_2")
    assert list(places) == [comparison.ALL, "Region North a", *zones]
    assert places[comparison.ALL] == ("a_1", "a_2", "b_1")
    alone = comparison._places("demo", zones[:2])  # the region is all there is
    assert list(alone) == [comparison.ALL, "a_1", "a_2"]
