"""The read-only facade that pages use: datasets and runs by name, as nouns and tables."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd

from cropdash.domain import NAME, Cube, Labels, Legend, Prediction, Zone
from cropdash.domain.errors import CorruptDataset, DamagedFile
from cropdash.domain.scores import RunScores
from cropdash.storage import (
    datasets,
    layout,
    pictures,
    runs,
    studies,
    summaries,
    zone_states,
)
from cropdash.storage.datasets import DatasetFolder
from cropdash.storage.datasets import Description as Description
from cropdash.storage.runs import RunFolder, RunRecord
from cropdash.storage.status import Status
from cropdash.storage.status import read as read_status
from cropdash.storage.studies import StudyInfo as StudyInfo


@dataclass(frozen=True)
class DatasetInfo:
    """A dataset, and how far its building has come."""

    description: Description
    built: tuple[Zone, ...]
    status: Status | None  # of its last build, None if it was never started from here

    @property
    def name(self) -> str:
        return self.description.name

    @property
    def is_complete(self) -> bool:
        return len(self.built) == len(self.description.zones)


@dataclass(frozen=True)
class RunInfo:
    """A run at one glance."""

    run_id: str
    config: dict[str, Any]  # flat TrainConfig: "classifier", "dataset", "seed", …
    created: str  # ISO time, UTC
    status: Status
    scores: RunScores | None  # None until evaluated
    zones: tuple[str, ...]  # predicted
    legend_hash: str  # of the classes that it names

    @property
    def classifier(self) -> str:
        return str(self.config["classifier"])

    @property
    def dataset(self) -> str:
        return str(self.config["dataset"])


@dataclass(frozen=True)
class Store:
    """Everything on disk, read only. Names are looked up in listings, never joined from text."""

    data: Path
    models: Path

    # datasets ----------------------------------------------------------------

    def dataset_names(self) -> tuple[str, ...]:
        return datasets.list_names(self.data)

    def dataset(self, name: str) -> DatasetInfo:
        folder = self._dataset(name)
        return DatasetInfo(folder.description(), folder.built_zones(), read_status(folder.path))

    def build_names(self) -> tuple[str, ...]:
        """Datasets that have a description, and those whose build was started."""
        started = (p.parent.name for p in self.data.glob(f"*/{layout.STATUS.file}"))
        named = {name for name in started if NAME.fullmatch(name)}
        return tuple(sorted(named | set(self.dataset_names())))

    def zone_states(self, dataset: str) -> pd.DataFrame:
        """zone_id, region, split, state, step, reason, seconds: one row a zone.

        state is built, building (at step), failed (for reason) or missing.
        """
        folder = self._dataset(dataset)
        return zone_states.table(folder, read_status(folder.path))

    def build_config(self, dataset: str) -> dict[str, Any] | None:
        """Settings of the dataset's build; None if it was not started from settings."""
        try:
            return layout.BUILD.read(self._dataset(dataset).path)
        except (FileNotFoundError, DamagedFile):
            return None

    def realism(self, dataset: str) -> dict[str, Any] | None:
        """The report on a simulated dataset; None if there is none. Raises CorruptDataset."""
        report = layout.REALISM.find(self._dataset(dataset).path)
        if report and not {"checks", "left_out", "tables"} <= set(report):
            raise CorruptDataset(
                f"{layout.REALISM.file} of {dataset} is damaged: make the report again."
            )
        return report or None

    def build_status(self, name: str) -> Status | None:
        """Status of the build of a dataset, which may not have a description yet."""
        return read_status(DatasetFolder(self.data, name).path)

    def legend(self, dataset: str) -> Legend:
        """The classes and codes that the dataset was built with."""
        return self._dataset(dataset).legend()

    def zones(self, dataset: str) -> tuple[Zone, ...]:
        """Built zones, in the order of the description."""
        return self._dataset(dataset).built_zones()

    def report(self, dataset: str, zone_id: str) -> dict[str, Any]:
        return self._dataset(dataset).report(zone_id)

    def layer_names(self, dataset: str, zone_id: str) -> tuple[str, ...]:
        return self._dataset(dataset).layer_names(zone_id)

    def fingerprint(self, dataset: str) -> str:
        return self._dataset(dataset).fingerprint()

    def cube(self, dataset: str, zone_id: str) -> Cube:
        return self._dataset(dataset).cube(zone_id)

    def labels(self, dataset: str, zone_id: str) -> Labels:
        return self._dataset(dataset).labels(zone_id)

    def parcels(self, dataset: str, zone_id: str) -> gpd.GeoDataFrame:
        """parcel_id, zone_id, register_id, code, crop, area_ha, n_pixels, geometry (zone's UTM)."""
        return self._dataset(dataset).parcels(zone_id)

    def series(self, dataset: str, zone_id: str) -> pd.DataFrame:
        """parcel_id, period, n_pixels, clear_share, and <name>_mean, <name>_std of all `values`."""
        return self._dataset(dataset).series(zone_id)

    def class_counts(self, dataset: str) -> pd.DataFrame:
        """zone_id, region, split, crop, pixels, parcels, hectares: per built zone and class."""
        rows, folder = [], self._dataset(dataset)
        for zone in self.zones(dataset):
            parcels = folder.parcel_facts(zone.zone_id, ("crop", "n_pixels", "area_ha"))
            table = parcels.groupby("crop").agg(
                pixels=("n_pixels", "sum"), parcels=("crop", "size"), hectares=("area_ha", "sum")
            )
            rows.append(
                table.reset_index().assign(
                    zone_id=zone.zone_id, region=zone.region, split=zone.split
                )
            )
        columns = ["zone_id", "region", "split", "crop", "pixels", "parcels", "hectares"]
        return pd.concat(rows)[columns] if rows else pd.DataFrame(columns=columns)

    def clear_dates(self, dataset: str) -> pd.DataFrame:
        """zone_id, period, clear_dates (mean over pixels), empty_share (pixels without any)."""
        rows, folder = [], self._dataset(dataset)
        periods = [p.id for p in folder.description().season.periods]
        for zone in self.zones(dataset):
            clear = folder.clear_dates(zone.zone_id)
            rows.append(
                pd.DataFrame(
                    {
                        "zone_id": zone.zone_id,
                        "period": periods,
                        "clear_dates": clear.mean(axis=(1, 2)),
                        "empty_share": (clear == 0).mean(axis=(1, 2)),
                    }
                )
            )
        return pd.concat(rows) if rows else pd.DataFrame()

    def imagery(
        self,
        dataset: str,
        zone_id: str,
        periods: Sequence[str],
        bands: Sequence[str] | None = None,
        side: int | None = None,
    ) -> Cube:
        """The cube of some periods and bands, its sides halved until they fit `side` pixels."""
        folder = self._dataset(dataset)
        folder.report(zone_id)  # says what to do if the zone is not built
        return pictures.read(folder.zone_folder(zone_id), periods, bands, side)

    def values(self, dataset: str) -> tuple[str, ...]:
        """Indices, bands and layers that the parcels' series hold."""
        return summaries.values(self._dataset(dataset))

    def parcel_facts(self, dataset: str) -> pd.DataFrame:
        """zone_id, region, split, parcel_id, crop, area_ha, n_pixels: of all built zones."""
        return summaries.parcel_facts(self._dataset(dataset))

    def seasons(self, dataset: str, value: str = "NDVI", region: str | None = None) -> pd.DataFrame:
        """crop, period, mean, p10, p50, p90, n_parcels of the parcels' mean of one of `values`."""
        return summaries.seasons(self._dataset(dataset), value, region)

    def parcel_means(self, dataset: str, period: str, names: Sequence[str]) -> pd.DataFrame:
        """zone_id, region, crop, <name>_mean: the parcels of all built zones in one period."""
        return summaries.parcel_means(self._dataset(dataset), period, names)

    # runs --------------------------------------------------------------------

    def runs(self, dataset: str | None = None) -> tuple[RunInfo, ...]:
        """All runs, newest first; of one dataset if given."""
        infos = (_info(run) for run in runs.list_all(self.models))
        return tuple(i for i in infos if dataset is None or i.dataset == dataset)

    def run(self, run_id: str) -> RunInfo:
        return _info(self._run(run_id))

    def record(self, run_id: str) -> RunRecord:
        """What the run was made with."""
        return self._run(run_id).record()

    def epochs(self, run_id: str) -> pd.DataFrame:
        return self._run(run_id).epochs()

    def log(self, run_id: str, lines: int = 200) -> str:
        return self._run(run_id).log(lines)

    def prediction(self, run_id: str, zone_id: str) -> Prediction:
        return self._run(run_id).prediction(zone_id)

    def prediction_path(self, run_id: str, zone_id: str) -> Path:
        return self._run(run_id).prediction_path(zone_id)

    def parcel_prediction(self, run_id: str, zone_id: str) -> pd.DataFrame:
        """parcel_id, predicted, confidence, p_0 … p_<K-1>."""
        return self._run(run_id).parcel_prediction(zone_id)

    def calibrated(self, run_id: str) -> dict[str, Any]:
        """How the run's probabilities were adjusted, and from which one on a class is in a set."""
        return self._run(run_id).calibrated()

    def confusions(self, run_id: str) -> pd.DataFrame:
        """zone_id, unit (pixel, parcel, hectare), truth, predicted, value."""
        return self._run(run_id).confusions()

    def calibration(self, run_id: str) -> pd.DataFrame:
        """zone_id, parcel_id, truth, predicted, confidence, correct: parcels with a mapped crop."""
        return self._run(run_id).calibration()

    def areas(self, run_id: str) -> pd.DataFrame:
        """class_id, mapped_ha, estimated_ha, low_ha, high_ha, …: see evaluate.area."""
        return self._run(run_id).areas()

    # studies -----------------------------------------------------------------

    def studies(self) -> tuple[StudyInfo, ...]:
        """All searches and cross-validations, newest first."""
        return tuple(study.info() for study in studies.list_all(self.models))

    def study(self, study_id: str) -> StudyInfo:
        return studies.find(self.models, study_id).info()

    def trials(self, study_id: str) -> pd.DataFrame:
        """trial, state, score, best, accuracy, macro_f1, seconds, error, settings tried, …"""
        return studies.table(studies.find(self.models, study_id).trials())

    def best_settings(self, study_id: str) -> dict[str, Any] | None:
        """Settings of a training under the best trial of a search; None if there is none yet."""
        return studies.find(self.models, study_id).best_settings()

    def _dataset(self, name: str) -> DatasetFolder:
        return DatasetFolder(self.data, name)

    def _run(self, run_id: str) -> RunFolder:
        return runs.find(self.models, run_id)


def _info(run: RunFolder) -> RunInfo:
    record = run.record()
    return RunInfo(
        run_id=run.run_id,
        config=dict(record.config),
        created=record.created,
        status=run.status or Status("failed", error="It has no status file."),
        scores=run.scores(),
        zones=run.predicted_zones(),
        legend_hash=str(record.legend_hash),
    )
