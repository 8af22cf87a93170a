"""A table of parcel means: what is read, how zones are made, and that nothing is a map."""

import numpy as np
import pandas as pd
import pytest

from cropdash.domain import IGNORE
from cropdash.domain.errors import ConfigError, InvalidRegister, NotEnoughData
from cropdash.settings import sources
from cropdash.storage.datasets import DatasetFolder
from cropdash.workflow import build
from docs.inputs import world


def opened(path, **values):
    config = sources.parse({"source": "table", "dataset": "d", "table_path": path, **values})
    return sources.of(config).open(config)


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
@pytest.mark.parametrize("digital", [False, True])
def test_each_parcel_is_a_pixel_with_the_table_s_means(tmp_path, suffix, digital):
    source = opened(world.table(tmp_path / f"means.{suffix}", digital=digital))
    assert source.season.text == "2023"
    assert [(z.region, z.zone_id) for z in source.zones()] == [
        ("east", "east_1"),
        ("west", "west_2"),
    ]
    assert {z.split for z in source.zones()} == {"train", "test"}
    west = source.zones()[1]
    cube, parcels = source.composites(west, pytest.fail), source.parcels(west)
    mine = [one for one in world.fields() if one.column < 24]
    assert list(parcels["ID_PARCEL"]) == sorted(one.id for one in mine)
    truth = {one.id: one for one in mine}
    middles = parcels.geometry.centroid
    for at, row in parcels.iterrows():
        one = truth[row["ID_PARCEL"]]
        assert row["CODE_CULTU"] == one.code
        x, y = middles[at].x, middles[at].y
        i, j = int((west.grid.top - y) // 10), int((x - west.grid.left) // 10)
        for t, day in enumerate(world.days()):
            expected = world.reflectance(day)[:, one.row, one.column]
            np.testing.assert_allclose(cube.reflectance[t, :, i, j], expected, atol=6e-5)
    assert (cube.clear_dates > 0).sum() == 12 * len(mine)


def test_of_several_rows_of_a_month_the_median_counts_and_rows_with_a_gap_do_not(tmp_path):
    rows = [("a", "2023-05-02", 0.1), ("a", "2023-05-12", 0.3), ("a", "2023-05-22", None),
            ("a", "2023-05-25T10:00:00Z", 0.2), ("b", "2023-05-02", 0.4), ("c", "2022-12-31", 0.3)]  # fmt: skip
    frame = pd.DataFrame(rows, columns=["id", "date", "B04"]).assign(
        nir=0.4, crop="BTH", region=["x"] * 4 + ["y", "z"]
    )
    frame.to_csv(tmp_path / "t.csv", index=False, sep=";")
    source = opened(tmp_path / "t.csv", bands="B4,B8")
    x = source.zones()[0]
    cube = source.composites(x)
    assert cube.reflectance[4, :, 0, 0] == pytest.approx([0.2, 0.4])
    assert cube.clear_dates[:, 0, 0].tolist() == [0, 0, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0]
    told = []
    assert not source.composites(source.zones()[2], told.append).clear_dates.any()
    assert told == ["No row of zone z_3 lies in 2023."]


def test_ids_and_codes_keep_their_zeros(tmp_path):
    world.table(tmp_path / "t.csv")
    frame = pd.read_csv(tmp_path / "t.csv").replace({"id": {"P0000": "007", "P0001": "07"}})
    frame.to_csv(tmp_path / "t.csv", index=False)
    parcels = pd.concat(
        [opened(tmp_path / "t.csv").parcels(z) for z in opened(tmp_path / "t.csv").zones()]
    )
    assert {"007", "07"} <= set(parcels["ID_PARCEL"])


def test_without_regions_blocks_of_the_coordinates_keep_neighbours_together(tmp_path):
    world.table(tmp_path / "t.csv", place=True)
    frame = pd.read_csv(tmp_path / "t.csv").drop(columns="region")
    far = frame.assign(id="far" + frame["id"], lon=frame["lon"] + 1.0)
    pd.concat([frame, far]).to_csv(tmp_path / "t.csv", index=False)
    zones = opened(tmp_path / "t.csv", block_km=20).zones()
    assert len(zones) >= 2
    sides = {}
    for zone in zones:
        ids = opened(tmp_path / "t.csv", block_km=20).parcels(zone)["ID_PARCEL"]
        sides |= dict.fromkeys(ids, zone.zone_id)
    assert sides["P0000"] != sides["farP0000"]
    assert zones[0].grid.crs == "EPSG:32631"
    frame.drop(columns=["lon", "lat"]).to_csv(tmp_path / "t.csv", index=False)
    with pytest.raises(InvalidRegister, match=r"neither a zone .region. nor lon and lat"):
        opened(tmp_path / "t.csv").zones()


def test_a_split_of_the_table_s_own_is_kept(tmp_path):
    path = world.table(tmp_path / "t.parquet")
    frame = pd.read_parquet(path)
    frame.assign(split=np.where(frame["region"] == "west", "test", "Train")).to_parquet(path)
    assert {z.region: z.split for z in opened(path).zones()} == {"west": "test", "east": "train"}
    frame.assign(split=np.where(frame["id"] < "P02", "test", "train")).to_parquet(path)
    with pytest.raises(InvalidRegister, match=r"has the split test, train; a zone is wholly"):
        opened(path).zones()


@pytest.mark.parametrize(
    ("change", "fault", "said"),
    [
        (
            lambda f: f.drop(columns="B8"),
            InvalidRegister,
            "has no column B8; it has id, date, crop",
        ),
        (lambda f: f.rename(columns={"crop": "culture"}), InvalidRegister, "no column crop"),
        (lambda f: f.assign(date="spring"), InvalidRegister, "row 2: 'spring' is no day"),
        (lambda f: f.assign(B4="high"), InvalidRegister, "row 2: 'high' in column B4 is no number"),
        (lambda f: f.assign(id=""), InvalidRegister, "row 2: the parcel's id is empty"),
        (lambda f: f.assign(id="one"), InvalidRegister, "parcel one has two crops .BTH, MIS, PPH."),
        (
            lambda f: f.assign(region="here"),
            NotEnoughData,
            "holds one zone .here., and two are needed",
        ),
        (lambda f: f.assign(region=""), InvalidRegister, "has no region; every parcel needs one"),
        (lambda f: f.iloc[:0], InvalidRegister, "holds no row"),
    ],
)
def test_faults_of_a_table_are_one_sentence(tmp_path, change, fault, said):
    path = world.table(tmp_path / "t.csv")
    change(pd.read_csv(path)).to_csv(path, index=False)
    with pytest.raises(fault, match=said) as raised:
        opened(path).zones()
    assert str(raised.value).count(". ") == 0


def test_layers_are_not_laid_over_a_table(tmp_path):
    with pytest.raises(ConfigError, match="A table has no map"):
        opened(world.table(tmp_path / "t.csv"), layers="dem.tif")


def test_what_is_no_parcel_is_ignored(tmp_path):
    source = opened(world.table(tmp_path / "t.csv"))
    folder = DatasetFolder(tmp_path, "d")
    done = build.build(
        source, folder, build.describe(source, "d", "d", {}), progress=lambda *_: None
    )
    assert not done.failed
    for zone in source.zones():
        labels = folder.labels(zone.zone_id)
        assert (labels.parcel_id > 0).sum() == 16
        assert (labels.crop[labels.parcel_id == 0] == IGNORE).all()
        assert set(np.unique(labels.crop[labels.parcel_id > 0])) <= set(range(1, 255))
        assert folder.parcels(zone.zone_id)["n_pixels"].eq(1).all()
