"""Files with bytes changed, cut out or put in: each reader gives a sentence or what is there.

`MUTATIONS=2000 pytest -s tests/security/test_mutations.py` prints the table of docs/security.md.
"""

from __future__ import annotations

import datetime as dt
import json
import os
import resource
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import py7zr
import pytest
import rasterio
from rasterio.transform import Affine

from cropdash.domain import Season, Zone
from cropdash.domain.errors import CropdashError
from cropdash.ingest import registers, zones
from cropdash.ingest.layers import plan
from cropdash.ingest.local import products
from cropdash.ingest.local.composites import Composites
from cropdash.ingest.local.scenes import read_scene
from cropdash.ingest.registers import archive
from cropdash.ingest.table import reading
from cropdash.ingest.zones import area
from cropdash.legend import load
from cropdash.settings.folders import PROJECT
from docs.inputs import world
from tests import worlds

COUNT = int(os.environ.get("MUTATIONS", "150"))
GRID = worlds.grid((20, 30))
SLOWEST_S, MOST_KB = 10.0, 2 * 2**20


def rows() -> list[tuple[str, str, tuple[float, float, float, float]]]:
    left, top = GRID.left, GRID.top
    return [(str(i), "BTH", (left + 9 * i, top - 50, left + 9 * i + 8, top)) for i in range(20)]


def geopackage(path: Path) -> None:
    registers.write_parcels(path, worlds.register(rows()))


def geoparquet(path: Path) -> None:
    worlds.register(rows()).to_parquet(path, write_covering_bbox=True, compression="none")


def packed(path: Path) -> None:
    inner = path.with_name("PARCELLES_GRAPHIQUES.gpkg")
    geopackage(inner)
    with py7zr.SevenZipFile(path, "w") as seven:
        seven.write(inner, inner.name)


def scene(path: Path) -> None:
    profile = {
        "driver": "GTiff", "count": 5, "height": 20, "width": 30, "dtype": "uint16",
        "crs": GRID.crs, "transform": Affine(*GRID.transform), "compress": "deflate",
    }  # fmt: skip
    values = np.random.default_rng(0).integers(1, 5000, (5, 20, 30)).astype("uint16")
    with rasterio.open(path, "w", **profile) as raster:
        raster.write(values)
        raster.descriptions = ("B2", "B3", "B4", "B8", "SCL")


def outline(path: Path) -> None:
    ring = [[3.0, 49.0], [3.01, 49.0], [3.01, 49.01], [3.0, 49.01], [3.0, 49.0]]
    about = {"zone_id": "a", "region": "r", "split": "train"}
    feature = {
        "type": "Feature",
        "properties": about,
        "geometry": {"type": "Polygon", "coordinates": [ring]},
    }
    path.write_text(json.dumps({"type": "FeatureCollection", "features": [feature] * 1}))


def table(path: Path) -> None:
    path.write_text("zone_id,region,split,lon,lat,size_px\na,r,train,3,49,64\nb,r,test,4,49,64\n")


def classes(path: Path) -> None:
    path.write_text("name,group,family,colour,label_en\nwheat,cereal,arable,#112233,Wheat\n")
    path.with_name("codes.csv").write_text("code,class\nBTH,wheat\n")


def means(path: Path) -> None:
    world.table(path)


def places(path: Path) -> None:
    world.points(path)


def product(path: Path) -> None:
    made = world.safe(path.parent, world.Safe(dt.date(2023, 5, 15)))
    path.write_bytes((made / products.METADATA).read_bytes())
    shutil.rmtree(made)


def item(path: Path) -> None:
    about = {"datetime": "2023-05-15T10:56:21Z", "s2:processing_baseline": "05.09"}
    path.write_text(json.dumps({"properties": about, "assets": {"B02": {"title": "blue"}}}))


def service(path: Path) -> None:
    path.write_text(
        'way = "wfs"\nname = "a register"\nurl = "http://localhost/wfs"\nlayer = "a:b"\n'
        'id_column = "fid"\ncode_column = "crop"\npage = 100\n'
    )


def stacked(path: Path) -> None:
    world.stacked(path.parent)


def told_by(metadata: Path) -> object:
    """A product whose metadata are the file."""
    return products.Product("one", {"B02": metadata.with_suffix(".jp2")}, metadata).item()


BANDS = ("B2", "B3", "B4", "B8")
HERE = Zone("a", "r", "train", world.FRAME)
READERS: dict[str, tuple[str, Callable[[Path], None], Callable[[Path], object]]] = {
    "GeoPackage": ("r.gpkg", geopackage, lambda p: registers.read_parcels(p, GRID)),
    "GeoParquet": ("r.parquet", geoparquet, lambda p: registers.read_parcels(p, GRID)),
    ".7z": ("r.7z", packed, lambda p: registers.read_parcels(archive.unpack(p, p.parent / "out"))),
    "scene": ("20230501.tif", scene, lambda p: read_scene(p, dt.date(2023, 5, 1), GRID, BANDS)),
    "layer": ("dem.tif", scene, lambda p: plan([("dem", p)])),
    "zones.geojson": ("zones.geojson", outline, zones.read),
    "zones.csv": ("zones.csv", table, zones.read),
    "means.csv": ("t.csv", means, lambda p: reading.read(p, reading.Columns(), BANDS)),
    "means.parquet": ("t.parquet", means, lambda p: reading.read(p, reading.Columns(), BANDS)),
    "points.csv": ("points.csv", places, registers.read_parcels),
    "MTD_MSIL2A.xml": (products.METADATA, product, told_by),
    "STAC item": ("item.json", item, told_by),
    "area.geojson": ("area.geojson", outline, area.read),
    "service.toml": ("service.toml", service, registers.choose),
    "composites.tif": (
        "composites.tif",
        stacked,
        lambda p: Composites(p.parent).cube(HERE, Season.of(2023), BANDS),
    ),
    "legend": ("classes.csv", classes, lambda p: load(p, codes=[p.with_name("codes.csv")])),
}


def mutated(whole: bytes, rng: np.random.Generator) -> bytes:
    """Some bytes changed, a piece cut out, doubled or put elsewhere, or the end cut off."""
    bad, size = bytearray(whole), len(whole)
    kind = rng.integers(5)
    if kind == 0:
        return bytes(bad[: rng.integers(size)])
    if kind == 1:
        start, length = rng.integers(size), rng.integers(1, 64)
        del bad[start : start + length]
    elif kind == 2:
        start, length, to = rng.integers(size), rng.integers(1, 64), rng.integers(size)
        bad[to:to] = bad[start : start + length]
    else:
        for at in rng.integers(0, size, rng.integers(1, 9)):
            bad[at] = rng.choice([0, 1, 127, 128, 255, int(rng.integers(256))])
    return bytes(bad)


_READ = """
import datetime as dt, sys
from pathlib import Path
from cropdash.domain import Grid
from cropdash.domain.errors import CropdashError
from cropdash.ingest.local.scenes import read_scene
from tests import worlds
for path in sorted(Path(sys.argv[1]).glob("*.tif")):
    try:
        read_scene(path, dt.date(2023, 5, 1), worlds.grid((20, 30)), ("B2", "B3", "B4", "B8"))
    except CropdashError:
        print("refused")
class Loud:
    def __del__(self):
        raise ValueError("heard")
Loud()
"""


def test_nothing_is_printed_of_what_gdal_says_in_bytes_that_are_no_text(tmp_path: Path) -> None:
    """An error in its handler can't be caught, only heard: it was a traceback on the terminal."""
    path = tmp_path / "scene.tif"
    scene(path)
    whole, rng = path.read_bytes(), np.random.default_rng(0)
    path.unlink()
    for number in range(60):  # of which the eighth is one
        (tmp_path / f"{number:02}.tif").write_bytes(mutated(whole, rng))
    ran = subprocess.run(
        [sys.executable, "-c", _READ, str(tmp_path)],
        cwd=PROJECT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert ran.stdout.count("refused") > 20
    assert "log_error" not in ran.stderr
    assert "UnicodeDecodeError" not in ran.stderr
    assert "ValueError: heard" in ran.stderr  # of others everything is


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.filterwarnings("ignore")
def test_a_mutated_file_is_refused_in_a_sentence_or_read(reader: str, tmp_path: Path) -> None:
    name, make, read = READERS[reader]
    path = tmp_path / name
    make(path)
    read(path)
    whole, rng = path.read_bytes(), np.random.default_rng(0)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    refused, slowest, said = 0, 0.0, list[str]()
    for number in range(COUNT):
        path.write_bytes(mutated(whole, rng))
        begun = time.process_time()
        try:
            read(path)
        except CropdashError as error:
            refused += 1
            said.append(str(error))
        except Exception as error:
            raise AssertionError(
                f"mutation {number} of {reader}: {type(error).__name__}: {error}"
            ) from error
        slowest = max(slowest, time.process_time() - begun)
        assert slowest < SLOWEST_S
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert grown < MOST_KB
    assert refused
    assert not [sentence for sentence in said if "\n" in sentence]
    sys.stdout.write(
        f"| {reader} | {COUNT:,} | {refused:,} | {slowest:.2f} s | {grown / 1024:.0f} MB |\n"
    )
