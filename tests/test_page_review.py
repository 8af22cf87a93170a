"""Review, run without a browser: which declarations it doubts, and why."""

from __future__ import annotations

import datetime as dt
import io
import json
import shutil

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from cropdash.evaluate import suspicion
from cropdash.evaluate.lamps import Rules
from cropdash.settings import folders
from cropdash.settings.folders import Folders
from cropdash.storage import decisions, layout
from cropdash.storage import runs as runs_of
from cropdash.storage.datasets import DatasetFolder
from cropdash.ui.review import listing, parcel, rules, seasons, words
from cropdash.ui.shell import data
from cropdash.ui.widgets import cases, pictures
from cropdash.ui.widgets import parcel_map as component
from cropdash.ui.widgets.cases import Limits
from tests import factory

REVIEW = "pages/5_Review.py"


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Folders:
    folder = tmp_path_factory.mktemp("world")
    dataset = factory.write_dataset(folder / "data", zones=4, size=48)
    factory.write_run(folder / "models", dataset, classifier="xgboost", seed=2, accuracy=0.6)
    factory.write_run(folder / "models", dataset, classifier="cnn", seed=1, accuracy=0.8)
    return Folders(folder / "data", folder / "models")


@pytest.fixture(autouse=True)
def here(world: Folders, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(data, "folders", lambda: world)
    for cached in (data.store, cases._cases):
        cached.clear()
    yield
    data.store.clear()


@pytest.fixture
def runs():
    newest = {run.classifier: run for run in data.store().runs("demo")}
    return [newest["cnn"], newest["xgboost"]]


def show(**address: str) -> AppTest:
    app = AppTest.from_file(str(folders.PROJECT / "app.py"), default_timeout=60)
    for name, value in address.items():
        app.query_params[name] = value
    app = app.run().switch_page(REVIEW).run()
    assert not app.exception, app.exception
    assert not app.error, app.error
    return app


@pytest.fixture
def decisions_gone(world: Folders):
    yield
    for path in world.data.glob(f"{layout.DATABASE}*"):
        path.unlink()


def decided(rows: pd.DataFrame) -> pd.DataFrame:
    """The rows, the second of them decided."""
    empty = [""] * (len(rows) - 2)
    blank = [""] * len(rows)
    return rows.assign(
        decision=["", "visit", *empty], note=["", "é, or not", *empty], truth=blank, decided=blank,
        decided_by=blank,
    )  # fmt: skip


def test_every_parcel_that_has_an_answer_stands_in_the_evidence_once(runs) -> None:
    table = cases.cases(runs, "class")
    expected = 0
    for zone in cases.common_zones(runs):
        declared = data.parcels("demo", zone)
        answered = data.store().parcel_prediction(runs[0].run_id, zone)["parcel_id"]
        expected += int(((declared["crop"] > 0) & declared["parcel_id"].isin(answered)).sum())
    assert len(table) == expected > 0
    assert not table.duplicated(["zone_id", "parcel_id"]).any()


def test_the_evidence_is_what_the_files_say(runs) -> None:
    table = cases.cases(runs, "class")
    row = table.iloc[3]
    said = [
        data.store()
        .parcel_prediction(run.run_id, row["zone_id"])
        .set_index("parcel_id")
        .loc[row["parcel_id"]]
        for run in runs
    ]
    mean = np.mean([s[f"p_{row['declared']}"] for s in said])
    assert row["supported"] == pytest.approx(mean)
    assert row["against"] == sum(s["predicted"] != row["declared"] for s in said)


def test_groups_hold_fewer_doubts_than_crops(runs) -> None:
    limits = Limits(0.3, 0.5)
    lit = [cases.lit(cases.cases(runs, level), limits)["light"] for level in ("class", "group")]
    doubts = [int(light.isin([suspicion.RED, suspicion.AMBER]).sum()) for light in lit]
    assert doubts[1] <= doubts[0]
    assert doubts[0] > 0


def test_the_page_lists_doubts_and_opens_the_first() -> None:
    app = show(lights="red,amber,green")
    assert app.title[0].value == "Review"
    assert len(app.dataframe[0].value) > 0
    assert any("parcel" in m.value.lower() for m in app.markdown)


def test_the_address_opens_a_parcel_that_the_filters_leave_out(runs) -> None:
    row = cases.cases(runs, "class").iloc[-1]
    app = show(lights="red", zone=str(row["zone_id"]), parcel=str(row["parcel_id"]))
    named = data.parcel_names("demo", str(row["zone_id"]))[int(row["parcel_id"])].split(" · ")[0]
    assert any(f"Parcel {named} in" in m.value for m in app.markdown)


def test_french_and_a_mad_address(runs) -> None:
    app = show(lang="fr", limits="90-3", level="planet", lights="mauve", declared="999", left="x")
    assert app.title[0].value == "Contrôler"


def test_without_a_run_it_says_what_to_do(monkeypatch, tmp_path) -> None:
    empty = Folders(tmp_path / "data", tmp_path / "models")
    monkeypatch.setattr(data, "folders", lambda: empty)
    data.store.clear()
    app = show()
    assert "train a model" in app.info[0].value


def test_what_is_taken_home_says_what_the_list_says(runs) -> None:
    rows = decided(cases.lit(cases.cases(runs, "class"), Limits()).head(9))
    table = listing.record(rows, data_runs(runs), "class")
    back = pd.read_csv(io.BytesIO(data.csv(table)))
    assert back["parcel_id"].tolist() == rows["parcel_id"].tolist()
    assert back["declared"].tolist() == [words.names("demo", "class")[k] for k in rows["declared"]]
    assert back["evidence"].str.len().min() > 10
    assert back["decision"].tolist()[1] == "visit"
    assert back["note"].tolist()[1] == "é, or not"
    assert back["decision"].notna().sum() == 1


def test_a_decision_is_there_for_the_next_reader_and_can_be_taken_back(
    world, runs, decisions_gone
) -> None:
    second = cases.lit(cases.cases(runs, "class"), Limits()).iloc[1]
    where = {"zone": str(second["zone_id"]), "parcel": str(second["parcel_id"])}
    where["lights"], own = "red,amber,green,none", str(second["register_id"])
    app = show(**where)
    app.text_input[0].set_value("  seen from the road ").run()
    known = decisions.current(world.data, "demo")[own]
    assert (known.decision, known.note) == ("", "seen from the road")
    said = decisions.Said(decisions.Parcel(own), "visit", "wet")
    decisions.decide(world.data, "demo", [said])
    other = show(**where)
    assert other.text_input[0].value == "wet"
    assert "Check on the ground" in other.dataframe[0].value["Decision"].tolist()
    app.run()  # the first reader's own tab learns of it as well
    assert app.text_input[0].value == "wet"
    app.text_input[0].set_value("").run()
    assert decisions.current(world.data, "demo")[own].note == ""


def test_damaged_decisions_are_one_sentence(world, decisions_gone) -> None:
    (world.data / layout.DATABASE).write_text("{" * 100)
    app = AppTest.from_file(str(folders.PROJECT / "app.py"), default_timeout=60)
    app.run().switch_page(REVIEW).run()
    assert not app.exception
    told = [e.value for e in app.error]
    assert any("is damaged" in t and "restore" in t for t in told), told


def test_the_geopackage_holds_the_outlines(runs, tmp_path) -> None:
    rows = decided(cases.lit(cases.cases(runs, "class"), Limits()).head(7))
    path = tmp_path / "review.gpkg"
    path.write_bytes(listing._geopackage(rows, data_runs(runs), "class"))
    found = gpd.read_file(path, layer="review")
    assert found.crs.to_epsg() == 4326
    assert set(found["season"]) == {"2023"}
    assert set(found["season_end"]) == {"2023-12-31"}
    assert set(found["parcel_id"]) == set(rows["parcel_id"])
    zone = rows["zone_id"].iloc[0]
    outlines = data.parcels("demo", zone).to_crs(4326).set_index("parcel_id").geometry
    first = found[found["zone_id"] == zone].set_index("parcel_id").geometry
    assert first.geom_equals_exact(outlines.loc[first.index], 1e-6).all()


def test_by_a_day_the_list_is_of_that_day_and_what_was_green_stays_so(runs, world) -> None:
    june, july = dt.date(2023, 6, 30), dt.date(2023, 7, 31)
    for i, run in enumerate(runs):
        for day in (june, july):
            factory.ask_by(world, run.run_id, day, i + day.month)
    try:
        first = cases.cases(runs, "class").sort_values("n_pixels").iloc[-1]
        place = {"zone": str(first["zone_id"]), "parcel": str(first["parcel_id"])}
        whole, early = show(**place), show(by=june.isoformat(), **place)
        assert [b.label for b in whole.selectbox].count("As seen by") == 1
        mine = data.store().run(f"{runs[0].run_id}@{june}")
        assert mine.scores is not None
        ids = [f"{run.run_id}@{june}" for run in runs]
        table = cases.cases([data.store().run(i) for i in ids], "class")
        assert not table["supported"].equals(cases.cases(runs, "class")["supported"])
        by_june = seasons.lit(table, data_runs(runs), "class", Rules(), june)
        by_july = seasons.lit(
            cases.cases(seasons.by(runs, july), "class"), data_runs(runs), "class", Rules(), july
        )
        both = by_june.merge(by_july, on=["zone_id", "parcel_id"])
        green = both[both["light_x"] == "green"]
        assert len(green) > 0
        assert (green["light_y"] == "green").all()
        assert len(early.get("plotly_chart")) >= 2
        assert max(periods_shown(whole)) > "2023-07"  # else this proves nothing
        assert max(periods_shown(early)) < "2023-07"
        shown = seasons.lit(table, data_runs(runs), "class", Rules(), june)
        taken = listing.record(decided(shown), data_runs(runs), "class")
        assert set(taken["as_of"]) == {"2023-06-30"}
        assert any("season" in e.label for e in early.expander)
    finally:
        for run in runs:
            shutil.rmtree(runs_of.find(world.models, run.run_id).path / layout.SEASON)


@pytest.mark.parametrize("day", [dt.date(2023, 7, 15)])
def test_noise_after_the_day_changes_no_picture_and_no_series_of_it(
    world, runs, day, monkeypatch
) -> None:
    dataset = DatasetFolder(world.data, "demo")
    zone = next(z for z in dataset.built_zones() if z.zone_id in runs[0].zones)

    def shown():
        data.fingerprint.clear()  # it is asked again every two seconds
        periods, drawn = parcel._over(data.periods("demo"), day), []
        with monkeypatch.context() as seen:
            seen.setattr(component, "picture", lambda key, draw, suffix: drawn.append(draw()))
            for period in periods:
                pictures.url("demo", zone, period, "true_colour", day=day)
        usual = data.seasons_seen("demo")
        usual = usual[usual["period"].isin(periods)].reset_index(drop=True)
        return drawn, data.series_by("demo", zone.zone_id, day), usual

    before = shown()
    assert ((before[1]["clear_share"] > 0) & (before[1]["clear_share"] < 1)).any()
    kept = dataset.path.with_name("kept")
    shutil.copytree(dataset.path, kept)
    try:
        factory.with_noise_after(dataset, zone, day, 1)
        after = shown()
    finally:
        shutil.rmtree(dataset.path)
        kept.rename(dataset.path)
        data.fingerprint.clear()
    assert len(before[0]) > 3
    assert before[0] == after[0]
    for one, other in zip(before[1:], after[1:], strict=True):
        pd.testing.assert_frame_equal(one, other)


def periods_shown(app: AppTest) -> list[str]:
    """Days on the axis of the parcel's series and of the bands beside it."""
    specs = [json.loads(chart.proto.spec) for chart in app.get("plotly_chart")]
    series = next(s for s in specs if "NDVI" in json.dumps(s["layout"].get("yaxis", {})))
    return [str(day)[:10] for trace in series["data"] for day in trace.get("x", [])]


def test_rules_come_from_the_address_and_what_it_should_not_say_is_left_out() -> None:
    june, july = dt.date(2023, 6, 30), dt.date(2023, 7, 31)
    said = "4_2023-06-30,8_2023-07-31,9_2023-05-31,77_2023-06-30,4_,x_2023-06-30"
    found = rules.judged_from(said, [4, 8, 9], [june, july])
    assert found == {4: june, 8: july}
    assert rules.judged_from(None, [4], [june]) == {}


def data_runs(runs):
    """The runs as they are now, with the days by which they were asked."""
    return [data.store().run(run.run_id) for run in runs]
