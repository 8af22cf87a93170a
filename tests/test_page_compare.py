"""Compare, run without a browser: the numbers it shows are those of the files on disk."""

from __future__ import annotations

import dataclasses
import io
import zipfile
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import accuracy_score, f1_score
from streamlit.testing.v1 import AppTest

from cropdash import legend
from cropdash.settings import folders
from cropdash.settings.folders import Folders
from cropdash.ui.compare import (
    archive,
    by_class,
    confused,
    controls,
    counting,
    parcel_map,
    seasons,
    tables,
)
from cropdash.ui.compare.counting import Choice
from cropdash.ui.shell import data
from tests import factory

COMPARE = "pages/4_Compare.py"


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Folders:
    folder = tmp_path_factory.mktemp("world")
    dataset = factory.write_dataset(folder / "data", zones=4, size=48)
    factory.write_run(folder / "models", dataset, classifier="xgboost", seed=2, accuracy=0.5)
    factory.write_run(folder / "models", dataset, classifier="cnn", seed=1, accuracy=0.8)
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
    app = AppTest.from_file(str(folders.PROJECT / "app.py"), default_timeout=60)
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
        "zones": counting.common_zones(*runs),
    }
    return Choice(**values | changes)


def pixels(run, zone):
    """Declared and predicted classes of a zone, straight from the rasters."""
    return data.store().labels("demo", zone).crop, data.store().prediction(run.run_id, zone).crop


def test_a_run_that_does_not_say_what_it_learned_has_no_class_called_unseen(runs):
    """Its predictions were scored from the files on disk, without its training."""
    silent = [
        dataclasses.replace(run, scores=dataclasses.replace(run.scores, trained_classes=None))
        for run in runs
    ]
    chosen = choice(runs)
    for numbers in counting.figures(counting.score(*silent, chosen), chosen):
        assert numbers["never_trained"] == []
        assert numbers["n_scored"] > 0


def test_the_shown_scores_are_those_of_the_rasters(runs):
    app = show()
    shown = [m.value for m in app.metric]
    for position, run in enumerate(runs):
        both = [pixels(run, z) for z in counting.common_zones(*runs)]
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
    scored = counting.score(*runs, choice(runs))
    groups = legend.load().group_of("group")
    whole, _ = scored.totals
    grouped, _ = scored.totals_at("group")
    for i in set(groups.tolist()):
        assert grouped.support[i] == whole.support[groups == i].sum()
    assert grouped.accuracy >= whole.accuracy


def test_background_counts_only_when_it_is_asked_for(runs):
    without = counting.score(*runs, choice(runs)).totals[0]
    within = counting.score(*runs, choice(runs, background=True)).totals[0]
    assert without.support[0] == 0
    assert within.support[0] > 0
    assert within.n_scored == without.n_scored + within.support[0]


@pytest.mark.parametrize("level", ["class", "group"])
def test_the_parcels_behind_a_confusion_are_those_that_are_confused(runs, level):
    picked = choice(runs, unit="parcel", level=level)
    scored = counting.score(*runs, picked)
    cells = tables.confused_cells(scored, level)
    assert (cells["truth"] != cells["predicted"]).all()
    groups = legend.load().group_of(level)
    for row in cells.head(5).itertuples():
        table = tables.parcels_of_cell(runs, (row.truth, row.predicted), picked.zones, level)
        by = table["by"].value_counts()
        assert by.get("left", 0) + by.get("both", 0) == row.n_left
        assert by.get("right", 0) + by.get("both", 0) == row.n_right
        for line in table.itertuples():
            parcels = data.store().parcels("demo", line.zone_id).set_index("parcel_id")
            assert groups[parcels.loc[line.parcel_id, "crop"]] == row.truth
            assert line.area_ha == pytest.approx(parcels.loc[line.parcel_id, "area_ha"])
        assert table["sureness"].is_monotonic_decreasing


def test_the_parcels_of_a_cell_wear_the_colour_of_who_errs(runs):
    picked = choice(runs, unit="parcel")
    row = tables.confused_cells(counting.score(*runs, picked)).iloc[0]
    table = tables.parcels_of_cell(runs, (row["truth"], row["predicted"]), picked.zones)
    here = table[table["zone_id"] == table["zone_id"][0]]
    found = parcel_map.coloured(here, dark=False)
    assert sorted(found) == sorted(map(str, here["parcel_id"]))
    colours = dict(zip(tables.BY, parcel_map._colours(False), strict=True))
    assert len(set(colours.values())) == 3
    for line in here.itertuples():
        assert found[str(line.parcel_id)] == colours[line.by]


@pytest.mark.parametrize("bad", ["", "8", "8-", "-8-9", "8-999", "8-9-1", "a-b", "²-1"])
def test_a_cell_that_is_none_gives_way_to_the_most_frequent_confusion(runs, bad, monkeypatch):
    scored = counting.score(*runs, choice(runs))
    monkeypatch.setattr(confused.st, "query_params", {"cell": bad})
    top = tables.confused_cells(scored).astype(int).iloc[0]
    assert confused.current(scored, "class") == f"{top['truth']}-{top['predicted']}"


def test_an_empty_cell_gives_way_and_a_full_one_stays(runs, monkeypatch):
    scored = counting.score(*runs, choice(runs))
    held = scored.totals[0].counts + scored.totals[1].counts
    blank = "-".join(map(str, np.argwhere(held == 0)[-1]))
    full = "-".join(map(str, np.argwhere(held > 0)[-1]))
    monkeypatch.setattr(confused.st, "query_params", {"cell": blank})
    assert confused.current(scored, "class") != blank
    monkeypatch.setattr(confused.st, "query_params", {"cell": full})
    assert confused.current(scored, "class") == full


def test_a_linked_cell_is_opened_with_its_parcels(runs):
    scored = counting.score(*runs, choice(runs))
    row = tables.confused_cells(scored).astype(int).iloc[-1]
    app = AppTest.from_file(str(folders.PROJECT / "app.py"), default_timeout=60)
    app.run().switch_page(COMPARE)
    app.query_params["cell"] = f"{row['truth']}-{row['predicted']}"
    checked(app.run())
    (box,) = [b for b in app.selectbox if b.label.startswith("Declared and named")]
    assert box.value == f"{row['truth']}-{row['predicted']}"
    parcels = tables.parcels_of_cell(
        runs, (row["truth"], row["predicted"]), counting.common_zones(*runs)
    )
    lists = [d.value for d in app.dataframe if "Parcel" in d.value]
    shown = lists[0]["Parcel"].tolist() if lists else []
    assert shown == parcels["parcel_id"].tolist()


def test_a_row_goes_to_its_parcel_and_another_zone_lets_go_of_it(runs, monkeypatch):
    address, session = {"zone": "a"}, {"parcel:zone": "demo/a"}
    fake = SimpleNamespace(query_params=address, session_state=session)
    monkeypatch.setattr("cropdash.ui.shell.address.st", fake)
    monkeypatch.setattr("cropdash.ui.widgets.parcel_map.st", fake)
    parcel_map.go_to("demo", "b", 7)
    assert address == {"zone": "b", "parcel": "7"}
    parcel_map.component.keep_parcels_of("demo", "b")  # as the next run does
    assert address["parcel"] == "7"
    parcel_map.component.keep_parcels_of("demo", "a")
    assert "parcel" not in address


def test_the_years_of_parcels_are_those_on_disk(runs):
    table = seasons.years("demo", "now")
    assert not table.duplicated(["zone_id", "parcel_id"]).any()
    line = table.iloc[len(table) // 2]
    series = data.store().series("demo", line["zone_id"])
    year = series[series["parcel_id"] == line["parcel_id"]].set_index("period")["NDVI_mean"]
    np.testing.assert_allclose(line[list(year.index)].astype(float), year)


def test_periods_that_separate_stand_in_order_of_the_year():
    ranked = pd.DataFrame({"period": ["2023-07", "2023-05", "2023-06"], "effect": [-2.0, 1.0, 0.5]})
    assert seasons.best(ranked) == ["2023-05", "2023-07"]
    assert seasons.best(ranked.assign(effect=np.nan)) == []


def test_classes_are_found_by_either_name_without_accents():
    items = legend.load().classes
    table = pd.DataFrame({"class_id": [c.id for c in items], "name": [c.label() for c in items]})
    wheat = table[by_class.named_like(table, "ble ", legend.load(), "class")]
    assert "Winter soft wheat" in set(wheat["name"])
    assert by_class.named_like(table, "", legend.load(), "class").all()
    assert not by_class.named_like(
        table, "(", legend.load(), "class"
    ).all()  # a bracket is no pattern


def test_the_convention_of_the_seed_is_one_click_away_and_one_back():
    app = show()
    (over,) = [b for b in app.selectbox if b.label.startswith("Macro")]
    checked(over.set_value("trained").run())
    checked(app.button(key="convention").click().run())
    assert any("seed project published" in m.value for m in app.markdown)
    assert app.query_params["background"] == "1"
    assert app.query_params["over"] == "all"
    checked(app.button(key="convention").click().run())
    assert "background" not in app.query_params
    assert app.query_params["over"] == "trained"
    assert not any("seed project published" in m.value for m in app.markdown)


def test_searched_classes_are_in_the_address_by_their_stable_names():
    app = show()
    search = next(box for box in app.multiselect if box.label == "Search classes")
    chosen = search.options[:2]
    checked(search.set_value(chosen).run())
    items = legend.load().classes
    named = {f"{c.label()} · {c.label('fr')}": c.name for c in items}  # either can be typed
    assert app.query_params["only"] == ",".join(named[text] for text in chosen)


@pytest.mark.parametrize("unit", ["pixel", "parcel"])
def test_one_zone_alone_is_shown_without_what_needs_several(runs, unit):
    app = AppTest.from_file(str(folders.PROJECT / "app.py"), default_timeout=60)
    app.run().switch_page(COMPARE)
    app.query_params["where"] = counting.common_zones(*runs)[0]
    app.query_params["unit"] = unit
    checked(app.run())
    assert any("1 test zone" in c.value for c in app.caption)


@pytest.mark.parametrize(
    ("part", "said", "charts"),
    [
        ("classes", "Par classe", 1),
        ("chance", "L’écart dépasse-t-il le hasard\u00a0?", 1),
        ("confidence", "La confiance est-elle fiable\u00a0?", 1),
        ("nonsense", "Par classe", 1),
    ],
)
def test_each_part_opens_from_the_address_in_french(part, said, charts):
    app = AppTest.from_file(str(folders.PROJECT / "app.py"), default_timeout=60)
    app.run().switch_page(COMPARE)
    app.query_params["lang"] = "fr"
    app.query_params["part"] = part
    checked(app.run())
    assert [h.value for h in app.header] == ["Matrices de confusion", said]
    # Two matrices and the seasons behind a cell, then only what this part draws.
    assert len(app.get("plotly_chart")) == 3 + charts
    assert any("fond exclu" in c.value for c in app.caption)


def test_every_switch_redraws_without_a_fault():
    app = show()
    for label, values in (
        ("Unit", ("parcel", "hectare", "pixel")),
        ("Level", ("group", "family", "class")),
        ("View", ("difference", "pair")),
        ("Classes shown", ("all", "10")),
        ("Look closer", ("chance", "confidence", "splits", "classes")),
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
    none = counting.differences(*ids, choice(runs), marks)
    assert none.empty  # two zones can't be drawn from, and pixels of a zone are no sample
    found = counting.differences(*ids, choice(runs, unit="parcel"), marks).set_index("metric")
    row = found.loc["accuracy"]
    assert row["low"] <= row["difference"] <= row["high"]
    assert row["difference"] > 0


def test_metrics_come_home_with_their_denominators(runs):
    picked = choice(runs)
    scored = counting.score(*runs, picked)
    table = tables.metrics_table(runs, ("CNN", "XGBoost"), scored, picked)
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


def test_all_numbers_come_as_one_file_that_says_what_each_counts(runs):
    picked = choice(runs, unit="parcel")
    scored = counting.score(*runs, picked)
    content = archive.whole(runs, ("CNN", "XGBoost"), scored, picked)
    with zipfile.ZipFile(io.BytesIO(content)) as bundle:
        tables_in = {n: pd.read_csv(bundle.open(n)) for n in bundle.namelist() if n.endswith("csv")}
        text = bundle.read("README.txt").decode()
    assert {"metrics.csv", "classes.csv", "zones.csv", "cells.csv", "reliability.csv"} <= set(
        tables_in
    )
    assert all(f"\n{name}: " in text for name in tables_in)
    assert all(run.run_id in text for run in runs)
    assert "parcels of 2 test zones, background left out" in text
    assert all({"season_start", "season_end"} <= set(table) for table in tables_in.values())
    left, right = scored.totals
    cells = tables_in["cells.csv"]
    assert cells["left"].sum() == left.counts.sum()
    assert cells["right"].sum() == right.counts.sum()


def test_each_run_has_an_interval_of_its_own(runs):
    marks = tuple(run.status.finished for run in runs)
    ids = [run.run_id for run in runs]
    found = counting.differences(*ids, choice(runs, unit="parcel"), marks)
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
    test = dataclasses.replace(run.scores.test, zones=tuple(zones))
    return dataclasses.replace(run, scores=dataclasses.replace(run.scores, test=test))


def test_zones_of_one_run_alone_are_left_out_and_said(runs, monkeypatch):
    left, right = runs
    zones = counting.common_zones(left, right)
    fewer = with_zones(right, zones[:1])
    assert counting.common_zones(left, fewer) == zones[:1]
    listed = data.usable_runs
    changed = {fewer.run_id: fewer}
    monkeypatch.setattr(
        data, "usable_runs", lambda name: [changed.get(r.run_id, r) for r in listed(name)]
    )
    app = show()
    assert "different test zones" in app.warning[0].value
    assert any("1 test zone," in c.value for c in app.caption)


def test_regions_can_be_chosen_where_they_hold_several_zones(runs, monkeypatch):
    zones = ["a_1", "a_2", "b_1"]
    there = [SimpleNamespace(zone_id=z, region=f"north_{z[0]}") for z in [*zones, "a_9"]]
    monkeypatch.setattr(data, "zones", lambda name: tuple(there))
    places = controls.places_of("demo", zones)
    assert places["region:north_a"] == ("a_1", "a_2")
    assert list(places) == [controls.ALL, "region:north_a", *zones]
    assert places[controls.ALL] == ("a_1", "a_2", "b_1")
    alone = controls.places_of("demo", zones[:2])  # the region is all there is
    assert list(alone) == [controls.ALL, "a_1", "a_2"]
