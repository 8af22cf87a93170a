"""An area wall to wall: every place of it in a square, no two squares of a UTM zone on one place."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from pyproj import Transformer

from cropdash.cli import app, terminal
from cropdash.domain import longitude
from cropdash.domain.errors import ConfigError
from cropdash.ingest import zones
from cropdash.ingest.zones import area as area_of

AREAS = st.builds(
    lambda lon, lat, wide, high, turn: shapely.affinity.rotate(
        shapely.box(lon, lat, lon + wide, lat + high), turn
    ),
    st.floats(-178, 176), st.floats(-70, 75), st.floats(0.02, 0.5), st.floats(0.02, 0.3),
    st.floats(0, 90),
)  # fmt: skip


@settings(max_examples=25, deadline=None)
@given(AREAS, st.sampled_from((100, 256, 1000)), st.integers(0, 2**31))
def test_squares_cover_an_area_side_by_side(area, size, seed):
    found = zones.tile(area, size, "here")
    side = size * 10
    assert len({zone.zone_id for zone in found}) == len(found)
    corners = {(z.grid.crs, z.grid.left / side, z.grid.top / side) for z in found}
    assert len(corners) == len(found)  # of one lattice, so none overlaps another of its UTM zone
    assert all(float(n).is_integer() for _, *ends in corners for n in ends)
    assert {(z.split, z.grid.shape, z.grid.pixel_size) for z in found} == {
        ("map", (size, size), 10)
    }

    rng = np.random.default_rng(seed)
    west, south, east, north = area.bounds
    points = rng.uniform((west, south), (east, north), (200, 2))
    inside = points[shapely.contains_xy(area, *points.T)]
    zone_of = np.array([f"EPSG:{longitude.utm_epsg(lon, lat)}" for lon, lat in inside], object)
    for crs in set(zone_of):
        to = Transformer.from_crs("OGC:CRS84", crs, always_xy=True)
        for x, y in zip(*to.transform(*inside[zone_of == crs].T), strict=True):
            assert (crs, x // side, y // side + 1) in corners


def test_each_square_holds_some_of_the_area_and_of_its_utm_zone():
    area = shapely.box(5.7, 47.0, 6.4, 47.3)  # on both sides of 6 degrees east
    found = zones.tile(area, 500, "jura")
    for zone in found:
        number = int(zone.grid.crs[-2:])
        strip = shapely.box(6 * number - 186, 0, 6 * number - 180, 84)
        back = Transformer.from_crs(zone.grid.crs, "OGC:CRS84", always_xy=True).transform
        ring = shapely.segmentize(shapely.box(*zone.grid.bounds), 200)
        square = shapely.transform(ring, back, interleaved=False)
        assert square.intersection(area).intersection(strip).area > 0
    assert {zone.grid.crs for zone in found} == {"EPSG:32631", "EPSG:32632"}


def test_squares_are_the_same_in_a_larger_area():
    small = zones.tile(shapely.box(1.2, 48.2, 1.4, 48.3), 256, "a")
    large = zones.tile(shapely.box(0.9, 48.0, 1.9, 48.6), 256, "a")
    assert set(small) < set(large)


@pytest.mark.parametrize(
    ("area", "size", "told"),
    [
        ((1, 48, 2, 49), 15, "Squares of 15 pixels"),
        ((-170, -60, 170, 60), 1000, "choose larger ones with --size"),
    ],
)
def test_what_can_not_be_tiled_is_said(area, size, told):
    with pytest.raises(ConfigError, match=told):
        zones.tile(shapely.box(*area), size, "a")


def run(monkeypatch, *words):
    """The command line in this process; its exit code."""
    monkeypatch.setattr("sys.argv", ["cropdash", *words])
    with pytest.raises(SystemExit) as end:
        app.main()
    return int(end.value.code or 0)


def test_after_an_answer_as_json_words_are_for_people_again(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("CROPDASH_MODELS", str(tmp_path))
    seen = []
    monkeypatch.setattr(terminal, "_finite", lambda _: seen.append(terminal.console.stderr))
    run(monkeypatch, "runs", "--json")
    assert seen == [True]
    assert not terminal.console.stderr


def test_a_box_may_lie_on_both_sides_of_the_antimeridian():
    both = shapely.union(shapely.box(179.9, -17, 180, -16.9), shapely.box(-180, -17, -179.9, -16.9))
    assert area_of.box_of("179.9,-17,-179.9,-16.9").equals(both)
    with pytest.raises(ConfigError, match="is no area"):
        area_of.box_of("3.1,48,3.0,48.1")  # its ends were exchanged


def test_a_box_becomes_a_list_that_is_read_again(tmp_path, monkeypatch, capsys):
    out = tmp_path / "zones.csv"
    words = ["zones", "tile", "5.9,47.0,6.1,47.1", "--region", "jura", "--out", str(out)]
    assert run(monkeypatch, *words) == 0
    told: list[str] = []
    found = zones.read(out, warn=told.append)
    assert found == zones.tile(shapely.box(5.9, 47.0, 6.1, 47.1), 1000, "jura")
    assert not told  # squares of two UTM zones share ground at their border
    assert f"{len(found)} zones in EPSG:32631, EPSG:32632" in capsys.readouterr().out
    assert run(monkeypatch, "zones", "tile", "5.9,47.0,6.1") == 2
