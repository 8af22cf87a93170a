"""Composites from a STAC API against plain numpy, and against local files of the same pixels."""

from __future__ import annotations

import pickle
from collections import defaultdict

import numpy as np
import pyproj
import pytest
import rasterio

from cropdash.domain import Grid, Season, Zone
from cropdash.domain.errors import ConfigError, InvalidScene
from cropdash.domain.source import Source
from cropdash.ingest.local.source import LocalSource
from cropdash.ingest.stac.endpoints import Endpoint
from cropdash.ingest.stac.source import StacSource
from cropdash.prepare import composite
from cropdash.storage import layout
from cropdash.storage.datasets import DatasetFolder
from cropdash.storage.periods import PeriodFolder
from cropdash.workflow import images
from tests.ingest.stac.products import ALL, FINE, Product, product
from tests.worlds import FLANDERS, needs

# West of the Greenwich meridian by a little, so that tiles of zones 30 and 31 both cover it.
GRID = Grid("EPSG:32631", 277_000, 5_330_000, 10, (18, 23))
ZONE = Zone("z", "north", "train", GRID)
WEST = Grid("EPSG:32631", 276_900, 5_330_100, 10, (40, 24))  # 14 columns of the zone
EAST = Grid("EPSG:32631", 277_080, 5_330_060, 10, (40, 30))  # overlaps WEST by 6 columns


def stac(endpoint, zone=ZONE, season=2023, **more):
    season = season if isinstance(season, Season) else Season.of(season)
    return StacSource(endpoint, FLANDERS / "parcels.gpkg", (zone,), season, **more)


def placed(item: Product, grid: Grid = GRID) -> np.ndarray:
    """(B + 1, H, W) raw numbers on the grid, by index arithmetic alone; 0 outside."""
    canvas = np.zeros((len(item.bands) + 1, *grid.shape), dtype=np.int64)
    rows = np.arange(grid.shape[0]) + round((item.grid.top - grid.top) / 10)
    columns = np.arange(grid.shape[1]) + round((grid.left - item.grid.left) / 10)
    inside_r = (rows >= 0) & (rows < item.grid.shape[0])
    inside_c = (columns >= 0) & (columns < item.grid.shape[1])
    stack = np.stack([*item.numbers, item.scl]).astype(np.int64)
    block = stack[:, rows[inside_r]][:, :, columns[inside_c]]
    canvas[np.ix_(range(len(canvas)), np.flatnonzero(inside_r), np.flatnonzero(inside_c))] = block
    return canvas


def warped(item: Product, grid: Grid = GRID) -> np.ndarray:
    """The same for a tile of another UTM zone: the pixel in which each centre lies."""
    x = grid.left + 10 * (np.arange(grid.shape[1]) + 0.5)
    y = grid.top - 10 * (np.arange(grid.shape[0]) + 0.5)
    change = pyproj.Transformer.from_crs(grid.crs, item.grid.crs, always_xy=True)
    east, north = change.transform(*np.meshgrid(x, y))
    columns = np.floor((east - item.grid.left) / 10).astype(int)
    rows = np.floor((item.grid.top - north) / 10).astype(int)
    stack = np.stack([*item.numbers, item.scl]).astype(np.int64)
    return stack[:, rows, columns]


def merged(granules: list[tuple[np.ndarray, int]]) -> np.ndarray:
    """(B, H, W) clear numbers of a day in the order given, NaN elsewhere."""
    shape = granules[0][0][:-1].shape
    day, taken = np.full(shape, np.nan), np.zeros(GRID.shape, dtype=bool)
    for canvas, offset in granules:
        holds = (canvas > 0).all(axis=0) & ~taken
        clear = holds & np.isin(canvas[-1], (4, 5, 6, 7))
        day[:, clear] = np.clip(canvas[:-1] + offset, 0, None)[:, clear]
        taken |= holds
    return day


def expected(days: dict[str, list[tuple[np.ndarray, int]]]):
    """Median [DN] and clear dates by month."""
    by_month = defaultdict(list)
    for day, granules in days.items():
        by_month[day[:7]].append(merged(granules))
    with np.errstate(invalid="ignore"), pytest.warns(RuntimeWarning, match="All-NaN"):
        medians = {m: np.nanmedian(np.stack(v), axis=0) for m, v in by_month.items()}
    counts = {m: (~np.isnan(np.stack(v)[:, 0])).sum(axis=0) for m, v in by_month.items()}
    return medians, counts


def ramp(name, day, seed, **settings):
    """A tile of UTM zone 30 whose numbers change by half a unit a pixel."""
    left, top = 722_500, 5_330_800
    centre = pyproj.Transformer.from_crs(GRID.crs, "EPSG:32630", always_xy=True).transform(
        GRID.left + 115, GRID.top - 90
    )
    left, top = round(centre[0], -1) - 400, round(centre[1], -1) + 400
    grid = Grid("EPSG:32630", left, top, 10, (80, 81))
    bands, (height, width) = settings.get("bands", FINE), grid.shape
    slope = (np.arange(height)[:, None] + np.arange(width)) // 2
    numbers = np.stack([slope + 1500 + 100 * band + seed for band in range(len(bands))]).astype(
        np.uint16
    )
    scl = np.full(grid.shape, 4, dtype=np.uint8)
    return Product(name, f"{day}T10:50:31Z", grid, numbers, scl, "05.10", "30UYU", **settings)


def world(**of):
    """Products, and for each day what must be merged in which order, with which offset.

    `of`: settings of all products.
    """
    p = {
        "old": product("old", "2023-05-03", WEST, 1, baseline="02.14", **of),
        "new": product("new", "2023-05-03", EAST, 2, baseline="04.00", tile="31UEQ", **of),
        "es": product(
            "es",
            "2023-05-13",
            WEST,
            3,
            style="earth-search",
            properties={"earthsearch:boa_offset_applied": True},
            band={"scale": 0.0001, "offset": -0.1}, **of,
        ),
        "cdse": product(
            "cdse", "2023-05-13", EAST, 4, baseline="05.10", tile="31UEQ", style="copernicus",
            band={"scale": 0.0001, "offset": -0.1}, **of,
        ),
        "far": ramp("far", "2023-05-13", 5, **of),
        "first": product("first", "2023-05-23", WEST, 6, baseline="05.09", **of),
        "again": product("again", "2023-05-23", WEST, 7, baseline="05.10", **of),
        "noon": product("noon", "2023-06-02", WEST, 8, baseline="05.09", **of),
        "later": product("later", "2023-06-02", WEST, 9, baseline="05.10", **of),
        "alone": ramp("alone", "2023-07-01", 10, **of),
    }  # fmt: skip
    p["later"].when = "2023-06-02T11:00:41Z"
    order = {
        "2023-05-03": [("new", -1000), ("old", 0)],
        "2023-05-13": [("cdse", -1000), ("es", 0), ("far", -1000)],
        "2023-05-23": [("again", -1000)],
        "2023-06-02": [("later", -1000), ("noon", -1000)],
        "2023-07-01": [("alone", -1000)],
    }
    far = {"far", "alone"}
    days = {
        day: [((warped if n in far else placed)(p[n]), offset) for n, offset in names]
        for day, names in order.items()
    }
    return p, days


@pytest.mark.parametrize("bands", [FINE, ALL], ids=["four", "ten"])
def test_tiles_orbits_zones_and_baselines_agree_with_plain_numpy(api, endpoint, bands):
    products, days = world(bands=bands, coarse=2 if bands == ALL else 1)
    api.items = [
        p.write(api.folder, f"{api.url}/files" if i % 2 else None)
        for i, p in enumerate(products.values())
    ]
    warnings = []
    source = stac(endpoint, bands=bands)
    cube = composite.stream(source.scenes(ZONE, warnings.append), source.season.periods)
    assert cube.bands == bands
    medians, counts = expected(days)
    assert warnings == []
    compared = 0
    for t, period in enumerate(source.season.periods):
        if period.id not in medians:
            assert (cube.clear_dates[t] == 0).all()
            continue
        np.testing.assert_array_equal(cube.clear_dates[t], counts[period.id])
        ours, theirs = cube.reflectance[t] * 10_000, medians[period.id]
        np.testing.assert_array_equal(np.isnan(ours), np.isnan(theirs))
        assert np.nanmax(np.abs(ours - theirs)) <= 1
        compared += int((~np.isnan(theirs)).sum())
    assert compared > 2000
    assert (cube.clear_dates[6] == 1).all()  # the tile of zone 30 alone covers every pixel
    assert api.asked("/search") == 4  # ten items, three to a page


def test_later_days_are_searched_and_read_alone_and_join_the_list(api, endpoint, tmp_path):
    products, _ = world()
    api.items = [p.write(api.folder, f"{api.url}/files") for p in products.values()]
    source, folder = stac(endpoint), DatasetFolder(tmp_path, "d")
    folder.zone_folder("z").mkdir(parents=True)
    may, rest = Season.of("2023-01..2023-05"), Season.of("2023-06..2023-12")
    parts, asked = [], []
    for days in (may, rest):
        api.log.clear()
        kept = PeriodFolder(folder.path)
        cube, about = images.of_part(source, ZONE, days, lambda said: None, folder, kept)
        parts.append(cube)
        asked.append({path for _, path, _ in api.log if path.startswith("/files")})
        assert api.asked("/search")
    whole = composite.stream(source.scenes(ZONE), source.season.periods)
    for name in ("reflectance", "clear_dates"):
        found = np.concatenate([getattr(part, name) for part in parts])
        np.testing.assert_array_equal(found, getattr(whole, name))
    assert asked[0]
    assert asked[1]
    assert not asked[0] & asked[1]  # no file is fetched twice
    listing = layout.SCENES.read(folder.zone_folder("z"))
    assert listing["season"] == ["2023-01-01", "2023-12-31"]
    assert len(listing["scenes"]) == len(products)
    assert about["scenes"]["read"] == len(products) - 1  # one was processed again
    api.log.clear()
    again, _ = images.of_part(source, ZONE, rest, lambda said: None, folder, kept)
    np.testing.assert_array_equal(again.reflectance, parts[1].reflectance)
    assert not api.asked("/search")  # by the list that is kept


@needs(FLANDERS)
def test_real_scenes_give_what_local_files_give(api, endpoint, tmp_path):
    local = LocalSource(FLANDERS)
    for i, path in enumerate(sorted((FLANDERS / "scenes").glob("*.tif"))):
        with rasterio.open(path) as raster:
            values = raster.read()
            affine, shape = raster.transform, raster.shape
        grid = Grid("EPSG:32631", affine.c, affine.f, affine.a, shape)
        day = path.stem[-8:]
        numbers, baseline = values[:4].astype(np.int64), "02.06"
        if i % 3 == 1:  # the same reflectance as a later processing writes it
            numbers, baseline = np.where(numbers > 0, numbers + 1000, 0), "05.00"
        when = f"{day[:4]}-{day[4:6]}-{day[6:]}T10:50:31Z"
        item = Product(path.stem, when, grid, numbers.astype(np.uint16), values[4], baseline)
        api.items.append(item.write(api.folder))
    api.page = 40
    zone = Zone("whole", "north", "train", grid)
    source = stac(endpoint, zone, 2018)
    ours = composite.stream(source.scenes(zone), source.season.periods)
    theirs = composite.stream(local.scenes(zone), local.season.periods)
    np.testing.assert_array_equal(ours.clear_dates, theirs.clear_dates)
    np.testing.assert_array_equal(ours.reflectance, theirs.reflectance)
    reference = np.load(FLANDERS / "reference_monthly_median.npy")
    np.testing.assert_array_equal(np.isnan(ours.reflectance), np.isnan(reference))
    scale = 10_000 if np.nanmax(reference) < 10 else 1
    assert np.nanmax(np.abs(ours.reflectance * 10_000 - reference * scale)) <= 1


def test_dark_pixels_are_zero_and_not_missing(api, endpoint):
    item = product("dark", "2023-05-03", WEST, 1)
    item.numbers[:] = np.random.default_rng(0).integers(1, 1100, item.numbers.shape)
    item.scl[:] = 5
    api.items = [item.write(api.folder)]
    (scene,) = stac(endpoint).scenes(ZONE)
    raw = placed(item)
    held = (raw > 0).all(axis=0)
    assert 0 < held.sum() < held.size
    np.testing.assert_array_equal(np.isnan(scene.reflectance).any(axis=0), ~held)
    assert (scene.reflectance[:, held] >= 0).all()
    assert (scene.reflectance[:, held] == 0).mean() > 0.8
    np.testing.assert_array_equal(composite.clear_mask(scene), held)


@pytest.mark.parametrize("style", ["planetary", "copernicus", "earth-search"])
def test_layers_of_twenty_metres_fall_on_the_right_pixels_unmixed(api, endpoint, style):
    """On a grid that begins half a coarse pixel in; its numbers are those of the file, no others."""
    item = product("coarse", "2023-05-03", WEST, 1, coarse=2, bands=ALL, style=style)
    assert len(np.unique(item.scl[:2, :2])) == 1 < len(np.unique(item.numbers[0, :2, :2]))
    api.items = [item.write(api.folder)]
    odd = Zone("z", "r", "test", Grid(GRID.crs, GRID.left + 10, GRID.top - 30, 10, (9, 7)))
    (scene,) = stac(endpoint, odd, bands=ALL).scenes(odd, pytest.fail)
    raw = placed(item, odd.grid)
    held = (raw > 0).all(axis=0)
    assert 20 < held.sum() < held.size
    np.testing.assert_array_equal(scene.scl, np.where(held, raw[-1], 0))
    expected = np.clip(raw[:-1] - 1000, 0, None) / 10_000
    np.testing.assert_allclose(scene.reflectance[:, held], expected[:, held], atol=1e-6)
    assert np.isnan(scene.reflectance[:, ~held]).all()


def test_jpeg_2000_is_read_as_copernicus_delivers_it(api, endpoint):
    item = product("jpeg", "2023-05-03", WEST, 1, style="copernicus", suffix=".jp2")
    api.items = [item.write(api.folder, f"{api.url}/files")]
    (scene,) = stac(endpoint).scenes(ZONE, pytest.fail)
    raw = placed(item)
    held = (raw > 0).all(axis=0)
    np.testing.assert_array_equal(scene.scl, np.where(held, raw[4], 0))
    expected = np.clip(raw[:4] - 1000, 0, None) / 10_000
    np.testing.assert_allclose(scene.reflectance[:, held], expected[:, held], atol=1e-6)


def test_days_come_one_at_a_time_in_order(api, endpoint):
    days = ("2023-07-05", "2023-02-03", "2023-12-30", "2022-12-30")
    api.items = [product(d, d, WEST, 1).write(api.folder, f"{api.url}/files") for d in days]
    scenes = iter(stac(endpoint).scenes(ZONE))
    assert str(next(scenes).date) == "2023-02-03"
    assert not any("2023-07-05" in path for _, path, _ in api.log)
    assert [str(s.date) for s in scenes] == ["2023-07-05", "2023-12-30"]


def test_a_damaged_granule_is_named_and_the_rest_of_its_day_stays(api, endpoint):
    west = product("west", "2023-05-03", WEST, 1)
    east = product("east", "2023-05-03", EAST, 2, tile="31UEQ")
    bare = product("bare", "2023-05-08", EAST, 3)
    api.items = [p.write(api.folder, f"{api.url}/files") for p in (west, east, bare)]
    del api.items[2]["assets"]["SCL"]
    cut = api.folder / "east_B04.tif"
    cut.write_bytes(cut.read_bytes()[: cut.stat().st_size // 2])
    warnings = []
    (scene,) = stac(endpoint).scenes(ZONE, warnings.append)
    held = (placed(west) > 0).all(axis=0)
    np.testing.assert_array_equal(~np.isnan(scene.reflectance).any(axis=0), held)
    assert len(warnings) == 2
    assert "bare" in warnings[0]
    assert "SCL" in warnings[0]
    assert "east (layer B4)" in warnings[1]


@pytest.mark.parametrize("over", ["path", "http"])
def test_an_unreadable_new_processing_falls_back_to_the_older(api, endpoint, over):
    base = f"{api.url}/files" if over == "http" else None
    old = product("old", "2023-05-03", WEST, 1, baseline="02.14")
    new = product("new", "2023-05-03", WEST, 2, baseline="05.10")
    api.items = [p.write(api.folder, base) for p in (old, new)]
    (api.folder / "new_B03.tif").unlink()
    warnings = []
    (scene,) = stac(endpoint).scenes(ZONE, warnings.append)
    held = (placed(old) > 0).all(axis=0)
    np.testing.assert_array_equal(~np.isnan(scene.reflectance).any(axis=0), held)
    assert len(warnings) == 1
    assert "new (layer B3)" in warnings[0]


def test_no_scene_at_all_is_said(api, endpoint):
    source = stac(endpoint)
    with pytest.raises(InvalidScene):
        composite.stream(source.scenes(ZONE), source.season.periods)


def test_the_source_fits_its_protocol_and_can_be_sent_to_a_worker():
    source: Source = StacSource(
        Endpoint("x", "https://stac.invalid/v1"), FLANDERS, (ZONE,), Season.of(2023)
    )
    copy = pickle.loads(pickle.dumps(source))  # noqa: S301 - its own bytes
    assert copy == source
    assert (copy.name, copy.season.periods[0].id, copy.zones()) == ("stac", "2023-01", (ZONE,))


@needs(FLANDERS)
def test_parcels_come_from_the_register():
    zone = LocalSource(FLANDERS).zones()[0]
    endpoint = Endpoint("x", "https://stac.invalid/v1")
    parcels = StacSource(endpoint, FLANDERS / "parcels.gpkg", (zone,), Season.of(2018)).parcels(
        zone
    )
    assert len(parcels)
    assert set(parcels.columns) == {"ID_PARCEL", "CODE_CULTU", "geometry"}


def test_a_season_before_the_satellites_is_refused():
    with pytest.raises(ConfigError):
        stac(Endpoint("x", "https://stac.invalid/v1"), season=1999)
