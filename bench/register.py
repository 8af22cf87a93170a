"""One 10 x 10 km zone out of a register of 400,000 parcels.

    python -m bench.register [--parcels 400000] [--folder FOLDER]

Writes a register once, as GeoPackage with and without its spatial index and as GeoParquet with
and without a covering, rows in order of place and in none, and reads zones from each: warm, and with the
file's pages dropped from the system's cache before every read. Prints median and worst, the first
read of a process (which also learns which ids repeat), and the ratio to reading everything.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import geopandas as gpd
import numpy as np
import pyogrio
import shapely

from cropdash.domain import Grid
from cropdash.ingest import registers
from cropdash.ingest.registers import reading
from cropdash.ingest.zones import square_around
from cropdash.ingest.zones.squares import transformer

STEP_M, CORNERS, READS = 180.0, 14, 15
LEFT, BOTTOM = 500_000.0, 6_500_000.0  # EPSG:2154
Milliseconds = list[float]


def parcels(count: int) -> gpd.GeoDataFrame:
    """Rounded parcels of some 1.3 ha on a lattice, in random order."""
    rng = np.random.default_rng(0)
    at = rng.permutation(count)
    side = int(np.ceil(np.sqrt(count)))
    angle = np.linspace(0, 2 * np.pi, CORNERS, endpoint=False)
    radius = rng.uniform(40, 85, (count, CORNERS))
    x = LEFT + (at % side)[:, None] * STEP_M + radius * np.cos(angle)
    y = BOTTOM + (at // side)[:, None] * STEP_M + radius * np.sin(angle)
    return gpd.GeoDataFrame(
        {
            "ID_PARCEL": at.astype(str),
            "SURF_PARC": 1.3,
            "CODE_CULTU": rng.choice(["BTH", "MIS", "PPH"], count),
            "CODE_GROUP": "1",
        },
        geometry=shapely.polygons(np.stack([x, y], axis=-1)),
        crs=2154,
    )


def write_all(count: int, folder: Path) -> dict[str, Path]:
    """The same register in every format."""
    frame = parcels(count)
    files = {
        "GeoPackage, rows by place": folder / "sorted.gpkg",
        "GeoPackage, rows anyhow": folder / "indexed.gpkg",
        "GeoPackage without index": folder / "plain.gpkg",
        "GeoParquet, covering, rows by place": folder / "sorted.parquet",
        "GeoParquet, covering, rows anyhow": folder / "covering.parquet",
        "GeoParquet without covering": folder / "plain.parquet",
    }
    names = list(files)
    by_place = frame.iloc[frame.hilbert_distance().argsort()]
    for name, rows, index in zip(
        names, (by_place, frame, frame), ("YES", "YES", "NO"), strict=False
    ):
        layer = "PARCELLES_GRAPHIQUES"
        pyogrio.write_dataframe(rows, files[name], layer=layer, driver="GPKG", SPATIAL_INDEX=index)
    for name, rows in zip(names[3:], (by_place, frame), strict=False):
        rows.to_parquet(files[name], write_covering_bbox=True, row_group_size=10_000, index=False)
    frame.to_parquet(files[names[-1]], index=False)
    return files


def zones(count: int) -> list[Grid]:
    """Squares of 10 km at random places of the register."""
    rng = np.random.default_rng(1)
    far = np.sqrt(count) * STEP_M - 10_000
    xy = rng.uniform(10_000, far, (READS, 2)) + np.array([LEFT, BOTTOM])
    lon, lat = transformer("EPSG:2154", "OGC:CRS84").transform(*xy.T)
    return [square_around(*place, 1000) for place in zip(lon, lat, strict=True)]


def drop_pages(path: Path) -> None:
    """Ask the system to forget the file's cached pages."""
    if hasattr(os, "posix_fadvise"):
        handle = os.open(path, os.O_RDONLY)
        os.fsync(handle)
        os.posix_fadvise(handle, 0, 0, os.POSIX_FADV_DONTNEED)
        os.close(handle)


def milliseconds(action: Callable[[], object]) -> float:
    """Wall time of one call."""
    start = time.perf_counter()
    action()
    return (time.perf_counter() - start) * 1e3


def measure(name: str, path: Path, squares: list[Grid]) -> None:
    """Print what reads from one file take."""
    reading._repeated_in_file.cache_clear()
    drop_pages(path)
    first = milliseconds(lambda: registers.read_parcels(path, squares[0]))
    everything = milliseconds(lambda: registers.read_parcels(path))
    warm = [milliseconds(lambda s=s: registers.read_parcels(path, s)) for s in squares]  # type: ignore[misc]
    cold = []
    for square in squares:
        drop_pages(path)
        cold.append(milliseconds(lambda s=square: registers.read_parcels(path, s)))  # type: ignore[misc]
    rows = len(registers.read_parcels(path, squares[0]))
    print(
        f"{name}: warm {summary(warm)}, pages dropped {summary(cold)}; first read of a process"
        f" {first:.0f} ms; everything {everything:.0f} ms, ratio"
        f" {everything / np.median(warm):.0f}; {rows:,} rows a zone"
    )


def summary(times: Milliseconds) -> str:
    return f"median {np.median(times):.0f} worst {max(times):.0f} ms"


@contextmanager
def working_folder(given: Path | None) -> Iterator[Path]:
    """The given folder, or a temporary one."""
    if given is not None:
        given.mkdir(parents=True, exist_ok=True)
        yield given
        return
    with tempfile.TemporaryDirectory() as name:
        yield Path(name)


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--parcels", type=int, default=400_000)
    arguments.add_argument("--folder", type=Path)
    chosen = arguments.parse_args()
    with working_folder(chosen.folder) as folder:
        squares = zones(chosen.parcels)
        print(f"{chosen.parcels:,} parcels, {READS} zones of 10 x 10 km from each file")
        for name, path in write_all(chosen.parcels, folder).items():
            measure(name, path, squares)


if __name__ == "__main__":
    main()
