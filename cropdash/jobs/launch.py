"""Start, stop and end worker processes: each is the command that a person would type.

Nothing is remembered here that is not on disk: a worker outlives the page and the server that
started it, and is found again by its folder (status.json, worker.lock, worker.log).
"""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import psutil
from filelock import FileLock, Timeout

from cropdash.domain import NAME, access
from cropdash.domain.errors import NotKept, RunBusy, RunNotFound
from cropdash.domain.message import Message
from cropdash.jobs import limits, processes
from cropdash.settings import folders as settings
from cropdash.settings import sources
from cropdash.settings.build import BuildConfig
from cropdash.settings.command import command_line as command_line
from cropdash.settings.folders import DEMO
from cropdash.settings.reports import Order
from cropdash.settings.study import CrossValidation, Search
from cropdash.settings.train import TrainConfig
from cropdash.storage import layout, record, reports, runs, status, studies
from cropdash.storage.datasets import DatasetFolder
from cropdash.storage.status import Status

STOP_WAIT_S = 20.0  # [s] a worker is given to stop by itself before it may be ended at once
_ENDED = Status("stopped", error=Message("It was ended at once."))
_LAUNCH_LOCK = "launch.lock"  # held while a worker is being started, so that two clicks start one

_children: list[tuple[subprocess.Popen[bytes], Path]] = []
_children_guard = threading.Lock()


# start -----------------------------------------------------------------------


def start(
    config: TrainConfig | CrossValidation | Search, *, command: Sequence[str] | None = None
) -> str:
    """Create a run, a search or a cross-validation, and start its worker; returns its id.

    `command` replaces the worker's command line. Raises DatasetNotFound, NotAllowed, LimitReached.
    """
    where = settings.folders()
    queue = runs.queue if isinstance(config, TrainConfig) else studies.queue
    with limits.admitted():
        folder = queue(where, config).path  # type: ignore[arg-type]
        _launch(folder, command or _command(folder))
    return folder.name


def start_build(config: BuildConfig | None = None, *, command: Sequence[str] | None = None) -> None:
    """Start building a dataset, the demo if none is given; zones that are whole are kept.

    Raises RunBusy, NotAllowed, LimitReached, or ConfigError if it was begun with other settings.
    """
    where = settings.folders().data
    if config is None:
        if DatasetFolder(where, DEMO).is_configured:
            return resume_build(DEMO, command=command)
        config = sources.demo()
    folder = DatasetFolder(where, config.dataset)
    with limits.admitted():
        _launch(
            folder.path,
            command or _python("build", config.dataset),
            before=lambda: folder.configure(config),
        )
    return None


def resume_build(dataset: str, *, command: Sequence[str] | None = None) -> None:
    """Take a build up again with the settings it was begun with.

    Raises RunBusy, NotAllowed or LimitReached.
    """
    folder = DatasetFolder(settings.folders().data, dataset)
    folder.config()  # raises if there is nothing to take up
    with limits.admitted():
        _launch(folder.path, command or _python("build", dataset))


def resume(name: str, *, command: Sequence[str] | None = None) -> None:
    """Start what is unfinished again, what is finished kept. Raises RunBusy, NotAllowed, LimitReached."""
    folder = _folder(name)
    with limits.admitted():
        _launch(folder, command or _command(folder))


def order(asked: Order) -> str:
    """Order a report, a dossier or an audit; returns its id. Raises NotAllowed or LimitReached."""
    access.require("report")
    with limits.admitted():
        folder = reports.queue(settings.folders().models, asked).path
        _launch(folder, _command(folder))
    return folder.name


def score_audit(audit_id: str, name: str, content: bytes) -> None:
    """Keep what came back of an audit, and score it. Raises as `resume`, or ConfigError."""
    where = settings.folders()
    folder = reports.find(where.models, audit_id)
    with limits.admitted():
        kept = lambda: folder.take_back(where.data, name, content)  # noqa: E731
        _launch(folder.path, _python("audit", "score", audit_id), before=kept)


# stop ------------------------------------------------------------------------


def stop(name: str) -> None:
    """Ask the worker of a run or of a dataset's build to stop as soon as its work is safe.

    One that has not begun, or waits for its turn, has nothing to lose: it is ended at once.
    Raises NotAllowed.
    """
    folder = _folder(name)
    _may_stop(folder)
    reap()
    (folder / layout.STOP).touch()
    written = status.read_written(folder)
    if written is not None and written.state == "queued":
        process = status.process_of(written)
        if process is None or processes.end(process):
            _write_end(
                folder, written.pid, Status("stopped", error=Message("It was stopped unbegun."))
            )


def is_stopping(name: str) -> bool:
    """True if a stop was asked for and the worker has not followed yet."""
    folder = _folder(name)
    now = status.read(folder)
    return now is not None and not now.is_final and (folder / layout.STOP).exists()


def may_end(name: str) -> bool:
    """True once a worker was given time to stop by itself and did not."""
    flag = _folder(name) / layout.STOP
    return is_stopping(name) and time.time() - flag.stat().st_mtime > STOP_WAIT_S


def end_now(name: str) -> bool:
    """Kill the worker and its children; False if it is not there any more.

    Only a process whose id and creation time both are those written in the status is ended.
    Raises NotAllowed.
    """
    folder = _folder(name)
    _may_stop(folder, "end")
    written = status.read_written(folder)
    process = status.process_of(written) if written and not written.is_final else None
    if written is None or process is None:
        reap()
        return False
    (folder / layout.STOP).touch()  # so that whoever sees the process gone knows why
    if not processes.end(process):
        return False
    _write_end(folder, written.pid, _ENDED)
    reap()
    return True


def log(name: str, lines: int = 200) -> str:
    """Tail of what the worker of a run or of a build printed."""
    return runs.RunFolder(_folder(name)).log(lines)


def reap() -> None:
    """Take leave of finished children, so that no zombie stays and no state is left open."""
    with _children_guard:
        finished = [child for child in _children if child[0].poll() is not None]
        _children[:] = [child for child in _children if child not in finished]
    for child, folder in finished:
        error = Message(
            "Its process ended without a word (exit code {a}); see its log.", a=child.returncode
        )
        asked = (folder / layout.STOP).exists()
        _write_end(folder, child.pid, _ENDED if asked else Status("lost", error=error))


def _may_stop(folder: Path, action: str = "stop") -> None:
    """Ask the policy, and record it; a disk without room for the row keeps no job going."""
    written = status.read_written(folder)
    is_own = written is not None and written.by == access.actor().name
    access.require("stop" if is_own else "stop others")
    with suppress(NotKept):
        record.note(settings.folders().data, action, folder.name)


# inside ----------------------------------------------------------------------


def _python(*words: str) -> list[str]:
    return [sys.executable, "-m", "cropdash", *words]


def _command(folder: Path) -> list[str]:
    """What a person would type to work on a run, a study or a report."""
    if folder.parent.name == layout.REPORTS:
        words = reports.ReportFolder(folder).order.kind.replace("audit", "audit draw").split()
        return _python(*words, "--report", folder.name)
    if folder.parent.name != layout.STUDIES:
        return _python("train", "--run", folder.name)
    is_search = isinstance(studies.StudyFolder(folder).config, Search)
    return _python("search" if is_search else "crossvalidate", "--study", folder.name)


def _folder(name: str) -> Path:
    """Folder of a run, a study or a report, else of a dataset, looked up by name."""
    where = settings.folders()
    made = {run.run_id: run.path for run in runs.list_all(where.models)}
    made |= {study.study_id: study.path for study in studies.list_all(where.models)}
    made |= {report.report_id: report.path for report in reports.list_all(where.models)}
    if name in made:
        return made[name]
    if NAME.fullmatch(name) and (where.data / name / layout.STATUS.file).is_file():
        return where.data / name
    raise RunNotFound(
        "There is no run and no build {a}; 'python -m cropdash runs' lists them.", a=repr(name[:64])
    )


def _launch(
    folder: Path, command: Sequence[str], *, before: Callable[[], None] | None = None
) -> None:
    """Start a worker for the folder, unless one is at work on it or waits to be.

    `before` is called once it is sure that none is.
    """
    reap()
    folder.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(folder / _LAUNCH_LOCK, timeout=5):
            _check_free(folder)
            if before is not None:
                before()
            (folder / layout.STOP).unlink(missing_ok=True)
            queued = _queued(folder)
            record.note(settings.folders().data, "start", folder.name)
            status.write(folder, queued)
            child = processes.spawn(folder / layout.LOG, command)
            with _children_guard:
                _children.append((child, folder))
            _write_process(folder, queued, child.pid)
    except Timeout as error:
        raise RunBusy(
            "{a} is being started by another page; reload in a moment.", a=folder.name
        ) from error


def _check_free(folder: Path) -> None:
    written = status.read_written(folder)
    waits = written is not None and not written.is_final and status.process_of(written) is not None
    if waits or status.is_locked(folder):
        raise RunBusy(
            "A worker is already at work on {a}: wait for its end or stop it first.", a=folder.name
        )


def _queued(folder: Path) -> Status:
    before, now = status.read_written(folder), time.time()
    created = before.created if before and before.created else now
    by = access.actor().name
    return Status(
        "queued", stage=Message("Waiting to start"), created=created, heartbeat=now, by=by
    )


def _write_process(folder: Path, queued: Status, pid: int) -> None:
    """Add the worker's process to the queued status, unless the worker has spoken already."""
    try:
        created = psutil.Process(pid).create_time()
    except psutil.NoSuchProcess:
        return  # over already
    if status.read_written(folder) == queued:
        status.write(folder, replace(queued, pid=pid, process_created=created))


def _write_end(folder: Path, pid: int, end: Status) -> None:
    """Write a final state for a worker that is gone without having written one."""
    written = status.read_written(folder)
    if written is None or written.is_final or written.pid not in (0, pid):
        return
    if not status.is_locked(folder):
        final = replace(
            written, state=end.state, error=end.error, finished=time.time(), heartbeat=time.time()
        )
        status.write(folder, final)
