"""Zones on the map: where they are drawn, what they look like, and what is downloaded."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyproj import Geod

from cropdash.domain import Grid, Zone
from cropdash.figures import zone_map
from cropdash.ingest import zones as zone_files

STATES = ("built", "building", "failed", "missing")


def _zones() -> list[Zone]:
    """Zones of two UTM zones, with unequal sides."""
    at = [("EPSG:32631", 499_980.0, 5_500_020.0), ("EPSG:32632", 340_000.0, 4_900_000.0),
          ("EPSG:32631", 520_000.0, 5_500_020.0), ("EPSG:32632", 360_000.0, 4_900_000.0)]  # fmt: skip
    return [
        Zone(f"z_{n}", "north" if "31" in crs else "east", "test" if n == 2 else "train",
             Grid(crs, left, top, 10.0, (300 + 20 * n, 500)))
        for n, (crs, left, top) in enumerate(at)
    ]  # fmt: skip


def _table(states: tuple[str, ...] = STATES) -> pd.DataFrame:
    return zone_map.places(_zones()).assign(state=states, note="n", reason=None)


@settings(max_examples=40, deadline=None)
@given(
    number=st.integers(1, 60),
    left=st.integers(200, 700),
    top=st.integers(500, 9000),
    shape=st.tuples(st.integers(16, 1000), st.integers(16, 1000)),
)
def test_outlines_have_the_grid_s_area_and_middle(number, left, top, shape):
    grid = Grid(f"EPSG:{32600 + number}", left * 1000.0, top * 1000.0, 10.0, shape)
    outline = zone_map.corners(grid)
    assert np.array_equal(outline[0], outline[-1])
    area, _ = Geod(ellps="WGS84").polygon_area_perimeter(*outline[:4].T)
    expected = shape[0] * shape[1] * 100
    assert abs(area) == pytest.approx(expected, rel=0.02)  # the scale of UTM, away from its middle
    assert area > 0  # anticlockwise, as GeoJSON asks


def test_every_zone_is_drawn_once_at_its_place():
    figure = zone_map.by_state(_table())
    marks = [t for t in figure.data if t.mode == "markers" and t.name != "Town"]
    drawn = {
        row[0]: (x, y) for t in marks for row, x, y in zip(t.customdata, t.x, t.y, strict=True)
    }
    places = zone_map.places(_zones()).set_index("zone_id")
    assert set(drawn) == set(places.index)
    for name, at in drawn.items():
        assert at == pytest.approx(tuple(places.loc[name, ["lon", "lat"]]))


def test_states_differ_in_shape_as_well_as_colour():
    for dark in (False, True):
        figure = zone_map.by_state(_table(), dark=dark)
        marks = [t.marker for t in figure.data if t.mode == "markers"]
        assert len({m.symbol for m in marks}) == len({m.color for m in marks}) == len(STATES)
        names = next(t for t in figure.data if t.mode == "text")
        assert names.unselected.textfont.color == names.textfont.color  # after a click, too


def test_a_region_moves_the_view():
    figure = zone_map.by_state(_table(), region="east")
    low, high = figure.layout.xaxis.range
    inside = zone_map.places(_zones()).set_index("zone_id")["lon"].between(low, high)
    assert dict(inside) == {"z_0": False, "z_1": True, "z_2": False, "z_3": True}


@pytest.mark.parametrize("side", [2, 24, 256, 1000])
@pytest.mark.parametrize("count", [1, 2])
def test_the_map_fits_its_zones_however_small(side, count):
    """A zone fills a fifth of the map's side at least, and all stand within its edges."""
    grids = [
        Grid("EPSG:32631", 5e5 + 10.0 * side * n, 5.4e6, 10.0, (side, side)) for n in range(count)
    ]
    zones = [Zone(f"z_{n}", "drawn", "train", grid) for n, grid in enumerate(grids)]
    table = zone_map.places(zones).assign(state=zone_map.CHOSEN, note="n")
    layout = zone_map.by_state(table).layout
    (west, east), (south, north) = layout.xaxis.range, layout.yaxis.range
    points = np.concatenate(table["outline"].to_list())
    assert west < points[:, 0].min() < points[:, 0].max() < east
    assert south < points[:, 1].min() < points[:, 1].max() < north
    if side > 16:
        assert np.ptp(table["outline"][0][:, 1]) > (north - south) / 5
    assert np.ptp(points[:, 0]) < (east - west) * 0.9


def test_a_kilometre_is_as_long_to_the_north_as_to_the_east():
    figure = zone_map.by_state(_table(), region="east")
    south, north = figure.layout.yaxis.range
    middle = (south + north) / 2
    geod = Geod(ellps="WGS84")
    _, _, east_m = geod.inv(7, middle, 7.01, middle)
    _, _, north_m = geod.inv(7, middle, 7, middle + 0.01)
    assert figure.layout.yaxis.scaleratio == pytest.approx(north_m / east_m, rel=0.01)


def test_a_column_of_zones_shows_what_lies_beside_it():
    at = [("EPSG:32631", 500_000.0, 5_500_000.0 + 10_000 * n) for n in range(5)]
    zones = [
        Zone(f"z_{n}", "r", "train", Grid(*place, 10.0, (20, 20))) for n, place in enumerate(at)
    ]
    table = zone_map.places(zones).assign(state="built", note="")
    low, high = zone_map.by_state(table, region="r").layout.xaxis.range
    assert low < 3.15 < high


def test_no_zone_is_an_empty_map():
    figure = zone_map.by_state(_table().iloc[:0])
    assert not [t for t in figure.data if t.mode == "markers"]


def test_the_download_is_a_zones_file_that_gives_the_same_zones(tmp_path: Path):
    path = tmp_path / "zones.geojson"
    path.write_text(json.dumps(zone_map.geojson(_table())), encoding="utf-8")
    assert list(zone_files.read(path)) == _zones()
    properties = json.loads(path.read_text())["features"][0]["properties"]
    assert (properties["state"], properties["reason"]) == ("built", None)
