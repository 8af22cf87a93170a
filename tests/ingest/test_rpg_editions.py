"""Editions, formats and layouts of registers, and keys of ids that repeat."""

from __future__ import annotations

import sqlite3
import struct
from contextlib import closing

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import Polygon, box

from cropdash import legend
from cropdash.domain import Grid
from cropdash.domain.errors import InvalidRegister
from cropdash.ingest import registers
from cropdash.prepare import parcels
from tests import worlds

GRID = worlds.grid((20, 30))
LEFT, BOTTOM, RIGHT, TOP = GRID.bounds
SUFFIX = {"gpkg": "gpkg", "no index": "gpkg", "parquet": "parquet", "covering": "parquet"}


def scattered(count=300, seed=0, crs=2154):
    """Small triangles and squares around the grid, some far away."""
    rng = np.random.default_rng(seed)
    x = rng.uniform(LEFT - 600, RIGHT + 600, count)
    y = rng.uniform(BOTTOM - 600, TOP + 600, count)
    shapes = [
        Polygon([(a, b), (a + 40, b), (a, b + 30)]) if i % 2 else box(a, b, a + 25, b + 35)
        for i, (a, b) in enumerate(zip(x, y, strict=True))
    ]
    frame = gpd.GeoDataFrame(
        {
            "ID_PARCEL": [str(10_000 + i) for i in rng.permutation(count)],
            "CODE_CULTU": rng.choice(["BTH", "MIS"], count),
        },
        geometry=shapes,
        crs=GRID.crs,
    )
    return frame.to_crs(crs)


def save(frame, path, kind):
    if kind == "parquet":
        frame.to_parquet(path)
    elif kind == "covering":
        frame.to_parquet(path, write_covering_bbox=True, row_group_size=40)
    else:
        index = "NO" if kind == "no index" else "YES"
        frame.to_file(path, layer="PARCELLES_GRAPHIQUES", driver="GPKG", SPATIAL_INDEX=index)
    return path


@pytest.mark.parametrize("kind", ["gpkg", "no index", "parquet", "covering"])
@pytest.mark.parametrize("crs", [2154, 4326, 4258, 2972, 32630])
def test_every_format_and_reference_system_gives_the_rows_whose_bounds_touch(tmp_path, kind, crs):
    if crs == 2972:  # French Guiana
        grid = Grid("EPSG:32622", 350_000.0, 550_000.0, 10.0, (20, 30))
        shift = (grid.left - GRID.left, grid.top - GRID.top)
        frame = scattered(crs=GRID.crs)
        moved = frame.geometry.translate(*shift).set_crs(grid.crs, allow_override=True)
        frame = frame.set_geometry(moved).to_crs(crs)
    else:
        grid, frame = GRID, scattered(crs=crs)
    found = registers.read_parcels(save(frame, tmp_path / f"r.{SUFFIX[kind]}", kind), grid)
    assert list(found.columns) == ["ID_PARCEL", "CODE_CULTU", "geometry"]
    assert found.crs.to_epsg() == crs
    outline = gpd.GeoSeries([box(*grid.bounds).segmentize(10)], crs=grid.crs).to_crs(crs)
    left, bottom, right, top = outline.total_bounds
    x = frame.bounds
    touch = (x.minx <= right) & (x.maxx >= left) & (x.miny <= top) & (x.maxy >= bottom)
    assert found["ID_PARCEL"].tolist() == sorted(frame.loc[touch, "ID_PARCEL"])
    assert 0 < len(found) < len(frame)
    codes = frame.set_index("ID_PARCEL")["CODE_CULTU"]
    assert (codes[found["ID_PARCEL"]].to_numpy() == found["CODE_CULTU"].to_numpy()).all()


@pytest.mark.parametrize(
    ("layer", "geometry", "upper"),
    [
        ("PARCELLES_GRAPHIQUES", "geom", True),
        ("parcelles_graphiques", "the_geom", False),
        ("RPG_Parcelles", "geom", False),
    ],
)
def test_layers_and_columns_of_each_edition(tmp_path, layer, geometry, upper):
    frame = scattered(9).assign(SURF_PARC=1.0, CULTURE_D1=None)
    frame = frame if upper else frame.rename(columns=str.lower)
    path = tmp_path / "edition.gpkg"
    frame.to_file(path, layer=layer, driver="GPKG", GEOMETRY_NAME=geometry)
    other = frame.drop(columns=[c for c in frame.columns if c != "geometry"])
    other.to_file(path, layer="ILOTS_ANONYMES", driver="GPKG")
    found = registers.read_parcels(path)
    assert sorted(found["ID_PARCEL"]) == sorted(frame.iloc[:, 0])
    assert registers.describe(path).layer == layer


def test_a_table_without_geometry_is_no_second_layer(tmp_path):
    path = tmp_path / "qgis.gpkg"
    scattered(5).to_file(path, layer="my_fields", driver="GPKG")
    import pyogrio

    pyogrio.write_dataframe(pd.DataFrame({"style": ["x"]}), path, layer="layer_styles", append=True)
    assert len(registers.read_parcels(path)) == 5


def test_another_country_by_a_mapping_of_columns(tmp_path):
    frame = scattered(8).assign(OBJECTID=np.arange(8), GEWASCODE=[311, 60, 311, 60, 5, 5, 5, 5])
    path = tmp_path / "lpis.gpkg"
    for layer in ("fields", "buildings"):
        frame.drop(columns=["ID_PARCEL", "CODE_CULTU"]).to_file(path, layer=layer, driver="GPKG")
    layout = registers.Layout(id_column="objectid", code_column="GewasCode", layer="FIELDS")
    found = registers.read_parcels(path, layout=layout)
    assert set(found["CODE_CULTU"]) == {"311", "60", "5"}
    assert sorted(found["ID_PARCEL"]) == [str(i) for i in range(8)]
    with pytest.raises(InvalidRegister, match=r"lpis\.gpkg, layer fields: no column CROP;.*GEWAS"):
        registers.read_parcels(path, layout=registers.Layout("OBJECTID", "CROP", "fields"))
    with pytest.raises(InvalidRegister, match="no layer PARCELLES_GRAPHIQUES; it has fields, buil"):
        registers.read_parcels(path, layout=registers.Layout("OBJECTID", "GEWASCODE"))
    with pytest.raises(InvalidRegister, match="no layer roads"):
        registers.read_parcels(path, layout=registers.Layout("OBJECTID", "GEWASCODE", "roads"))


def test_codes_with_gaps_are_whole_numbers_as_text(tmp_path):
    frame = scattered(3).assign(CODE_CULTU=[311.0, np.nan, 7.0])
    path = save(frame, tmp_path / "r.gpkg", "gpkg")
    assert sorted(registers.read_parcels(path)["CODE_CULTU"]) == ["", "311", "7"]


def test_a_folder_is_searched_to_its_depth(tmp_path):
    deep = tmp_path / "RPG_3-0" / "RPG" / "1_DONNEES"
    deep.mkdir(parents=True)
    save(scattered(4), deep / "RPG_Parcelles.gpkg", "gpkg")
    save(scattered(5), deep / "RPG_Ilots.gpkg", "gpkg")
    save(scattered(6), deep / "._RPG_Parcelles.gpkg", "gpkg")
    assert registers.locate(tmp_path).name == "RPG_Parcelles.gpkg"
    assert len(registers.read_parcels(tmp_path)) == 4
    save(scattered(4), tmp_path / "PARCELLES_GRAPHIQUES.gpkg", "gpkg")
    with pytest.raises(InvalidRegister, match=r"holds 2: .*PARCELLES_GRAPHIQUES\.gpkg"):
        registers.read_parcels(tmp_path)
    empty = tmp_path / "empty"
    empty.mkdir()
    with pytest.raises(InvalidRegister, match="holds 0"):
        registers.read_parcels(empty)


def test_what_is_no_register_is_named(tmp_path):
    shape = tmp_path / "PARCELLES.shp"
    shape.write_bytes(b"\x00\x00\x27\x0a" * 30)
    with pytest.raises(InvalidRegister, match=r"PARCELLES\.shp is neither.*ogr2ogr"):
        registers.read_parcels(shape)
    pd.DataFrame({"ID_PARCEL": ["1"]}).to_parquet(tmp_path / "table.parquet")
    with pytest.raises(InvalidRegister, match=r"table\.parquet.*GeoParquet's metadata"):
        registers.read_parcels(tmp_path / "table.parquet")
    path = save(scattered(50), tmp_path / "cut.parquet", "parquet")
    path.write_bytes(path.read_bytes()[:-200])
    with pytest.raises(InvalidRegister, match=r"cut\.parquet can't be read"):
        registers.read_parcels(path)
    path = save(scattered(5).drop(columns="CODE_CULTU"), tmp_path / "less.parquet", "parquet")
    with pytest.raises(InvalidRegister, match=r"less\.parquet: no column CODE_CULTU; it has ID_"):
        registers.read_parcels(path)
    bare = gpd.GeoDataFrame(scattered(2).drop(columns="geometry"), geometry=[box(0, 0, 1, 1)] * 2)
    with pytest.raises(InvalidRegister, match="no reference system"):
        registers.read_parcels(save(bare, tmp_path / "bare.parquet", "parquet"))


def test_a_zone_off_the_registers_map_is_refused(tmp_path):
    path = save(scattered(3, crs=32631), tmp_path / "r.gpkg", "gpkg")
    bengal = Grid("EPSG:32646", 500_000.0, 500.0, 10.0, (100, 100))  # a quarter of the globe away
    with pytest.raises(InvalidRegister, match="outside the area"):
        registers.read_parcels(path, bengal)


@pytest.mark.parametrize("kind", ["gpkg", "covering"])
def test_ids_that_repeat_far_away_are_told(tmp_path, kind):
    frame = scattered(40)
    far = frame.iloc[:3].assign(geometry=frame.geometry.iloc[:3].translate(90_000, 0))
    path = save(pd.concat([frame, far], ignore_index=True), tmp_path / f"r.{SUFFIX[kind]}", kind)
    seen = registers.read_parcels(path, GRID)
    expected = sorted(set(far["ID_PARCEL"]) & set(seen["ID_PARCEL"]))
    assert seen.attrs[registers.REPEATED] == expected
    assert sorted(registers.read_parcels(path).attrs[registers.REPEATED]) == sorted(
        far["ID_PARCEL"]
    )


def test_a_rewritten_register_is_read_anew(tmp_path):
    frame = scattered(40)
    path = save(frame, tmp_path / "r.gpkg", "gpkg")
    assert registers.read_parcels(path, GRID).attrs[registers.REPEATED] == []
    path.unlink()
    save(frame.assign(ID_PARCEL="same"), path, "gpkg")
    assert registers.read_parcels(path, GRID).attrs[registers.REPEATED] == ["same"]


def keys(path, zones):
    """Key of every parcel, by its place, as the zones give it."""
    found = {}
    for zone in zones:
        register = registers.read_parcels(path, zone.grid)
        result = parcels.clean(register, zone, legend.load(), [zone])
        for row in result.parcels.itertuples():
            middle = row.geometry.centroid
            found.setdefault((round(middle.x), round(middle.y)), set()).add(row.register_id)
    return found


@settings(max_examples=5, deadline=None)
@given(seed=st.integers(0, 2**16))
def test_a_key_is_the_same_from_whichever_zone_and_in_whichever_order(tmp_path_factory, seed):
    rng = np.random.default_rng(seed)
    folder = tmp_path_factory.mktemp("keys")
    frame = scattered(60, seed).assign(ID_PARCEL=rng.integers(0, 40, 60).astype(str))
    zones = [
        worlds.zone("a", at=GRID),
        worlds.zone("b", at=worlds.grid((25, 20), LEFT - 100, TOP + 50)),
        worlds.zone("c", at=worlds.grid((9, 70), LEFT - 200, TOP - 60)),
    ]
    first = keys(save(frame, folder / "r.gpkg", "gpkg"), zones)
    shuffled = frame.sample(frac=1, random_state=seed)
    second = keys(save(shuffled, folder / "r.parquet", "covering"), zones[::-1])
    assert first == second
    assert all(len(names) == 1 for names in first.values())
    every = [name for names in first.values() for name in names]
    assert len(set(every)) == len(every)
    alone = frame["ID_PARCEL"].value_counts().loc[lambda n: n == 1].index
    assert {name for name in every if "#" not in name} <= set(alone)


def test_twins_of_one_place_keep_the_same_row_in_any_order():
    a = (LEFT + 20, BOTTOM + 20, LEFT + 60, BOTTOM + 60)
    rows = [("3", "MIS", a), ("1", "BTH", a), ("2", "MIS", a)]
    zone = worlds.zone(at=GRID)
    for order in ((0, 1, 2), (2, 0, 1), (1, 2, 0)):
        frame = worlds.register([rows[i] for i in order])
        result = parcels.clean(frame, zone, legend.load(), [zone])
        assert result.parcels["register_id"].tolist() == ["1"]
        assert result.parcels["code"].tolist() == ["BTH"]
        assert result.report["repeated_geometry"] == 2
        assert result.report["contradicting_codes"] == 2


def test_several_grids_are_read_at_once(tmp_path):
    path = save(scattered(), tmp_path / "r.gpkg", "gpkg")
    west, east = worlds.grid((5, 5), LEFT - 300), worlds.grid((5, 5), RIGHT + 300)
    both = registers.read_parcels(path, [west, east])
    single = pd.concat([registers.read_parcels(path, grid) for grid in (west, east)])
    assert set(single["ID_PARCEL"]) < set(both["ID_PARCEL"])
    assert shapely.is_valid(both.geometry.to_numpy()).all()


def test_what_the_index_rounds_into_the_box_is_left_out(tmp_path):
    """The spatial index holds bounds as 4-byte floats: half a metre apart at such northings."""
    boxes = [box(LEFT, TOP + gap, LEFT + 30, TOP + 40) for gap in (0.05, -0.05)]
    frame = gpd.GeoDataFrame(
        {"ID_PARCEL": ["beyond", "inside"], "CODE_CULTU": "BTH"}, geometry=boxes, crs=GRID.crs
    )
    path = save(frame, tmp_path / "r.gpkg", "gpkg")
    assert registers.read_parcels(path, GRID)["ID_PARCEL"].tolist() == ["inside"]


def test_a_circle_is_read_as_short_lines_and_its_neighbours_with_it(tmp_path):
    """CURVEPOLYGON(CIRCULARSTRING(…)), as Swiss and German registers hold some."""
    left, bottom, _, _ = GRID.bounds
    path = tmp_path / "r.gpkg"
    rows = [
        (str(i), "BTH", (left + 50 * i, bottom, left + 50 * i + 40, bottom + 40)) for i in range(3)
    ]
    registers.write_parcels(path, worlds.register(rows))
    x, y = 700_000.0, 6_600_000.0
    corners = [(x, y), (x + 5, y + 5), (x + 10, y), (x + 5, y - 5), (x, y)]
    circle = struct.pack("<BII", 1, 8, 5) + b"".join(struct.pack("<dd", *p) for p in corners)
    blob = b"GP\0\x01" + struct.pack("<i", 2154) + struct.pack("<BII", 1, 10, 1) + circle
    with closing(sqlite3.connect(path)) as base, base:
        for name in ("ST_IsEmpty", "ST_MinX", "ST_MaxX", "ST_MinY", "ST_MaxY"):
            base.create_function(name, 1, lambda _: 0)
        base.execute("UPDATE PARCELLES_GRAPHIQUES SET geom = ? WHERE fid = 1", (blob,))
    frame = registers.read_parcels(path)
    assert len(frame) == 3
    assert frame.area.max() > 1000
    assert frame.area.min() == pytest.approx(np.pi * 25, rel=0.01)


def test_a_feature_s_own_number_may_be_the_id_and_a_layer_is_named(tmp_path):
    """The Netherlands' BRP and Catalonia's DUN have no other key; Portugal's file has many layers."""
    path, layers = tmp_path / "brp.gpkg", ("BrpGewas", "Other")
    for layer in layers:
        frame = scattered(crs=28992).rename(columns={"CODE_CULTU": "GWS_GEWASCODE"})
        frame = frame.drop(columns="ID_PARCEL")
        frame.to_file(path, layer=layer, driver="GPKG")
    with pytest.raises(InvalidRegister, match="--layer"):
        registers.describe(path)
    with pytest.raises(InvalidRegister, match="fid for the feature's own number"):
        registers.describe(path, registers.Layout(layer="brpgewas"))
    layout = registers.Layout("fid", "gws_gewascode", "brpgewas")
    every = registers.read_parcels(path, layout=layout)
    assert every["ID_PARCEL"].is_unique
    assert every.attrs[registers.REPEATED] == []
    some = registers.read_parcels(path, GRID, layout)
    assert 0 < len(some) < len(every)
    keyed = dict(zip(every["ID_PARCEL"], every.geometry.to_wkb(), strict=True))
    assert all(
        keyed[i] == g for i, g in zip(some["ID_PARCEL"], some.geometry.to_wkb(), strict=True)
    )
