"""Datasets: built once from parcels and images, then read zone by zone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import xarray as xr
from shapely import box

from cropdash.domain import Grid
from cropdash.domain.errors import CropdashError
from cropdash.jobs import worker
from cropdash.settings import folders, sources
from cropdash.storage import layout
from cropdash.storage.datasets import DatasetFolder
from cropdash.workflow import build as building

Progress = Callable[[str, float], None]


def quiet(stage: str, done: float) -> None:
    """A `progress` that does nothing."""


@dataclass(frozen=True)
class Dataset:
    """A dataset on disk, by its name: zones, images, parcels and classes."""

    name: str

    @property
    def _folder(self) -> DatasetFolder:
        return DatasetFolder(folders.folders().data, self.name)

    @property
    def path(self) -> Path:
        """Its folder."""
        return self._folder.path

    def zones(self) -> gpd.GeoDataFrame:
        """One row a zone: zone, region, split ("train" or "test"), is_built; outlines in EPSG:4326."""
        folder = self._folder
        zones = folder.description().zones
        rows = {
            "zone": [zone.zone_id for zone in zones],
            "region": [zone.region for zone in zones],
            "split": [zone.split for zone in zones],
            "is_built": [folder.is_built(zone.zone_id) for zone in zones],
        }
        outlines = [
            gpd.GeoSeries([box(*zone.grid.bounds)], crs=zone.grid.crs).to_crs(4326)[0]
            for zone in zones
        ]
        return gpd.GeoDataFrame(rows, geometry=outlines, crs=4326)

    def classes(self) -> pd.DataFrame:
        """One row a class of the legend, by class_id: name, label, group, family, colour."""
        columns = ("name", "group", "family", "colour")
        found = [
            {"class_id": k, "label": each.label()} | {name: getattr(each, name) for name in columns}
            for k, each in enumerate(self._folder.legend().classes)
        ]
        return pd.DataFrame(found).set_index("class_id")

    def images(self, zone: str) -> xr.DataArray:
        """Reflectance from 0 to 1, (period, band, y, x), NaN where it is missing.

        x and y are the pixels' centres [m] in the system that `attrs["crs"]` names.
        Raises DatasetNotFound.
        """
        cube = self._folder.cube(zone)
        coords = {"period": [period.id for period in cube.periods], "band": list(cube.bands)}
        return xr.DataArray(
            cube.reflectance,
            dims=("period", "band", "y", "x"),
            coords=coords | centres(cube.grid),
            name="reflectance",
            attrs={"crs": cube.grid.crs},
        )

    def labels(self, zone: str) -> xr.Dataset:
        """What was declared, (y, x): crop (class_id; 0 none, 255 ignored) and parcel (0 none)."""
        found = self._folder.labels(zone)
        layers = {"crop": (("y", "x"), found.crop), "parcel": (("y", "x"), found.parcel_id)}
        return xr.Dataset(layers, coords=centres(found.grid), attrs={"crs": found.grid.crs})

    def parcels(self, zone: str) -> gpd.GeoDataFrame:
        """The parcels: parcel_id, register_id, code, crop (class_id), area_ha, n_pixels, outline."""
        return self._folder.parcels(zone)


def centres(grid: Grid) -> dict[str, Any]:
    """Coordinates x (W,) and y (H,) of a grid's pixel centres [m]."""
    left, _, _, top = grid.bounds
    height, width = grid.shape
    return {
        "x": left + (np.arange(width) + 0.5) * grid.pixel_size,
        "y": top - (np.arange(height) + 0.5) * grid.pixel_size,
    }


def open_dataset(name: str) -> Dataset:
    """The dataset of that name in the data folder. Raises DatasetNotFound."""
    DatasetFolder(folders.folders().data, name).description()
    return Dataset(name)


def datasets() -> tuple[str, ...]:
    """Names of the datasets in the data folder."""
    return layout.datasets(folders.folders().data)


def build(name: str, *, source: str = "", progress: Progress = quiet, **settings: Any) -> Dataset:
    """Build a dataset, or complete it; zones that are finished are kept.

    Args:
        name: What to call it: lower-case letters, digits, "_" and "-".
        source: Where parcels and images come from: "simulated", "local", "stac", "earthengine".
            Without it, a build that was begun goes on with its own settings.
        progress: Called with the stage and the share done, from 0 to 1.
        settings: Those of the source, by the names that `cropdash build --help` lists, with "_"
            for "-": `size=64`, `season="2023"`, `folder="scenes"`.

    Raises:
        ConfigError: A setting is unknown or out of its range, or the dataset has other settings.
        CropdashError: Zones could not be built; what was built is kept.
    """
    folder = DatasetFolder(folders.folders().data, name)
    given = {"source": source, **settings} if source else folder.config().model_dump() | settings
    config = sources.parse({**given, "dataset": name})
    folder.configure(config)
    with worker.at_work(folder.path) as reporter:

        def told(stage: str, done: float) -> None:
            progress(stage, done)
            reporter.update(stage, done)

        found = building.build_configured(
            config, folder, progress=told, should_stop=reporter.should_stop
        )
        if found.failed:
            zone, sentence = next(iter(found.failed.items()))
            raise CropdashError(
                "{a} zones failed; {b}: {c}", a=len(found.failed), b=zone, c=sentence
            )
    return Dataset(name)
