"""Outlines of areas: what is read, and the one sentence for each kind that is not."""

import json
import os

import geopandas as gpd
import pytest
import shapely
from shapely.geometry import mapping

from cropdash.domain.errors import ConfigError
from cropdash.files import outlines
from cropdash.ingest.zones import area

SQUARE = shapely.box(1.4, 48.4, 1.5, 48.5)
KML = '<?xml version="1.0"?><kml xmlns="http://www.opengis.net/kml/2.2"><Placemark/></kml>'


def written(path, *geometries, **more):
    rows = [
        {"type": "Feature", "properties": None, "geometry": g and mapping(g)} for g in geometries
    ]
    path.write_text(json.dumps({"type": "FeatureCollection", "features": rows} | more))
    return path


def test_features_without_a_place_and_nested_collections_are_taken(tmp_path):
    point = shapely.Point(1.45, 48.45)
    nested = shapely.GeometryCollection([point, shapely.GeometryCollection([SQUARE])])
    high = shapely.force_3d(shapely.box(1.6, 48.4, 1.7, 48.5), 120.0)
    path = written(tmp_path / "a.geojson", None, point, nested, high)
    found = area.outline_of(path)
    assert found.area == pytest.approx(0.02)
    assert not found.has_z
    assert outlines.union(path).equals(found)


@pytest.mark.parametrize(
    "name", ["big.geojson", "big.json", "big.kml", "big.gml", "big.gpkg", "big"]
)
def test_what_is_too_large_is_told_as_that_whatever_its_kind(tmp_path, name):
    path = tmp_path / name
    path.touch()
    os.truncate(path, outlines.MOST_OF_PACKAGE + 1)
    for read in (
        area.read,
        area.outline_of,
        lambda p: area.units_of(p, "name"),
        outlines.union,
    ):
        with pytest.raises(ConfigError, match=r"has 1,025 MB, and outlines of at most .* simplify"):
            read(path)


def test_the_limit_itself_is_read(tmp_path):
    path = written(tmp_path / "a.geojson", SQUARE)
    os.truncate(path, path.stat().st_size)
    text = path.read_bytes()
    path.write_bytes(text + b" " * (outlines.MOST - len(text)))
    assert area.outline_of(path).equals(SQUARE)
    path.write_bytes(text + b" " * (outlines.MOST - len(text) + 1))
    with pytest.raises(ConfigError, match="has 65 MB, and outlines of at most 64 MB are read"):
        area.outline_of(path)


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.kml", KML.encode(), "neither GeoJSON in UTF-8 nor a GeoPackage"),
        ("a.shp", bytes([0, 0, 0x27, 0x0A] * 30) + b"\xff", "neither GeoJSON"),
        ("a.geojson", json.dumps(mapping(SQUARE)).encode("utf-16"), "neither GeoJSON in UTF-8"),
        ("a.json", b"[[1.4, 48.4], [1.5, 48.4], [1.5, 48.5]]", "neither GeoJSON"),
        ("a.txt", b"1.4,48.4\n1.5,48.4\n", "neither GeoJSON"),
        ("a.geojson", b"", "neither GeoJSON"),
        ("a.geojson", b'{"type": "Topology", "objects": {}}', "can't be read as GeoJSON"),
        ("a.geojson", b'{"type": "Polygon", "coordinates": [[1', "can't be read as GeoJSON"),
        ("a.geojson", b'{"a":' * 100_000, "can't be read as GeoJSON"),
        ("a.geojson", b'{"type": "Polygon", "coordinates": [[[NaN,1],[2,2],[3,1],[NaN,1]]]}', "as GeoJSON"),
        ("a.gpkg", b'{"type": "Polygon"}', "is no GeoPackage"),
    ],
)  # fmt: skip
def test_each_other_kind_is_one_sentence(tmp_path, name, content, said):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(Exception, match=said) as told:
        area.read(tmp_path / name)
    assert "\n" not in str(told.value)


@pytest.mark.parametrize("kind", ["folder", "pipe", "missing", "none"])
def test_what_is_no_file_is_told_and_not_waited_for(tmp_path, kind):
    path = tmp_path / ("a\0.geojson" if kind == "none" else "a.geojson")
    if kind == "folder":
        path.mkdir()
    if kind == "pipe":
        os.mkfifo(path)
    with pytest.raises(ConfigError, match=r"^The area "):
        area.read(path)


def test_both_sides_of_the_antimeridian_are_not_one_place(tmp_path):
    fiji = shapely.union(shapely.box(179.9, -17, 180, -16.9), shapely.box(-180, -17, -179.9, -16.9))
    with pytest.raises(ConfigError, match="reaches over the antimeridian"):
        area.read(written(tmp_path / "a.geojson", fiji))


def test_metres_are_no_degrees_in_either_kind(tmp_path):
    plane = shapely.box(600_000, 6_800_000, 601_000, 6_801_000)
    with pytest.raises(ConfigError, match="not in degrees"):
        area.outline_of(written(tmp_path / "a.geojson", plane))
    gpd.GeoDataFrame(geometry=[plane], crs=2154).to_file(tmp_path / "a.gpkg")
    west, south, _, _ = area.outline_of(tmp_path / "a.gpkg").bounds
    assert (west, south) == pytest.approx((1.6, 48.3), abs=0.2)
