"""Runs at one glance: settings, status, scores and zones of each."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from cropdash.domain.errors import CropdashError, DamagedFile
from cropdash.domain.message import Message
from cropdash.domain.scores import RunScores
from cropdash.settings.folders import Folders
from cropdash.storage import elsewhere, layout, notes, runs, seasons
from cropdash.storage.notes import Notes
from cropdash.storage.runs import RunFolder
from cropdash.storage.status import Status


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
    notes: Notes = Notes()  # noqa: RUF009 (frozen): its name, note and tags, whether it is put away
    days: tuple[dt.date, ...] = ()  # by which it was asked before the season was over
    as_of: dt.date | None = None  # the day by which these are its answers; None: the whole season
    on: str = ""  # the other dataset that these are its answers about; empty: its own

    def by(self, day: dt.date) -> str:
        """The id of what it says by a day."""
        return seasons.name(self.run_id, day)

    @property
    def classifier(self) -> str:
        """The kind of its model."""
        return str(self.config["classifier"])

    @property
    def dataset(self) -> str:
        """What its zones are of: what it learned from, unless it is asked about another."""
        return self.on or str(self.config["dataset"])


def listed(
    where: Folders, dataset: str | None = None, *, archived: bool = False
) -> tuple[RunInfo, ...]:
    """See `Store.runs`."""
    found, said = [], _notes(where.data)
    for run in runs.list_all(where.models):
        info = _readable(run, said)
        if info is None or (info.notes.archived and not archived):
            continue
        if dataset in (None, info.dataset):
            found.append(info)
        elif dataset in elsewhere.datasets(run):
            found.append(_elsewhere(info, elsewhere.at(run, str(dataset))))
    return tuple(found)


def of(where: Folders, folder: RunFolder, run: RunFolder, run_id: str) -> RunInfo:
    """What lies in a run's folder, or in one of its folders by a day or of another dataset."""
    whole = _info(run, _notes(where.data))
    if elsewhere.is_one(run_id):
        return _elsewhere(whole, folder)
    if not seasons.is_dated(run_id):
        return whole
    return replace(
        whole, run_id=run_id, scores=folder.scores(), zones=folder.predicted_zones(),
        as_of=dt.date.fromisoformat(folder.path.name),
    )  # fmt: skip


def _notes(data: Path) -> Mapping[str, Notes]:
    """What people say of runs; nothing where the database is `damaged`."""
    with suppress(DamagedFile):
        return notes.read(data)
    return {}


def _readable(run: RunFolder, said: Mapping[str, Notes]) -> RunInfo | None:
    try:
        return _info(run, said)
    except CropdashError:
        return None  # `damaged` lists it


def _elsewhere(whole: RunInfo, there: RunFolder) -> RunInfo:
    """What a run says of the dataset of that folder; it ended when the last zone was predicted."""
    dataset, asked = there.path.name, there.predictions / layout.PREDICTED
    ended = asked.stat().st_mtime if asked.is_file() else whole.status.finished
    return replace(
        whole, run_id=elsewhere.name(whole.run_id, dataset), on=dataset, days=(),
        status=replace(whole.status, finished=ended), scores=_scores(there),
        zones=there.predicted_zones(),
    )  # fmt: skip


def _info(run: RunFolder, said: Mapping[str, Notes]) -> RunInfo:
    """Raises DamagedFile or RunNotFound; damaged scores are none."""
    record = run.record()
    return RunInfo(
        run_id=run.run_id,
        config=dict(record.config),
        created=record.created,
        status=run.status or Status("failed", error=Message("It has no status file.")),
        scores=_scores(run),
        zones=run.predicted_zones(),
        legend_hash=str(record.legend_hash),
        days=seasons.days(run),
        notes=said.get(run.run_id, Notes()),
    )


def _scores(run: RunFolder) -> RunScores | None:
    with suppress(DamagedFile):
        return run.scores()
    return None
