import datetime as dt
import json
import re
import shutil

import geopandas as gpd
import numpy as np
import pytest
import rasterio
from pyproj import CRS, Transformer
from rasterio.transform import Affine
from shapely import box

from cropdash.domain import Grid, Season
from cropdash.domain.errors import InvalidRegister, InvalidScene
from cropdash.domain.sentinel2 import BAND_SETS
from cropdash.ingest.local import dates
from cropdash.ingest.local.scenes import frame_of, read_scene
from cropdash.ingest.local.source import LocalSource
from cropdash.prepare import composite
from tests import worlds
from tests.worlds import FLANDERS, needs

GRID = worlds.grid((9, 6))
DATE = dt.date(2023, 5, 1)
FOUR, TEN = BAND_SETS["10m"], BAND_SETS["all"]
NAMES = (*FOUR, "SCL")


def write(path, grid=GRID, names=NAMES, value=5):
    """A file of random numbers, the last band of one value."""
    values = np.random.default_rng(0).integers(1, 5000, (len(names), *grid.shape)).astype(np.uint16)
    if value is not None:
        values[-1] = value
    profile = {
        "driver": "GTiff",
        "count": len(names),
        "height": grid.shape[0],
        "width": grid.shape[1],
        "dtype": "uint16",
        "crs": grid.crs,
        "transform": Affine(*grid.transform),
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    with rasterio.open(path, "w", **profile) as raster:
        raster.write(values)
        raster.descriptions = names
    return values


def zones_file(folder, **columns):
    left, bottom, right, top = GRID.bounds
    frame = gpd.GeoDataFrame(columns, geometry=[box(left + 20, bottom, right, top)], crs=GRID.crs)
    frame.to_crs(4326).to_file(folder / "zones.geojson", driver="GeoJSON")


@pytest.mark.parametrize(
    ("crs", "left", "top", "utm"),
    [("EPSG:2263", 1e6, 2e5, 32618), ("EPSG:3857", 166_000.0, 6.2e6, 32631)],
)
def test_what_makes_hectares_wrong_is_refused(tmp_path, crs, left, top, utm):
    """Feet, and the web's map: in metres on the ground a pixel is a square of another size."""
    grid = Grid(crs, left, top, 10.0, (6, 9))
    write(tmp_path / "x.tif", grid)
    with pytest.raises(InvalidScene, match="times as large") as refused:
        frame_of(tmp_path / "x.tif")
    (told,) = re.findall(r"land is ([\d.]+) times", str(refused.value))
    to_utm = Transformer.from_crs(crs, utm, always_xy=True)
    x, y = to_utm.transform([left, left + 1000, left], [top, top, top - 1000])
    on_ground = np.hypot(x[1] - x[0], y[1] - y[0]) * np.hypot(x[2] - x[0], y[2] - y[0])
    assert float(told) == pytest.approx(1000**2 / on_ground, rel=0.01)


@pytest.mark.parametrize("crs", ["EPSG:2154", "EPSG:3035", "EPSG:27700", "EPSG:32601", "EPSG:2056"])
def test_national_systems_in_metres_are_read(tmp_path, crs):
    west, south, east, north = CRS.from_user_input(crs).area_of_use.bounds
    to_metres = Transformer.from_crs("OGC:CRS84", crs, always_xy=True)
    x, y = to_metres.transform((west + east) / 2, (south + north) / 2)
    grid = Grid(crs, round(x), round(y), 10.0, (6, 9))
    write(tmp_path / "x.tif", grid)
    assert frame_of(tmp_path / "x.tif") == grid


def test_a_window_is_cut_by_position_and_bands_by_name(tmp_path):
    order = ("SCL", "B08", "B02", "B04", "B03")
    values = write(tmp_path / "x.tif", names=order)
    part = Grid(GRID.crs, GRID.left + 20, GRID.top - 30, 10, (4, 3))
    scene = read_scene(tmp_path / "x.tif", DATE, part, FOUR)
    expected = values[[2, 4, 3, 1]][:, 3:7, 2:5] / 10_000
    np.testing.assert_allclose(scene.reflectance, expected, rtol=1e-6)


@pytest.mark.parametrize("bands", [FOUR, TEN, ("B4", "B8", "B8A", "B12")])
def test_bands_are_found_whatever_their_order_and_the_way_they_are_written(tmp_path, bands):
    held = [
        "B12",
        "CLD",
        "B08",
        "b8a",
        "B11",
        "SCL",
        "B02",
        " B3 ",
        "B05",
        "B7",
        "B01",
        "B4",
        "B06",
    ]
    values = write(tmp_path / "x.tif", names=held, value=None)
    scene = read_scene(tmp_path / "x.tif", DATE, GRID, bands)
    tidy = [name.strip().upper().replace("B0", "B") for name in held]
    assert scene.bands == bands
    expected = values[[tidy.index(name) for name in bands]] / 10_000
    np.testing.assert_allclose(scene.reflectance, expected, rtol=1e-6)
    np.testing.assert_array_equal(scene.scl, values[5].astype(np.uint8))


@pytest.mark.parametrize("bands", [FOUR, TEN])
def test_bands_without_a_description_are_taken_only_if_they_are_as_many(tmp_path, bands):
    count = len(bands) + 1
    values = write(tmp_path / "x.tif", names=[None] * count)
    scene = read_scene(tmp_path / "x.tif", DATE, GRID, bands)
    np.testing.assert_allclose(scene.reflectance, values[:-1] / 10_000, rtol=1e-6)
    for other in (count - 1, count + 1):
        write(tmp_path / "other.tif", names=[None] * other)
        with pytest.raises(InvalidScene, match=rf"are {other} without a description: .* B2, B3,"):
            read_scene(tmp_path / "other.tif", DATE, GRID, bands)


@pytest.mark.parametrize(
    ("names", "said"),
    [
        (("B2", "B3", "B4", "B8A", "SCL"), "lacks B8; its bands are B2, B3, B4, B8A, SCL"),
        (("B2", "B3", "B4", "B8", None), "lacks SCL; its bands are B2, B3, B4, B8: describe"),
        (("B2", "B3", "B4", "B8", "B08", "SCL"), "holds B8 twice"),
    ],
)
def test_bands_that_are_missing_or_not_clear_are_named(tmp_path, names, said):
    write(tmp_path / "x.tif", names=names)
    with pytest.raises(InvalidScene, match=said) as raised:
        read_scene(tmp_path / "x.tif", DATE, GRID, FOUR)
    assert str(raised.value).count(". ") == 0  # one sentence


def test_the_season_is_the_year_with_most_scenes_unless_another_is_wanted(tmp_path):
    zones_file(tmp_path, zone_id=["a"], region=["r"], split=["train"])
    days = ("20220929", "20221001", "20221231", "20230101", "20230511", "20230930", "20231001")
    for day in days:
        write(tmp_path / "scenes" / f"S2_{day}.tif")
    usual = LocalSource(tmp_path)
    assert (usual.season.text, len(usual.season.periods)) == ("2023", 12)
    assert len(LocalSource(tmp_path, every="dekad").season.periods) == 36
    (zone,) = usual.zones()
    wanted = LocalSource(tmp_path, Season.of("2022-10..2023-09", "16d"))
    assert [f"{s.date:%Y%m%d}" for s in wanted.scenes(zone, pytest.fail)] == list(days[1:-1])
    cube = composite.stream(wanted.scenes(zone), wanted.season.periods)
    assert cube.reflectance.shape[0] == 23
    assert [str(p) for p, n in zip(cube.periods, cube.clear_dates, strict=True) if n.any()] == [
        "2022-10-01_2022-10-16", "2022-12-20_2023-01-04", "2023-04-27_2023-05-12",
        "2023-09-18_2023-09-30",
    ]  # fmt: skip


def test_outside_the_scene_is_no_data_and_far_away_is_no_scene(tmp_path):
    write(tmp_path / "x.tif")
    over = Grid(GRID.crs, GRID.left - 10, GRID.top, 10, (9, 6))
    scene = read_scene(tmp_path / "x.tif", DATE, over, FOUR)
    assert np.isnan(scene.reflectance[:, :, 0]).all()
    assert not np.isnan(scene.reflectance[:, :, 1:]).any()
    assert not composite.clear_mask(scene)[:, 0].any()
    far = Grid(GRID.crs, 0, GRID.top, 10, (9, 6))
    assert read_scene(tmp_path / "x.tif", DATE, far, FOUR) is None


def test_faults_of_a_scene_are_named(tmp_path):
    few = tmp_path / "few.tif"
    write(few, names=("B2", "B3", "SCL"))
    with pytest.raises(
        InvalidScene, match=r"few\.tif lacks B4, B8; its bands are B2, B3, SCL: describe"
    ):
        read_scene(few, DATE, GRID, FOUR)
    off = tmp_path / "off.tif"
    write(off, grid=Grid(GRID.crs, GRID.left + 3, GRID.top, 10, GRID.shape))
    with pytest.raises(InvalidScene, match=r"off\.tif.*pixels"):
        read_scene(off, DATE, GRID, FOUR)
    other = tmp_path / "other.tif"
    write(other, grid=Grid("EPSG:32630", GRID.left, GRID.top, 10, GRID.shape))
    with pytest.raises(InvalidScene, match="EPSG:32630"):
        read_scene(other, DATE, GRID, FOUR)


def test_a_truncated_scene_is_reported_and_the_others_go_on(tmp_path):
    zones_file(tmp_path, zone_id=["a"], region=["r"], split=["train"])
    for day in (1, 9, 20):
        write(tmp_path / "scenes" / f"S2_202305{day:02d}.tif")
    bad = tmp_path / "scenes" / "S2_20230509.tif"
    bad.write_bytes(bad.read_bytes()[:300])
    source = LocalSource(tmp_path)
    (zone,) = source.zones()
    warnings = []
    dates = [s.date.day for s in source.scenes(zone, warnings.append)]
    assert dates == [1, 20]
    assert len(warnings) == 1
    assert "S2_20230509.tif" in warnings[0]


def test_zones_need_their_columns_and_a_split(tmp_path):
    write(tmp_path / "scenes" / "20230501.tif")
    with pytest.raises(InvalidRegister, match="must hold one register"):  # to propose them by
        LocalSource(tmp_path).zones()
    zones_file(tmp_path, zone_id=["a"], region=["r"])
    with pytest.raises(InvalidRegister, match="split"):
        LocalSource(tmp_path).zones()


def test_folders_without_scenes_dates_or_register_say_so(tmp_path):
    with pytest.raises(InvalidScene, match="scenes"):
        _ = LocalSource(tmp_path).season
    write(tmp_path / "scenes" / "undated.tif")
    with pytest.raises(InvalidScene, match=r"undated\.tif"):
        _ = LocalSource(tmp_path).season
    with pytest.raises(InvalidRegister, match="one register"):
        LocalSource(tmp_path).parcels(worlds.zone())


@needs(FLANDERS)
def test_flanders_composite_agrees_with_the_independent_one():
    source = LocalSource(FLANDERS)
    west, east = source.zones()
    assert (west.grid.shape, east.grid.shape) == ((64, 32), (64, 32))
    assert (west.split, east.split) == ("train", "test")
    assert source.season.periods[0].id == "2018-01"
    reference = np.load(FLANDERS / "reference_monthly_median.npy")
    for zone, columns in ((west, slice(0, 32)), (east, slice(32, 64))):
        cube = composite.stream(source.scenes(zone, pytest.fail), source.season.periods)
        np.testing.assert_allclose(
            cube.reflectance * 10_000, reference[..., columns], atol=1, equal_nan=True
        )


@needs(FLANDERS)
def test_parcels_of_a_zone_come_from_the_register():
    source = LocalSource(FLANDERS)
    west, _ = source.zones()
    frame = source.parcels(west)
    assert 0 < len(frame) < 18
    assert frame.crs.to_epsg() == 2154


@needs(FLANDERS)
def test_a_second_register_in_the_folder_is_refused(tmp_path):
    for name in ("a.gpkg", "b.gpkg"):
        shutil.copy(FLANDERS / "parcels.gpkg", tmp_path / name)
    with pytest.raises(InvalidRegister, match="holds 2"):
        LocalSource(tmp_path).parcels(worlds.zone())


def test_one_square_for_training_and_testing_is_refused(tmp_path):
    write(tmp_path / "scenes" / "20230501.tif")
    zones_file(tmp_path, zone_id=["a"], region=["r"], split=["train"])
    document = json.loads((tmp_path / "zones.geojson").read_text())
    twin = json.loads(json.dumps(document["features"][0]))
    twin["properties"] |= {"zone_id": "b", "split": "test"}
    document["features"].append(twin)
    (tmp_path / "zones.geojson").write_text(json.dumps(document))
    with pytest.raises(InvalidRegister, match="a and b overlap, one for training"):
        LocalSource(tmp_path).zones()


def test_zones_of_a_folder_may_be_a_table(tmp_path):
    write(tmp_path / "scenes" / "20230501.tif")
    left, bottom, right, top = GRID.bounds
    epsg = GRID.crs.removeprefix("EPSG:")
    edges = f"{left + 20},{bottom - 900},{right + 900},{top}"
    text = f"zone_id,region,split,xmin,ymin,xmax,ymax,epsg\na,r,train,{edges},{epsg}\n"
    (tmp_path / "zones.csv").write_text(text)
    (zone,) = LocalSource(tmp_path).zones()
    assert (zone.grid.left, zone.grid.top) == (left + 20, top)
    assert zone.grid.bounds == (left + 20, bottom - 900, right + 900, top)


def told(path, values, names=("B2", "B3", "B4", "B8", "SCL"), nodata=None, scale=None, offset=None):
    """A scene whose file says what its numbers mean."""
    profile = {
        "driver": "GTiff", "count": len(names), "height": GRID.shape[0], "width": GRID.shape[1],
        "dtype": values.dtype, "crs": GRID.crs, "transform": Affine(*GRID.transform), "nodata": nodata,
    }  # fmt: skip
    path.parent.mkdir(parents=True, exist_ok=True)
    with rasterio.open(path, "w", **profile) as raster:
        raster.write(values)
        raster.descriptions = names
        if scale is not None:
            raster.scales, raster.offsets = [scale] * len(names), [offset] * len(names)
    return path


TRUTH = np.linspace(0.02, 0.6, 4 * np.prod(GRID.shape)).reshape(4, *GRID.shape)


@pytest.mark.parametrize(
    ("dtype", "number", "more"),
    [
        ("uint16", lambda r: r * 10_000, {}),
        ("uint16", lambda r: r * 10_000, {"nodata": 65535}),
        ("int16", lambda r: r * 10_000, {"nodata": -9999}),
        ("float32", lambda r: r, {}),
        ("float32", lambda r: r, {"nodata": -9999.0}),
        ("float64", lambda r: r, {"nodata": float("nan")}),
        ("uint16", lambda r: (r + 0.1) * 10_000, {"scale": 1e-4, "offset": -0.1}),
        ("int16", lambda r: r * 2_000, {"scale": 5e-4, "offset": 0.0, "nodata": -32768}),
    ],
)
def test_a_file_s_own_word_on_its_numbers_is_taken(tmp_path, dtype, number, more):
    values = np.concatenate([number(TRUTH), np.full((1, *GRID.shape), 4)])
    values = (values if dtype.startswith("float") else values.round()).astype(dtype)
    values[1, 2, 3] = more.get("nodata") or 0
    scene = read_scene(told(tmp_path / "x.tif", values, **more), DATE, GRID, FOUR)
    assert np.isnan(scene.reflectance[1, 2, 3])
    assert np.isnan(scene.reflectance).sum() == 1
    seen = ~np.isnan(scene.reflectance)
    np.testing.assert_allclose(scene.reflectance[seen], TRUTH[seen], atol=3e-4)
    assert (scene.scl == 4).all()


def test_bands_are_known_by_their_colours(tmp_path):
    order = ("scl", "nir", "blue", "red", "green")
    values = write(tmp_path / "x.tif", names=order)
    scene = read_scene(tmp_path / "x.tif", DATE, GRID, FOUR)
    np.testing.assert_allclose(scene.reflectance, values[[2, 4, 3, 1]] / 10_000, rtol=1e-6)


def test_two_tiles_of_a_day_are_one_scene(tmp_path):
    zones_file(tmp_path, zone_id=["a"], region=["r"], split=["train"])
    left, right = (np.full((5, *GRID.shape), number, "uint16") for number in (400, 800))
    left[-1], right[-1] = 4, 5
    left[:, :, 4:], right[:, :, :3] = 0, 0  # they share column 3
    told(tmp_path / "scenes" / "T31UDQ_20230509.tif", left)
    told(tmp_path / "scenes" / "T31UEQ_20230509.tif", right)
    source = LocalSource(tmp_path)
    (zone,) = source.zones()
    (scene,) = source.scenes(zone, pytest.fail)
    assert np.unique(scene.reflectance[0, 0]).tolist() == pytest.approx([0.04, 0.08])
    shared = 3 - 2  # the zone begins two columns to the right
    assert scene.reflectance[0, 0, shared] == pytest.approx(0.04)
    assert scene.scl[0, shared] == 4
    cube = composite.stream([scene], source.season.periods)
    assert cube.clear_dates.max() == 1


@pytest.mark.parametrize(
    ("text", "days"),
    [
        ("2023.05", [((2023, 5, 1), True)]), ("S2_2023.05.11_v1.2", [((2023, 5, 11), False)]),
        ("2023.05.10m", [((2023, 5, 1), True)]), ("2023.0511", []), ("2023-05", [((2023, 5, 1), True)]),
        ("2023.05.01_2023.05.10", [((2023, 5, 1), False), ((2023, 5, 10), False)]), ("2023.13", []),
    ],
)  # fmt: skip
def test_days_may_be_written_with_points(text, days):
    assert dates.days_in(text) == tuple((dt.date(*day), alone) for day, alone in days)
