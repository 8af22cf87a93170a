"""A worker at work on a folder: alone on it, telling its state, true to the end."""

from __future__ import annotations

import os
import signal
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from itertools import chain
from pathlib import Path

from filelock import FileLock, Timeout

from cropdash.domain.errors import CropdashError, DiskFull, RunBusy, of_memory, of_place
from cropdash.domain.message import Message
from cropdash.domain.secret import hidden
from cropdash.storage import layout, status
from cropdash.storage.status import Reporter, State

_PATIENCE_S = 2.0  # a page that probes the lock holds it for an instant
_POLL_S = 0.5
_NICENESS = 5  # leaves the web server the first word on a small machine


@contextmanager
def at_work(folder: Path, slot: Path | None = None) -> Iterator[Reporter]:
    """Hold the folder's lock and keep its status true, whatever happens inside.

    With `slot`, wait first until no other worker holds that lock; the state stays `queued`.
    Raises RunBusy if another worker is at the same folder.
    """
    own = status.lock(folder)
    try:
        own.acquire(timeout=_PATIENCE_S)
    except Timeout as error:
        raise RunBusy(
            "Another process is at work on {a}: wait for its end.", a=folder.name
        ) from error
    try:
        with _slot(folder, slot):
            yield from _report(Reporter(folder))
    finally:
        own.release()


@contextmanager
def heeding_signals() -> Iterator[Callable[[], bool]]:
    """Yield what tells whether SIGTERM or Ctrl-C came; then, at the end, exit as they ask.

    The work inside has the time to finish what is under way. A second signal ends it at once.
    One that comes when nothing is left to be cut short, so that nobody asks, changes nothing.
    """
    came: list[int] = []
    obeyed: list[int] = []

    def should_stop() -> bool:
        obeyed[:] = came
        return bool(came)

    def note(number: int, _: object) -> None:
        came.append(number)
        signal.signal(number, signal.SIG_DFL)

    before = {number: signal.signal(number, note) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield should_stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    if obeyed:
        raise SystemExit(128 + obeyed[0])


def _report(reporter: Reporter) -> Iterator[Reporter]:
    os.nice(_NICENESS)
    try:
        yield reporter
    except CropdashError as error:
        _finish(reporter, "failed", str(error))
        raise
    except (KeyboardInterrupt, SystemExit):
        _finish(reporter, "stopped")
        raise
    except Exception as error:  # the job boundary: the state must be true even for a bug
        if told := of_memory(error) or of_place(error):
            _finish(reporter, "failed", str(told))
            raise told from error
        sys.stderr.write(hidden(traceback.format_exc()))
        unexpected = Message("Unexpected {a}: {b}. See its log.", a=type(error).__name__, b=error)
        _finish(reporter, "failed", hidden(unexpected))
        raise
    reporter.finish("stopped" if reporter.was_cut_short else "done")


def _finish(reporter: Reporter, state: State, error: str = "") -> None:
    """Write the last word; without room for it, the worker reads as lost, which is near enough."""
    with suppress(DiskFull):
        reporter.finish(state, error)


def _my_turn(folder: Path, slot: Path, lock: FileLock) -> bool:
    """Take the slot if no job was queued earlier and none is at work; else wait a moment."""
    if _earlier_waits(folder, slot.parent):
        time.sleep(_POLL_S)
        return False
    try:
        lock.acquire(timeout=_POLL_S)
        return True
    except Timeout:
        return False


def _earlier_waits(folder: Path, place: Path) -> bool:
    """True while a run or a study in `place` was queued earlier and is still waiting."""
    mine = status.read_written(folder)
    if mine is None:
        return False
    for path in chain(*(place.glob(f"{level}/{layout.STATUS.file}") for level in ("*", "*/*"))):
        other = status.read(path.parent) if path.parent != folder else None
        if other and other.state == "queued" and other.created < mine.created:
            return True
    return False


@contextmanager
def _slot(folder: Path, slot: Path | None) -> Iterator[None]:
    """Wait for the slot, one job at a time; give up if a stop is asked for."""
    if slot is None:
        yield
        return
    slot.parent.mkdir(parents=True, exist_ok=True)
    lock = FileLock(slot)
    while not _my_turn(folder, slot, lock):
        if (folder / layout.STOP).exists():
            Reporter(folder).finish("stopped")
            raise CropdashError("{a} was stopped before it began.", a=folder.name)
    try:
        yield
    finally:
        lock.release()
