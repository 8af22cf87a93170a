"""The report of a small simulated dataset, from disk to disk, and the command that prints it."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from bench import real_figures
from cropdash import i18n
from cropdash.cli import build
from cropdash.cli.app import app
from cropdash.domain import Season
from cropdash.domain.errors import ConfigError, NotEnoughData
from cropdash.domain.message import from_json
from cropdash.domain.sentinel2 import BAND_SETS
from cropdash.settings import folders, sources
from cropdash.settings.build import BuildConfig
from cropdash.settings.folders import Folders
from cropdash.simulate.realism.measures import QUANTILES
from cropdash.simulate.realism.of_images import NORTH
from cropdash.simulate.source import SimulatedSource
from cropdash.storage.datasets import DatasetFolder
from cropdash.workflow import build as workflow_build
from cropdash.workflow import realism
from tests.factory import SomeZones, write_dataset
from tests.worlds import SHARED, needs


@pytest.fixture(scope="module")
def dataset(tmp_path_factory) -> DatasetFolder:
    return write_dataset(tmp_path_factory.mktemp("realism") / "data", zones=2, size=64)


@pytest.fixture(scope="module")
def measured(dataset) -> dict[str, pd.DataFrame]:
    return realism.measure(dataset)


def strictly(text: str):
    """JSON without the NaN and Infinity that Python would let pass."""

    def refuse(name: str):
        raise AssertionError(f"{name} in JSON")

    return json.loads(text, parse_constant=refuse)


# measures ----------------------------------------------------------------------


def test_counts_are_those_of_the_rasters_and_the_parcels(dataset, measured):
    crops = np.concatenate([dataset.labels(z.zone_id).crop.ravel() for z in dataset.built_zones()])
    found = measured["classes"].set_index("class_id")
    for crop in range(50):
        assert found.loc[crop, "pixels"] == (crops == crop).sum()
    parcels = pd.concat([dataset.parcels(z.zone_id) for z in dataset.built_zones()])
    assert found["parcels"].sum() == len(parcels) == len(measured["parcels"])
    assert found["hectares"].sum() == pytest.approx(parcels["area_ha"].sum())


def test_weights_are_the_shares_inside_the_zone(measured):
    """Weighted areas add up to the declared land: pixels know nothing of weights."""
    parcels, zones = measured["parcels"], measured["zones"]
    assert parcels["weight"].between(0, 1 + 1e-9).all()
    assert (parcels["weight"] < 0.9).any()  # parcels at the edge
    inside = (parcels["area_ha"] * parcels["weight"]).sum()
    drawn = zones["declared_share"].sum() * 0.64**2 * 100
    assert inside == pytest.approx(drawn, rel=0.03)


def test_weather_is_counted_by_zone_and_month(dataset, measured):
    for zone in dataset.built_zones():
        clear = dataset.clear_dates(zone.zone_id)
        rows = measured["clear_dates"].query("zone == @zone.zone_id").sort_values("month")
        np.testing.assert_allclose(rows["clear"], [month.mean() for month in clear])
        np.testing.assert_allclose(rows["gap"], [(month == 0).mean() for month in clear])


def test_reflectance_that_was_filled_in_is_not_measured(dataset, measured):
    cubes = [dataset.sample(z) for z in dataset.built_zones()]
    crop = int(measured["bands"].query("scope == 'all'").dropna()["crop"].iloc[0])
    seen = []
    for s in cubes:
        here = s.labels.crop == crop
        values = s.cube.band("B8")[:, here]
        seen.append(np.where(s.cube.clear_dates[:, here] > 0, values, np.nan))
    stack = np.concatenate(seen, axis=1)  # (T, N)
    rows = measured["bands"].query("scope == 'all' and crop == @crop and band == 'B8'")
    for month, row in enumerate(rows.sort_values("month").to_dict("records")):
        known = stack[month][~np.isnan(stack[month])]
        wanted = np.median(known) if len(known) else np.nan
        np.testing.assert_allclose(row["p50"], wanted, rtol=1e-5)


def test_scopes_hold_their_regions(dataset, measured):
    regions = {z.region for z in dataset.built_zones()}
    scopes = set(measured["bands"]["scope"])
    assert ("north" in scopes) == bool(regions & set(NORTH))


def test_a_zone_without_parcels_is_measured(dataset, monkeypatch):
    nothing = pd.DataFrame(
        {
            "parcel_id": np.array([], int),
            "crop": np.array([], np.uint8),
            "area_ha": [],
            "weight": [],
        }
    )
    monkeypatch.setattr(realism, "_parcels", lambda folder, zone: nothing)
    assert realism.measure(dataset)["classes"]["parcels"].sum() == 0


# report ------------------------------------------------------------------------


def test_the_report_is_strict_json_in_the_dataset(dataset):
    found = realism.report(dataset)
    written = from_json(strictly((dataset.path / "realism.json").read_text(encoding="utf-8")))
    assert written == {"format": 1, **found}
    assert written["dataset"] == "demo"
    keys = {"group", "name", "simulated", "real", "low", "high", "unit", "passed", "source"}
    assert all(keys <= set(check) for check in written["checks"])
    assert {c["group"] for c in written["checks"]} == {
        "Classes",
        "Parcels",
        "Radiometry",
        "Places",
        "Weather",
    }
    assert all(isinstance(check["passed"], bool) for check in written["checks"])
    sides = {f"{side}_p{q}" for side in ("sim", "real") for q in (10, 50, 90)}
    assert {"crop", "period", *sides} <= set(written["tables"]["bands"][0])
    bands = {row["band"] for row in written["tables"]["bands"]}
    assert bands == {*BAND_SETS["10m"], "NDVI"}
    sizes = written["tables"]["parcel_size"]
    assert {row["quantile"] for row in sizes} == {*map(str, QUANTILES), "mean"}


def test_regions_that_are_not_built_fail_their_checks(dataset):
    found = {check["name"]: check for check in realism.report(dataset)["checks"]}
    missing = found["mean parcel, mediterranean"]
    assert missing["simulated"] is None
    assert missing["passed"] is False


def test_only_simulated_datasets_are_reported_on(dataset, tmp_path):
    described = json.loads((dataset.path / "dataset.json").read_text(encoding="utf-8"))
    other = DatasetFolder(tmp_path, "mine")
    other.path.mkdir()
    text = json.dumps(described | {"name": "mine", "source": "local"})
    (other.path / "dataset.json").write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError, match="local"):
        realism.report(other)


def test_a_dataset_without_zones_says_so(dataset, tmp_path):
    other = DatasetFolder(tmp_path, "demo")
    other.path.mkdir()
    text = (dataset.path / "dataset.json").read_text(encoding="utf-8")
    (other.path / "dataset.json").write_text(text, encoding="utf-8")
    with pytest.raises(NotEnoughData, match="build it first"):
        realism.report(other)


def build_one(data: Path, name: str, season: Season, bands: tuple[str, ...]) -> DatasetFolder:
    source = SomeZones(SimulatedSource(size=48, zones_per_region=2, season=season, bands=bands), 1)
    folder = DatasetFolder(data, name)
    described = workflow_build.describe(source, name, "Simulated landscape", {})
    workflow_build.build(source, folder, described, progress=lambda stage, done: None)
    return folder


@pytest.mark.parametrize(
    ("season", "bands", "said"),
    [
        (
            Season.of("2022-10..2023-09", "dekad"), BAND_SETS["all"],
            ["Reflectance in B5, B6, B7, B8A, B11, B12: no real figures are known."],
        ),
        (
            Season.of("2023-03..2023-08", "16d"), ("B4", "B8"),
            [
                "Reflectance in B2, B3: the dataset lacks it.",
                "Reflectance and NDVI in Jan, Feb, Sep, Oct, Nov: the season lacks these months.",
                "Clear dates by month: the season's periods don't make up twelve whole months.",
            ],
        ),
    ],
)  # fmt: skip
def test_any_bands_and_season_are_reported_on(tmp_path, season, bands, said):
    dataset = build_one(tmp_path, "other", season, bands)
    found = realism.report(dataset)
    assert found["left_out"] == said
    assert {row["band"] for row in found["tables"]["bands"]} == {*bands, "NDVI"}
    groups = {check["group"] for check in found["checks"]}
    assert ("Weather" in groups) == (len(said) == 1)
    months = {period.middle.month for period in season.periods}
    assert {int(row["period"]) for row in found["tables"]["bands"]} == months
    with i18n.speaking("fr"):
        assert all(i18n.say(sentence) != sentence for sentence in found["left_out"])


def test_periods_of_a_month_count_together(tmp_path):
    """Clear dates of three dekads are those of their month, and a gap is a month without any."""
    season = Season.of("2022-10..2023-09", "dekad")
    dataset = build_one(tmp_path, "tens", season, ("B4", "B8"))
    (zone,) = dataset.built_zones()
    clear = dataset.clear_dates(zone.zone_id)
    rows = realism.measure(dataset)["clear_dates"].set_index("month")
    months = [period.start.month for period in season.periods]
    for month in range(1, 13):
        count = sum(clear[t].astype(int) for t, m in enumerate(months) if m == month)
        assert rows.loc[month, "clear"] == pytest.approx(count.mean())
        assert rows.loc[month, "gap"] == pytest.approx((count == 0).mean())


def test_a_dataset_of_other_classes_is_not_compared_with_french_ones(dataset, tmp_path):
    described = json.loads((dataset.path / "dataset.json").read_text(encoding="utf-8"))
    other = DatasetFolder(tmp_path, "mine")
    other.path.mkdir()
    text = json.dumps(described | {"name": "mine", "legend_hash": "0" * 16})
    (other.path / "dataset.json").write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError, match="legend of its own"):
        realism.report(other)


# real figures ------------------------------------------------------------------


@needs(SHARED / "data")
def test_the_shipped_figures_are_what_the_real_data_give():
    for name, text in real_figures.texts().items():
        shipped = (real_figures.TABLES / f"{name}.csv").read_text(encoding="utf-8")
        assert shipped == text, name


def test_the_shipped_figures_are_whole():
    tables = realism.real_tables()
    assert set(tables) == {path.stem for path in real_figures.TABLES.glob("*.csv")}
    regions = set(tables["zones"]["region"])
    assert len(regions) == 8
    assert tables["classes"]["class_id"].tolist() == list(range(50))
    assert len(tables["bands"]) == 2 * 11 * 5
    assert (tables["bands"]["p10"] <= tables["bands"]["p90"]).all()


# command -----------------------------------------------------------------------


def at(data: Path, monkeypatch) -> None:
    monkeypatch.setattr(folders, "folders", lambda: Folders(data, data.parent / "models"))


def test_the_command_prints_and_ends_well_unless_it_is_strict(dataset, monkeypatch):
    at(dataset.path.parent, monkeypatch)
    monkeypatch.setenv("COLUMNS", "200")
    told = CliRunner().invoke(app, ["simulate", "report", "--dataset", "demo"])
    assert told.exit_code == 0, told.output
    assert "checks lie in their band" in told.output
    assert "mean parcel, mediterranean: nothing to measure" in told.output
    assert "None" not in told.output
    assert CliRunner().invoke(app, ["simulate", "report", "--strict"]).exit_code == 1


def test_the_command_builds_first_as_the_dataset_was_begun(dataset, tmp_path, monkeypatch):
    asked: list[BuildConfig] = []
    monkeypatch.setattr(build, "run", asked.append)
    command = ["simulate", "report", "--build", "--dataset"]
    at(dataset.path.parent, monkeypatch)  # its settings were never written down
    assert CliRunner().invoke(app, [*command, "demo"]).exit_code == 0
    begun = sources.demo(dataset="small", size=32, zones_per_region=2, seed=3, workers=1)
    DatasetFolder(tmp_path, "small").configure(begun)
    at(tmp_path, monkeypatch)
    CliRunner().invoke(app, [*command, "small"])
    assert asked == [sources.demo(), begun]
