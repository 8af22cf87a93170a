"""What of an installation can't be read, told by name with the way out; the rest goes on without it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from cropdash.domain.errors import CropdashError
from cropdash.domain.message import Message
from cropdash.files import atomic
from cropdash.storage import layout, notes, reports, runs, seasons, status, studies
from cropdash.storage.datasets import DatasetFolder


@dataclass(frozen=True)
class Damaged:
    """A dataset, a zone, a run, a study, a report, or the database."""

    name: str
    reason: str  # one sentence, with the way out


def readable_datasets(data: Path) -> tuple[str, ...]:
    """Names of the datasets whose description and legend can be read."""
    return tuple(name for name in layout.datasets(data) if not _of_dataset(data, name))


def found(data: Path, models: Path) -> tuple[Damaged, ...]:
    """All that can't be read."""
    return (
        *of_database(data), *of_datasets(data), *of_runs(models), *of_studies(models),
        *of_reports(models),
    )  # fmt: skip


def of_datasets(data: Path) -> Iterator[Damaged]:
    """Datasets, and built zones of those that can be read."""
    yield from _of_place(data)
    for name in layout.datasets(data):
        if reason := _of_dataset(data, name):
            yield Damaged(name, reason)
            continue
        folder = DatasetFolder(data, name)
        try:
            looked = folder.look()
        except CropdashError as error:  # it was replaced since
            yield Damaged(name, str(error))
            continue
        for zone_id, known in looked.items():
            if known.fault:
                yield Damaged(f"{name}, {zone_id}", known.fault)
        kept = folder.path / layout.CATALOGUE
        if reason := _fault(
            partial(layout.REALISM.find, folder.path), partial(atomic.check_kind, kept)
        ):
            yield Damaged(name, reason)


def of_runs(models: Path) -> Iterator[Damaged]:
    """Runs whose record, scores or state can't be read."""
    yield from _of_place(models)
    for run in runs.list_all(models):
        forms = (layout.SIDES.find, layout.TAUGHT.find)
        beside: list[Callable[[], object]] = [
            partial(read, run.path) for read in (status.load, *forms)
        ]
        beside.append(partial(layout.WITHOUT.find, run.path / layout.SEASON))
        dated = [seasons.at(run, day) for day in seasons.days(run)]
        beside += [read for by in dated for read in (by.scores, by.calibrated)]
        if reason := _fault(run.record, run.scores, run.calibrated, *beside):
            yield Damaged(run.run_id, reason)


def of_studies(models: Path) -> Iterator[Damaged]:
    """Studies whose record or state can't be read."""
    for study in studies.list_all(models):
        if reason := _fault(study.info, partial(status.load, study.path)):
            yield Damaged(study.study_id, reason)
    if models.is_dir() and (reason := _fault(partial(layout.OPTIMISM.find, models))):
        yield Damaged(layout.OPTIMISM.file, reason)


def of_reports(models: Path) -> Iterator[Damaged]:
    """Reports and audits whose order, state or findings can't be read."""
    for report in reports.list_all(models):
        reads = (status.load, layout.AUDIT.find, layout.CERTIFICATE.find)
        if reason := _fault(report.info, *(partial(read, report.path) for read in reads)):
            yield Damaged(report.report_id, reason)


def of_database(data: Path) -> Iterator[Damaged]:
    """The database, where it can't be read or does not answer."""
    if reason := _fault(partial(notes.read, data)):
        yield Damaged("database", reason)


def _of_place(path: Path) -> Iterator[Damaged]:
    if path.exists() and not path.is_dir():
        reason = Message("{a} is a file, where a folder is needed: move it away.", a=path)
        yield Damaged(path.name, reason)


def _of_dataset(data: Path, name: str) -> str | None:
    folder = DatasetFolder(data, name)
    return _fault(folder.legend)


def _fault(*reads: Callable[[], object]) -> str | None:
    for read in reads:
        try:
            read()
        except CropdashError as error:
            return str(error)
        except FileNotFoundError:
            continue
    return None
