"""Zones from files, to files, and proposed around a town."""

from __future__ import annotations

import json
import math
from functools import cache

import geopandas as gpd
import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from pyproj import CRS, Geod, Transformer
from shapely import box

from cropdash.domain import Grid, Zone
from cropdash.domain.errors import ConfigError, InvalidRegister, NotEnoughData
from cropdash.ingest import registers, zones
from cropdash.ingest.zones import squares
from cropdash.settings.folders import PROJECT

GEOD = Geod(ellps="WGS84")
OWN = PROJECT / "cropdash" / "resources" / "zones.csv"
HEAD = "zone_id,region,split,lon,lat,size_px\n"
TOWNS = st.tuples(st.floats(-180, 180), st.floats(-70, 75))


def save(tmp_path, text, name="zones.csv"):
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return path


@cache
def degrees(crs: str) -> Transformer:
    return Transformer.from_crs(crs, 4326, always_xy=True)


def outline(grid: Grid) -> tuple[np.ndarray, np.ndarray]:
    """Longitudes and latitudes along the edges."""
    ring = shapely.get_coordinates(shapely.segmentize(box(*grid.bounds), 200))
    return degrees(grid.crs).transform(*ring.T)


def shared_m2(a: Grid, b: Grid) -> float:
    """Area that two grids share on a plane that touches the ellipsoid: an own reference."""
    lon, lat = outline(a)
    other = outline(b)
    metres = GEOD.inv(lon[0], lat[0], other[0][0], other[1][0])[2]
    if metres > 1.1 * 10 * (math.hypot(*a.shape) + math.hypot(*b.shape)):
        return 0.0
    flat = Transformer.from_crs(
        4326, CRS(f"+proj=laea +lon_0={lon[0]} +lat_0={lat[0]} +datum=WGS84"), always_xy=True
    )
    mine, theirs = (
        shapely.Polygon(np.stack(flat.transform(*ring), axis=1)) for ring in ((lon, lat), other)
    )
    return float(shapely.area(shapely.intersection(mine, theirs)))


def corner_km(town, grid):
    left, bottom, right, top = grid.bounds
    lon, lat = degrees(grid.crs).transform([left, left, right, right], [bottom, top, top, bottom])
    return np.array(GEOD.inv([town[0]] * 4, [town[1]] * 4, lon, lat)[2]) / 1000


# Files


def test_the_products_own_squares_are_read_exactly():
    found = zones.read(OWN, warn=pytest.fail)
    assert len(found) == 40
    assert found[0] == Zone(
        "nord_picardie_1",
        "nord_picardie",
        "test",
        Grid("EPSG:32631", 514360.0, 5540880.0, 10.0, (1000, 1000)),
    )


@settings(max_examples=30, deadline=None)
@given(TOWNS, st.integers(8, 300))
def test_a_middle_becomes_an_aligned_square_of_its_own_utm_zone(tmp_path_factory, town, half):
    folder = tmp_path_factory.mktemp("zones")
    lon, lat = (round(value, 6) for value in town)
    path = save(folder, f"{HEAD}a,r,train,{lon},{lat},{2 * half}\n")
    ((zone),) = zones.read(path)
    grid = zone.grid
    epsg = int(grid.crs.removeprefix("EPSG:"))
    assert epsg // 100 == (326 if lat >= 0 else 327)
    assert abs((lon - (epsg % 100 * 6 - 183) + 180) % 360 - 180) <= 3
    assert all(edge % 20 == 0 for edge in grid.bounds)
    assert grid.shape == (2 * half, 2 * half)
    x, y = Transformer.from_crs(4326, grid.crs, always_xy=True).transform(lon, lat)
    left, bottom, right, top = grid.bounds
    assert math.hypot((left + right) / 2 - x, (bottom + top) / 2 - y) <= 14.2
    zones.write(folder / "again.csv", [zone])
    assert zones.read(folder / "again.csv") == (zone,)


def test_rectangles_have_rows_and_columns_and_move_to_the_20_m_grid(tmp_path):
    text = "zone_id;region;split;xmin;ymin;xmax;ymax;epsg\na;r;Test;500009;5000011;500400;5001000;32631\n"
    (zone,) = zones.read(save(tmp_path, text))
    assert zone.grid == Grid("EPSG:32631", 500000.0, 5001000.0, 10.0, (98, 40))
    assert zone.split == "test"


def feature(geometry, **properties):
    return {"type": "Feature", "properties": properties, "geometry": geometry}


def collection(tmp_path, *features, **more):
    document = {"type": "FeatureCollection", "features": features, **more}
    return save(tmp_path, json.dumps(document), "zones.geojson")


def test_geojson_gives_back_squares_drawn_as_polygons(tmp_path):
    own = zones.read(OWN)
    shapes = [
        gpd.GeoSeries([box(*zone.grid.bounds)], crs=zone.grid.crs).to_crs(4326)[0] for zone in own
    ]
    frame = gpd.GeoDataFrame(
        {"zone_id": [z.zone_id for z in own], "region": "r", "split": [z.split for z in own]},
        geometry=shapes,
        crs=4326,
    )
    frame.to_file(tmp_path / "z.geojson", driver="GeoJSON")
    assert [zone.grid for zone in zones.read(tmp_path / "z.geojson")] == [z.grid for z in own]


def test_geojson_points_are_middles_and_epsg_is_kept(tmp_path):
    about = {"region": "r", "split": "train"}
    point = feature({"type": "Point", "coordinates": [2, 48]}, zone_id="a", size_px=100, **about)
    ring = [[[5.99, 48], [6.02, 48], [6.02, 48.02], [5.99, 48.02], [5.99, 48]]]
    drawn = feature({"type": "Polygon", "coordinates": ring}, zone_id="b", epsg=32631, **about)
    a, b = zones.read(collection(tmp_path, point, drawn))
    assert a.grid == zones.square_around(2, 48, 100)
    assert b.grid.crs == "EPSG:32631"


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ("a,r,train,2,48,100\nb,r,train,2.x,48,100\n", r"row 3: lon is '2\.x'"),
        ("a,r,train,2,nan,100\n", "row 2: lat is 'nan'"),
        ("a,r,train,200,48,100\n", r"row 2: lon 200\.0"),
        ("a,r,train,48,89,100\n", r"row 2: .*lat 89\.0"),
        ("a,r,validation,2,48,100\n", "row 2: .*split is 'validation'"),
        ("A b,r,train,2,48,100\n", "row 2: .*'A b' is not a valid name"),
        (",r,train,2,48,100\n", "row 2: zone_id is empty"),
        ("a,r\n", "row 2: split is empty"),
        ("a,r,train,2,48,101\n", "row 2: size_px is 101"),
        ("a,r,train,2,48,1.5\n", "row 2: size_px is '1.5'"),
        ("a,r,train,2,48,10\n", "row 2: size_px is 10"),
        ("a,r,train,2,48,100,7\n", "row 2 has 7 cells"),
        ("a,r,train,2,48,100\na,r,train,4,48,100\n", "row 3: zone a stands in zones.csv, row 2"),
        ("", "holds no zone"),
    ],
)
def test_faults_of_rows_are_named_with_their_number(tmp_path, rows, words):
    with pytest.raises(InvalidRegister, match=rf"zones\.csv.*{words}"):
        zones.read(save(tmp_path, HEAD + rows))


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ("500000,5000000,501000,5001000,2154", "EPSG:2154 is no UTM zone"),
        ("500000,5000000,499000,5001000,32631", "no rectangle"),
        ("2.1,48.1,2.2,48.2,32631", "no rectangle"),
        ("500000,5000000,500100,5001000,32631", "10 x 100 pixels"),
        ("100000,5000000,500100,5001000,32631", "40010 x 100 pixels"),
    ],
)
def test_faults_of_rectangles(tmp_path, row, words):
    text = f"zone_id,region,split,xmin,ymin,xmax,ymax,epsg\na,r,train,{row}\n"
    with pytest.raises(InvalidRegister, match=f"row 2: .*{words}"):
        zones.read(save(tmp_path, text))


def test_faults_of_files(tmp_path):
    with pytest.raises(InvalidRegister, match=r"none\.csv can't be read"):
        zones.read(tmp_path / "none.csv")
    with pytest.raises(InvalidRegister, match="no column split, lon, lat"):
        zones.read(save(tmp_path, "zone_id,region,lon\na,r,2\n"))
    with pytest.raises(InvalidRegister, match="not a GeoJSON FeatureCollection"):
        zones.read(save(tmp_path, '{"type": "Feat', "z.geojson"))
    about = {"zone_id": "a", "region": "r", "split": "train"}
    line = feature({"type": "LineString", "coordinates": [[2, 48], [3, 48]]}, **about)
    with pytest.raises(InvalidRegister, match=r"feature 1: .*LineString"):
        zones.read(collection(tmp_path, line))
    with pytest.raises(InvalidRegister, match=r"feature 1: .*geometry"):
        zones.read(collection(tmp_path, feature(None, **about)))
    metres = feature({"type": "Point", "coordinates": [500000, 5000000]}, **about)
    with pytest.raises(InvalidRegister, match=r"feature 1: .*no place in degrees"):
        zones.read(collection(tmp_path, metres))
    crs = {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::2154"}}
    with pytest.raises(InvalidRegister, match="EPSG::2154"):
        zones.read(collection(tmp_path, metres, crs=crs))


def test_zones_that_overlap_across_the_split_are_refused_and_else_told(tmp_path):
    rows = "a,r,train,5.98,48,1000\nb,r,{},6.02,48.02,1000\n"  # in two UTM zones
    with pytest.raises(InvalidRegister, match="a and b overlap, one for training"):
        zones.read(save(tmp_path, HEAD + rows.format("test")))
    told = []
    assert len(zones.read(save(tmp_path, HEAD + rows.format("train")), told.append)) == 2
    assert len(told) == 1
    assert "a and b overlap" in told[0]


@settings(max_examples=25, deadline=None)
@given(
    st.sampled_from([6.0, -6.0, 180.0, -180.0, 3.0]),
    st.floats(-60, 60),
    st.lists(st.tuples(st.floats(-0.2, 0.2), st.floats(-0.2, 0.2)), min_size=2, max_size=6),
)
def test_overlaps_agree_with_areas_on_an_equal_area_map(meridian, lat, offsets):
    grids = [
        zones.square_around((meridian + dx + 180) % 360 - 180, lat + dy, 200 + 200 * i)
        for i, (dx, dy) in enumerate(offsets)
    ]
    found = set(zones.overlapping(grids))
    for i in range(len(grids)):
        for j in range(i + 1, len(grids)):
            area = shared_m2(grids[i], grids[j])
            if abs(area - 1) > 5:  # not at the limit itself
                assert ((i, j) in found) == (area > 1)


def test_squares_that_share_an_edge_do_not_overlap():
    a = Grid("EPSG:32631", 500_000.0, 5_000_000.0, 10.0, (50, 70))
    b = Grid("EPSG:32631", 500_700.0, 5_000_000.0, 10.0, (50, 70))
    assert zones.overlapping([a, b]) == []
    assert zones.overlapping([a, Grid("EPSG:32631", 500_680.0, 5_000_000.0, 10.0, (50, 70))])


SIDES = st.tuples(st.integers(16, 60), st.integers(200, 500)).flatmap(st.permutations)


@settings(max_examples=60)
@given(
    st.lists(
        st.tuples(st.integers(-300, 300), st.integers(-300, 300), SIDES), min_size=2, max_size=5
    )
)
def test_long_and_narrow_rectangles_overlap_where_they_cross(places):
    """Middles far apart, ends that meet: sides of unequal length, in one UTM zone."""
    grids = [
        Grid("EPSG:32631", 500_000.0 + 20 * x, 5_000_000.0 + 20 * y, 10.0, tuple(shape))
        for x, y, shape in places
    ]
    pairs = [(i, j) for i in range(len(grids)) for j in range(i + 1, len(grids))]
    crossing = [
        (i, j) for i, j in pairs if box(*grids[i].bounds).intersection(box(*grids[j].bounds)).area
    ]
    assert zones.overlapping(grids) == crossing
    places_ = squares.on_sphere(squares.centres(grids))
    for i, grid in enumerate(grids):
        close = set(squares.near(grid, grids, places_).tolist())
        assert {j for pair in crossing if i in pair for j in pair} <= close
    far = Grid("EPSG:32631", 560_000.0, 5_000_000.0, 10.0, (40, 30))
    assert squares.near(far, grids, places_).size == 0


@pytest.mark.parametrize(("east", "north"), [(0, 500), (0, -500), (700, 0), (-700, 0)])
def test_a_strip_of_one_pixel_is_an_overlap_on_each_side_and_an_edge_on_none(east, north):
    a = Grid("EPSG:32631", 500_000.0, 5_000_000.0, 10.0, (50, 70))
    beside = Grid("EPSG:32631", a.left + east, a.top + north, 10.0, (50, 70))
    x, y = (np.sign(n) * 10 for n in (east, north))
    over = Grid("EPSG:32631", a.left + east - x, a.top + north - y, 10.0, (50, 70))
    assert not squares.overlap(a, beside)
    assert squares.overlap(a, over)
    assert squares.overlap(over, a)


def test_only_zones_of_the_grid_are_written(tmp_path):
    off = Zone("a", "r", "train", Grid("EPSG:32631", 500_005.0, 5_000_000.0, 10.0, (50, 70)))
    with pytest.raises(InvalidRegister, match="Zone a does not lie"):
        zones.write(tmp_path / "z.csv", [off])
    assert not list(tmp_path.iterdir())


# Proposals


def world(seed):
    """A share that is a smooth random function of the place, zero in a quarter of the world."""
    rng = np.random.default_rng(seed)
    waves = rng.uniform(20, 90, (6, 2))
    phase = rng.uniform(0, 2 * np.pi, 6)

    def share(grids):
        lonlat = squares.centres(grids)
        return np.clip(np.sin(lonlat @ waves.T + phase).mean(axis=1) + 0.3, 0, 1)

    return share


@settings(max_examples=6, deadline=None)
@given(
    st.tuples(
        st.one_of(st.floats(-180, 180), st.sampled_from([6.0, -6.0, 179.99])), st.floats(-65, 65)
    ),
    st.integers(1, 8),
    st.integers(0, 1000),
)
def test_proposals_keep_every_promise(town, n, seed):
    """Against a brute force that knows only the candidates, the share and areas on a map."""
    size, radius, share = 200, 5.0, world(seed)
    grids = zones.candidates(town, size, radius)
    shares = share(grids)
    expected: list[int] = []
    for i in sorted(range(len(grids)), key=lambda i: (-shares[i], i)):
        if len(expected) == n or shares[i] <= 0:
            break
        if all(shared_m2(grids[j], grids[i]) <= 1 for j in expected):
            expected.append(i)
    try:
        found = zones.propose(
            town, n=n, size_px=size, radius_km=radius, share=share, region="beauce"
        )
    except NotEnoughData:
        assert len(expected) < n
        return
    assert [zone.grid for zone in found] == [grids[i] for i in expected]
    for k, zone in enumerate(found):
        assert corner_km(town, zone.grid).max() <= radius + 1e-6
        assert all(edge % 20 == 0 for edge in zone.grid.bounds)
        assert zone.zone_id == f"beauce_{k + 1}"
        assert all(shared_m2(zone.grid, other.grid) <= 1 for other in found[:k])
    tests = sum(zone.split == "test" for zone in found)
    assert tests == math.ceil(n / 5)


def test_candidates_fill_the_disc():
    town = (5.97, 47.0)  # beside the border of two UTM zones
    grids = zones.candidates(town, 1000, 40)
    assert {grid.crs for grid in grids} == {"EPSG:32631", "EPSG:32632"}
    assert 400 < len(grids) < 700
    assert max(corner_km(town, grid).max() for grid in grids) > 39
    assert len(zones.candidates(town, 16, 40)) < 6000
    assert zones.candidates(town, 1000, 5) == ()


def test_squares_that_are_taken_are_left_alone():
    town = (1.5, 48.4)
    settings_ = {"n": 5, "size_px": 400, "radius_km": 20, "share": world(3)}
    first = zones.propose(town, region="a", **settings_)
    second = zones.propose(town, region="b", taken=first, **settings_)
    assert zones.overlapping([zone.grid for zone in (*first, *second)]) == []


def test_arguments_out_of_range_and_places_too_small():
    town = (1.5, 48.4)

    def ask(**changes):
        given_ = {"n": 2, "size_px": 100, "radius_km": 5, "share": world(0), "region": "a"}
        return zones.propose(changes.pop("town", town), **(given_ | changes))

    with pytest.raises(ConfigError, match="at least one"):
        ask(n=0)
    with pytest.raises(ConfigError, match="radius"):
        ask(radius_km=0)
    with pytest.raises(ConfigError, match="not a valid name"):
        ask(region="La Beauce")
    with pytest.raises(InvalidRegister, match="degrees"):
        ask(town=(1.5, 95))
    with pytest.raises(ConfigError, match=r"shape \(3,\)"):
        ask(share=lambda grids: np.zeros(3))
    with pytest.raises(NotEnoughData, match="Only 0 squares"):
        ask(share=lambda grids: np.full(len(grids), np.nan))
    with pytest.raises(NotEnoughData, match="Only 0 squares"):
        ask(size_px=1000, radius_km=5)


def test_the_registers_share_is_the_area_of_its_parcels(tmp_path):
    rng = np.random.default_rng(0)
    town = (5.99, 47.0)
    origin = zones.square_around(*town, 16)
    x = origin.left + rng.uniform(-6000, 6000, 400)
    y = origin.top + rng.uniform(-6000, 6000, 400)
    shapes = [box(a, b, a + 250, b + 130) for a, b in zip(x, y, strict=True)]
    a, b = origin.left, origin.top  # a kilometre wide, so that its loops are seen
    bow = shapely.Polygon([(a, b), (a + 1000, b + 1000), (a + 1000, b), (a, b + 1000)])
    frame = gpd.GeoDataFrame(
        {"ID_PARCEL": [str(i) for i in range(401)], "CODE_CULTU": ["MIS", *["BTH"] * 400]},
        geometry=[*shapes, bow],
        crs=origin.crs,
    )
    path = tmp_path / "r.gpkg"
    registers.write_parcels(path, frame)
    grids = zones.candidates(town, 200, 5)[::10]
    assert len({grid.crs for grid in grids}) == 2
    found = zones.register_share(path)(grids)
    sound = shapely.make_valid(frame.geometry.to_numpy())
    for grid, share in zip(grids, found, strict=True):
        mine = gpd.GeoSeries(sound, crs=origin.crs).to_crs(grid.crs).intersection(box(*grid.bounds))
        expected = min(1, mine.area.sum() / 4e6)
        assert share == pytest.approx(expected, rel=1e-4, abs=1e-6)
    best = zones.propose(
        town, n=2, size_px=200, radius_km=5, share=zones.register_share(path), region="a"
    )
    assert len(best) == 2
    rare = zones.register_share(path, codes=["MIS", "SOJ"])(grids)  # of one parcel, the first
    for grid, share in zip(grids, rare, strict=True):
        mine = gpd.GeoSeries(sound[:1], crs=origin.crs).to_crs(grid.crs)
        area = mine.intersection(box(*grid.bounds)).area.sum()
        assert share == pytest.approx(area / 4e6, rel=1e-4, abs=1e-9)
    with pytest.raises(InvalidRegister, match="SOJ"):
        zones.register_share(path, codes=["SOJ"])(grids)


def test_a_polygon_in_two_parts_across_the_antimeridian_is_one_zone(tmp_path):
    """As RFC 7946, section 3.1.9, asks for."""
    west = [[[179.98, 10], [180, 10], [180, 10.02], [179.98, 10.02], [179.98, 10]]]
    east = [[[-180, 10], [-179.99, 10], [-179.99, 10.02], [-180, 10.02], [-180, 10]]]
    geometry = {"type": "MultiPolygon", "coordinates": [west, east]}
    drawn = feature(geometry, zone_id="a", region="r", split="train")
    ((zone),) = zones.read(collection(tmp_path, drawn))
    height, width = zone.grid.shape
    assert (zone.grid.crs[-2:], abs(height - 221) < 6, abs(width - 329) < 8) == ("60", True, True)
