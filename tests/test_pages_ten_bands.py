"""Every page on a dataset of ten bands and 36 ten-day periods from October."""

from __future__ import annotations

import io
import zipfile

import numpy as np
import pandas as pd
import pytest
import rasterio

from cropdash.domain import Season, indices, sentinel2
from cropdash.figures import wording
from cropdash.i18n import speaking
from cropdash.settings.folders import Folders
from cropdash.ui.map import downloads
from cropdash.ui.shell import data
from cropdash.ui.widgets.run_pair import Pair
from tests import factory
from tests.visiting import (  # noqa: F401 (fixtures)
    EXPLORE,
    MAP,
    box,
    charts,
    checked,
    here,
    sent,
    show,
    text,
)

NAME, SEASON = "dekads", Season.of("2022-10..2023-09", "dekad")
COMPARE, REVIEW = "pages/4_Compare.py", "pages/5_Review.py"


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Folders:
    folder = tmp_path_factory.mktemp("world")
    dataset = factory.write_ten_bands(folder / "data", NAME, zones=4, size=48)
    factory.write_run(folder / "models", dataset, classifier="cnn", seed=1, accuracy=0.9)
    factory.write_run(folder / "models", dataset, classifier="xgboost", seed=2, accuracy=0.4)
    return Folders(folder / "data", folder / "models")


def a_parcel(zone: str) -> int:
    table = data.parcels(NAME, zone)
    return int(table[table["crop"] > 0].nlargest(1, "n_pixels")["parcel_id"].iloc[0])


def the_test_zone() -> str:
    return next(z.zone_id for z in data.zones(NAME) if z.split == "test")


def test_explore_opens_with_the_dekad_of_mid_may_and_offers_what_the_bands_allow():
    app = show(EXPLORE, dataset=NAME)
    assert sent(app)["period"] == "2023-05-11_2023-05-20"
    pictures = ["True colour", "False colour", "Short-wave infrared", *indices.TABLE]
    assert box(app, "Picture").options == pictures


@pytest.mark.parametrize("mode", ["short_wave", "NDMI", "BSI", "NDRE"])
def test_every_period_has_a_picture_of_its_own_in_each_mode(mode):
    zone, first, last = the_test_zone(), SEASON.periods[0].id, SEASON.periods[-1].id
    one, two = (
        sent(show(EXPLORE, dataset=NAME, zone=zone, picture=mode, period=period))
        for period in (first, last)
    )
    assert (one["period"], two["period"]) == (first, last)
    scale = [part for part in one["legend"] if part["title"] == "Imagery"]
    assert bool(scale) == (mode in indices.TABLE)
    assert one["base"] != two["base"]


def test_the_value_of_a_series_is_any_index_or_band_and_its_help_says_what_it_is():
    zone = the_test_zone()
    parcel = a_parcel(zone)
    app = show(EXPLORE, dataset=NAME, zone=zone, parcel=str(parcel), value="NDMI")
    value = box(app, "Value")
    bands = [f"Reflectance {band}" for band in sentinel2.BAND_SETS["all"]]
    assert value.options == [*indices.TABLE, *bands]
    assert "(B8 - B11) / (B8 + B11)" in value.help
    assert "Gao 1996" in value.help
    line = next(
        t for c in charts(app) for t in c["data"] if t.get("name", "").startswith("Parcel ")
    )
    assert len(line["x"]) == 36
    assert "NDMI of parcel" in text(app)
    assert "October 2022 – September 2023" in text(app)


@pytest.mark.parametrize(
    ("query", "panels"),
    [({}, 10), ({"values": "indices"}, 7), ({"values": "indices", "where": "all"}, 7)],
)
def test_histograms_are_of_bands_or_of_indices(query, panels):
    app = show(EXPLORE, dataset=NAME, view="bands", **query)
    (chart,) = charts(app)
    titles = {
        a["title"]["text"] for k, a in chart["layout"].items() if k[:5] == "xaxis" and "title" in a
    }
    assert len(titles) == panels
    assert "in 11–20 May 2023" in text(app)


@pytest.mark.parametrize("view", ["dates", "seasons"])
def test_charts_of_the_dataset_have_36_periods(view):
    app = show(EXPLORE, dataset=NAME, view=view, value="EVI2")
    trace = charts(app)[-1]["data"][-1]
    assert len(trace["x"]) == 36


def test_the_map_lies_on_any_picture_and_shows_its_scale_alone():
    app = show(MAP, dataset=NAME, picture="NDMI")
    told, plain = sent(app), sent(show(MAP, dataset=NAME))
    assert told["base"] != plain["base"]
    (scale,) = [part["entries"] for part in told["legend"] if part["title"] == "Imagery"]
    assert scale[0]["label"].startswith("NDMI")
    assert "Imagery" not in [part["title"] for part in plain["legend"]]


def test_compare_and_review_say_periods_as_they_are():
    app = show(COMPARE, dataset=NAME)
    assert not app.error
    assert "October 2022 – September 2023" in text(app)
    zone = the_test_zone()
    said = text(show(REVIEW, dataset=NAME, zone=zone, parcel=str(a_parcel(zone))))
    assert any(f"The zone in {wording.period(period)}" in said for period in SEASON.periods)


def test_all_that_is_taken_home_says_the_season():
    season = {
        "season": "2022-10..2023-09",
        "season_start": "2022-10-01",
        "season_end": "2023-09-30",
    }
    zone = next(z for z in data.zones(NAME) if z.split == "test")
    left, right = data.usable_runs(NAME)
    pair = Pair(NAME, zone, (left, right))
    with zipfile.ZipFile(io.BytesIO(downloads.archive(pair))) as bundle:
        assert all(name.startswith(f"{NAME}_2022-10_2023-09_") for name in bundle.namelist())
        rasters = [name for name in bundle.namelist() if name.endswith(".tif")]
        assert len(rasters) == 2
        for name in rasters:
            with rasterio.MemoryFile(bundle.read(name)) as memory, memory.open() as raster:
                tags = raster.tags()
            assert {k: tags[k.upper()] for k in season} == season
        (legend,) = [n for n in bundle.namelist() if n.endswith(".csv")]
        rows = pd.read_csv(io.BytesIO(bundle.read(legend)))
    answers = downloads.answers(pair)
    for table in (rows, answers):
        assert len(table)
        assert {k: set(table[k]) for k in season} == {k: {v} for k, v in season.items()}
    kept = data.csv(pd.DataFrame({"a": np.arange(2)}), NAME).decode().splitlines()
    assert kept == ["a,season,season_start,season_end", *(f"{i},{','.join(season.values())}" for i in (0, 1))]  # fmt: skip


def test_the_card_of_a_dataset_says_season_periods_and_bands():
    app = checked(show("app.py"))
    assert "October 2022 – September 2023 · 36 periods of ten days · B2, B3, B4" in text(app)
    with speaking("fr"):
        assert wording.cut(SEASON) == "36 périodes de dix jours"
