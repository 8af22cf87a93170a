"""Small generated worlds for tests; every function takes its seed."""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pytest
import rasterio
from rasterio.transform import Affine
from shapely import box

from cropdash.domain import CropClass, CropCode, Cube, Grid, Labels, Legend, Scene, Zone
from cropdash.domain.sentinel2 import BAND_SETS
from cropdash.legend.colours import completed

SHARED = Path(__file__).resolve().parents[2] / "shared"
FLANDERS = SHARED / "data" / "flanders_2018"


def needs(path: Path) -> pytest.MarkDecorator:
    """Skip, saying so, where the shared data is not beside the project."""
    return pytest.mark.skipif(not path.exists(), reason=f"shared data absent: {path.name}")


def grid(
    shape: tuple[int, int] = (7, 5), left: float = 500_000.0, top: float = 5_500_000.0
) -> Grid:
    return Grid("EPSG:32631", left, top, 10.0, shape)


def zone(zone_id: str = "a", split: str = "train", at: Grid | None = None) -> Zone:
    return Zone(zone_id, "north", split, at or grid())  # type: ignore[arg-type]


def scene(date: dt.date, seed: int = 0, at: Grid | None = None, cloudy: float = 0.3) -> Scene:
    """Random reflectance, SCL of which a share `cloudy` is not clear."""
    at = at or grid()
    rng = np.random.default_rng(seed)
    values = rng.random((len(BAND_SETS["10m"]), *at.shape), dtype=np.float32)
    scl = rng.integers(4, 8, at.shape).astype(np.uint8)
    scl[rng.random(at.shape) < cloudy] = rng.choice([0, 1, 2, 3, 8, 9, 10, 11])
    return Scene(date, values, scl, at, BAND_SETS["10m"])


def cube(seed: int = 0, at: Grid | None = None, periods: int = 3) -> Cube:
    at = at or grid()
    rng = np.random.default_rng(seed)
    names = tuple(f"2023-{m:02d}" for m in range(1, periods + 1))
    values = rng.random((periods, len(BAND_SETS["10m"]), *at.shape), dtype=np.float32)
    clear = rng.integers(0, 4, (periods, *at.shape)).astype(np.uint8)
    return Cube(values, clear, names, BAND_SETS["10m"], at)


def labels(seed: int = 0, at: Grid | None = None, parcels: int = 4) -> Labels:
    at = at or grid()
    rng = np.random.default_rng(seed)
    ids = rng.integers(0, parcels + 1, at.shape).astype(np.int32)
    crop_of = np.concatenate([[0], rng.integers(1, 50, parcels)]).astype(np.uint8)
    return Labels(crop_of[ids], ids, at)


def legend(n: int) -> Legend:
    """A legend of n classes: families of 40, groups of 8, generated colours, a code for each."""
    kin = [("background", "background"), *((f"f{i // 40}", f"g{i // 8}") for i in range(n))]
    colours = completed(["#e4e4e4", *[""] * n], kin)
    classes = tuple(
        CropClass(i, f"c{i}" if i else "background", {"en": f"Crop {i}"}, group, family, colour)
        for i, ((family, group), colour) in enumerate(zip(kin, colours, strict=True))
    )
    return Legend(classes, {f"K{i}": CropCode(f"K{i}", {}, i) for i in range(1, n + 1)})


def register(rows: list[tuple[str, str, tuple[float, float, float, float]]]) -> gpd.GeoDataFrame:
    """(id, code, box in UTM 31N) to a register in Lambert 93."""
    frame = gpd.GeoDataFrame(
        {"ID_PARCEL": [r[0] for r in rows], "CODE_CULTU": [r[1] for r in rows]},
        geometry=[box(*r[2]) for r in rows],
        crs="EPSG:32631",
    )
    return frame.to_crs(2154)


def geotiff(
    path: Path, at: Grid, values: np.ndarray, names: Sequence[str] = (), **more: Any
) -> Path:
    """A file of (N, H, W) values, in float32 unless told otherwise; returns its path."""
    profile = {"crs": at.crs, "transform": Affine(*at.transform), "dtype": "float32"} | more
    path.parent.mkdir(parents=True, exist_ok=True)
    count, height, width = values.shape
    with rasterio.open(
        path, "w", driver="GTiff", count=count, height=height, width=width, **profile
    ) as file:
        file.write(values.astype(profile["dtype"]))
        if names:
            file.descriptions = tuple(names)
    return path


def environment(folder: Path) -> dict[str, str]:
    """Process environment whose data and models lie in `folder`."""
    return os.environ | {
        "CROPDASH_DATA": str(folder / "data"),
        "CROPDASH_MODELS": str(folder / "models"),
    }
