"""Four zones as one: no seam in the map, each parcel once, and files that others accept."""

from __future__ import annotations

from dataclasses import replace

import geopandas as gpd
import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pyogrio
import pystac
import pytest
import rasterio
from rio_cogeo.cogeo import cog_validate
from shapely import box

from bench import land
from cropdash.domain.errors import ConfigError, RunNotFound
from cropdash.ingest.zones import area
from cropdash.settings import classifiers
from cropdash.settings.folders import Folders
from cropdash.storage import elsewhere, runs
from cropdash.storage.datasets import DatasetFolder
from cropdash.workflow import build, mosaic, predict, score, train

SIZE, MARGIN = 40, 4  # [px] of a zone; within which its edge changes what a map shows


def silent(stage: str, done: float) -> None:
    """Nobody listens."""


def built(data, name, zones):
    folder, source = DatasetFolder(data, name), land.Fields(zones)
    build.build(source, folder, build.describe(source, name, name, {}), progress=silent)
    return folder


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A run at home, and the same land as four zones and as one, predicted and joined."""
    where = tmp_path_factory.mktemp("mosaic")
    folders = Folders(where / "data", where / "models")
    home = [replace(z, split="train") for z in land.squares(6, SIZE, columns=3)[3:]]
    built(folders.data, "home", tuple(home))
    values = {
        "classifier": "xgboost",
        "dataset": "home",
        "trees": 4,
        "pixels": 1_000,
        "threads": 1,
        "location": False,
    }  # fmt: skip (where a zone lies is its middle, which is not the same)
    run = runs.queue(folders, classifiers.parse(values))
    train.train_run(run, folders, progress=silent)
    plain = {"parcel_temperature": 1.0, "tau": 0.0, "threshold": 0.2}  # or all are near 1
    run.write_calibrated(run.calibrated() | plain)
    four = built(folders.data, "four", land.squares(4, SIZE, columns=2))
    whole = built(folders.data, "whole", land.squares(1, 2 * SIZE, name="w"))
    units = area.units_of(units_in(where), "nom")
    for dataset in (four, whole):
        predict.predict_zones(run, dataset, dataset.built_zones(), silent)
        there = elsewhere.at(run, dataset.name)
        score.score_run(there, dataset, dataset.built_zones())
        mosaic.make(run, dataset, where / dataset.name, silent, rows=40, units=units, tiles=True)
    return where, run, four, whole


def units_in(where):
    """A file of two units: the first fifty columns of pixels, and the rest but for a strip below."""
    west, wide, high = land.LEFT + 500, 20 * SIZE, 20 * SIZE
    parts = [box(land.LEFT - 99, land.TOP - high, west, land.TOP),
             box(west, land.TOP - high + 100, land.LEFT + wide, land.TOP)]  # fmt: skip
    frame = gpd.GeoDataFrame({"nom": ["=Ouest", "Est"]}, geometry=parts, crs=land.CRS)
    frame.to_crs(4326).to_file(where / "units.geojson", driver="GeoJSON")
    return where / "units.geojson"


def parcels_of(folder):
    parts = [gpd.read_parquet(path) for path in sorted((folder / "parcels").glob("*.parquet"))]
    return pd.concat(parts, ignore_index=True)


def assert_no_seam(where, names, margin):
    """The same away from all edges; what comes out of `names[0]` is of four zones."""
    seen = {}
    for name in names:
        for band in ("class", "confidence"):
            with rasterio.open(where / name / f"{band}_32631.tif") as raster:
                seen[name, band] = raster.read(1)
                assert raster.transform == rasterio.Affine(10, 0, land.LEFT, 0, -10, land.TOP)
    inner = np.zeros((2 * SIZE, 2 * SIZE), bool)
    for rows in (slice(margin, SIZE - margin), slice(SIZE + margin, 2 * SIZE - margin)):
        for columns in (slice(margin, SIZE - margin), slice(SIZE + margin, 2 * SIZE - margin)):
            inner[rows, columns] = True
    for band, most in (("class", 0), ("confidence", 1)):  # which is rounded
        one, other = (seen[name, band][inner].astype(int) for name in names)
        assert np.abs(one - other).max() <= most
    return seen[names[0], "class"]


def test_the_map_has_no_seam(made):
    where, *_ = made
    assert_no_seam(where, ("four", "whole"), MARGIN)


def test_a_network_leaves_no_seam_either(made, tmp_path):
    where, _, four, whole = made
    folders = Folders(where / "data", where / "models")
    values = {
        "classifier": "cnn",
        "dataset": "home",
        "epochs": 1,
        "threads": 1,
        "patch_size": 24,
        "unet_channels": (8,),
        "temporal_hidden": 8,
        "half_precision": False,
        "location": False,
    }
    run = runs.queue(folders, classifiers.parse(values))
    train.train_run(run, folders, progress=silent)
    for dataset in (four, whole):
        predict.predict_zones(run, dataset, dataset.built_zones(), silent)
        mosaic.make(run, dataset, tmp_path / dataset.name, silent)
    reach = int(predict.load(run, four)._network.reach)
    assert 0 < reach < SIZE // 4
    assert len(np.unique(assert_no_seam(tmp_path, ("four", "whole"), reach))) > 1
    ours, theirs = (parcels_of(tmp_path / name)["register_id"] for name in ("four", "whole"))
    assert ours.is_unique
    assert set(ours) == set(theirs)


def test_a_parcel_over_an_edge_is_decided_once_from_all_its_pixels(made):
    where, run, four, _ = made
    ours, theirs = (parcels_of(where / name).set_index("register_id") for name in ("four", "whole"))
    assert ours.index.is_unique
    assert set(ours.index) == set(theirs.index)
    theirs = theirs.loc[ours.index]
    assert (ours["predicted"] == theirs["predicted"]).all()
    np.testing.assert_array_equal(ours["n_pixels"], theirs["n_pixels"])
    np.testing.assert_allclose(ours["probability"], theirs["probability"], atol=1e-6)
    alone = pd.concat(
        [
            elsewhere.at(run, "four")
            .parcel_prediction(z.zone_id)
            .merge(four.parcels(z.zone_id)[["parcel_id", "register_id"]], on="parcel_id")
            for z in four.built_zones()
        ]
    ).set_index("register_id")["confidence"]
    apart = (alone.loc[ours.index] - ours["probability"]).abs()
    assert (apart > 1e-4).sum() >= 5  # which one zone alone would have told otherwise


def test_what_comes_out_is_what_others_take(made):
    where, *_ = made
    folder = where / "four"
    for path in folder.glob("*.tif"):
        ok, errors, _ = cog_validate(path)
        assert ok, errors
    with rasterio.open(folder / "map_32631.vrt") as both:
        assert both.descriptions == ("class", "confidence")
        with rasterio.open(folder / "class_32631.tif") as raster:
            np.testing.assert_array_equal(both.read(1), raster.read(1))
    collection = pystac.Collection.from_file(str(folder / "collection.json"))
    collection.validate_all()
    (item,) = collection.get_items()
    assert {name: (folder / a.href).exists() for name, a in item.assets.items()} == {
        "class": True, "confidence": True,
    }  # fmt: skip
    parts = sorted((folder / "parcels").glob("*.parquet"))
    assert len(parts) > 1
    assert {"bbox"} <= set(pq.read_schema(parts[0]).names)
    tiles = pyogrio.read_dataframe(folder / "parcels.pmtiles").drop_duplicates("register_id")
    known = parcels_of(folder).set_index("register_id")
    told = tiles.set_index("register_id")["predicted"]
    assert set(told.index) == set(known.index)
    assert (told == known.loc[told.index, "predicted"]).all()
    areas = pd.read_csv(folder / "areas.csv").set_index("class")
    assert areas["pixels"].sum() == 4 * SIZE**2
    table = parcels_of(folder)
    assert areas["parcels"].sum() == len(table) > 30
    assert areas["parcel_hectares"].sum() == pytest.approx(table["area_ha"].sum())
    assert table["applicable"].notna().all()
    assert table["set"].notna().all()


def test_areas_are_told_by_unit_with_intervals(made):
    where, *_ = made
    total = pd.read_csv(where / "four" / "areas.csv").set_index("class")
    units = pd.read_csv(where / "four" / "areas_by_unit.csv")
    assert (total["low_ha"] <= total["estimated_ha"]).all()
    assert (total["estimated_ha"] <= total["high_ha"]).all()
    assert total["estimated_ha"].sum() == pytest.approx(4 * SIZE**2 / 100)
    with rasterio.open(where / "four" / "class_32631.tif") as raster:
        values = raster.read(1)
    expected = {"'=Ouest": values[:, :50], "Est": values[:-10, 50:]}
    assert set(units["unit"]) == set(expected)
    for name, part in expected.items():
        pixels = units[units["unit"] == name].set_index("class")["pixels"]
        assert pixels.sum() == part.size
        assert sorted(pixels[pixels > 0]) == sorted(np.unique(part, return_counts=True)[1])
    whole = pd.read_csv(where / "whole" / "areas.csv")
    assert whole["low_ha"].isna().all()  # one scored zone says nothing of how others differ
    with pytest.raises(ConfigError, match="no polygons with a name in column name"):
        area.units_of(where / "units.geojson", "name")


def test_what_can_not_be_joined_is_said(made, tmp_path):
    where, run, _, _ = made
    (tmp_path / "mine.txt").write_text("mine")
    home = DatasetFolder(where / "data", "home")
    with pytest.raises(RunNotFound, match="predicted no zone of home"):
        mosaic.make(run, home, tmp_path / "x", silent)
    with pytest.raises(ConfigError, match="holds other files"):
        mosaic.make(run, DatasetFolder(where / "data", "four"), tmp_path, silent)


def test_one_that_was_broken_off_is_made_whole_and_an_earlier_one_leaves_nothing(
    made, tmp_path, monkeypatch
):
    where, run, four, _ = made
    units = area.units_of(where / "units.geojson", "nom")
    mosaic.make(run, four, tmp_path / "a", silent, units=units, tiles=True)
    (tmp_path / "a" / "class_32633.tif").write_bytes(b"of a UTM zone that this one does not reach")
    with monkeypatch.context() as broken:
        broken.setattr(mosaic.areas, "of_map", None)
        with pytest.raises(TypeError):
            mosaic.make(run, four, tmp_path / "b", silent)
    for name in ("a", "b"):
        mosaic.make(run, four, tmp_path / name, silent)
    one, other = (sorted(p.name for p in (tmp_path / n).iterdir()) for n in ("a", "b"))
    assert one == other
    assert not {"areas_by_unit.csv", "parcels.pmtiles", "class_32633.tif", ".begun"} & set(one)
