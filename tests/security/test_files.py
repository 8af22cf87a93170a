"""Hostile files: each is refused in one sentence, soon, and without its contents being followed."""

from __future__ import annotations

import json
import os
import resource
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import closing, suppress
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import geopandas as gpd
import numpy as np
import py7zr
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import rasterio
import shapely
from rasterio.errors import RasterioError
from rasterio.transform import from_origin

from cropdash.domain import Grid
from cropdash.domain.errors import CropdashError, InvalidRegister
from cropdash.files import atomic, rasters, tables, vectors, xml
from cropdash.ingest import registers, zones
from cropdash.ingest.local.source import LocalSource
from cropdash.ingest.registers import archive
from cropdash.ingest.zones import squares
from cropdash.storage import curves
from tests import worlds

GRID = worlds.grid((20, 30))
SOON_S = 10.0


@pytest.fixture(autouse=True)
def bounded() -> Iterator[None]:
    """No attack takes much work, whatever else the machine does, or much memory."""
    before, begun = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.process_time()
    yield
    assert time.process_time() - begun < SOON_S
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 2 * 2**20  # [kB]


@pytest.fixture
def asked() -> Iterator[list[str]]:
    """Addresses that were asked of a server on the loopback device; the first is its own."""
    paths: list[str] = []

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            paths.append(self.path)
            self.send_error(404)

        do_HEAD = do_GET  # noqa: N815

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Answer) as server:
        paths.append(f"http://127.0.0.1:{server.server_port}")
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        yield paths
        server.shutdown()


@pytest.fixture
def register(tmp_path: Path) -> Path:
    rows = [
        (str(i), "BTH", (GRID.left + i, GRID.top - 9, GRID.left + i + 5, GRID.top))
        for i in range(9)
    ]
    registers.write_parcels(tmp_path / "r.gpkg", worlds.register(rows))
    return tmp_path / "r.gpkg"


def virtual_layer(source: object) -> str:
    return (
        f'<OGRVRTDataSource><OGRVRTLayer name="real"><SrcDataSource>{source}</SrcDataSource>'
        "</OGRVRTLayer></OGRVRTDataSource>"
    )


# outlines ------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["zones.geojson", "zones.csv", "r.gpkg", "r.parquet"])
def test_a_virtual_layer_under_any_name_opens_neither_file_nor_address(tmp_path, asked, name):
    secret = tmp_path / "secret.geojson"
    secret.write_text('{"type": "FeatureCollection", "features": []}')
    read = zones.read if name.startswith("zones") else registers.read_parcels
    for source in (secret, f"/vsicurl/{asked[0]}/x.geojson"):
        (tmp_path / name).write_text(virtual_layer(source))
        with pytest.raises(CropdashError):
            read(tmp_path / name)
    assert asked[1:] == []


ENDLESS = (  # as good as: a reader that would take it shall fail its test, not hang it
    "CREATE VIEW endless AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 9999)"
    " SELECT n.i AS fid, r.geom, r.ID_PARCEL, r.CODE_CULTU FROM n, PARCELLES_GRAPHIQUES r"
)


def test_a_layer_that_is_an_endless_view_is_refused(register):
    with closing(sqlite3.connect(register)) as base, base:
        base.execute(ENDLESS)
        base.execute(
            "INSERT INTO gpkg_contents (table_name, data_type, srs_id) VALUES ('endless', 'features', 2154)"
        )
        base.execute(
            "INSERT INTO gpkg_geometry_columns VALUES ('endless', 'geom', 'POLYGON', 2154, 0, 0)"
        )
    with pytest.raises(InvalidRegister, match="a view"):
        registers.read_parcels(register, layout=registers.Layout(layer="endless"))


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        (
            "CREATE TRIGGER own AFTER INSERT ON PARCELLES_GRAPHIQUES BEGIN SELECT 1; END",
            "a trigger",
        ),
        ("CREATE VIRTUAL TABLE f USING fts4(t)", "a virtual table"),
        ("CREATE VIRTUAL TABLE f USING fts4('x using rtree')", "a virtual table"),
        ("PRAGMA application_id = 0", "no GeoPackage"),
    ],
)
def test_a_geopackage_holds_tables_alone(register, statement, said):
    with closing(sqlite3.connect(register)) as base, base:
        base.execute(statement)
    with pytest.raises(InvalidRegister, match=said):
        registers.read_parcels(register)


def test_a_geopackage_as_gdal_and_the_publisher_write_it_is_read(register):
    assert len(registers.read_parcels(register, GRID)) == 9


# tables --------------------------------------------------------------------------


def geoparquet(path: Path, table: pa.Table, **about: object) -> Path:
    column = {"encoding": "WKB", "geometry_types": [], "crs": None, **about}
    geo = {"version": "1.1.0", "primary_column": "geometry", "columns": {"geometry": column}}
    named = table.replace_schema_metadata({"geo": json.dumps(geo)})
    pq.write_table(named, path, compression="zstd")
    return path


def test_ten_million_rows_without_geometry_in_a_small_file(tmp_path):
    n = 10_000_000
    ids = pa.DictionaryArray.from_arrays(pa.array(np.zeros(n, np.int32)), ["1"])
    table = pa.table({"ID_PARCEL": ids, "CODE_CULTU": ids, "geometry": pa.nulls(n, pa.binary())})
    path = geoparquet(tmp_path / "r.parquet", table, crs="EPSG:2154")
    assert path.stat().st_size < 700_000
    with pytest.raises(InvalidRegister, match="10,000,000 rows"):
        registers.read_parcels(path)


@pytest.mark.parametrize("dictionary", [True, False])
def test_long_ids_in_a_small_file(tmp_path, dictionary):
    n, long = 100_000, "x" * 5_000
    ids = pa.DictionaryArray.from_arrays(pa.array(np.zeros(n, np.int32)), [long])
    codes = pa.array(["BTH"] * n)
    square = shapely.to_wkb(shapely.box(0, 0, 1, 1))
    table = pa.table({"ID_PARCEL": ids, "CODE_CULTU": codes, "geometry": pa.array([square] * n)})
    if not dictionary:
        table = table.set_column(0, "ID_PARCEL", ids.dictionary_decode())
    path = tmp_path / "r.parquet"
    geoparquet(path, table, crs="EPSG:2154")
    if not dictionary:
        pq.write_table(pq.read_table(path), path, compression="zstd", use_dictionary=False)
    with pytest.raises(InvalidRegister, match="letters" if dictionary else "would unpack"):
        registers.read_parcels(path)


@pytest.mark.parametrize("crs", ["moon", {}, {"type": "ProjectedCRS"}, {"id": {"code": 1}}, [1], 7])
def test_an_odd_reference_system_is_one_sentence(tmp_path, crs):
    square = shapely.to_wkb(shapely.box(0, 0, 1, 1))
    table = pa.table({"ID_PARCEL": ["1"], "CODE_CULTU": ["BTH"], "geometry": pa.array([square])})
    path = geoparquet(tmp_path / "r.parquet", table, crs=crs)
    with pytest.raises(InvalidRegister, match="names a reference system that is none"):
        registers.describe(path)


def test_an_encoding_that_is_not_read_names_a_way_out_that_there_is(tmp_path):
    table = pa.table({"ID_PARCEL": ["1"], "CODE_CULTU": ["BTH"], "geometry": pa.array([b""])})
    path = geoparquet(tmp_path / "r.parquet", table, crs="EPSG:2154", encoding="polygon")
    with pytest.raises(InvalidRegister, match="GEOMETRY_ENCODING=WKB"):
        registers.read_parcels(path)


# rasters -------------------------------------------------------------------------


@pytest.mark.parametrize("what", ["file", "address"])
def test_a_virtual_raster_under_the_name_of_a_scene_is_not_followed(tmp_path, asked, what):
    real = tmp_path / "real.tif"
    profile = {"driver": "GTiff", "count": 1, "height": 4, "width": 5, "dtype": "uint16"}
    with rasterio.open(
        real, "w", **profile, crs=GRID.crs, transform=from_origin(0, 0, 10, 10)
    ) as raster:
        raster.write(np.ones((1, 4, 5), "uint16"))
    source = real if what == "file" else f"/vsicurl/{asked[0]}/x.tif"
    scene = tmp_path / "20230501.tif"
    scene.write_text(
        '<VRTDataset rasterXSize="5" rasterYSize="4"><VRTRasterBand dataType="UInt16" band="1">'
        f"<SimpleSource><SourceFilename>{source}</SourceFilename></SimpleSource></VRTRasterBand>"
        "</VRTDataset>"
    )
    with pytest.raises(RasterioError, match="no TIFF"), rasters.opened(scene):
        pass
    with pytest.raises(RasterioError), rasters.opened(str(scene)):  # as what a service has
        pass
    assert asked[1:] == []


def test_an_image_that_says_it_is_endless_is_not_begun(tmp_path):
    path = tmp_path / "20230501.tif"
    profile = {"driver": "GTiff", "count": 1, "height": 70_000, "width": 70_000, "dtype": "uint16"}
    with rasterio.open(
        path, "w", **profile, crs=GRID.crs, transform=from_origin(0, 0, 10, 10),
        blockysize=70_000, compress="deflate", sparse_ok=True, bigtiff="yes",
    ):  # fmt: skip
        pass
    with pytest.raises(RasterioError, match="more than any image"), rasters.opened(path):
        pass


def test_a_zone_of_ten_thousand_million_pixels_is_refused_before_memory_is_asked_for(tmp_path):
    frame = Grid("EPSG:32631", 400_000.0, 5_800_000.0, 1.0, (100_000, 100_000))
    corners = np.array([[400_000.0, 5_700_000.0], [500_000.0, 5_800_000.0]])
    with pytest.raises(InvalidRegister, match="100,000 x 100,000 pixels"):
        squares.inside(frame, corners, "EPSG:32631")
    outline = gpd.GeoSeries([shapely.box(*corners[0], *corners[1])], crs=32631).to_crs(4326)
    feature = {"type": "Feature", "geometry": shapely.geometry.mapping(outline[0])}
    feature["properties"] = {"zone_id": "a", "region": "r", "split": "train"}
    (tmp_path / "zones.geojson").write_text(
        json.dumps({"type": "FeatureCollection", "features": [feature]})
    )
    (tmp_path / "scenes").mkdir()
    profile = {"driver": "GTiff", "count": 5, "height": 4, "width": 5, "dtype": "uint16"}
    place = from_origin(400_000, 5_800_000, 1, 1)
    with rasterio.open(
        tmp_path / "scenes" / "20230501.tif", "w", **profile, crs="EPSG:32631", transform=place
    ) as raster:
        raster.write(np.ones((5, 4, 5), "uint16"))
    with pytest.raises(InvalidRegister, match="cut it into zones"):
        LocalSource(tmp_path).zones()


# archives ------------------------------------------------------------------------


def test_an_archive_that_grows_thousands_of_times_is_not_unpacked(tmp_path):
    path = tmp_path / "RPG.7z"
    with py7zr.SevenZipFile(path, "w") as seven:
        seven.writestr(b"SQLite format 3\0" + bytes(40_000_000), "PARCELLES_GRAPHIQUES.gpkg")
    assert path.stat().st_size < 12_000
    with pytest.raises(InvalidRegister, match="would unpack to 40,"):
        archive.unpack(path)
    assert not (tmp_path / "unpacked").exists() or not list((tmp_path / "unpacked").glob("*.gpkg"))


@pytest.mark.timeout(60)
@pytest.mark.parametrize(
    "read",
    [
        atomic.checksum, tables.text_of, xml.read, vectors.check, curves.tail,
        lambda path: rasters.opened(path).__enter__(),
    ],
    ids=["checksum", "table", "xml", "geopackage", "curves", "raster"],
)  # fmt: skip
def test_a_pipe_in_place_of_a_file_is_waited_for_by_nobody(tmp_path, read):
    path = tmp_path / "file.tif"
    os.mkfifo(path)
    with suppress(OSError, CropdashError, RasterioError):
        assert not read(path)
