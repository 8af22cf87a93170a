from dataclasses import replace

import geopandas as gpd
import pandas as pd
import pytest
from shapely import box

from cropdash.domain import Season
from cropdash.domain.errors import ConfigError, CorruptDataset, DatasetNotFound
from cropdash.domain.sentinel2 import BAND_SETS
from cropdash.legend import load
from cropdash.storage import datasets
from cropdash.storage.datasets import DatasetFolder
from cropdash.storage.description import Description
from cropdash.storage.store import Store
from tests import worlds


def write(data, name="d", zones=("a", "b")):
    folder = DatasetFolder(data, name)
    made = tuple(worlds.zone(z, "test" if z == "b" else "train") for z in zones)
    cube = worlds.cube()
    folder.describe(
        Description(
            name,
            "D",
            "local",
            Season(cube.periods[0].start, cube.periods[-1].end),
            BAND_SETS["10m"],
            load().hash,
            made,
        )
    )
    for zone in made:
        parcels = gpd.GeoDataFrame(
            {
                "parcel_id": [1, 2],
                "zone_id": zone.zone_id,
                "register_id": ["r1", "r2"],
                "code": ["BTH", "MIS"],
                "crop": [8, 30],
                "area_ha": [1.5, 2.5],
                "n_pixels": [10, 20],
            },
            geometry=[box(0, 0, 1, 1), box(2, 2, 3, 3)],
            crs="EPSG:32631",
        )
        series = pd.DataFrame({"parcel_id": [1, 2], "period": "2023-01", "NDVI_mean": [0.2, 0.6]})
        series["clear_share"] = 1.0
        folder.write_zone(zone, cube, worlds.labels(), parcels, series, {"rows": 2})
    return folder


def test_a_zone_is_built_only_once_its_manifest_is_there_and_its_files_are_whole(tmp_path):
    folder = write(tmp_path)
    assert folder.is_built("a", verify=True)
    composite = folder.zone_folder("a") / "composite.tif"
    composite.write_bytes(composite.read_bytes()[:-1] + b"x")
    assert not folder.is_built("a", verify=True)
    assert not folder.is_built("a")  # it was touched after its manifest, so it is looked at
    assert "composite.tif of zone a" in folder.fault("a")
    composite.unlink()
    assert not folder.is_built("a")
    (folder.zone_folder("b") / "manifest.json").write_text("{")
    assert not folder.is_built("b")
    with pytest.raises(CorruptDataset, match="b"):
        folder.cube("b")


def test_no_manifest_stands_while_a_zone_is_written_anew(tmp_path, monkeypatch):
    folder = write(tmp_path)

    def killed(*args):
        raise KeyboardInterrupt

    monkeypatch.setattr(datasets.rasters, "write_cube", killed)
    with pytest.raises(KeyboardInterrupt):
        folder.write_zone(worlds.zone("a"), worlds.cube(), worlds.labels(), None, None, {})
    assert not folder.is_built("a")


def test_the_fingerprint_follows_the_content(tmp_path):
    one, two = write(tmp_path / "1"), write(tmp_path / "2")
    assert one.fingerprint() == two.fingerprint()
    zone = worlds.zone("a")
    parcels, series = two.parcels("a"), two.series("a")
    two.write_zone(zone, worlds.cube(9), worlds.labels(), parcels, series, {})
    assert one.fingerprint() != two.fingerprint()


def test_another_description_under_the_same_name_is_refused(tmp_path):
    folder = write(tmp_path)
    again = folder.description()
    folder.describe(again)
    with pytest.raises(DatasetNotFound, match="another name"):
        folder.describe(
            Description("d", "D", "simulated", again.season, BAND_SETS["10m"], "x", again.zones)
        )


@pytest.mark.parametrize("name", ["../up", "", "A", "a/b", "a" * 65])
def test_names_that_are_no_folder_are_refused(tmp_path, name):
    with pytest.raises(ConfigError):
        DatasetFolder(tmp_path, name)
    with pytest.raises(ConfigError):
        write(tmp_path).zone_folder(name)


def test_the_store_tells_what_is_there(tmp_path):
    write(tmp_path)
    store = Store(tmp_path, tmp_path / "models")
    assert store.dataset_names() == ("d",)
    info = store.dataset("d")
    assert info.is_complete
    counts = store.class_counts("d").set_index(["zone_id", "crop"])
    assert counts.loc[("b", 30), "pixels"] == 20
    assert counts.loc[("b", 30), "split"] == "test"
    bands = store.seasons("d").set_index(["crop", "period"])
    assert bands.loc[(8, "2023-01"), "p50"] == pytest.approx(0.2)
    assert bands.loc[(8, "2023-01"), "n_parcels"] == 2
    assert set(store.clear_dates("d")["zone_id"]) == {"a", "b"}
    with pytest.raises(DatasetNotFound):
        store.dataset("other")
    with pytest.raises(DatasetNotFound):
        store.cube("d", "c")


def test_what_a_killed_writer_left_is_cleared(tmp_path):
    folder = write(tmp_path)
    left = folder.zone_folder("a") / ".composite.0123abcd.part.tif"
    left.write_bytes(b"half")
    parcels, series = folder.parcels("a"), folder.series("a")
    folder.write_zone(worlds.zone("a"), worlds.cube(), worlds.labels(), parcels, series, {})
    assert not left.exists()
    assert folder.is_built("a", verify=True)


@pytest.mark.parametrize(
    "change",
    [
        {"season": Season.of(2022)}, {"bands": ("B4", "B8")}, {"zones": ()}, {"legend_hash": "x"},
        {"source": "stac"}, {"settings": {"size": 3}},
    ],
    ids=str,
)  # fmt: skip
def test_another_content_under_a_name_that_is_taken_is_one_sentence(tmp_path, change):
    folder = write(tmp_path)
    before = folder.description()
    with pytest.raises(DatasetNotFound, match="d exists with other zones, bands, season") as raised:
        folder.describe(replace(before, **change))
    assert str(raised.value).count(". ") == 0
    assert folder.description() == before
