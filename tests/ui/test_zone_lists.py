"""Lists of zones that the page shows: they agree with what the build will read."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from cropdash.domain.errors import InvalidRegister
from cropdash.ingest import zones as zone_files
from cropdash.ui.datasets import zone_lists

EDGES = (
    "ID;region;split;xmin;ymin;xmax;ymax;utm_epsg;note\n"
    'a_1;north;Train;500000;5500000;503000;5502000;32631;"with ; inside"\n'
    "b_1;north;test;510000;5500000;513000;5502000;32631;\n"
)
PLACES = (
    "zone_id,region,split,lon,lat,size_px\n"
    "a_1,north,train,3.1,49.2,200\nb_1,south,test,7.5,-12.5,\nc_1,south,train,8.9,-12.5,\n"
)


def _feature(name: str, split: str, geometry: dict, **more: object) -> dict:
    properties = {"zone_id": name, "region": "r", "split": split, **more}
    return {"type": "Feature", "properties": properties, "geometry": geometry}


def _geojson() -> str:
    ring = [[3.0, 49.0], [3.1, 49.0], [3.1, 49.05], [3.0, 49.05], [3.0, 49.0]]
    features = [
        _feature("a_1", "train", {"type": "Polygon", "coordinates": [ring]}),
        _feature("b_1", "test", {"type": "Point", "coordinates": [4.5, 48.0]}, size_px=300),
    ]
    return json.dumps({"type": "FeatureCollection", "features": features})


@pytest.mark.parametrize(
    ("name", "text"), [("z.csv", EDGES), ("z.csv", PLACES), ("z.geojson", _geojson())]
)
def test_a_list_is_shown_where_the_build_will_put_it(name: str, text: str, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    listed, built = zone_lists.read(path), zone_files.read(path)
    assert list(listed.places["zone_id"]) == [z.zone_id for z in built]
    assert list(listed.places["split"]) == [z.split for z in built]
    for outline, zone in zip(listed.places["outline"], built, strict=True):
        expected = zone_files.squares.corners([zone.grid])[0]
        apart = np.abs(np.sort(outline[:4], axis=0) - np.sort(expected, axis=0)).max()
        assert apart < 0.004  # degrees: a file's polygon becomes the rectangle around it


@pytest.mark.parametrize(
    ("name", "text"), [("z.csv", EDGES), ("z.csv", PLACES), ("z.geojson", _geojson())]
)
def test_what_is_written_of_a_choice_reads_as_these_zones(
    name: str, text: str, tmp_path: Path
) -> None:
    listed = zone_lists.parse(text.encode(), name)
    whole, part = tmp_path / f"w{listed.suffix}", tmp_path / f"p{listed.suffix}"
    whole.write_text(text, encoding="utf-8")
    part.write_bytes(listed.written(["b_1"]))
    assert zone_files.read(part) == tuple(z for z in zone_files.read(whole) if z.zone_id == "b_1")


def test_the_proposed_squares_are_a_list_that_the_build_reads(tmp_path: Path) -> None:
    listed = zone_lists.proposed()
    path = tmp_path / "zones.csv"
    path.write_bytes(listed.written(list(listed.places["zone_id"])))
    zones = zone_files.read(path)
    assert len(zones) == 40
    assert {z.split for z in zones} == {"train", "test"}
    assert len({z.region for z in zones}) == 8


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "0 zones"),
        ("zone_id,region,split,lon,lat\na,b,train,500,2\n", "no place in degrees"),
        ("zone_id,region,split,lon,lat\na,b,train,east,2\n", "place can't be read"),
        ("zone_id,region,split,lon,lat\na,b,both,3,2\n", "split"),
        ("zone_id,region,split,lon,lat\n../a,b,train,3,2\n", "not a valid name"),
        ("zone_id,region,lon,lat\na,b,3,2\n", "split is not given"),
        ("zone_id,region,split\na,b,train\n", "place can't be read"),
        ("zone_id,region,split,lon,lat\na,b,train,3,2\na,b,train,4,2\n", "twice"),
        ("id,region,split,xmin,ymin,xmax,ymax,epsg\na,b,train,0,0,9,0,32631\n", "one row"),
        ("id,region,split,xmin,ymin,xmax,ymax,epsg\na,b,train,0,0,90,90,1\n", "place can't be"),
        ("id,region,split,xmin,ymin,xmax,ymax,epsg\na,b,train,nan,0,9,9,32631\n", "place can't"),
        ('{"features": 3}', "no GeoJSON"),
        ('{"features": [7]}', "place can't be read"),
        ('{"features": [{"properties": {"zone_id": "a"}}]}', "region, split is not given"),
        (json.dumps({"features": [_feature("a", "test", {"type": "Point"})]}), "place can't"),
    ],
)
def test_a_bad_list_is_one_sentence(text: str, said: str) -> None:
    with pytest.raises(InvalidRegister, match=said):
        zone_lists.parse(text.encode(), "mine.csv")


def test_bytes_that_are_no_text_are_refused() -> None:
    with pytest.raises(InvalidRegister, match="UTF-8"):
        zone_lists.parse(b"\xff\xfe\x00", "mine.csv")
