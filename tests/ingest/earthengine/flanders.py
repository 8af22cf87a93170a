"""The real scenes of shared/data/flanders_2018 as granules, and their days."""

from __future__ import annotations

import datetime as dt
import re
from collections import defaultdict

import numpy as np
import rasterio

from cropdash.domain import Grid
from tests.ingest.earthengine.worlds import Granule, day
from tests.worlds import FLANDERS


def flanders() -> tuple[list[Granule], dict[str, list[np.ndarray]], Grid]:
    """Granules, clear numbers (4, 64, 64) of each day by month, and the grid of all."""
    granules, days = [], defaultdict(list)
    for path in sorted((FLANDERS / "scenes").glob("*.tif")):
        date = dt.datetime.strptime(re.search(r"20\d{6}", path.stem)[0], "%Y%m%d")
        with rasterio.open(path, driver="GTiff") as raster:
            values = raster.read().astype(int)
            a = raster.transform
            grid = Grid(f"EPSG:{raster.crs.to_epsg()}", a.c, a.f, a.a, raster.shape)
        when = date + dt.timedelta(hours=10, minutes=50)
        granules.append(Granule("31UES", when, 0, grid, values[:4], values[4]))
        days[f"{date:%Y-%m}"].append(day([values]))
    return granules, days, grid
