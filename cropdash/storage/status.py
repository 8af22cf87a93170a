"""What a worker says of itself: one small file, replaced whole, read by anybody."""

from __future__ import annotations

import os
import time
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Annotated, Literal

import psutil
from filelock import FileLock, Timeout
from pydantic import Field

from cropdash.domain import access
from cropdash.domain.errors import DamagedFile
from cropdash.domain.message import Message
from cropdash.files import records
from cropdash.settings import waits
from cropdash.storage import layout

State = Literal["queued", "running", "done", "failed", "stopped", "lost"]
FINAL: frozenset[State] = frozenset(("done", "failed", "stopped", "lost"))
Moment = Annotated[float, Field(ge=0, lt=1e11)]  # [s since 1970]
Share = Annotated[float, Field(ge=0, le=1)]
STALE_S = 30.0  # [s] without heartbeat after which a free lock means that the worker is gone


@dataclass(frozen=True)
class Status:
    """State of a build or a training."""

    state: State
    stage: records.Text = ""  # what it is at, for people: "Training", "Predicting alsace_1"
    progress: Share = 0.0  # over the whole job
    error: records.Text = ""  # one sentence, if failed
    created: Moment = 0.0
    started: Moment = 0.0
    heartbeat: Moment = 0.0
    finished: Moment = 0.0
    pid: Annotated[int, Field(ge=0, lt=2**31)] = 0
    process_created: Moment = 0.0  # tells a process from a later one with the same id
    marks: tuple[tuple[Moment, Share], ...] = ()  # when the worker told of what progress
    by: str = ""  # who started it

    @property
    def is_final(self) -> bool:
        """True once nobody works on it any more."""
        return self.state in FINAL

    @property
    def seconds(self) -> float:
        """Time at work so far."""
        if not self.started:
            return 0.0
        return (
            self.finished or (time.time() if self.state == "running" else self.heartbeat)
        ) - self.started

    @property
    def remaining(self) -> float | None:
        """Seconds until its end, by its pace so far; None while that is not known."""
        return waits.remaining(self.marks, time.time()) if self.state == "running" else None


def write(folder: Path, status: Status) -> None:
    """Write a folder's status whole."""
    layout.STATUS.write(folder, asdict(status))


def read(folder: Path) -> Status | None:
    """Status as it truly is: `running` without a live worker reads as `lost`. None if there is none."""
    status = read_written(folder)
    if status and status.state in ("running", "queued") and not _is_plausible(folder, status):
        return replace(
            status,
            state="lost",
            error=Message("Its process ended without a word; resume or repeat it."),
        )
    return status


def read_written(folder: Path) -> Status | None:
    """Status as last written."""
    try:
        return load(folder)
    except FileNotFoundError:
        return None
    except DamagedFile:
        error = Message(
            "{a} of {b} is damaged: resume or repeat it.", a=layout.STATUS.file, b=folder.name
        )
        return Status("failed", error=error)


def load(folder: Path) -> Status:
    """Status as last written. Raises FileNotFoundError or DamagedFile."""
    return records.typed(
        Status, layout.STATUS.read(folder), f"{layout.STATUS.file} in {folder.name}"
    )


def _is_plausible(folder: Path, status: Status) -> bool:
    if status.pid > 0:  # its process, or one of another machine that shares the folder
        return process_of(status) is not None or is_locked(folder)
    last = max(status.heartbeat, status.created)
    lately = abs(time.time() - last) < STALE_S  # a heartbeat from the future is nobody's
    return lately or is_locked(folder)


def process_of(status: Status) -> psutil.Process | None:
    """The worker's process if it still is the same one and alive."""
    try:
        process = psutil.Process(status.pid)
        same = abs(process.create_time() - status.process_created) < 1.0
        return process if same and process.status() != psutil.STATUS_ZOMBIE else None
    except (psutil.NoSuchProcess, psutil.AccessDenied, ValueError):
        return None


def lock(folder: Path) -> FileLock:
    """Held by the worker for its lifetime; its death frees it."""
    folder.mkdir(parents=True, exist_ok=True)
    return FileLock(folder / layout.WORKER_LOCK)


def is_locked(folder: Path) -> bool:
    """True while a worker holds the lock."""
    if not (folder / layout.WORKER_LOCK).exists():
        return False
    try:
        with FileLock(folder / layout.WORKER_LOCK).acquire(timeout=0):
            return False
    except Timeout:
        return True


class Reporter:
    """Writes a worker's status: stage and progress at most twice a second, final states at once."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        before = read_written(folder)
        now = time.time()
        self._status = Status(
            "running",
            created=before.created if before else now,
            started=now,
            heartbeat=now,
            pid=os.getpid(),
            process_created=psutil.Process().create_time(),
            by=access.actor().name,
        )
        self._written = 0.0
        self.was_cut_short = False  # a stop was asked for before the last piece was begun
        self._write()

    def update(self, stage: str, progress: float) -> None:
        """Say what is done; progress is 0 to 1 over the whole job."""
        now, done = time.time(), min(max(progress, 0.0), 1.0)
        marks = waits.keep(self._status.marks, (now, done))
        self._status = replace(self._status, stage=stage, progress=done, heartbeat=now, marks=marks)
        if self._status.heartbeat - self._written > 0.5:
            self._write()

    def finish(self, state: State, error: str = "") -> None:
        """Write how the work ended."""
        now = time.time()
        progress = 1.0 if state == "done" else self._status.progress
        self._status = replace(
            self._status, state=state, error=error, progress=progress, heartbeat=now, finished=now
        )
        self._write()
        (self.folder / layout.STOP).unlink(missing_ok=True)  # obeyed, or too late

    def should_stop(self) -> bool:
        """True once a stop was asked for: for the work, which asks before each piece and obeys."""
        asked = (self.folder / layout.STOP).exists()
        self.was_cut_short |= asked
        return asked

    def _write(self) -> None:
        self._written = self._status.heartbeat
        write(self.folder, self._status)
