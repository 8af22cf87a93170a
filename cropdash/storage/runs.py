"""models/<run>/: a run is a folder that explains itself."""

from __future__ import annotations

import os
import secrets
import time
import zipfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from cropdash.domain import NAME, Prediction, Season
from cropdash.domain.errors import DamagedFile, InvalidRun, RunNotFound
from cropdash.domain.message import Message
from cropdash.domain.scores import RunScores
from cropdash.domain.secret import hidden
from cropdash.files import atomic, parquet, records
from cropdash.settings import sources
from cropdash.settings.folders import Folders
from cropdash.settings.train import TrainConfig
from cropdash.storage import (
    curves,
    layout,
    predicted,
    provenance,
    rasters,
    status,
    tables,
)
from cropdash.storage.datasets import DatasetFolder
from cropdash.storage.run_record import RunRecord, read_record

_AGAIN = Message("predict the zone again")
_BEGUN = (layout.RUN, layout.STATUS)  # either makes a folder a run's or a study's


@dataclass(frozen=True)
class RunFolder:
    """Reads and writes one run."""

    path: Path

    @property
    def run_id(self) -> str:
        """Its name: that of its folder."""
        return self.path.name

    def record(self) -> RunRecord:
        """What the run was made with. Raises RunNotFound, DamagedFile or UnknownFormat."""
        return read_record(self.path, f"Run {self.run_id}")

    @property
    def config(self) -> dict[str, Any]:
        """The settings of its training."""
        return dict(self.record().config)

    @property
    def status(self) -> status.Status | None:
        """How far its worker is; None where none ever began."""
        return status.read(self.path)

    def write_classes(self, decided: Mapping[str, Any]) -> None:
        """Training parcels by class, and which classes were dropped or merged."""
        layout.CLASSES.write(self.path, decided)

    def write_sides(self, sides: Mapping[str, Any]) -> None:
        """Zones learned from, held out and tested; `beside`: those of other datasets learned from."""
        layout.SIDES.write(self.path, sides)

    def sides(self) -> dict[str, Any]:
        """What `write_sides` wrote; empty until the run has begun."""
        return layout.SIDES.find(self.path)

    def write_calibrated(self, values: Mapping[str, Any]) -> None:
        """How the model's probabilities are adjusted and scaled, and on which zones it was fitted."""
        layout.CALIBRATION.write(self.path, values)

    def write_stack(self, values: Mapping[str, Any]) -> None:
        """How the members of an ensemble are joined."""
        layout.STACK.write(self.path, values)

    def stack(self) -> dict[str, Any]:
        """What `write_stack` wrote; raises InvalidRun if there is none."""
        values = layout.STACK.find(self.path)
        if not values:
            raise InvalidRun(
                "Run {a} has no {b} yet: make the ensemble again.",
                a=self.run_id, b=layout.STACK.file,
            )  # fmt: skip
        return values

    def calibrated(self) -> dict[str, Any]:
        """What `write_calibrated` wrote; empty if the run has none."""
        return layout.CALIBRATION.find(self.path)

    def write_applicability(self, arrays: Mapping[str, Any]) -> None:
        """Keep what `evaluate.applicability` learned."""
        path = self.path / layout.APPLICABILITY
        with atomic.replacing(path) as temporary, temporary.open("wb") as file:
            np.savez_compressed(file, allow_pickle=False, **arrays)

    def applicability(self) -> dict[str, Any] | None:
        """What `write_applicability` wrote; None if there is none. Raises InvalidRun if damaged."""
        path = self.path / layout.APPLICABILITY
        if not path.is_file():
            return None
        try:
            with atomic.opened(path) as file, np.load(file, allow_pickle=False) as arrays:
                return dict(arrays)
        except (OSError, ValueError, EOFError, zipfile.BadZipFile) as error:
            raise InvalidRun(
                "{a} of run {b} is damaged: train it again.", a=path.name, b=self.run_id
            ) from error

    def append_epoch(self, values: Mapping[str, float]) -> None:
        """Add a line to the learning curves."""
        curves.append(self.path / layout.EPOCHS, values)

    def keep_epochs_before(self, epoch: int) -> None:
        """Cut the learning curve, so that it can go on with `epoch`."""
        curves.cut(self.path / layout.EPOCHS, epoch)

    def epochs(self) -> pd.DataFrame:
        """One row per epoch; lines that are half written or damaged are left out."""
        return pd.DataFrame(curves.read(self.path / layout.EPOCHS))

    def log(self, lines: int = 200) -> str:
        """Tail of what the worker printed."""
        return hidden("\n".join(curves.tail(self.path / layout.LOG)[-lines:]))

    @property
    def predictions(self) -> Path:
        """Folder of its predictions."""
        return self.path / layout.PREDICTIONS

    def write_prediction(
        self, zone_id: str, prediction: Prediction, season: Season, of: str = "", margin: int = 0
    ) -> None:
        """Write <zone>.tif (class, confidence) and .parquet (per parcel), then what they are `of`.

        A prediction of the zone with a margin of so many pixels is kept apart, pixel by pixel.
        """
        with atomic.replacing(self.predictions / f"{zone_id}.parquet") as temporary:
            tables.of_parcels(prediction).to_parquet(temporary, index=False)
        if margin:
            self._write(layout.AROUND, zone_id, prediction, season)
        self._write(layout.PREDICTIONS, zone_id, prediction.inner(margin), season)
        predicted.say(self.path, zone_id, of)

    def _write(self, folder: str, zone_id: str, said: Prediction, season: Season) -> None:
        path = self.path / folder / f"{zone_id}.tif"
        rasters.write_prediction(path, said.crop, said.confidence, said.grid, season)

    def predicted_of(self) -> dict[str, str]:
        """By zone, of what its prediction is, as `write_prediction` was told; see `predicted.of`."""
        return predicted.of(self.path, self.predicted_zones())

    def predicted_zones(self) -> tuple[str, ...]:
        """Zones that it has predicted."""
        names = os.listdir(self.predictions) if self.predictions.is_dir() else []  # noqa: PTH208
        zones = (n.removesuffix(".tif") for n in names if n.endswith(".tif"))
        return tuple(sorted(filter(NAME.fullmatch, zones)))

    def prediction_path(self, zone_id: str) -> Path:
        """The zone's raster, if it is there; only what may be a zone's name becomes a path."""
        if NAME.fullmatch(zone_id) and (path := self.predictions / f"{zone_id}.tif").is_file():
            return path
        raise RunNotFound("Run {a} has not predicted zone {b} yet.", a=self.run_id, b=repr(zone_id))

    def prediction(self, zone_id: str) -> Prediction:
        """What it says of a zone. Raises RunNotFound."""
        crop, confidence, grid = rasters.read_prediction(self.prediction_path(zone_id))
        table = self.parcel_prediction(zone_id)
        probabilities = table.filter(regex=tables.SHARES).to_numpy(np.float32)
        if int(crop.max(initial=0)) >= probabilities.shape[1]:
            raise DamagedFile(
                "The prediction of {a} by run {b} names classes that the run does not know: {c}.",
                a=zone_id, b=self.run_id, c=_AGAIN,
            )  # fmt: skip
        ids = table["parcel_id"].to_numpy(np.int32)
        apart = table.get("dissimilarity")
        known = None if apart is None else apart.to_numpy(np.float32)
        return Prediction(crop, confidence, ids, probabilities, grid, self.run_id, known)

    def parcel_prediction(self, zone_id: str) -> pd.DataFrame:
        """parcel_id, predicted, confidence, p_0 … p_<K-1>; and, where the run knows what it learned
        from, dissimilarity and applicable (see `evaluate.applicability`)."""
        path = self.prediction_path(zone_id).with_suffix(".parquet")
        table = parquet.read(path, kinds=tables.PARCELS, remedy=_AGAIN)
        shares = table.filter(regex=tables.SHARES).to_numpy()
        if not parquet.KINDS["share"](shares):
            raise DamagedFile(
                "{a} of run {b} holds no shares: {c}.", a=path.name, b=self.run_id, c=_AGAIN
            )
        return table

    def write_scores(
        self, scores: RunScores, confusions: pd.DataFrame, calibration: pd.DataFrame
    ) -> None:
        """Write the summary and the tables that it was made from."""
        tables = {layout.CONFUSIONS: confusions, layout.DECIDED: calibration}
        for name, table in tables.items():
            with atomic.replacing(self.path / layout.SCORES_FOLDER / name) as temporary:
                table.to_parquet(temporary, index=False)
        layout.SCORES.write(self.path / layout.SCORES_FOLDER, asdict(scores))

    def scores(self) -> RunScores | None:
        """Summary of the scores; None until the run was evaluated. Raises DamagedFile."""
        values = layout.SCORES.find(self.path / layout.SCORES_FOLDER)
        what = f"{layout.SCORES.file} of run {self.run_id}"
        return records.typed(RunScores, values, what) if values else None

    def confusions(self) -> pd.DataFrame:
        """zone_id, unit, truth, predicted, value: the non-zero cells."""
        return self._score_table(layout.CONFUSIONS, tables.CELLS)

    def calibration(self) -> pd.DataFrame:
        """zone_id, parcel_id, truth, predicted, confidence, correct: parcels with a mapped crop."""
        return self._score_table(layout.DECIDED, tables.DECIDED)

    def _score_table(self, name: str, kinds: Mapping[str, str]) -> pd.DataFrame:
        path = self.path / layout.SCORES_FOLDER / name
        if not path.exists():
            raise RunNotFound(
                "Run {a} has no scores yet: let it finish, or evaluate it.", a=self.run_id
            )
        return parquet.read(path, kinds=kinds, remedy=Message("evaluate the run again"))


def queue(folders: Folders, config: TrainConfig) -> RunFolder:
    """A new run of a dataset, each pixel by itself where that has no map. Raises DatasetNotFound."""
    dataset = DatasetFolder(folders.data, config.dataset)
    if not sources.has_map(dataset.description().source):
        config = config.by_itself()
    marks = {n: DatasetFolder(folders.data, n).fingerprint() for n in config.extra_datasets}
    facts = facts_of(dataset) | {"extra_fingerprints": marks}
    return create(folders.models, config.model_dump(mode="json"), facts)


def facts_of(dataset: DatasetFolder) -> dict[str, Any]:
    """What numbers made now from the dataset are traced to; raises DatasetNotFound."""
    return {
        "dataset_fingerprint": dataset.fingerprint(),
        "legend_hash": dataset.legend().hash,
        **provenance.facts(),
    }


def create(models: Path, config: Mapping[str, Any], facts: Mapping[str, Any]) -> RunFolder:
    """Make a run's folder with config.json; its state is `queued`."""
    return RunFolder(begin(models, str(config["classifier"]), config, facts))


def begin(place: Path, what: str, config: Mapping[str, Any], facts: Mapping[str, Any]) -> Path:
    """A new folder with config.json in `place`, named by what it is and the time; `queued`."""
    moment = datetime.now(UTC)
    (path := place / f"{what}-{moment:%Y%m%d-%H%M%S}-{secrets.token_hex(2)}").mkdir(parents=True)
    layout.RUN.write(path, {"config": dict(config), "created": moment.isoformat(), **facts})
    status.write(
        path, status.Status("queued", stage=Message("Waiting to start"), created=time.time())
    )
    return path


def find(models: Path, run_id: str) -> RunFolder:
    """The run of that id, looked up in the listing of all runs."""
    for run in list_all(models):
        if run.run_id == run_id:
            return run
    raise RunNotFound(
        "There is no run {a}; 'python -m cropdash runs' lists them.", a=repr(str(run_id)[:64])
    )


def list_all(models: Path) -> tuple[RunFolder, ...]:
    """All runs, newest first."""
    return tuple(map(RunFolder, listed(models)))


def listed(place: Path) -> list[Path]:
    """Folders of runs or studies, newest first; none where there is no such place.

    Those whose record can't be read are among them.
    """
    named = (path for path in place.glob("*") if NAME.fullmatch(path.name) and path.is_dir())
    begun = [path for path in named if any(os.path.lexists(form.of(path)) for form in _BEGUN)]
    return sorted(begun, key=lambda path: (-_age(path), path))


def _age(path: Path) -> float:
    record = layout.RUN.of(path)
    return (record if record.exists() else path).stat().st_mtime
