import datetime as dt
import shutil
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from cropdash.domain import Season
from cropdash.domain.errors import ConfigError, InvalidRun
from cropdash.evaluate import season as evaluation
from cropdash.prepare import as_of
from cropdash.settings import classifiers
from cropdash.settings.folders import Folders
from cropdash.simulate.source import SimulatedSource
from cropdash.storage import description as descriptions
from cropdash.storage import layout, runs, seasons, summaries
from cropdash.storage.datasets import DatasetFolder
from cropdash.workflow import build, calibrate, predict, season, train
from tests import factory, worlds

DAYS = (dt.date(2023, 4, 30), dt.date(2023, 7, 15))
QUICK = {
    "xgboost": {"trees": 8, "pixels": 4000, "threads": 1},
    "cnn": {"epochs": 1, "steps_per_epoch": 4, "patch_size": 32, "batch_size": 4, "threads": 1},
    "forest": {"trees": 8, "pixels": 4000, "threads": 1},
}


@pytest.fixture(scope="module")
def world(tmp_path_factory) -> Folders:
    where = tmp_path_factory.mktemp("season")
    factory.write_dataset(where / "data", zones=6, size=64)
    return Folders(where / "data", where / "models")


@pytest.fixture(scope="module", params=QUICK)
def trained(request, world):
    """The dataset, and a run that learned to answer in season and was asked on DAYS."""
    dataset = DatasetFolder(world.data, "demo")
    settings = {"classifier": request.param, "dataset": "demo", "in_season": True, "folds": 2}
    run = runs.queue(world, classifiers.parse(settings | QUICK[request.param]))
    train.train_run(run, world, progress=_silent)
    season.score_by_date(run, dataset, DAYS, progress=_silent)
    return dataset, run


def _silent(stage: str, done: float) -> None:
    pass


@pytest.mark.parametrize("day", DAYS)
def test_what_comes_after_the_day_changes_no_bit_of_what_was_said(trained, day, tmp_path):
    dataset, run = trained
    shutil.copytree(dataset.path, tmp_path / "data" / "demo")
    shutil.copytree(run.path, tmp_path / "models" / run.run_id)
    other = DatasetFolder(tmp_path / "data", "demo")
    for i, zone in enumerate(other.built_zones()):
        factory.with_noise_after(other, zone, day, i)
    again = runs.find(tmp_path / "models", run.run_id)
    season.score_by_date(again, other, [day], progress=_silent)
    one, other_one = seasons.at(run, day), seasons.at(again, day)
    asked = [layout.ASKED.read(dated.path) for dated in (one, other_one)]
    assert asked[0] != asked[1]  # it was made anew
    assert other_one.calibrated() == one.calibrated()
    assert other_one.scores().test == one.scores().test
    # Tables joined for pages are named by the data that they are of; what they join is below.
    files = sorted(
        p.relative_to(one.path) for p in one.path.rglob("*.*") if "joined" not in p.parts
    )
    told = [p for p in files if p.suffix in (".tif", ".parquet")]
    assert len(told) >= 3 * 2 + 2
    for path in told:
        assert (other_one.path / path).read_bytes() == (one.path / path).read_bytes()


def test_the_last_day_says_what_the_run_says(trained):
    dataset, run = trained
    last = dataset.description().season.end
    season.score_by_date(run, dataset, [last], progress=_silent)
    assert seasons.at(run, last).scores().test == run.scores().test
    for zone_id in run.predicted_zones():
        one, other = run.prediction(zone_id), seasons.at(run, last).prediction(zone_id)
        np.testing.assert_array_equal(one.crop, other.crop)
        np.testing.assert_array_equal(one.parcel_probabilities, other.parcel_probabilities)


def test_days_that_are_there_are_kept_and_others_are_made(trained, monkeypatch):
    dataset, run = trained
    asked = []
    kept = season._predict_by
    monkeypatch.setattr(
        season, "_predict_by", lambda day, *rest: (asked.append(day), kept(day, *rest))
    )
    new = dt.date(2023, 5, 31)
    season.score_by_date(run, dataset, [*DAYS, new], progress=_silent)
    assert asked == [new]
    assert set(DAYS) | {new} <= set(seasons.days(run))
    seasons.begin(seasons.at(run, new), {})  # as if it had been broken off
    assert new not in seasons.days(run)
    season.score_by_date(run, dataset, [new], progress=_silent)
    assert asked == [new, new]


def test_scores_by_date_are_those_of_the_written_decisions(trained):
    dataset, run = trained
    days = seasons.days(run)
    decided = {day: seasons.at(run, day).calibration() for day in days}
    table = evaluation.by_date(
        {day: seasons.at(run, day).scores() for day in days},
        {day: seasons.at(run, day).confusions() for day in days},
        decided,
        dataset.legend().n_classes,
    )
    parcels = table[table["unit"] == "parcel"].set_index("as_of")
    first = evaluation.first_named(decided)
    assert (first["named_low"].isna() == first["named_high"].isna()).all()
    some = first.dropna()
    assert (some["named_low"] <= some["named_high"]).all()
    for day in days:
        assert parcels.loc[day.isoformat(), "accuracy"] == pytest.approx(
            decided[day]["correct"].mean()
        )
    shares = parcels["accuracy"] / parcels["accuracy"].iloc[-1]  # none is right: NaN
    np.testing.assert_array_equal(parcels["of_last"], shares)
    assert len(table) == 3 * len(days)


def test_a_run_without_scores_and_a_day_too_early_are_refused(trained, world):
    dataset, run = trained
    with pytest.raises(ConfigError, match="No period of the season is over by 2023-01-30"):
        season.score_by_date(run, dataset, [dt.date(2023, 1, 30)], progress=_silent)
    new = runs.queue(world, classifiers.parse({"classifier": "xgboost", "dataset": "demo"}))
    with pytest.raises(InvalidRun, match="no scores yet"):
        season.score_by_date(new, dataset, DAYS, progress=_silent)


def test_a_day_of_which_the_dataset_knows_nothing_yet_is_refused(world):
    dataset = DatasetFolder(world.data, "demo")
    run = factory.write_run(world.models, dataset)
    whole = dataset.description()
    descriptions.write(dataset.path, replace(whole, as_of=dt.date(2023, 6, 15)))
    try:
        with pytest.raises(ConfigError, match=r"known until 2023-05-31.*--as-of 2023-06-30"):
            season.score_by_date(run, dataset, [dt.date(2023, 6, 30)], progress=_silent)
    finally:
        descriptions.write(dataset.path, whole)


def test_zones_to_which_a_build_did_not_come_yet_are_not_asked_and_not_passed_over(tmp_path):
    may, july = dt.date(2023, 5, 31), dt.date(2023, 7, 31)
    of = SimulatedSource(seed=3, size=48, zones_per_region=2)
    dataset = DatasetFolder(tmp_path / "data", "d")

    def taken_up(day):
        about = build.describe(of, "d", "d", {}, as_of=day)
        build.build(of, dataset, replace(about, zones=about.zones[:2]), progress=_silent)

    taken_up(may)
    run, zones = factory.write_run(tmp_path / "models", dataset), dataset.built_zones()
    descriptions.write(dataset.path, replace(dataset.description(), as_of=july))  # and no more
    with pytest.raises(ConfigError, match=r"is known until 2023-05-31, others until 2023-07-31"):
        season.score_by_date(run, dataset, [may], progress=_silent)
    clear = summaries.clear_by_parcel(dataset, [zones[0].zone_id], dt.date(2023, 5, 1), july)
    ids, seen = dataset.labels(zones[0].zone_id).parcel_id, dataset.clear_dates(zones[0].zone_id)
    for row in clear.itertuples():
        assert row.clear == pytest.approx(seen[4, ids == row.parcel_id].mean())
    taken_up(july)
    weights = run.path / classifiers.kind(run.config["classifier"]).weights
    weights.write_bytes(b"weights")
    with pytest.raises(InvalidRun, match="scored on what dataset d held before"):
        season.leave_out(run, dataset, progress=_silent)


def test_a_class_counts_as_named_from_the_day_on_which_it_stays_so():
    days = [dt.date(2023, m, 28) for m in (4, 5, 6)]
    right = {
        1: [[1, 1, 1, 1], [0, 0, 1, 1], [1, 1, 1, 1]],  # falls back in May
        2: [[0, 0], [1, 1], [1, 1]],
        3: [[0], [0], [0]],
    }
    decided = {
        day: pd.DataFrame(
            [
                {"zone_id": f"z{n}", "truth": k, "correct": bool(c)}
                for k, by_day in right.items()
                for n, c in enumerate(by_day[i])
            ]
        )
        for i, day in enumerate(days)
    }
    found = evaluation.first_named(decided).set_index("class_id")
    assert found.loc[1, "named_from"] == pd.Timestamp(days[2])
    assert found.loc[2, "named_from"] == pd.Timestamp(days[1])
    assert pd.isna(found.loc[3, "named_from"])
    assert found["parcels"].to_dict() == {1: 4, 2: 2, 3: 1}
    # Class 1 is right at each date in zones 2 and 3, so some draws name it from the first on.
    assert found.loc[1, ["named_low", "named_high"]].tolist() == [
        days_at(days, 0),
        days_at(days, 2),
    ]
    assert found.loc[2, ["named_low", "named_high"]].tolist() == [days_at(days, 1)] * 2
    assert pd.isna(found.loc[3, "named_low"])


def days_at(days, i):
    return pd.Timestamp(days[i])


def test_a_month_under_cloud_is_asked_as_a_cloudy_one_and_kept(trained, monkeypatch):
    dataset, run = trained
    lost = season.leave_out(run, dataset, progress=_silent)
    assert lost["period"].tolist() == [p.id for p in dataset.description().periods]
    assert (lost["lost_low"] <= lost["lost"] + 1e-9).all()
    assert (lost["lost"] <= lost["lost_high"] + 1e-9).all()
    whole, at = run.calibration(), 4
    model = predict.load(run, dataset)
    fitted, wrong = calibrate.Calibration.from_json(run.calibrated()), []
    for zone, part in whole.groupby("zone_id"):
        cube, labels = dataset.cube(zone), dataset.labels(zone)
        cloudy = as_of.without(cube, cube.periods[at])
        said = predict.predict(model, cloudy, labels, "r", fitted)
        named = dict(zip(said.parcel_ids, said.parcel_probabilities.argmax(1), strict=True))
        wrong += [named[i] == t for i, t in zip(part["parcel_id"], part["truth"], strict=True)]
    assert lost.loc[at, "accuracy"] == pytest.approx(np.mean(wrong))
    assert lost.loc[at, "lost"] == pytest.approx(whole["correct"].mean() - np.mean(wrong))
    monkeypatch.setattr(season, "load", None)  # it is not asked again
    pd.testing.assert_frame_equal(season.leave_out(run, dataset, progress=_silent), lost)


def test_clear_dates_are_counted_from_spring_over_the_parcel_s_pixels(trained):
    dataset, run = trained
    zones = run.predicted_zones()
    table = summaries.clear_by_parcel(dataset, zones, dt.date(2023, 3, 1), DAYS[1])
    clear, ids = dataset.clear_dates(zones[0]), dataset.labels(zones[0]).parcel_id
    for row in table[table["zone_id"] == zones[0]].itertuples():
        expected = clear[2:6, ids == row.parcel_id].sum(axis=0).mean()  # March to June
        assert row.clear == pytest.approx(expected)
    since, found = season.by_clear_dates(run, dataset, DAYS[1])
    assert since == dt.date(2023, 3, 1)
    assert found["parcels"].sum() == len(seasons.at(run, DAYS[1]).calibration())
    low, high = found["low"].to_numpy(), found["high"].to_numpy()
    assert (low <= high).all()
    assert (low[1:] == high[:-1] + 1).all()


@pytest.mark.parametrize(
    ("text", "every", "day", "south", "since"),
    [
        ("2023", "month", "2023-12-31", False, "2023-03-01"),
        ("2023", "month", "2023-02-28", False, "2023-01-01"),  # before spring
        ("2022-10..2023-09", "dekad", "2022-12-31", False, "2022-10-01"),
        ("2022-10..2023-02", "dekad", "2023-02-28", False, "2022-10-01"),  # no spring in it
        ("2022-07..2023-06", "month", "2023-06-30", True, "2022-09-01"),
        ("2022-11-03..2023-04-17", "16d", "2023-04-17", True, "2022-11-03"),
        ("2023", "16d", "2023-03-06", False, "2023-01-01"),  # a period that began before
    ],
)
def test_clear_dates_count_from_spring_where_it_lies_before_the_day(text, every, day, south, since):
    grid = worlds.grid((4, 6))
    grid = replace(grid, crs="EPSG:32733", top=6_200_000.0) if south else grid
    told = evaluation.counted_from(Season.of(text, every), dt.date.fromisoformat(day), grid)
    assert told == dt.date.fromisoformat(since)


def test_parcels_are_told_apart_by_how_often_they_were_seen():
    keys = pd.MultiIndex.from_product([["a"], [1, 2, 3, 4]], names=["zone_id", "parcel_id"])
    decided = pd.DataFrame(
        {"zone_id": "a", "parcel_id": [1, 2, 3, 4], "correct": [False, True, True, True]}
    )
    clear = pd.Series([0.0, 2.9, 3.0, 20.0], keys)
    table = evaluation.by_clear_dates(decided, clear, edges=(0, 3, 6))
    assert table.to_dict("list") == {
        "low": [0, 3, 6], "high": [2, 5, 20], "parcels": [2, 1, 1], "accuracy": [0.5, 1.0, 1.0],
    }  # fmt: skip
    less = evaluation.by_clear_dates(decided, clear.iloc[1:], edges=(0, 3, 6))
    assert less["accuracy"].tolist() == [
        1.0,
        1.0,
        1.0,
    ]  # of a zone that can't be read nothing is said
    assert evaluation.by_clear_dates(decided, clear.iloc[:0]).empty
