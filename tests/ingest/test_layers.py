"""Further layers: GeoTIFFs of one's own, read onto a zone's grid and put into its periods."""

import datetime as dt

import numpy as np
import pytest
import rasterio
from hypothesis import given
from hypothesis import strategies as st
from pyproj import Transformer
from rasterio.transform import from_origin

from cropdash.domain import Grid, Period, Season
from cropdash.domain.errors import ConfigError
from cropdash.ingest import layers
from tests import worlds
from tests.worlds import geotiff

SHAPE = (23, 41)
YEAR = Season.of(2023)


@pytest.fixture
def zone():
    return worlds.zone("z", at=worlds.grid(SHAPE))


def slope(longitude, latitude):
    """A height [m] that rises evenly, so that bilinear resampling is exact but for the warp."""
    return 200 + 900 * (longitude - 4) - 700 * (latitude - 48)


def terrain(path, west, north, step, shape, hole=False, **more):
    """A GeoTIFF of `slope`, in degrees."""
    rows, columns = np.mgrid[: shape[0], : shape[1]]
    heights = slope(west + (columns + 0.5) * step, north - (rows + 0.5) * step)
    if hole:
        heights[:, : shape[1] // 2] = -9999
    at = from_origin(west, north, step, step)
    values = {"crs": "EPSG:4326", "transform": at, "nodata": -9999} | more
    return geotiff(path, worlds.grid(shape), heights[None], **values)


def around(zone, path, **more):
    """`terrain` that covers the zone."""
    left, bottom, right, top = zone.grid.bounds
    to_degrees = Transformer.from_crs(zone.grid.crs, "EPSG:4326", always_xy=True)
    longitude, latitude = to_degrees.transform((left + right) / 2, (top + bottom) / 2)
    return terrain(path, longitude - 0.05, latitude + 0.04, 0.001, (80, 100), **more)


def read(zone, *entries, season=YEAR):
    """Name to values of what files, or pairs of name and file, hold."""
    pairs = [e if isinstance(e, tuple) else (None, e) for e in entries]
    return {y.name: y.values for y in layers.read(layers.plan(pairs), zone, season)}


def plane(value, shape=SHAPE):
    return np.full((1, *shape), float(value))


# onto the grid -------------------------------------------------------------------


def test_values_are_warped_onto_the_zones_grid(zone, tmp_path):
    found = read(zone, ("elevation", around(zone, tmp_path / "dem.tif")))["elevation"]
    left, _, _, top = zone.grid.bounds
    x = left + (np.arange(SHAPE[1]) + 0.5) * zone.grid.pixel_size
    y = top - (np.arange(SHAPE[0]) + 0.5) * zone.grid.pixel_size
    to_degrees = Transformer.from_crs(zone.grid.crs, "EPSG:4326", always_xy=True)
    expected = slope(*to_degrees.transform(*np.meshgrid(x, y)))
    assert found.shape == (1, *SHAPE)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found[0], expected, atol=0.1)


def test_what_a_file_does_not_know_is_nan(zone, tmp_path):
    found = read(zone, around(zone, tmp_path / "half.tif", hole=True))["half"]
    whole = read(zone, around(zone, tmp_path / "whole.tif"))["whole"]
    known = ~np.isnan(found)
    assert 0.2 < known.mean() < 0.8
    # -9999 is mixed with nothing; beside the edge a value of the file's own 70 m stands for all.
    np.testing.assert_allclose(found[known], whole[known], atol=0.6)


def test_beyond_a_file_s_edge_nothing_is_known_even_where_0_is_a_value(zone, tmp_path):
    """A file of whole numbers without a value for missing data covers the zone's left half."""
    at = Grid(zone.grid.crs, zone.grid.left, zone.grid.top, 10.0, (SHAPE[0], 20))
    path = geotiff(tmp_path / "left.tif", at, plane(3, at.shape), dtype="uint8")
    found = read(zone, path)["left"][0]
    assert (found[:, :19] == 3).all()
    assert np.isnan(found[:, 21:]).all()


def test_infinite_values_are_unknown_and_scaled_numbers_are_what_they_stand_for(zone, tmp_path):
    values = plane(200)
    values[0, :, 7] = np.inf
    path = geotiff(tmp_path / "vv.tif", zone.grid, values)
    with rasterio.open(path, "r+") as file:
        file.scales, file.offsets = (0.01,), (-30,)
    found = read(zone, path)["vv"][0]
    assert np.isnan(found[:, 7]).all()
    np.testing.assert_allclose(np.delete(found, [6, 7, 8], axis=1), -28, rtol=1e-5)


# when ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("stem", "month"),
    [("VV_2023-05", 4), ("20230511_VV", 4), ("VV-2023-12-31", 11), ("VV 2023-05-11_2023-05-20", 4)],
)
def test_the_date_in_a_name_says_the_period(zone, tmp_path, stem, month):
    found = read(zone, geotiff(tmp_path / f"{stem}.tif", zone.grid, plane(5)))
    assert list(found) == ["VV"]
    assert found["VV"].shape == (12, *SHAPE)
    known = ~np.isnan(found["VV"]).all(axis=(1, 2))
    assert np.flatnonzero(known).tolist() == [month]


def test_several_dates_in_a_period_are_their_mean_over_known_pixels(zone, tmp_path):
    first, second = plane(1), plane(4)
    first[0, 10:] = np.nan
    second[0, :, :20] = np.nan
    geotiff(tmp_path / "s1" / "20230503 VV.tif", zone.grid, first)
    geotiff(tmp_path / "s1" / "20230530 VV.tif", zone.grid, second)
    geotiff(tmp_path / "s1" / "20230601 VV.tif", zone.grid, plane(9))
    geotiff(tmp_path / "s1" / "20240601 VV.tif", zone.grid, plane(99))  # another season
    found = read(zone, tmp_path / "s1")["VV"]
    may = found[4]
    assert (may[:9, 21:] == 2.5).all()
    assert (may[:9, :19] == 1).all()
    assert (may[11:, 21:] == 4).all()
    assert np.isnan(may[11:, :19]).all()
    assert (found[5] == 9).all()
    assert np.isnan(np.delete(found, [4, 5], axis=0)).all()


def test_a_month_counts_for_its_three_dekads_and_a_dekad_for_its_month(zone, tmp_path):
    path = geotiff(tmp_path / "VV_2023-05.tif", zone.grid, plane(1))
    season = Season.of("2022-10..2023-09", "dekad")
    found = read(zone, path, season=season)["VV"]
    known = [p.id for p, v in zip(season.periods, found, strict=True) if not np.isnan(v).all()]
    assert known == ["2023-05-01_2023-05-10", "2023-05-11_2023-05-20", "2023-05-21_2023-05-31"]


@given(
    start=st.dates(dt.date(2023, 1, 1), dt.date(2023, 11, 20)), days=st.integers(0, 40),
    every=st.sampled_from(["month", "dekad", "16d"]),
)  # fmt: skip
def test_days_within_a_season_always_find_a_period_that_holds_some_of_them(start, days, every):
    shown, season = Period(start, start + dt.timedelta(days)), Season.of(2023, every)
    held = layers._places(layers.Plane(None, 1, "x", shown), season)
    assert held
    for place in held:
        period = season.periods[place]
        assert period.start <= shown.end
        assert shown.start <= period.end
    if days == 0:
        assert len(held) == 1


# names ---------------------------------------------------------------------------


def test_an_embedding_is_named_by_its_bands_or_by_its_file(zone, tmp_path):
    many = np.arange(64.0)[:, None, None] * np.ones((64, *SHAPE))
    found = read(zone, geotiff(tmp_path / "my embedding.tif", zone.grid, many))
    assert list(found) == [f"my_embedding_{n}" for n in range(1, 65)]
    assert [float(values.mean()) for values in found.values()] == list(range(64))
    found = read(zone, ("e", tmp_path / "my embedding.tif"))
    assert list(found)[:2] == ["e_1", "e_2"]
    geotiff(tmp_path / "named.tif", zone.grid, many[:3], ["VV mean", "", "2023-05 VH"])
    found = read(zone, tmp_path / "named.tif")
    assert {name: len(values) for name, values in found.items()} == {
        "VV_mean": 1, "named_2": 1, "VH": 12,
    }  # fmt: skip


def test_a_file_that_is_named_by_its_date_alone_is_named_by_its_folder(zone, tmp_path):
    geotiff(tmp_path / "soil moisture" / "2023-05.tif", zone.grid, plane(1))
    assert list(read(zone, tmp_path / "soil moisture")) == ["soil_moisture"]


def test_tiles_of_one_layer_stand_side_by_side(zone, tmp_path):
    left, right = plane(1), plane(2)
    left[0, :, 20:], right[0, :, :20] = np.nan, np.nan
    geotiff(tmp_path / "dem" / "a.tif", zone.grid, left)
    geotiff(tmp_path / "dem" / "b.tif", zone.grid, right)
    away = Grid(zone.grid.crs, zone.grid.left + 9e4, zone.grid.top, 10.0, SHAPE)
    geotiff(tmp_path / "dem" / "c.tif", away, plane(3))
    found = read(zone, ("elevation", tmp_path / "dem"))["elevation"][0]
    assert (found[:, :19] == 1).all()
    assert (found[:, 21:] == 2).all()


# what can't be -------------------------------------------------------------------


def bare(path, zone):
    return geotiff(path, zone.grid, plane(1), crs=None)


def complex_numbers(path, zone):
    return geotiff(path, zone.grid, plane(1), dtype="complex64")


def band(path, zone):
    return geotiff(path, zone.grid, plane(1), ["b8a"])


def index(path, zone):
    return geotiff(path, zone.grid, plane(1), ["NDVI 2023-05"])


def many(path, zone):
    return geotiff(path, Grid(zone.grid.crs, 0, 0, 10, (1, 1)), np.ones((129, 1, 1)))


def both_ways(path, zone):
    geotiff(path.parent / "x" / "vv.tif", zone.grid, plane(1))
    geotiff(path.parent / "x" / "vv 2023-05.tif", zone.grid, plane(1))
    return path.parent / "x"


def text(path, zone):
    path.write_text("no raster")
    return path


def cut(path, zone):
    geotiff(path, zone.grid, plane(1))
    path.write_bytes(path.read_bytes()[:-1000])
    return path


def empty(path, zone):
    (path.parent / "x").mkdir()
    return path.parent / "x"


def missing(path, zone):
    return path


def away(path, zone):
    at = Grid(zone.grid.crs, zone.grid.left + 9e4, zone.grid.top, 10.0, SHAPE)
    return geotiff(path, at, plane(1))


def another_year(path, zone):
    return geotiff(path.with_name("20200101.tif"), zone.grid, plane(1))


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (bare, "names no reference system"),
        (complex_numbers, "complex numbers"),
        (band, r"layer\.tif: 'b8a' names a band"),
        (index, r"layer\.tif: 'NDVI' names a band or an index"),
        (many, "hold 129 layers: give 128"),
        (both_ways, r"Layer vv comes with a date \(vv 2023-05\.tif\) and without \(vv\.tif\)"),
        (text, "can't be read as a GeoTIFF"),
        (cut, "can't be read as a GeoTIFF"),
        (empty, "holds no GeoTIFF"),
        (missing, "There is no file"),
        (away, r"Layer layer \(layer\.tif\) knows nothing of zone z in 2023"),
        (another_year, r"20200101\.tif\) knows nothing of zone z in 2023"),
    ],
)
def test_what_can_t_be_is_one_sentence(zone, tmp_path, make, words):
    path = make(tmp_path / "layer.tif", zone)
    with pytest.raises(ConfigError, match=words) as caught:
        read(zone, path)
    assert "\n" not in str(caught.value)
