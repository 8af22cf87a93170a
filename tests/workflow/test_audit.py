"""An audit from its draw to a certificate that a third person verifies."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from shapely import box

from cropdash.domain import Labels, Prediction, Season, Zone
from cropdash.domain.errors import ConfigError, NotEnoughData
from cropdash.files import tables
from cropdash.legend import load
from cropdash.reports import certificate as audits
from cropdash.reports.document import Facts
from cropdash.settings import classifiers
from cropdash.settings.folders import Folders
from cropdash.settings.reports import Audit, parse
from cropdash.storage import decisions, layout, reports, runs
from cropdash.storage.datasets import DatasetFolder
from cropdash.storage.decisions import Parcel, Said
from cropdash.storage.description import Description
from cropdash.storage.reports import ReportFolder
from cropdash.storage.runs import RunFolder
from cropdash.workflow.audit import draw, score, verify
from tests import worlds

HOSTILE = '=HYPERLINK("http://x")<script>alert(1)</script>'
BY = {"by": "anna", "on": "2024-05-01"}


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> tuple[Folders, DatasetFolder, list[str]]:
    """Two test zones of 300 parcels each, of unequal size, and two runs: .8 and .6 of them right."""
    folder = tmp_path_factory.mktemp("audit")
    where = Folders(folder / "data", folder / "models")
    legend = load()
    dataset = DatasetFolder(where.data, "plain")
    zones = tuple(
        worlds.zone(name, "test", worlds.grid((50, 60), left=500_000.0 + 9_000 * n))
        for n, name in enumerate(("01", "1"), start=1)  # one number, two zones
    )
    cube = worlds.cube(0, zones[0].grid)
    season = Season.of("2023-01..2023-03")
    about = ("plain", "Plain", "simulated", season, cube.bands, legend.hash, zones)
    dataset.describe(Description(*about), legend)
    rng = np.random.default_rng(5)
    answers: dict[str, list] = {"cnn": [], "xgboost": []}
    for zone in zones:
        labels, parcels = _parcels(zone, rng)
        dataset.write_zone(
            zone,
            replace(cube, grid=zone.grid),
            labels,
            parcels,
            pd.DataFrame({"parcel_id": [1]}),
            {},
        )
        for kind, share in (("cnn", 0.8), ("xgboost", 0.6)):
            answers[kind].append((zone, labels, _said(rng, parcels, share)))
    ids = [_run(where, dataset, kind, said).run_id for kind, said in answers.items()]
    return where, dataset, ids


def _parcels(zone: Zone, rng: np.random.Generator) -> tuple[Labels, gpd.GeoDataFrame]:
    """A checkerboard of rows of 1 to 3 pixels; five crops, one of them rare."""
    rows = np.repeat(np.arange(25), [1, 3, 2, 1, 3] * 5)
    ids = (1 + rows[:, None] * 12 + np.arange(60)[None] // 5).astype(np.int32)
    crop = rng.choice([8, 9, 17, 25, 39], 301, p=[0.4, 0.3, 0.2, 0.08, 0.02])
    left, _, _, top = zone.grid.bounds
    found = []
    for i in range(1, 301):
        y, x = np.nonzero(ids == i)
        found.append(
            box(
                left + 10 * x.min(),
                top - 10 * (y.max() + 1),
                left + 10 * (x.max() + 1),
                top - 10 * y.min(),
            )
        )
    frame = gpd.GeoDataFrame(
        {
            "parcel_id": np.arange(1, 301), "zone_id": zone.zone_id,
            "register_id": [f"{zone.zone_id}-{i}" for i in range(1, 301)], "code": "BTH",
            "crop": crop[1:], "area_ha": [shape.area / 1e4 for shape in found],
            "n_pixels": [int(shape.area / 100) for shape in found],
        },
        geometry=found, crs=zone.grid.crs,
    )  # fmt: skip
    if zone.zone_id == "01":
        frame.loc[0, "register_id"] = HOSTILE
    return Labels(crop.astype(np.uint8)[ids], ids, zone.grid), frame


def _said(rng: np.random.Generator, parcels: gpd.GeoDataFrame, share: float) -> np.ndarray:
    wrong = rng.choice([8, 9, 17, 25], len(parcels))
    return np.where(rng.random(len(parcels)) < share, parcels["crop"], wrong)


def _run(where: Folders, dataset: DatasetFolder, kind: str, said: list) -> RunFolder:
    run = runs.queue(where, classifiers.parse({"classifier": kind, "dataset": dataset.name}))
    k = dataset.legend().n_classes
    for zone, labels, named in said:
        chances = np.full((len(named), k), 0.2 / k, np.float32)
        chances[np.arange(len(named)), named] += 0.8
        crop = named.astype(np.uint8)[labels.parcel_id - 1]
        ids = np.arange(1, len(named) + 1, dtype=np.int32)
        sure = np.full(crop.shape, 0.8, np.float32)
        told = Prediction(crop, sure, ids, chances, zone.grid, run.run_id)
        run.write_prediction(zone.zone_id, told, dataset.description().season)
    return run


def drawn(world, **more) -> ReportFolder:
    where, dataset, ids = world
    values = {"kind": "audit", "dataset": dataset.name, "run": ids[0], "standard_error": 0.03}
    values["seed"] = "a"  # an interval misses one sample in twenty
    order = parse(values | more)
    assert isinstance(order, Audit)
    folder = reports.queue(where.models, order)
    draw.draw(folder, where, order)
    return folder


def crops(dataset: DatasetFolder) -> dict[tuple[str, int], int]:
    return {
        (zone.zone_id, int(row.parcel_id)): int(row.crop)
        for zone in dataset.built_zones()
        for row in dataset.parcels(zone.zone_id).itertuples()
    }


def filled(folder: ReportFolder, dataset: DatasetFolder, path: Path, **options) -> pd.DataFrame:
    """The sample as somebody sends it back: what is declared is what is there."""
    told, classes = crops(dataset), dataset.legend().classes
    table = pd.read_csv(folder.path / layout.SAMPLE_CSV, dtype=str)
    keys = zip(table["zone_id"], table["parcel_id"].astype(int), strict=True)
    table["truth"] = [classes[told[key]].label() for key in keys]
    table.to_csv(path, index=False, **options)
    return table


def certified(folder: ReportFolder, dataset: DatasetFolder, file: Path) -> dict:
    counts = score.take_back(folder.path, file, dataset.legend())
    return score.certify(folder.path, counts, **BY)


def test_what_is_sent_out_says_nothing_of_the_map(world) -> None:
    folder = drawn(world, against="declared")
    table = tables.frame(folder.path / layout.SAMPLE_CSV)
    outlines = gpd.read_file(folder.path / layout.SAMPLE_OUTLINES)
    assert set(table) == set(outlines) - {"geometry"}
    assert not {"a", "b", "stratum", "predicted", "confidence"} & set(table)
    assert outlines.crs.to_epsg() == 4326
    register = pd.concat([world[1].parcels(z.zone_id) for z in world[1].built_zones()])[
        "register_id"
    ]
    assert set(outlines["register_id"]) <= set(register)
    assert outlines["register_id"].is_unique


@pytest.mark.parametrize("by", ["simple", "class", "disagreement"])
def test_the_estimates_are_near_what_the_whole_says(world, by, tmp_path) -> None:
    folder = drawn(world, against=world[2][1], design=by)
    filled(folder, world[1], tmp_path / "back.csv", sep=";")
    found = certified(folder, world[1], tmp_path / "back.csv")
    frame, told = score.read_frame(folder.path), crops(world[1])
    truth = np.array([told[key] for key in zip(frame["zone_id"], frame["parcel_id"], strict=True)])
    for side, each in zip("ab", found["results"]["maps"], strict=True):
        right = (truth == frame[side]).mean()
        assert each["parcel"]["low"] <= right <= each["parcel"]["high"]
        for row in each["classes"]:
            area = frame.loc[truth == row["class_id"], "area_ha"].sum()
            assert row["area_low"] - 1e-6 <= area <= row["area_high"] + 1e-6
    assert found["results"]["paired"]["p_value"] < 0.05  # .8 against .6
    assert all(check.holds for check in verify.verify(folder.path, world[0].models))


def test_a_formula_in_a_register_id_stays_text(world) -> None:
    folder = drawn(world, standard_error=0.002)  # all parcels
    (cell,) = [
        line
        for line in (folder.path / layout.SAMPLE_CSV).read_text().splitlines()
        if "HYPER" in line
    ]
    assert cell.split(",")[1].startswith("\"'=HYPERLINK")
    outlines = gpd.read_file(folder.path / layout.SAMPLE_OUTLINES)
    assert HOSTILE in set(outlines["register_id"])


def test_what_was_targeted_never_enters_the_estimate(world, tmp_path) -> None:
    folder = drawn(world, least=2, standard_error=0.08)
    table = filled(folder, world[1], tmp_path / "back.csv")
    before = certified(folder, world[1], tmp_path / "back.csv")
    frame = score.read_frame(folder.path)
    others = frame[~frame["drawn"]].head(
        15
    )  # looked at because they are doubtful, all of them wrong
    more = pd.DataFrame(others[["zone_id", "parcel_id"]].astype(str)).assign(truth="background")
    pd.concat([table, more]).to_csv(tmp_path / "more.csv", index=False)
    after = certified(folder, world[1], tmp_path / "more.csv")
    assert len(others) == 15
    assert after["counts"]["not_sampled"] == 15
    assert after["results"] == before["results"]


def test_parcels_that_were_decided_before_are_not_drawn_and_it_is_said(world, tmp_path) -> None:
    where, dataset, _ = world
    whole = drawn(world, standard_error=0.002)  # all parcels
    frame = score.read_frame(whole.path)
    decided = frame.sample(50, random_state=3)
    said = [
        Said(Parcel(str(r.register_id), r.zone_id, r.parcel_id), "visit")
        for r in decided.itertuples()
    ]
    noted = frame.drop(decided.index).iloc[0]
    decisions.decide(where.data, dataset.name, said)
    decisions.decide(
        where.data, dataset.name, [Said(Parcel(str(noted["register_id"])), note="wet")]
    )
    try:
        rest = drawn(world, standard_error=0.002)
        both = drawn(world, standard_error=0.002, decided="drawn")
    finally:
        decisions.undo(where.data, dataset.name)
        decisions.undo(where.data, dataset.name)
    left = score.read_frame(rest.path)
    assert set(left["register_id"]) == set(frame["register_id"]) - set(decided["register_id"])
    about = layout.AUDIT.read(rest.path)
    assert about["decided"]["parcels"] == 50
    assert about["decided"]["hectares"] == pytest.approx(decided["area_ha"].sum())
    assert sum(row["parcels"] for row in about["strata"]) == len(frame) - 50
    assert (len(score.read_frame(both.path)), layout.AUDIT.read(both.path)["decided"]) == (
        600,
        None,
    )
    filled(rest, dataset, tmp_path / "back.csv")
    given = certified(rest, dataset, tmp_path / "back.csv")
    assert all(check.holds for check in verify.verify(rest.path, where.models))
    page = audits.document(given, about, "", dataset.legend())
    facts = next(part for part in page.parts if isinstance(part, Facts))
    assert dict(facts.rows)["Not audited"].startswith("50 parcels (")


def test_a_geopackage_comes_back_as_well_as_a_table(world, tmp_path) -> None:
    folder = drawn(world)
    table = filled(folder, world[1], tmp_path / "back.csv")
    outlines = gpd.read_file(folder.path / layout.SAMPLE_OUTLINES)
    outlines["truth"] = table["truth"].to_numpy()
    outlines.to_file(tmp_path / "back.gpkg", driver="GPKG")
    one = certified(folder, world[1], tmp_path / "back.csv")
    assert certified(folder, world[1], tmp_path / "back.gpkg")["results"] == one["results"]


@pytest.mark.parametrize("name", ["answers.csv", "frame.parquet", "sample.csv", "certificate.json"])
def test_whatever_is_changed_is_found_without_the_map(world, name, tmp_path) -> None:
    folder = drawn(world)
    filled(folder, world[1], tmp_path / "back.csv")
    certified(folder, world[1], tmp_path / "back.csv")
    copy = tmp_path / "copy"
    shutil.copytree(folder.path, copy)
    assert all(check.holds is not False for check in verify.verify(copy))
    path = copy / name
    if name == "frame.parquet":
        frame = pd.read_parquet(path)
        frame.loc[0, "a"] = 200
        frame.to_parquet(path, index=False)
    elif name == "certificate.json":
        told = json.loads(path.read_text())
        told["results"]["maps"][0]["parcel"]["value"] += 0.01
        path.write_text(json.dumps(told))
    else:
        path.write_text(path.read_text().replace("1", "2", 1))
    assert any(check.holds is False for check in verify.verify(copy))


def test_a_map_that_was_made_anew_is_found(world, tmp_path) -> None:
    where, dataset, ids = world
    folder = drawn(world)
    filled(folder, dataset, tmp_path / "back.csv")
    certified(folder, dataset, tmp_path / "back.csv")
    models = tmp_path / "models"
    shutil.copytree(where.models, models)
    path = next((models / ids[0] / layout.PREDICTIONS).glob("*.parquet"))
    table = pd.read_parquet(path)
    table["predicted"] = table["predicted"].to_numpy()[::-1]
    table.to_parquet(path, index=False)
    (failed,) = [c for c in verify.verify(folder.path, models) if c.holds is False]
    assert ids[0] in failed.what


def test_answers_that_can_not_be_right_are_refused(world, tmp_path) -> None:
    folder = drawn(world)
    table = filled(folder, world[1], tmp_path / "back.csv")
    legend = world[1].legend()
    table.assign(truth="unicorn").to_csv(tmp_path / "strange.csv", index=False)
    with pytest.raises(ConfigError, match=r"row 2, column truth: 'unicorn' is neither"):
        score.take_back(folder.path, tmp_path / "strange.csv", legend)
    twice = pd.concat([table, table.head(1).assign(truth="background")])
    twice.to_csv(tmp_path / "twice.csv", index=False)
    with pytest.raises(ConfigError, match="another row says something else"):
        score.take_back(folder.path, tmp_path / "twice.csv", legend)
    table.assign(truth="").to_csv(tmp_path / "empty.csv", index=False)
    with pytest.raises(NotEnoughData, match="answers no parcel"):
        score.take_back(folder.path, tmp_path / "empty.csv", legend)
    table.head(1).to_csv(tmp_path / "one.csv", index=False)
    score.take_back(folder.path, tmp_path / "one.csv", legend)
    with pytest.raises(NotEnoughData, match="Too few answers in"):
        score.certify(folder.path, {}, **BY)


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"design": "disagreement"}, "need a second map"),
        ({"standard_error": 0.9}, "standard_error"),
        ({"seed": "=cmd()"}, "seed"),
        ({"design": "postal"}, "design"),
    ],
)
def test_an_order_is_checked_at_the_door(more, said) -> None:
    with pytest.raises(ConfigError, match=said):
        parse({"kind": "audit", "dataset": "demo", "run": "a"} | more)
