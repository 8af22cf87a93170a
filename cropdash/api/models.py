"""Runs: a model that was trained on a dataset, and the maps that it makes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd
import xarray as xr

from cropdash.api.datasets import Dataset, Progress, centres, quiet
from cropdash.domain import Zone
from cropdash.domain.errors import DatasetNotFound
from cropdash.jobs import worker
from cropdash.settings import classifiers, folders
from cropdash.storage import elsewhere, rasters
from cropdash.storage import runs as storage
from cropdash.storage.datasets import DatasetFolder
from cropdash.storage.runs import RunFolder
from cropdash.storage.store import Store
from cropdash.workflow import predict as predicting
from cropdash.workflow import train as training


@dataclass(frozen=True)
class Run:
    """A trained model on disk, by its id, with its predictions and scores."""

    run_id: str

    @property
    def folder(self) -> RunFolder:
        """Its files."""
        return storage.find(folders.folders().models, self.run_id)

    @property
    def settings(self) -> dict[str, Any]:
        """The settings that it was trained with, by name."""
        return dict(self.folder.config)

    @property
    def dataset(self) -> Dataset:
        """The dataset that it was trained on."""
        return Dataset(self.settings["dataset"])

    def zones(self) -> tuple[str, ...]:
        """Zones of its own dataset that it has predicted."""
        return self.folder.predicted_zones()

    def map(self, zone: str) -> xr.Dataset:
        """Its map of a zone, (y, x): crop (class_id) and confidence (0 to 1).

        Raises RunNotFound where the zone is not predicted yet.
        """
        return _map(self.folder.prediction_path(zone))

    def parcels(self, zone: str) -> gpd.GeoDataFrame:
        """The parcels of a zone with the declared class (crop), the predicted one and its confidence.

        Columns of `Dataset.parcels`, then predicted, confidence, p_<class_id> of every class, and
        dissimilarity and applicable where the run kept its training parcels.
        """
        return self.dataset.parcels(zone).merge(self.folder.parcel_prediction(zone), on="parcel_id")

    def dossier(self, zone: str, parcel: str) -> dict[str, Any]:
        """All that is known of one parcel, by its id in the register.

        `facts` (a Series: declared, predicted, confidence), `series` (a table: the mean of every
        band and index by period) and `outline` (a GeoDataFrame of one row). Raises DatasetNotFound.
        """
        found = self.parcels(zone)
        mine = found[found["register_id"].astype(str) == str(parcel)]
        if mine.empty:
            raise DatasetNotFound(
                "Zone {a} has no parcel {b} that was predicted.", a=zone, b=repr(parcel)
            )
        folder = DatasetFolder(folders.folders().data, self.dataset.name)
        series, row = folder.series(zone), mine.iloc[0]
        return {
            "facts": pd.Series(row.drop("geometry")),
            "series": series[series["parcel_id"] == row["parcel_id"]].set_index("period"),
            "outline": mine[["register_id", "geometry"]],
        }


def open_run(run_id: str) -> Run:
    """The run of that id in the models folder. Raises RunNotFound."""
    return Run(storage.find(folders.folders().models, run_id).run_id)


def runs() -> pd.DataFrame:
    """One row a run, newest first, by its id: dataset, classifier, state and scores of its test."""
    where = folders.folders()
    found: list[dict[str, Any]] = []
    for run in Store(where.data, where.models).runs():
        row: dict[str, Any] = {
            "run": run.run_id,
            "dataset": run.dataset,
            "classifier": run.classifier,
        }
        row["state"] = run.status.state
        for unit in ("pixel", "parcel"):
            said = run.scores.test.of(unit) if run.scores else None
            row |= {f"{unit}_{n}": getattr(said, n, None) for n in ("accuracy", "macro_f1")}
        found.append(row)
    return pd.DataFrame(found).set_index("run") if found else pd.DataFrame()


def train(
    dataset: Dataset | str, classifier: str = "", *, progress: Progress = quiet, **settings: Any
) -> Run:
    """Train a model on whole zones, then predict and score the test zones.

    Args:
        dataset: What to learn from.
        classifier: Its kind, as `cropdash train --help` lists them; by default the quickest.
        progress: Called with the stage and the share done, from 0 to 1.
        settings: Those of the classifier, such as `seed=1`.

    Raises:
        ConfigError: A setting is unknown or out of its range.
        NotEnoughData: The dataset has no zone to learn from.
    """
    name = dataset if isinstance(dataset, str) else dataset.name
    kind = classifier or classifiers.in_demo()[0].name
    where = folders.folders()
    run = storage.queue(where, classifiers.parse({"dataset": name, "classifier": kind, **settings}))
    with worker.at_work(run.path, slot=where.models / ".slot.lock") as reporter:

        def told(stage: str, done: float) -> None:
            progress(stage, done)
            reporter.update(stage, done)

        training.train_run(run, where, progress=told, should_stop=reporter.should_stop)
    return Run(run.run_id)


def predict(
    run: Run | str,
    zones: Iterable[str] | None = None,
    *,
    on: Dataset | str | None = None,
    progress: Progress = quiet,
) -> dict[str, xr.Dataset]:
    """Map zones with a trained run: by zone, crop (class_id) and confidence, (y, x).

    Args:
        run: A trained run, or its id.
        zones: Which; by default the test zones.
        on: Whose zones, where not those of the run's own dataset: one of the same bands,
            periods and legend.
        progress: Called with the stage and the share done, from 0 to 1.

    Raises:
        InvalidRun: The run is not trained, or of another legend.
        DatasetNotFound: A zone is unknown, or not built.
    """
    folder = (open_run(run) if isinstance(run, str) else run).folder
    predicting.weights_path(folder)
    own = folder.config["dataset"]
    name = own if on is None else on if isinstance(on, str) else on.name
    source = DatasetFolder(folders.folders().data, name)
    chosen = _chosen(source, zones)
    predicting.predict_zones(folder, source, chosen, progress)
    place = elsewhere.at(folder, name)
    return {zone.zone_id: _map(place.prediction_path(zone.zone_id)) for zone in chosen}


def add_classifier(name: str, module: str) -> None:
    """Register a classifier of your own for this process, by the module that has its `KIND`.

    CONTRIBUTING.md, "Adding a classifier", says what the module holds.
    """
    classifiers.MODULES[name] = module
    classifiers.kinds.cache_clear()
    classifiers.kind(name)


def _chosen(dataset: DatasetFolder, wanted: Iterable[str] | None) -> list[Zone]:
    zones = {zone.zone_id: zone for zone in dataset.built_zones()}
    if wanted is None:
        return [zone for zone in zones.values() if zone.split == "test"]
    names = list(wanted)
    if strange := [name for name in names if name not in zones]:
        dataset.check_damage(strange)
        raise DatasetNotFound(
            "Dataset {a} has no built zone {b}.", a=dataset.name, b=", ".join(strange)
        )
    return [zones[name] for name in names]


def _map(path: Path) -> xr.Dataset:
    crop, confidence, grid = rasters.read_prediction(path)
    layers = {"crop": (("y", "x"), crop), "confidence": (("y", "x"), confidence)}
    return xr.Dataset(layers, coords=centres(grid), attrs={"crs": grid.crs})
