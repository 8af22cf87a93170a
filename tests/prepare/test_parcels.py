import re

import geopandas as gpd
import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import GeometryCollection, LineString, MultiPolygon, Point, Polygon, box

from cropdash import legend
from cropdash.domain import IGNORE, Labels
from cropdash.domain.errors import InvalidRegister
from cropdash.prepare import parcels
from tests import worlds

GRID = worlds.grid((20, 30))
LEFT, BOTTOM, RIGHT, TOP = GRID.bounds


def clean(rows, zones=None):
    zone = worlds.zone(at=GRID)
    return parcels.clean(worlds.register(rows), zone, legend.load(), zones or [zone])


def test_a_parcel_keeps_its_area_and_gets_its_class():
    result = clean([("7", "BTH", (LEFT + 20, BOTTOM + 20, LEFT + 120, BOTTOM + 70))])
    row = result.parcels.iloc[0]
    assert list(result.parcels.columns) == list(parcels.COLUMNS)
    assert (row.crop, row.code, row.register_id, row.parcel_id) == (8, "BTH", "7", 1)
    assert row.area_ha == pytest.approx(0.5, rel=1e-3)
    assert result.parcels.crs.to_epsg() == 32631


def test_unknown_codes_become_background_and_are_counted():
    inside = (LEFT + 20, BOTTOM + 20, LEFT + 60, BOTTOM + 60)
    beside = (LEFT + 80, BOTTOM + 20, LEFT + 120, BOTTOM + 60)
    result = clean([("1", "???", inside), ("2", "MIS", beside)])
    assert result.parcels["crop"].tolist() == [0, 30]
    assert result.report["unknown_codes"] == {"???": 1}


def test_broken_geometries_are_mended_counted_or_dropped():
    x, y = LEFT + 50, BOTTOM + 50
    bow = Polygon([(x, y), (x + 60, y + 60), (x + 60, y), (x, y + 60)])
    line = LineString([(x, y), (x + 9, y + 9)])
    mixed = GeometryCollection([box(x + 90, y, x + 130, y + 40), Point(x, y), line])
    shapes = [bow, line, mixed, None, Polygon()]
    frame = gpd.GeoDataFrame(
        {"ID_PARCEL": list("abcde"), "CODE_CULTU": ["BTH"] * 5}, geometry=shapes, crs="EPSG:32631"
    )
    zone = worlds.zone(at=GRID)
    result = parcels.clean(frame, zone, legend.load(), [zone])
    assert result.parcels["register_id"].tolist() == ["a", "c"]
    assert set(result.parcels.geom_type) <= {"Polygon", "MultiPolygon"}
    assert result.parcels.area_ha.tolist() == pytest.approx([0.18, 0.16])
    report = result.report
    assert (report["without_geometry"], report["mended_geometry"], report["without_area"]) == (
        2,
        1,
        1,
    )


def test_repeated_ids_get_a_key_and_repeated_geometries_go():
    a = (LEFT + 20, BOTTOM + 20, LEFT + 60, BOTTOM + 60)
    b = (LEFT + 80, BOTTOM + 20, LEFT + 120, BOTTOM + 60)
    result = clean([("1", "BTH", a), ("1", "MIS", b), ("2", "BTH", a)])
    first, second = result.parcels["register_id"]
    assert first != second
    assert all(re.fullmatch(r"1#[0-9a-f]{8}", key) for key in (first, second))
    assert (result.report["repeated_id"], result.report["repeated_geometry"]) == (2, 1)


@pytest.mark.parametrize("order", [(0, 1, 2, 3), (3, 2, 0, 1)])
def test_of_rows_with_one_geometry_the_first_id_stays_and_other_codes_are_counted(order):
    a = (LEFT + 20, BOTTOM + 20, LEFT + 60, BOTTOM + 60)
    b = (LEFT + 80, BOTTOM + 20, LEFT + 120, BOTTOM + 60)
    far = (LEFT - 900, BOTTOM, LEFT - 800, BOTTOM + 50)
    rows = [("1", "BTH", a), ("2", "BTH", a), ("3", "MIS", a), ("4", "MIS", b)]
    result = clean([*(rows[i] for i in order), ("5", "MIS", far), ("7", "BTH", a)])
    kept = dict(zip(result.parcels["register_id"], result.parcels["code"], strict=True))
    assert kept == {"1": "BTH", "4": "MIS"}
    wanted = {"rows": 6, "outside": 1, "repeated_geometry": 3, "contradicting_codes": 1}
    wanted |= {"repeated_id": 0, "of_other_zones": 0, "parcels": 2}
    assert {name: result.report[name] for name in wanted} == wanted


def test_an_id_that_the_register_repeats_elsewhere_has_the_key_of_every_zone():
    a = (LEFT + 20, BOTTOM + 20, LEFT + 60, BOTTOM + 60)
    far = (LEFT - 900, BOTTOM, LEFT - 800, BOTTOM + 50)
    both = worlds.register([("1", "BTH", far), ("1", "MIS", a)])
    alone = both.iloc[1:].copy()
    alone.attrs[parcels.REPEATED] = {"1"}
    zone = worlds.zone(at=GRID)
    keys = [
        parcels.clean(rows, zone, legend.load(), [zone]).parcels["register_id"].tolist()
        for rows in (both, alone)
    ]
    assert keys[0] == keys[1]
    assert keys[0] != ["1"]


@given(
    st.lists(
        st.tuples(st.integers(-8, 60), st.integers(-8, 18), st.integers(2, 40), st.integers(2, 9)),
        min_size=1,
        max_size=6,
        unique=True,
    )
)
@settings(max_examples=25)
def test_each_parcel_belongs_to_the_zone_that_holds_most_of_it(boxes):
    """Three zones of unequal width side by side, the middle one overlapping the last."""
    zones = [
        worlds.zone(name, split, worlds.grid((20, width), left=LEFT + 10 * left))
        for name, split, left, width in (
            ("west", "train", 0, 25),
            ("middle", "test", 25, 14),
            ("east", "train", 35, 22),
        )
    ]
    shapes = [
        box(LEFT + 10 * x, TOP - 10 * (y + h), LEFT + 10 * (x + w), TOP - 10 * y)
        for x, y, w, h in boxes
    ]
    frame = gpd.GeoDataFrame(
        {"ID_PARCEL": [str(i) for i in range(len(shapes))], "CODE_CULTU": ["BTH"] * len(shapes)},
        geometry=shapes,
        crs="EPSG:32631",
    )
    cleaned = {z.zone_id: parcels.clean(frame, z, legend.load(), zones) for z in zones}
    for i, shape in enumerate(shapes):
        held = [shape.intersection(box(*z.grid.bounds)).area for z in zones]
        owner = zones[held.index(max(held))].zone_id if max(held) > 0 else None
        owners = [z for z, c in cleaned.items() if str(i) in c.parcels["register_id"].tolist()]
        assert owners == ([owner] if owner else [])
    for zone in zones:
        seen = sum(shape.intersection(box(*zone.grid.bounds)).area > 0 for shape in shapes)
        result = cleaned[zone.zone_id]
        assert len(result.parcels) + len(result.elsewhere) == seen
        assert result.report["outside"] == len(shapes) - seen


def test_slivers_that_reprojection_leaves_nothing_of_are_counted():
    """Less than a nanometre wide: in the zone's own coordinates most corners fall together."""
    rng = np.random.default_rng(0)
    middle = worlds.register([("0", "BTH", GRID.bounds)]).geometry.iloc[0].centroid
    slivers = []
    for x, y in np.add(rng.uniform(-50, 50, (90, 2)), (middle.x, middle.y)):
        slivers.append(Polygon([(x, y), (x + 3e-10, y), (x + 1e-10, np.nextafter(y, np.inf))]))
    frame = gpd.GeoDataFrame(
        {"ID_PARCEL": [str(i) for i in range(91)], "CODE_CULTU": ["BTH"] * 91},
        geometry=[*slivers, middle.buffer(40)],
        crs=2154,
    )
    zone = worlds.zone(at=GRID)
    report = parcels.clean(frame, zone, legend.load(), [zone]).report
    gone = ("without_geometry", "without_area", "outside", "repeated_geometry", "of_other_zones")
    assert report["rows"] == report["parcels"] + sum(report[name] for name in gone)
    assert report["parcels"] < 91


def test_a_zone_that_no_parcel_touches_has_none():
    rows = [("1", "BTH", (LEFT - 900, BOTTOM, LEFT - 800, BOTTOM + 50))]
    beside = worlds.zone("beside", at=worlds.grid((20, 30), left=RIGHT))
    result = clean(rows, [worlds.zone(at=GRID), beside])
    assert len(result.parcels) == len(result.elsewhere) == 0
    labels = parcels.mask_unknown(parcels.rasterize(result.parcels, GRID), result)
    assert not labels.crop.any()
    assert labels.crop.shape == GRID.shape


def test_a_parcel_on_two_zones_belongs_to_the_one_that_holds_more():
    west = worlds.zone("west", at=GRID)
    beside = worlds.grid((20, 30), left=RIGHT)
    east = worlds.zone("east", "test", beside)
    rows = [
        ("mostly_west", "BTH", (RIGHT - 90, BOTTOM + 20, RIGHT + 30, BOTTOM + 60)),
        ("mostly_east", "MIS", (RIGHT - 30, BOTTOM + 80, RIGHT + 90, BOTTOM + 120)),
    ]
    owners = {}
    for zone in (west, east):
        result = parcels.clean(worlds.register(rows), zone, legend.load(), [west, east])
        owners[zone.zone_id] = result.parcels["register_id"].tolist()
        labels = parcels.rasterize(result.parcels, zone.grid)
        masked = parcels.mask_unknown(labels, result)
        assert (masked.crop == 255).sum() == 3 * 4
        assert (masked.parcel_id[masked.crop == 255] == 0).all()
    assert owners == {"west": ["mostly_west"], "east": ["mostly_east"]}


def test_an_even_parcel_belongs_to_exactly_one_zone():
    west, east = (
        worlds.zone("west", at=GRID),
        worlds.zone("east", at=worlds.grid((20, 30), left=RIGHT)),
    )
    frame = gpd.GeoDataFrame(
        {"ID_PARCEL": ["1"], "CODE_CULTU": ["BTH"]},
        geometry=[box(RIGHT - 50, BOTTOM + 20, RIGHT + 50, BOTTOM + 60)],
        crs="EPSG:32631",
    )
    owned = [
        len(parcels.clean(frame, z, legend.load(), [west, east]).parcels) for z in (west, east)
    ]
    assert owned == [1, 0]


BOXES = st.lists(
    st.tuples(st.integers(0, 25), st.integers(0, 15), st.integers(1, 12), st.integers(1, 9)),
    max_size=4,
)  # (left, top, width, height) in pixels


@given(BOXES, st.integers(0, 99))
@settings(max_examples=40)
def test_a_neighbours_parcel_masks_only_what_no_own_parcel_holds(boxes, seed):
    """Own pixels keep their crop, also where it is unknown (0) or ignored."""
    rng = np.random.default_rng(seed)
    own = np.kron(rng.integers(0, 5, (4, 6)), np.ones((5, 5), int)).astype(np.int32)
    crop_of = np.array([0, 0, 8, 30, IGNORE], np.uint8)  # parcel 1 has an unknown code
    before = Labels(crop_of[own], own, GRID)
    frame = gpd.GeoDataFrame(
        geometry=[
            box(LEFT + 10 * x, TOP - 10 * (y + h), LEFT + 10 * (x + w), TOP - 10 * y)
            for x, y, w, h in boxes
        ],
        crs=GRID.crs,
    )
    after = parcels.mask_unknown(before, parcels.Cleaned(frame, frame))
    np.testing.assert_array_equal(after.parcel_id, own)
    for row, column in np.ndindex(GRID.shape):
        foreign = any(x <= column < x + w and y <= row < y + h for x, y, w, h in boxes)
        kept = crop_of[own[row, column]]
        expected = IGNORE if foreign and own[row, column] == 0 else kept
        assert after.crop[row, column] == expected
    assert after.crop.dtype == np.uint8


def test_a_register_whose_parcels_overlap_across_zones_keeps_each_zones_own():
    """From register to labels: the neighbour's parcel lies over an own one, and beyond it."""
    west, east = (
        worlds.zone("west", at=GRID),
        worlds.zone("east", "test", worlds.grid((20, 30), left=RIGHT)),
    )
    rows = [
        ("own", "BTH", (RIGHT - 100, TOP - 100, RIGHT - 20, TOP - 40)),
        ("unknown", "???", (RIGHT - 100, TOP - 160, RIGHT - 20, TOP - 100)),
        ("theirs", "MIS", (RIGHT - 50, TOP - 180, RIGHT + 100, TOP - 20)),
    ]
    result = parcels.clean(worlds.register(rows), west, legend.load(), [west, east])
    assert result.parcels["register_id"].tolist() == ["own", "unknown"]
    labels = parcels.mask_unknown(parcels.rasterize(result.parcels, GRID), result)
    expected = np.zeros(GRID.shape, int)
    expected[2:18, 25:30] = IGNORE
    expected[4:10, 20:28] = 8
    expected[10:16, 20:28] = 0
    np.testing.assert_array_equal(labels.crop, expected)
    assert result.report["of_other_zones"] == 1


def test_rasterize_burns_pixel_centres_and_lets_small_parcels_be_seen():
    frame = gpd.GeoDataFrame(
        {"crop": [3, 9], "parcel_id": [11, 12]},
        geometry=[
            box(LEFT + 30, TOP - 60, LEFT + 50, TOP - 40),
            box(LEFT, TOP - 100, LEFT + 70, TOP - 20),
        ],
        crs="EPSG:32631",
    )
    labels = parcels.rasterize(frame, GRID)
    expected = np.zeros(GRID.shape, int)
    expected[2:10, 0:7] = 12
    expected[4:6, 3:5] = 11
    np.testing.assert_array_equal(labels.parcel_id, expected)
    np.testing.assert_array_equal(
        labels.crop, np.select([expected == 11, expected == 12], [3, 9], 0)
    )


def test_rasterize_reprojects_and_takes_no_parcel_for_an_answer():
    frame = gpd.GeoDataFrame(
        {"crop": [3], "parcel_id": [1]},
        geometry=[MultiPolygon([box(LEFT + 31, TOP - 99, LEFT + 99, TOP - 31)])],
        crs="EPSG:32631",
    )
    direct, warped = (parcels.rasterize(f, GRID) for f in (frame, frame.to_crs(2154)))
    np.testing.assert_array_equal(direct.parcel_id, warped.parcel_id)
    assert not parcels.rasterize(frame.iloc[:0], GRID).parcel_id.any()


def test_missing_columns_and_reference_systems_are_named():
    frame = worlds.register([("1", "BTH", (LEFT, BOTTOM, RIGHT, TOP))])
    zone = worlds.zone(at=GRID)
    with pytest.raises(InvalidRegister, match="CODE_CULTU"):
        parcels.clean(frame.drop(columns="CODE_CULTU"), zone, legend.load(), [zone])
    bare = gpd.GeoDataFrame(frame.drop(columns="geometry"), geometry=frame.geometry.to_numpy())
    with pytest.raises(InvalidRegister, match="EPSG:2154"):
        parcels.clean(bare, zone, legend.load(), [zone])
    with pytest.raises(InvalidRegister, match="crop"):
        parcels.rasterize(frame, GRID)
    burnt = bare.rename(columns={"ID_PARCEL": "parcel_id", "CODE_CULTU": "crop"})
    with pytest.raises(InvalidRegister, match="set their crs"):
        parcels.rasterize(burnt, GRID)


def rings(*, shell, holes=()):
    return shapely.Polygon(shell, holes)


def ring(left, bottom, right, top):
    return [(left, bottom), (right, bottom), (right, top), (left, top)]


@pytest.mark.parametrize(
    ("holes", "area"),
    [
        ([ring(0, 20, 20, 60)], 10_000 - 800),  # on the shell's edge
        ([ring(10, 10, 40, 40), ring(30, 30, 60, 60)], 10_000 - (900 + 900 - 100)),  # overlapping
        ([ring(10, 10, 60, 60), ring(20, 20, 40, 40)], 10_000 - 2_500),  # a hole in a hole
    ],
)
def test_a_hole_stays_a_hole_wherever_it_lies(holes, area):
    odd = rings(shell=ring(0, 0, 100, 100), holes=holes)
    assert not shapely.is_valid(odd)
    (mended,) = parcels.polygons_only(np.array([odd]))
    assert shapely.is_valid(mended)
    assert mended.area == pytest.approx(area)


def test_polygons_are_found_however_deep_a_collection_lies():
    square, line = shapely.box(0, 0, 10, 10), shapely.LineString([(0, 0), (9, 9)])
    inner = shapely.MultiPolygon([square, shapely.box(20, 0, 30, 10)])
    deep = shapely.GeometryCollection(
        [line, shapely.GeometryCollection([shapely.GeometryCollection([inner]), line])]
    )
    (found,) = parcels.polygons_only(np.array([deep]))
    assert found.area == pytest.approx(200)


@pytest.mark.parametrize("crs", [GRID.crs, "OGC:CRS84", "EPSG:2154"])
def test_what_mending_does_to_the_area_is_told_and_no_number_is_no_parcel(crs):
    left, top = LEFT, TOP
    bow = shapely.Polygon([(left, top), (left + 80, top - 80), (left + 80, top), (left, top - 80)])
    lost = shapely.Polygon([(left, top), (left + 9, np.nan), (left + 9, top - 9)])
    whole = shapely.box(left + 100, top - 50, left + 150, top)
    frame = gpd.GeoDataFrame(
        {"ID_PARCEL": ["1", "2", "3"], "CODE_CULTU": ["BTH"] * 3},
        geometry=[bow, lost, whole],
        crs=GRID.crs,
    )
    zone = worlds.zone(at=GRID)
    found = parcels.clean(frame.to_crs(crs), zone, legend.load(), [zone])
    assert len(found.parcels) == 2
    assert found.report["without_geometry"] == 1
    assert found.report["mended_geometry"] == 1
    assert found.report["mended_ha"] == pytest.approx([0.0, 0.32], abs=1e-4)  # hectares anywhere
