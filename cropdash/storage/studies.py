"""models/studies/<study>/: several trainings that answer one question together."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Annotated, Any, Literal

import pandas as pd
from pydantic import Field

from cropdash.domain.errors import DamagedFile, RunNotFound
from cropdash.domain.message import Message
from cropdash.files import atomic, parquet, records
from cropdash.files.records import Form
from cropdash.settings import sources
from cropdash.settings import study as study_config
from cropdash.settings.folders import Folders
from cropdash.settings.study import CrossValidation, Point, Search
from cropdash.storage import layout, runs, shapes, status
from cropdash.storage.datasets import DatasetFolder
from cropdash.storage.run_record import RunRecord, read_record
from cropdash.storage.runs import RunFolder

_NUMBER = re.compile(r"[0-9]{1,9}").fullmatch
TrialState = Literal["running", "done", "pruned", "failed", "stopped"]


@dataclass(frozen=True)
class Trial:
    """One training of a search: what was tried and what came of it."""

    number: shapes.Count  # from 0
    state: TrialState
    settings: Point
    score: shapes.Share | None = None  # mean of accuracy and macro F1, the best so far
    accuracy: shapes.Share | None = None  # at that epoch
    macro_f1: shapes.Share | None = None
    seconds: Annotated[float, Field(ge=0, lt=1e12)] = 0.0
    error: records.Text = ""  # one sentence, if failed
    curve: tuple[tuple[shapes.Count, shapes.Number], ...] = ()  # step and score


@dataclass(frozen=True)
class StudyInfo:
    """A study at one glance."""

    study_id: str
    config: dict[str, Any]  # flat Search or CrossValidation
    created: str  # ISO time, UTC
    status: status.Status
    scores: dict[str, Any]  # of a cross-validation; empty until its folds are scored

    @property
    def dataset(self) -> str:
        """What its models are trained on."""
        return str(self.config["dataset"])

    @property
    def is_search(self) -> bool:
        """True for a search, False for a cross-validation."""
        return str(self.config["kind"]) != "crossvalidate"


@dataclass(frozen=True)
class StudyFolder:
    """Reads and writes one study."""

    path: Path

    @property
    def study_id(self) -> str:
        """Its name: that of its folder."""
        return self.path.name

    def record(self) -> RunRecord:
        """What the study was made with. Raises RunNotFound, DamagedFile or UnknownFormat."""
        return read_record(self.path, f"Study {self.study_id}")

    @property
    def config(self) -> CrossValidation | Search:
        """Its settings."""
        return study_config.parse(self.record().config)

    def info(self) -> StudyInfo:
        """What pages show of it."""
        record = self.record()
        study_config.parse(record.config)  # raises ConfigError
        told = status.read(self.path) or status.Status(
            "failed", error=Message("It has no status file.")
        )
        return StudyInfo(self.study_id, dict(record.config), record.created, told, self.scores())

    # folds -------------------------------------------------------------------

    def fold(self, number: int, config: Mapping[str, Any]) -> RunFolder:
        """The run of a fold, begun if it was not; no list of runs shows it."""
        path = self.path / layout.FOLDS / str(number)
        if not layout.RUN.of(path).exists():
            layout.RUN.write(path, {**asdict(self.record()), "config": dict(config)})
        return RunFolder(path)

    def write_fold_parcels(self, number: int, table: pd.DataFrame) -> None:
        """zone_id, parcel_id, truth, predicted, confidence, p_0 … of the fold's scored zones."""
        with atomic.replacing(
            self.path / layout.FOLDS / str(number) / layout.FOLD_PARCELS
        ) as temporary:
            table.to_parquet(temporary, index=False)

    def out_of_fold(self) -> pd.DataFrame:
        """The parcels of all finished folds, each told by a model that never saw its zone."""
        found, config = self.fold_parcels(), self.config
        if not len(found) or not isinstance(config, CrossValidation):
            return found
        return found[found["fold"] < config.folds].reset_index(drop=True)

    def fold_parcels(self) -> pd.DataFrame:
        """The parcels of all finished trainings, by the number of each; see `CrossValidation.steps`."""
        found = sorted(
            (self.path / layout.FOLDS).glob(f"*/{layout.FOLD_PARCELS}"),
            key=lambda p: int(p.parent.name),
        )
        again = Message("take the study up again")
        tables = [
            parquet.read(path, remedy=again).assign(fold=int(path.parent.name)) for path in found
        ]
        return pd.concat(tables, ignore_index=True) if tables else pd.DataFrame()

    def write_scores(self, scores: Mapping[str, Any]) -> None:
        """Write the scores of its folds."""
        layout.STUDY_SCORES.write(self.path, scores)

    def scores(self) -> dict[str, Any]:
        """Scores by fold, their mean and deviation; empty until a fold was scored."""
        return layout.STUDY_SCORES.find(self.path)

    # trials ------------------------------------------------------------------

    def trial_folder(self, number: int) -> Path:
        """Where the trial's training keeps what it needs to go on."""
        path = self.path / layout.TRIALS / str(number)
        path.mkdir(parents=True, exist_ok=True)
        return path

    def write_trial(self, trial: Trial) -> None:
        """Write the trial as it stands, whole or not at all."""
        form = Form(f"{trial.number}.json", layout.TRIAL_VERSION)
        form.write(self.path / layout.TRIALS, asdict(trial))

    def trials(self) -> tuple[Trial, ...]:
        """All trials, in order; those whose worker is gone are not called running.

        One whose file is damaged has failed.
        """
        live = (told := status.read(self.path)) is not None and not told.is_final
        paths = (path for path in (self.path / layout.TRIALS).glob("*.json") if _NUMBER(path.stem))
        return tuple(_trial(path, live) for path in sorted(paths, key=lambda p: int(p.stem)))

    def best_settings(self) -> dict[str, Any] | None:
        """Settings of a training under the best trial of a search; None if there is none."""
        found = best(self.trials())
        return self.config.training(**found.settings).model_dump(mode="json") if found else None


def table(trials: tuple[Trial, ...]) -> pd.DataFrame:
    """trial, state, score, best, accuracy, macro_f1, seconds, error, then the settings tried.

    `best` is the best score of a finished trial up to and with this one.
    """
    names = ["trial", "state", "score", "best", "accuracy", "macro_f1", "seconds", "error"]
    best: float | None = None
    rows = []
    for trial in trials:
        if trial.state == "done" and trial.score is not None:
            best = trial.score if best is None else max(best, trial.score)
        own = {n: getattr(trial, n) for n in names if n not in ("trial", "best")}
        rows.append({"trial": trial.number, "best": best, **own, **trial.settings})
    tried = list(dict.fromkeys(name for trial in trials for name in trial.settings))
    return pd.DataFrame(rows, columns=[*names, *tried])


def tables_of(study: StudyFolder) -> dict[str, pd.DataFrame]:
    """trials or folds, curves, parcels: those of them that hold a row."""
    trials = study.trials()
    steps = [(t.number, *point) for t in trials for point in t.curve]
    curves = [pd.DataFrame(steps, columns=["trial", "step", "score"])]
    for path in sorted((study.path / layout.FOLDS).glob("[0-9]*"), key=lambda p: int(p.name)):
        epochs = RunFolder(path).epochs()
        epochs.insert(0, "fold", int(path.name))
        curves.append(epochs)
    folds = [
        {"fold": fold["fold"], "zones": " ".join(fold["zones"]),
         **{f"{unit}_{name}": value for unit in ("pixel", "parcel")
            for name, value in fold[unit].items()}}
        for fold in study.scores().get("folds", ())
    ]  # fmt: skip
    found = {
        "trials": table(trials),
        "folds": pd.DataFrame(folds),
        "curves": pd.concat([c for c in curves if len(c)] or curves[:1], ignore_index=True),
        "parcels": study.out_of_fold(),
    }
    return {name: rows for name, rows in found.items() if len(rows)}


def best(trials: tuple[Trial, ...]) -> Trial | None:
    """The finished trial with the highest score; the earliest of equals."""
    finished = [t for t in trials if t.state == "done" and t.score is not None]
    return max(finished, key=lambda t: (t.score or 0.0, -t.number), default=None)


def queue(folders: Folders, config: CrossValidation | Search) -> StudyFolder:
    """A new study of a dataset; its state is `queued`. Raises DatasetNotFound."""
    dataset = DatasetFolder(folders.data, config.dataset)
    if not sources.has_map(dataset.description().source):
        config = config.by_itself()
    facts = runs.facts_of(dataset)
    what = f"{'search' if isinstance(config, Search) else 'folds'}-{config.classifier}"
    return StudyFolder(
        runs.begin(folders.models / layout.STUDIES, what, config.model_dump(mode="json"), facts)
    )


def find(models: Path, study_id: str) -> StudyFolder:
    """The study of that id, looked up in the listing of all studies."""
    for study in list_all(models):
        if study.study_id == study_id:
            return study
    raise RunNotFound(
        "There is no study {a} in {b}.", a=repr(str(study_id)[:64]), b=models / layout.STUDIES
    )


def list_all(models: Path) -> tuple[StudyFolder, ...]:
    """All studies, newest first."""
    return tuple(map(StudyFolder, runs.listed(models / layout.STUDIES)))


def _trial(path: Path, live: bool) -> Trial:
    try:
        values = records.read(path, layout.TRIAL_VERSION)
        found = records.typed(Trial, values, f"trials/{path.name}")
    except (FileNotFoundError, DamagedFile) as error:
        return Trial(int(path.stem), "failed", {}, error=str(error))
    return replace(found, state="stopped") if found.state == "running" and not live else found
