"""The read-only facade that pages use: datasets and runs by name, as nouns and tables."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import wraps
from typing import Any, Concatenate, ParamSpec, TypeVar

import pandas as pd

from cropdash.domain import NAME, Season, Zone
from cropdash.domain.errors import CropdashError, DamagedFile
from cropdash.settings.build import BuildConfig
from cropdash.settings.folders import Folders
from cropdash.settings.study import CrossValidation, Search
from cropdash.settings.train import TrainConfig
from cropdash.settings.waits import Expected
from cropdash.storage import (
    answers,
    beside,
    damaged,
    elsewhere,
    infos,
    layout,
    provenance,
    runs,
    seasons,
    studies,
    summaries,
    waiting,
    zone_states,
)
from cropdash.storage import seasons as dated
from cropdash.storage.datasets import DatasetFolder
from cropdash.storage.description import Description as Description
from cropdash.storage.infos import RunInfo as RunInfo
from cropdash.storage.runs import RunFolder
from cropdash.storage.status import Status
from cropdash.storage.status import read as read_status
from cropdash.storage.studies import StudyInfo as StudyInfo

F = TypeVar("F")
P = ParamSpec("P")
T = TypeVar("T")


@dataclass(frozen=True)
class DatasetInfo:
    """A dataset, and how far its building has come."""

    description: Description
    built: tuple[Zone, ...]
    status: Status | None  # of its last build, None if it was never started from here

    @property
    def name(self) -> str:
        """Of the dataset."""
        return self.description.name

    @property
    def is_complete(self) -> bool:
        """True if every zone is built."""
        return len(self.built) == len(self.description.zones)


def _of(
    find: Callable[[Store, str], F], method: Callable[Concatenate[F, P], T]
) -> Callable[Concatenate[Store, str, P], T]:
    """What `method` reads of a dataset's or a run's folder, which is found by its name."""

    @wraps(method)
    def told(store: Store, name: str, /, *args: P.args, **options: P.kwargs) -> T:
        return method(find(store, name), *args, **options)

    return told


def _dataset(store: Store, name: str) -> DatasetFolder:
    return DatasetFolder(store.data, name)


def _run(store: Store, run_id: str) -> RunFolder:
    if elsewhere.is_one(run_id):
        return elsewhere.find(store.models, run_id)
    return seasons.find(store.models, run_id)


def _whole(store: Store, run_id: str) -> RunFolder:
    return runs.find(store.models, re.split("[@~]", run_id)[0])


@dataclass(frozen=True)
class Store(Folders):
    """Everything on disk, read only. Names are looked up in listings, never joined from text."""

    # datasets ----------------------------------------------------------------

    def damaged(self) -> tuple[damaged.Damaged, ...]:
        """What can't be read of all that is there, why, and the way out."""
        return damaged.found(self.data, self.models)

    def dataset_names(self) -> tuple[str, ...]:
        """Datasets whose description and legend can be read."""
        return damaged.readable_datasets(self.data)

    def dataset(self, name: str) -> DatasetInfo:
        """What it learned from."""
        folder = _dataset(self, name)
        return DatasetInfo(folder.description(), folder.built_zones(), read_status(folder.path))

    def build_names(self) -> tuple[str, ...]:
        """Datasets that have a description, and those whose build was started."""
        started = (p.parent.name for p in self.data.glob(f"*/{layout.STATUS.file}"))
        named = {name for name in started if NAME.fullmatch(name)}
        return tuple(sorted(named | set(self.dataset_names())))

    def taken_names(self) -> tuple[str, ...]:
        """Names that no other build may take: of datasets with a zone, or that are at work."""

        def is_taken(name: str) -> bool:
            status = read_status(self.data / name)
            live = status is not None and not status.is_final
            return live or DatasetFolder(self.data, name).is_begun

        return tuple(name for name in self.build_names() if is_taken(name))

    def provenance(self, dataset: str) -> dict[str, Any]:
        """What its built zones were made of; see `provenance.of_dataset`."""
        return provenance.of_dataset(_dataset(self, dataset))

    def zone_states(self, dataset: str) -> pd.DataFrame:
        """zone_id, region, split, state, step, reason, seconds: one row a zone.

        state is built, building (at step), failed (for reason) or missing.
        """
        folder = _dataset(self, dataset)
        return zone_states.table(folder, read_status(folder.path))

    def build_config(self, dataset: str) -> dict[str, Any] | None:
        """Settings of the dataset's build; None if it was not started from settings."""
        try:
            return layout.BUILD.read(_dataset(self, dataset).path)
        except (FileNotFoundError, DamagedFile):
            return None

    def realism(self, dataset: str) -> dict[str, Any] | None:
        """The report on a simulated dataset; None if there is none. Raises DamagedFile."""
        return layout.REALISM.find(_dataset(self, dataset).path) or None

    def build_status(self, name: str) -> Status | None:
        """Status of the build of a dataset, which may not have a description yet."""
        return read_status(DatasetFolder(self.data, name).path)

    legend = _of(_dataset, DatasetFolder.legend)
    zones = _of(_dataset, DatasetFolder.built_zones)
    has_zones = _of(_dataset, DatasetFolder.has_zones)
    report = _of(_dataset, DatasetFolder.report)
    layer_names = _of(_dataset, DatasetFolder.layer_names)
    fingerprint = _of(_dataset, DatasetFolder.fingerprint)
    cube = _of(_dataset, DatasetFolder.cube)
    labels = _of(_dataset, DatasetFolder.labels)
    parcels = _of(_dataset, DatasetFolder.parcels)
    series = _of(_dataset, DatasetFolder.series)
    imagery = _of(_dataset, DatasetFolder.imagery)
    parcel_places = _of(_dataset, summaries.parcel_places)
    values = _of(_dataset, summaries.values)
    class_counts = _of(_dataset, summaries.class_counts)
    clear_dates = _of(_dataset, summaries.clear_dates)
    parcel_facts = _of(_dataset, summaries.parcel_facts)
    clear_by_parcel = _of(_dataset, summaries.clear_by_parcel)
    seasons = _of(_dataset, summaries.seasons)
    parcel_means = _of(_dataset, summaries.parcel_means)

    # runs --------------------------------------------------------------------

    def runs(self, dataset: str | None = None, *, archived: bool = False) -> tuple[RunInfo, ...]:
        """All runs that can be read, newest first, but those put away.

        archived: those put away as well. Of one dataset if given: those that learned from it, and
        what others say of it (see `elsewhere.name`).
        """
        return infos.listed(self, dataset, archived=archived)

    def run(self, run_id: str) -> RunInfo:
        """The run of that id, or what it says by a day or elsewhere (`seasons.name`, `elsewhere.name`)."""
        return infos.of(self, _run(self, run_id), _whole(self, run_id), run_id)

    record = _of(_whole, RunFolder.record)
    sides = _of(_whole, RunFolder.sides)
    epochs = _of(_whole, RunFolder.epochs)
    log = _of(_whole, RunFolder.log)
    prediction = _of(_run, RunFolder.prediction)
    around = _of(_run, beside.around)
    prediction_path = _of(_run, RunFolder.prediction_path)
    parcel_prediction = _of(_run, RunFolder.parcel_prediction)
    answers = _of(_run, answers.of_parcels)
    predicted_of = _of(_run, RunFolder.predicted_of)
    calibrated = _of(_run, RunFolder.calibrated)
    confusions = _of(_run, RunFolder.confusions)
    without_periods = _of(_run, dated.without)
    calibration = _of(_run, RunFolder.calibration)

    def optimism(self, dataset: str) -> dict[str, Any] | None:
        """config and splits of the last `optimism` if it was of this dataset. Raises DamagedFile."""
        found = layout.OPTIMISM.find(self.models)
        return found if found and found["config"]["dataset"] == dataset else None

    # what is waited for ------------------------------------------------------

    def expected_training(self, config: TrainConfig) -> Expected | None:
        """What a run of these settings may take; None where nothing tells it."""
        return waiting.training(self.data, self.models, config)

    def expected_study(self, config: CrossValidation | Search) -> Expected | None:
        """The same of a study."""
        return waiting.study(self.data, self.models, config)

    def expected_build(
        self, config: BuildConfig, zones: Sequence[Zone], season: Season
    ) -> Expected | None:
        """The same of the build of some zones."""
        return waiting.building(self.data, config, zones, season)

    # studies -----------------------------------------------------------------

    def studies(self) -> tuple[StudyInfo, ...]:
        """All searches and cross-validations that can be read, newest first."""
        found = []
        for study in studies.list_all(self.models):
            with suppress(CropdashError):
                found.append(study.info())
        return tuple(found)

    def study(self, study_id: str) -> StudyInfo:
        """The study of that id. Raises RunNotFound."""
        return studies.find(self.models, study_id).info()

    def trials(self, study_id: str) -> pd.DataFrame:
        """trial, state, score, best, accuracy, macro_f1, seconds, error, settings tried, …"""
        return studies.table(studies.find(self.models, study_id).trials())

    def study_tables(self, study_id: str) -> dict[str, pd.DataFrame]:
        """All that a study has measured: its trials or folds, their learning curves, and of a
        cross-validation each parcel as a model answered that never saw its zone."""
        return studies.tables_of(studies.find(self.models, study_id))

    def best_settings(self, study_id: str) -> dict[str, Any] | None:
        """Settings of a training under the best trial of a search; None if there is none yet."""
        return studies.find(self.models, study_id).best_settings()
