"""Parcels out of a GeoParquet file on the net, from a server on the loopback device."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pyarrow.parquet as pq
import pytest
import requests
import shapely

from cropdash.domain.errors import ConfigError, InvalidRegister, NotEnoughData, SourceUnavailable
from cropdash.files.retry import Retry
from cropdash.ingest import http, registers, zones
from cropdash.ingest.registers import catalogue, remote, wfs
from cropdash.ingest.zones import area
from tests.ingest.stac.api import Api, Handler, serve

WEST, SOUTH = 4.0, 51.0
BOX = (4.101, 51.101, 4.149, 51.149)


def fields(side: int = 60) -> gpd.GeoDataFrame:
    """A lattice of fields by fiboa's names, in rows from south to north."""
    rows, columns = (axis.ravel() for axis in np.mgrid[:side, :side])
    x, y = WEST + columns * 0.005, SOUTH + rows * 0.005
    codes = np.array(["101", "204", "7"])[(rows * 7 + columns) % 3]
    rng = np.random.default_rng(0)
    frame = {
        "id": [f"be-{i}" for i in range(side * side)], "crop:code": codes,
        "note": [rng.bytes(150).hex() for _ in range(side * side)],
    }  # fmt: skip
    shapes = shapely.box(x, y, x + 0.004, y + 0.004)
    return gpd.GeoDataFrame(frame, geometry=shapes, crs="OGC:CRS84")


@pytest.fixture
def api(tmp_path):
    (tmp_path / "files").mkdir()
    with serve(tmp_path / "files") as server:
        yield server


@pytest.fixture
def pauses() -> list[float]:
    return []


def served(api: Api, frame: gpd.GeoDataFrame, pauses: list[float], **written: Any) -> Any:
    settings = {"row_group_size": 200, "write_covering_bbox": True, "compression": "zstd"}
    frame.to_parquet(api.folder / "fields_2023.parquet", **{**settings, **written})
    retry = Retry(attempts=4, wait=lambda stop, pause: pauses.append(pause), draw=lambda: 1.0)
    return remote.GeoParquetFile(
        "Flemish fields", f"{api.url}/files/fields_{{year}}.parquet",
        patience=http.Patience(retry, answer_s=5.0),
    )  # fmt: skip


def inside(frame: gpd.GeoDataFrame) -> dict[str, tuple[str, bytes]]:
    held = frame[frame.to_crs("OGC:CRS84").intersects(shapely.box(*BOX))]
    return known(held)


def known(frame: gpd.GeoDataFrame) -> dict[str, tuple[str, bytes]]:
    return {
        i: (c, shapely.to_wkb(shapely.normalize(g)))
        for i, c, g in zip(frame.iloc[:, 0], frame.iloc[:, 1], frame.geometry, strict=True)
    }


def test_rows_come_one_to_one_and_only_their_row_groups_are_fetched(api, pauses):
    frame = fields()
    found = served(api, frame, pauses).fetch(BOX, 2023)
    assert known(found) == inside(frame)
    assert len(found) > 80
    whole = (api.folder / "fields_2023.parquet").stat().st_size
    ranges = [h["Range"].removeprefix("bytes=").split("-") for _, _, h in api.log]
    first = [int(a) for a, _ in ranges]
    fetched = sum(min(int(b), whole - 1) + 1 - int(a) for a, b in ranges)
    # Beside the footer, which pyarrow reads 64 KB at a time.
    assert fetched - 2 * 65_536 < whole / 4
    assert all(method == "GET" for method, _, _ in api.log)
    assert min(first) == 0


def test_another_reference_system_is_kept_as_it_is(api, pauses):
    frame = fields().to_crs(31370)
    found = served(api, frame, pauses).fetch(BOX, 2023)
    assert found.crs == frame.crs
    assert set(inside(frame)) <= set(known(found))
    whole = known(frame)
    assert all(whole[i] == value for i, value in known(found).items())


def without_covering(path: Path, change: Any = lambda about: None) -> None:
    """The file as GeoParquet 1.0 has it: a bbox column that the metadata do not name."""
    table = pq.read_table(path)
    geo = json.loads(table.schema.metadata[b"geo"])
    geo["columns"]["geometry"].pop("covering")
    change(geo["columns"]["geometry"])
    metadata = {**table.schema.metadata, b"geo": json.dumps(geo).encode()}
    pq.write_table(table.replace_schema_metadata(metadata), path, row_group_size=200)


def test_a_bbox_column_that_is_not_named_is_believed_if_it_is_the_file_s(api, pauses):
    frame = fields()
    service = served(api, frame, pauses)
    path = api.folder / "fields_2023.parquet"
    without_covering(path)
    assert known(service.fetch(BOX, 2023)) == inside(frame)
    frame.to_parquet(path, row_group_size=200, write_covering_bbox=True)
    without_covering(path, lambda about: about.update(bbox=[0, 0, 1, 1]))
    with pytest.raises(SourceUnavailable, match="does not tell where its rows lie"):
        service.fetch(BOX, 2023)


def test_a_file_that_does_not_tell_where_its_rows_lie_is_not_read_whole(api, pauses):
    service = served(api, fields(), pauses, write_covering_bbox=False)
    with pytest.raises(SourceUnavailable, match="download it"):
        service.fetch(BOX, 2023)


@pytest.mark.parametrize("kind", ["429", "500", "502", "503", "504", "drop", "cut", "half"])
@pytest.mark.parametrize("at", [0, 1, 2])
def test_a_fault_that_passes_costs_a_pause_and_no_parcel(api, pauses, kind, at):
    frame = fields()
    service, number = served(api, frame, pauses), iter(range(10_000))
    api.fault = lambda path: kind if next(number) == at else None
    assert known(service.fetch(BOX, 2023)) == inside(frame)
    assert len(pauses) == 1


def test_a_file_that_changes_while_it_is_read_is_refused(api, pauses):
    service, number = served(api, fields(), pauses), iter(range(10_000))

    def change(path: str) -> None:
        if next(number) == 1:
            file = api.folder / "fields_2023.parquet"
            whole = file.read_bytes()
            file.write_bytes(whole[:99] + b"?" + whole[100:])

    api.fault = change
    with pytest.raises(SourceUnavailable, match="changed while it was read"):
        service.fetch(BOX, 2023)


def test_a_service_without_ranges_is_not_read_whole(api, pauses, monkeypatch):
    service = served(api, fields(), pauses)

    def whole(self: Any, name: str) -> Any:
        return 200, {}, (self.api.folder / name).read_bytes()

    monkeypatch.setattr(Handler, "file", whole)
    with pytest.raises(SourceUnavailable, match="gives no part of a file"):
        service.fetch(BOX, 2023)
    assert pauses == []


def test_declared_sizes_bound_what_is_fetched(api, pauses, monkeypatch):
    service = served(api, fields(), pauses)
    monkeypatch.setattr(remote, "MOST_BYTES", 50_000)
    with pytest.raises(NotEnoughData, match="choose a smaller one"):
        service.fetch(BOX, 2023)
    monkeypatch.setattr(remote, "MOST_BYTES", 2**31)
    monkeypatch.setattr(remote, "MOST", 5)
    with pytest.raises(NotEnoughData, match="rows for this place"):
        service.fetch(BOX, 2023)


def test_columns_that_are_not_there_and_what_is_no_parquet_are_said(api, pauses):
    service = served(api, fields(), pauses)
    with pytest.raises(InvalidRegister, match="no column crop"):
        replace(service, code_column="crop").fetch(BOX, 2023)
    with pytest.raises(SourceUnavailable, match="404"):
        service.fetch(BOX, 2022)
    (api.folder / "fields_2021.parquet").write_bytes(b"<html>" * 100)
    with pytest.raises(SourceUnavailable, match="no Parquet file"):
        service.fetch(BOX, 2021)


@pytest.mark.parametrize("target", ["file:///etc/passwd", "ftp://127.0.0.1/x", "gopher://x/"])
def test_a_redirect_to_another_kind_of_address_is_not_followed(api, pauses, target, monkeypatch):
    monkeypatch.setattr(Handler, "file", lambda self, name: (302, {"Location": target}, b""))
    service = served(api, fields(), pauses)
    with pytest.raises(SourceUnavailable, match="address of another kind"):
        service.fetch(BOX, 2023)


@pytest.mark.parametrize(
    ("before", "target", "followed"),
    [
        ("https://a/x", "http://a/x", False),
        ("https://a/x", "https://b/x", True),
        ("http://a/x", "https://a/x", True),
        ("http://a/x", "/y", True),
        ("http://a/x", "//b/y", True),
    ],
)
def test_a_secure_connection_is_not_given_up(before, target, followed):
    answer = requests.Response()
    answer.status_code, answer.url, answer.headers["Location"] = 302, before, target
    if followed:
        assert http.Link().get_redirect_target(answer) == target
        return
    with pytest.raises(SourceUnavailable, match="another kind"):
        http.Link().get_redirect_target(answer)


def test_what_was_fetched_is_kept_and_read_without_the_net(api, pauses, tmp_path):
    frame, path = fields(), tmp_path / "kept" / "register.parquet"
    service = served(api, frame, pauses)
    note = registers.keep(path, service, BOX, 2023)
    api.fault = lambda path: "404"
    assert registers.keep(path, service, BOX, 2023) == note
    read = registers.read_parcels(path)
    assert known(read) == inside(frame)
    assert read.attrs[registers.ORIGIN] == note
    assert note["file"] == f"{api.url}/files/fields_2023.parquet"
    path.write_bytes(path.read_bytes() + b" ")
    with pytest.raises(InvalidRegister, match="not what was fetched"):
        registers.read_parcels(path)


def test_a_register_s_file_gives_the_same_parcels(api, pauses, tmp_path):
    frame = fields()
    service = served(api, frame, pauses)
    layout = registers.Layout("id", "crop:code")
    file = registers.choose(file=api.folder / "fields_2023.parquet", layout=layout)
    assert known(file.fetch(BOX, 2023)) == known(service.fetch(BOX, 2023)) == inside(frame)


# settings of other registers -------------------------------------------------------

DUTCH = """
way = "wfs"
name = "the Dutch BRP"
url = "https://service.example/wfs"
layer = "brp:gewas"
id_column = "fid"
code_column = "gewascode"
year_column = "jaar"
page = 1000
first_year = 2009
"""


def test_settings_describe_a_register(tmp_path):
    file = tmp_path / "dutch.toml"
    file.write_text(DUTCH)
    found = catalogue.read(file)
    assert isinstance(found, wfs.Service)
    assert (found.id_column, found.page, found.axes) == ("fid", 1000, "latlon")
    file.write_text('way = "geoparquet"\nname = "x"\nurl = "https://h/{year}.parquet"\n')
    assert registers.choose(file) == remote.GeoParquetFile("x", "https://h/{year}.parquet")
    assert registers.choose() is wfs.FRANCE
    with pytest.raises(ConfigError, match="not both"):
        registers.choose(file, tmp_path / "x.gpkg")


@pytest.mark.parametrize(
    ("before", "now", "said"),
    [
        ('way = "wfs"', 'way = "ftp"', "way"),
        ('way = "wfs"', "", "way"),
        ("page = 1000", "page = 0", "page"),
        ("page = 1000", 'page = "many"', "page"),
        ("page = 1000", "pages = 5", "pages"),
        ("https://service.example/wfs", "file:///etc/passwd", "https"),
        ("https://service.example/wfs", "https://u:p@h/wfs", "password"),
        ('name = "the Dutch BRP"', 'name = "', "TOML"),
    ],
)
def test_settings_that_are_none_are_one_sentence(tmp_path, before, now, said):
    file = tmp_path / "dutch.toml"
    file.write_text(DUTCH.replace(before, now))
    with pytest.raises(ConfigError, match=said) as caught:
        catalogue.read(file)
    assert "\n" not in str(caught.value)


# areas -----------------------------------------------------------------------------


def test_zones_lie_inside_an_area(tmp_path):
    triangle = shapely.Polygon([(1.2, 48.3), (1.8, 48.3), (1.5, 48.6)])
    frame = gpd.GeoDataFrame(geometry=[triangle], crs=4326)
    frame.to_file(tmp_path / "a.geojson", driver="GeoJSON")
    frame.to_crs(2154).to_file(tmp_path / "a.gpkg", driver="GPKG")
    plain, packed = area.read(tmp_path / "a.geojson"), area.read(tmp_path / "a.gpkg")
    np.testing.assert_allclose(plain.degrees, packed.degrees, atol=1e-6)
    found = zones.propose(
        plain.middle, n=9, size_px=200, radius_km=plain.radius_km, region="a", within=plain.outline,
        share=lambda grids: np.arange(len(grids), dtype=float),
    )  # fmt: skip
    outlines = shapely.polygons(zones.squares.corners([zone.grid for zone in found]))
    assert shapely.covers(triangle, outlines).all()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"type": "Point", "coordinates": [1, 48]}', "no polygon"),
        ('{"type": "FeatureCollection", "features": []}', "no polygon"),
        ('{"type": "Polygon", "coordinates": [[[0, 40], [9, 40], [9, 50], [0, 40]]]}', "150"),
        ('{"type": "Polygon", "coordinates": [[[5e5, 40], [9, 40], [9, 50], [0, 40]]]}', "degrees"),
        ('{"type": "Polygon", "coordinates": [[[0, NaN], [9, 40], [9, 50], [0, 40]]]}', "GeoJSON"),
        ("[", "GeoJSON"),
        ("{}", "GeoJSON"),
    ],
)
def test_an_area_that_is_none_is_one_sentence(tmp_path, text, said):
    path = tmp_path / "a.geojson"
    path.write_text(text)
    with pytest.raises(ConfigError, match=said):
        area.read(path)
