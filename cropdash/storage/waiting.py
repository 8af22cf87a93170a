"""What a build, a training or a study may take here, by what has ended well on this machine."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from cropdash.domain import Season, Zone
from cropdash.domain.errors import CropdashError
from cropdash.settings import classifiers, sources, waits
from cropdash.settings.build import BuildConfig
from cropdash.settings.study import CrossValidation, Search
from cropdash.settings.train import TrainConfig
from cropdash.settings.waits import Expected, Past
from cropdash.storage import layout, provenance, runs
from cropdash.storage.datasets import DatasetFolder
from cropdash.storage.status import Status
from cropdash.storage.status import read as read_status

_DEMO_PIXELS, _DEMO_WORK = 40 * 256**2, 40 * 256**2 * 12 * 4  # and times periods times bands
_FROM_NOTHING = 0.15  # progress of the first mark above which a job was taken up again


def training(data: Path, models: Path, config: TrainConfig) -> Expected | None:
    """What a run of these settings may take; None where nothing tells it."""
    kind = classifiers.kind(config.classifier)
    rough = None
    if kind.demo_s is not None and config.dataset in layout.datasets(data):
        zones = DatasetFolder(data, config.dataset).built_zones()
        rough = kind.demo_s * max(_pixels(zones) / _DEMO_PIXELS, 0.2)
    alike, past = ("classifier", "dataset"), list(_runs(models))
    return waits.expected(past, config.model_dump(mode="json"), alike=alike, rough=rough)


def study(data: Path, models: Path, config: CrossValidation | Search) -> Expected | None:
    """What all trainings of a study may take; a search ends at its time limit, if it has one."""
    one = training(data, models, config.training())
    if one is None:
        return None
    times = config.folds * config.n_trials if isinstance(config, Search) else config.n_trainings
    most = 60 * config.minutes if isinstance(config, Search) and config.minutes else float("inf")
    return replace(one, low=min(one.low * times, most), high=min(one.high * times, most))


def building(
    data: Path, config: BuildConfig, zones: Sequence[Zone], season: Season
) -> Expected | None:
    """What a build of the zones may take; None where nothing tells it."""
    work = _pixels(zones) * len(season.periods) * len(config.bands) / config.workers
    kind = sources.of(config)
    rough = None
    if kind.demo_s is not None:
        usual = _DEMO_WORK / sources.demo().workers
        rough = kind.demo_s * work / usual
    past = list(_builds(data))
    return waits.expected(
        past, config.model_dump(mode="json"), work=work, alike=("source",), rough=rough
    )


def _runs(models: Path) -> Iterator[Past]:
    here = provenance.hardware()
    for run in runs.list_all(models):
        try:
            record, status = run.record(), run.status
        except CropdashError:
            continue  # damaged: it says nothing
        seconds = _in_one_go(status)
        if seconds is not None and dict(record.hardware) == here:
            yield Past(dict(record.config), seconds)


def _builds(data: Path) -> Iterator[Past]:
    for name in layout.datasets(data):
        folder = DatasetFolder(data, name)
        try:
            status, config = read_status(folder.path), layout.BUILD.read(folder.path)
            told = folder.description()
            work = _pixels(told.zones) * len(told.season.periods) * len(told.bands)
            workers = int(config.get("workers", 1))
        except (CropdashError, OSError, TypeError, ValueError):
            continue  # damaged, or built by other means
        seconds = _in_one_go(status)
        if seconds is not None:
            yield Past(config, seconds, work / max(workers, 1))


def _in_one_go(status: Status | None) -> float | None:
    """Seconds of a job that ended well; None of others, and of one that was taken up again."""
    if status is None or status.state != "done" or not status.marks:
        return None
    return status.seconds if status.marks[0][1] <= _FROM_NOTHING else None


def _pixels(zones: Sequence[Zone]) -> int:
    return sum(zone.grid.shape[0] * zone.grid.shape[1] for zone in zones)
