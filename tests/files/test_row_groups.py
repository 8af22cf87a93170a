"""Bounds of row groups, also of files whose metadata end the process that reads them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import geopandas as gpd
import numpy as np
import pyarrow.parquet as pq
import pytest
import shapely

from cropdash.domain.errors import InvalidRegister
from cropdash.files import parquet, row_groups

PATHS = ("bbox.xmin", "bbox.ymin", "bbox.xmax", "bbox.ymax")


@pytest.fixture
def register(tmp_path: Path) -> Path:
    left = np.random.default_rng(0).uniform(0, 3, 130)
    boxes = shapely.box(left, 45 + left, left + 0.5, 46 + 2 * left)
    path = tmp_path / "register.parquet"
    gpd.GeoDataFrame({"id": range(130)}, geometry=boxes, crs=4326).to_parquet(
        path, write_covering_bbox=True, row_group_size=50
    )
    return path


def test_bounds_hold_each_group_s_shapes(register: Path) -> None:
    whole = shapely.bounds(gpd.read_parquet(register).geometry.to_numpy())
    found = row_groups.bounds(pq.read_metadata(register), PATHS)
    parts = [whole[i : i + 50] for i in (0, 50, 100)]
    want = [[*part.min(axis=0)[:2], *part.max(axis=0)[2:]] for part in parts]
    assert found == pytest.approx(np.array(want))


def test_a_column_that_is_not_there_tells_nothing(register: Path) -> None:
    found = row_groups.bounds(pq.read_metadata(register), ["none", *PATHS[1:]])
    assert np.isnan(found)[:, 0].all()
    assert np.isfinite(found)[:, 1:].all()


def test_libraries_are_found_where_this_process_finds_them(
    register: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a user's own folder of packages too."""
    (tmp_path / "pyarrow").mkdir()
    (tmp_path / "pyarrow" / "__init__.py").touch()
    (tmp_path / "pyarrow" / "parquet.py").write_text(
        "class FileMetaData: num_row_groups = 0\nRowGroupMetaData = FileMetaData\n"
        "def read_metadata(file): return FileMetaData()\n"
    )
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    row_groups._asked.cache_clear()
    assert row_groups.bounds(pq.read_metadata(register), PATHS) == []
    row_groups._asked.cache_clear()


# Prints place and value of a byte of the footer that ends a process which reads it.
SEARCH = """
import os, random, runpy, sys
reader, path, *columns = sys.argv[1:]
read = runpy.run_path(reader)["_read"]
whole, rng = open(path, "rb").read(), random.Random(1)
start = len(whole) - 8 - int.from_bytes(whole[-8:-4], "little")
for _ in range(2_000):
    place, value = rng.randrange(start, len(whole) - 8), rng.randrange(256)
    child = os.fork()
    if not child:
        os.close(2)
        try:
            read(whole[:place] + bytes([value]) + whole[place + 1:], columns)
        finally:
            os._exit(0)
    if os.WIFSIGNALED(os.waitpid(child, 0)[1]):
        print(place, value)
        break
"""


def test_a_footer_that_ends_its_reader_is_one_sentence(register: Path) -> None:
    words = [sys.executable, "-c", SEARCH, row_groups.__file__, str(register), *PATHS]
    found = subprocess.run(words, capture_output=True, text=True, check=True, timeout=120)
    if not found.stdout:
        pytest.skip("pyarrow refuses all of these footers by itself")
    place, value = map(int, found.stdout.split())
    bad = bytearray(register.read_bytes())
    bad[place] = value
    register.write_bytes(bad)
    with (
        pytest.raises(
            InvalidRegister, match=r"register.parquet can't be read as Parquet \(its row"
        ),
        parquet.opened(register) as file,
    ):
        parquet.bounds_of_groups(file.metadata, PATHS)
