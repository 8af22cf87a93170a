"""Real land with known crops, as zones of labelled pixels: what `bench.real` scores on.

Each set names its place and year. A point's series is laid out as a field of its own, `SIDE` pixels
wide and alike throughout, of which one pixel is labelled.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from bench.transfer import read_flanders
from cropdash.domain import IGNORE, Cube, Grid, Labels, Sample, Season, Zone
from cropdash.domain.sentinel2 import BAND_SETS, SCALE
from cropdash.ingest.local.source import LocalSource
from cropdash.prepare.gapfill import fill_gaps
from cropdash.storage.datasets import DatasetFolder
from cropdash.workflow import build

SHARED = Path(__file__).resolve().parents[2] / "shared" / "data"
SIDE = 6  # [px] of a series' field
BANDS = BAND_SETS["10m"]
# The sets' own words by class id of the French legend; what it lacks is left out.
CANADA = {
    "ct_1110": 8, "ct_1120": 10, "ct_1200": 30, "ct_1500": 36, "ct_1520": 36,
    "ct_4100": 45, "ct_5100": 41, "ct_9120": 6,
}  # fmt: skip
CALIFORNIA = {"grapes": 43, "alfalfa": 28, "almonds": 49, "cdl_77": 42}


@dataclass(frozen=True)
class RealSet:
    """Zones of one place and year; in order, so that one may be learned from and another scored."""

    name: str
    zones: tuple[Sample, ...]


def flanders() -> RealSet | None:
    """Maize and grass of one zone; the composite as published with the scenes."""
    found = read_flanders()
    if found is None:
        return None
    cube, where = found
    truth = np.zeros(cube.grid.shape, np.uint8)
    for crop, here in where.items():
        truth[here] = crop
    return RealSet("Flanders 2018", (sample("flanders", cube, truth, np.arange(truth.size) + 1),))


def herault(folder: Path) -> RealSet | None:
    """Both zones, built in `folder` as a user would build them."""
    if not (SHARED / "herault_2018").is_dir():
        return None
    source, dataset = LocalSource(SHARED / "herault_2018"), DatasetFolder(folder, "herault")
    if not (folder / "herault").is_dir():
        description = build.describe(source, "herault", "Herault", {})
        build.build(source, dataset, description, workers=1, progress=lambda stage, done: None)
    zones = sorted(dataset.built_zones(), key=lambda zone: zone.zone_id)
    return RealSet("Herault 2018", tuple(dataset.sample(zone) for zone in zones))


def canada() -> RealSet | None:
    return _points("canada_2017", "Canada 2017", CANADA, 32617)


def california() -> RealSet | None:
    return _points("california_2021", "California 2021", CALIFORNIA, 32610)


def _points(name: str, title: str, crops: Mapping[str, int], epsg: int) -> RealSet | None:
    """The points of a file of monthly series, in two places that are apart."""
    path = SHARED / "series" / f"{name}_series.parquet"
    if not path.is_file():
        return None
    points = pd.read_csv(SHARED / "series" / f"{name}_samples.csv").set_index("sample_id")
    points = points[points["label"].isin(crops)]
    east = points["zone"] if "zone" in points else points["lon"] > points["lon"].median()
    table = pd.read_parquet(path)
    parts = [points[east.astype(bool) == side] for side in (False, True)]
    zones = [_laid_out(f"{name}_{i}", part, table, crops, epsg) for i, part in enumerate(parts)]
    return RealSet(title, tuple(zones))


def _laid_out(
    zone_id: str, points: pd.DataFrame, table: pd.DataFrame, crops: Mapping[str, int], epsg: int
) -> Sample:
    """Fields of SIDE x SIDE pixels in a square; a month without a clear view is filled as always."""
    year = int(str(table["period"].iloc[0])[:4])
    months = [f"{year}-{month:02d}" for month in range(1, 13)]
    wide = table.pivot(index="sample_id", columns="period", values=list(BANDS)).reindex(
        points.index
    )
    across = int(np.ceil(np.sqrt(len(points))))
    values = np.full((12, len(BANDS), across**2), np.nan, np.float32)
    for b, band in enumerate(BANDS):
        values[:, b, : len(points)] = wide[band].reindex(columns=months).to_numpy().T / SCALE
    crop = np.zeros(across**2, np.uint8)
    crop[: len(points)] = points["label"].map(crops)
    square = np.ones((SIDE, SIDE))
    laid = np.kron(values.reshape(12, len(BANDS), across, across), square[None, None])
    middle = np.zeros((SIDE, SIDE), np.uint8)
    middle[SIDE // 2, SIDE // 2] = 1
    truth = np.kron(crop.reshape(across, across), middle)
    ids = np.kron(np.arange(1, across**2 + 1).reshape(across, across), square.astype(np.int32))
    grid = Grid(f"EPSG:{epsg}", 5e5, 4.9e6, 10.0, truth.shape)
    clear = np.isfinite(laid).all(axis=1).astype(np.uint8)
    filled = fill_gaps(laid.astype(np.float32))
    cube = Cube(filled, clear, Season.of(year).periods, BANDS, grid)
    seen = np.isfinite(filled).all(axis=(0, 1))
    return sample(zone_id, cube, np.where(seen, truth, 0), ids)


def sample(zone_id: str, cube: Cube, truth: np.ndarray, ids: np.ndarray) -> Sample:
    labels = Labels(truth.astype(np.uint8), ids.reshape(truth.shape).astype(np.int32), cube.grid)
    return Sample(Zone(zone_id, "real", "test", cube.grid), cube, labels)


def scored(zone: Sample) -> np.ndarray:
    """(H, W) class ids of what is scored, 0 elsewhere."""
    crop = zone.labels.crop
    return np.where(crop == IGNORE, 0, crop).astype(np.uint8)
