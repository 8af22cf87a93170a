"""Tables over all zones, against tables made by hand from what is on disk."""

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from cropdash.domain.errors import DatasetNotFound
from cropdash.files import joined
from cropdash.storage import layout, summaries
from cropdash.storage.datasets import DatasetFolder
from cropdash.storage.store import Store
from tests import factory


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> DatasetFolder:
    return factory.write_dataset(tmp_path_factory.mktemp("world"), zones=3, size=40)


def everything(folder: DatasetFolder) -> pd.DataFrame:
    """All series of all zones, each with its crop and region."""
    tables = []
    for zone in folder.built_zones():
        crops = folder.parcels(zone.zone_id).set_index("parcel_id")["crop"]
        table = folder.series(zone.zone_id)
        tables.append(
            table.assign(crop=crops.loc[table["parcel_id"]].to_numpy(), region=zone.region)
        )
    return pd.concat(tables)


@pytest.mark.parametrize("value", ["NDVI", "B8"])
@pytest.mark.parametrize("regional", [False, True])
def test_seasons_are_means_and_quantiles_of_the_parcels(folder, value, regional):
    whole = everything(folder)
    region = whole["region"].iloc[0] if regional else None
    whole = whole[whole["region"] == region] if regional else whole
    table = summaries.seasons(folder, value, region).set_index(["crop", "period"])
    assert len(table) == len(whole[["crop", "period"]].drop_duplicates())
    for (crop, period), rows in whole.groupby(["crop", "period"]):
        found, expected = table.loc[(crop, period)], rows[f"{value}_mean"].dropna()
        assert found["mean"] == pytest.approx(expected.mean(), abs=1e-6)
        assert found["n_parcels"] == len(expected)
        quantiles = np.quantile(expected, [0.1, 0.5, 0.9])
        np.testing.assert_allclose(found[["p10", "p50", "p90"]].astype(float), quantiles, atol=1e-6)


def test_a_region_that_no_zone_lies_in_has_no_seasons(folder):
    table = summaries.seasons(folder, "NDVI", "atlantis")
    assert table.empty
    assert tuple(table.columns) == summaries.SEASON


def test_facts_are_those_of_every_parcel(folder):
    table = summaries.parcel_facts(folder)
    for zone in folder.built_zones():
        mine = table[table["zone_id"] == zone.zone_id]
        parcels = folder.parcels(zone.zone_id)
        assert mine["parcel_id"].tolist() == parcels["parcel_id"].tolist()
        assert mine["area_ha"].tolist() == parcels["area_ha"].tolist()
        assert set(mine["split"]) == {zone.split}
    assert len(table) == table[["zone_id", "parcel_id"]].drop_duplicates().shape[0]


def test_values_are_the_columns_of_the_series(folder):
    zone = folder.built_zones()[0].zone_id
    columns = [c for c in folder.series(zone).columns if c.endswith("_mean")]
    assert sorted(columns) == sorted(f"{name}_mean" for name in summaries.values(folder))
    assert summaries.values(folder)[0] == "NDVI"


def test_means_of_a_period_are_those_of_the_series(folder):
    whole, period = everything(folder), folder.description().season.periods[6].id
    table = summaries.parcel_means(folder, period, ("B4", "GNDVI"))
    expected = whole[whole["period"] == period]
    assert len(table) == len(expected) > 0
    np.testing.assert_allclose(np.sort(table["GNDVI_mean"]), np.sort(expected["GNDVI_mean"]))
    np.testing.assert_allclose(np.sort(table["B4_mean"]), np.sort(expected["B4_mean"]))
    assert table.groupby("crop").size().to_dict() == expected.groupby("crop").size().to_dict()


def test_the_store_refuses_a_zone_that_is_not_built(folder, tmp_path):
    store = Store(folder.path.parent, tmp_path)
    zone = folder.built_zones()[0].zone_id
    periods = folder.description().season.periods[:2]
    assert store.imagery(folder.name, zone, periods).periods == periods
    with pytest.raises(DatasetNotFound):
        store.imagery(folder.name, "nowhere", periods)


def test_what_is_joined_follows_its_files_and_is_made_anew_where_it_is_damaged(tmp_path):
    folder = factory.write_dataset(tmp_path, zones=3, size=40)
    first = summaries.parcel_facts(folder)
    parts = sorted((folder.path / layout.JOINED).glob("parcels-*.parquet"))
    assert len(parts) == 1
    whole = parts[0].read_bytes()
    about = pq.read_metadata(parts[0]).row_group(0)
    areas = next(about.column(i) for i in range(99) if about.column(i).path_in_schema == "area_ha")
    for at in (areas.data_page_offset + areas.total_compressed_size // 2, len(whole) - 20):
        parts[0].write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
        pd.testing.assert_frame_equal(summaries.parcel_facts(folder), first)
    parts[0].write_bytes(whole[:400])
    pd.testing.assert_frame_equal(summaries.parcel_facts(folder), first)
    assert parts[0].stat().st_size == len(whole)
    again = folder.built_zones()[0].zone_id
    sample = folder.sample(folder.description().zone(again))
    few = folder.parcels(again).iloc[:-1]
    zone, series, report = sample.zone, folder.series(again), folder.report(again)
    folder.write_zone(zone, sample.cube, sample.labels, few, series, report)
    now = summaries.parcel_facts(folder)
    assert len(now) == len(first) - 1
    assert summaries.seasons(folder)["n_parcels"].max() > 0
    folder.forget_zone(again)
    assert set(summaries.parcel_facts(folder)["zone_id"]) == set(first["zone_id"]) - {again}
    assert len(list((folder.path / layout.JOINED).glob("parcels-*.parquet"))) == 1


def test_more_zones_than_one_part_holds_are_all_there(folder, monkeypatch):
    whole = summaries.parcel_facts(folder)
    monkeypatch.setattr(joined, "TOGETHER", 2)
    pd.testing.assert_frame_equal(summaries.parcel_facts(folder), whole)
    period = folder.description().season.periods[3].id
    assert len(summaries.parcel_means(folder, period, ("NDVI",))) == len(whole)
    parts = sorted((folder.path / layout.JOINED).glob("series-*.parquet"))
    assert len(parts) == 2
    seasons = summaries.seasons(folder)
    parts[1].unlink()  # one is read then, the other made
    pd.testing.assert_frame_equal(summaries.seasons(folder), seasons)
