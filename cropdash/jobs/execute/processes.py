"""Worker processes of this machine, each replaced if it is killed."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from typing import Any, Generic

from cropdash.jobs.execute.outcome import Outcome, Result, Task, attempt, lost

TRIES = 2  # of a task whose process is killed
_POLL_S = 0.5


def run(
    function: Callable[[Task], Result],
    tasks: Sequence[Task],
    workers: int,
    should_stop: Callable[[], bool],
) -> Iterator[Outcome[Task, Result]]:
    """As `execute.run`; a killed process costs nothing but its own task's time."""
    crew = _Crew(function, min(workers, len(tasks)))
    waiting, tries = deque(range(len(tasks))), Counter[int]()
    running: dict[Future[Outcome[Task, Result]], int] = {}
    try:
        while waiting or running:
            while waiting and crew.has_idle and not should_stop():
                number = waiting.popleft()
                running[crew.submit(tasks[number])] = number
            if not running:
                return
            done, _ = wait(running, timeout=_POLL_S, return_when=FIRST_COMPLETED)
            for future in done:
                number = running.pop(future)
                tries[number] += 1
                outcome = crew.result(future)
                if outcome is not None:
                    yield outcome
                elif tries[number] < TRIES:
                    waiting.append(number)
                else:
                    yield lost(tasks[number])
    finally:
        crew.dismiss()


class _Crew(Generic[Task, Result]):
    """Single processes rather than one pool, which would end them all when one is killed."""

    def __init__(self, function: Callable[[Task], Result], size: int) -> None:
        self._function = function
        self._idle = [_hire(function) for _ in range(size)]
        self._busy: dict[Future[Outcome[Task, Result]], ProcessPoolExecutor] = {}

    @property
    def has_idle(self) -> bool:
        return bool(self._idle)

    def submit(self, task: Task) -> Future[Outcome[Task, Result]]:
        """Give the task to an idle process; one that died idle is replaced."""
        worker = self._idle.pop()
        try:
            future = worker.submit(_attempt, task)
        except BrokenProcessPool:
            worker.shutdown()
            worker = _hire(self._function)
            future = worker.submit(_attempt, task)
        self._busy[future] = worker
        return future

    def result(self, future: Future[Outcome[Task, Result]]) -> Outcome[Task, Result] | None:
        """The outcome of a task; None if its process was killed, which is replaced."""
        worker = self._busy.pop(future)
        try:
            outcome = future.result()
        except BrokenProcessPool:
            worker.shutdown()
            self._idle.append(_hire(self._function))
            return None
        self._idle.append(worker)
        return outcome

    def dismiss(self) -> None:
        """End the processes once what is under way is finished."""
        for worker in (*self._idle, *self._busy.values()):
            worker.shutdown()


# What a worker was hired for: sent once, since what it holds may be larger than the tasks.
_function: Callable[[Any], Any]


def _hire(function: Callable[[Any], Any]) -> ProcessPoolExecutor:
    """One process, which starts with its first task."""
    # Spawned, not forked: GDAL and thread pools do not survive a fork of a threaded parent.
    context = multiprocessing.get_context("spawn")
    return ProcessPoolExecutor(1, mp_context=context, initializer=_begin, initargs=(function,))


def _attempt(task: Any) -> Outcome[Any, Any]:
    return attempt(_function, task)


def _begin(function: Callable[[Any], Any]) -> None:
    """Of a new process: it ends when its parent says so, or dies, and not before."""
    global _function
    _function = function
    os.environ.setdefault("OMP_NUM_THREADS", "1")  # workers share the cores among them
    for number in (signal.SIGINT, signal.SIGTERM):  # sent to a whole group, the parent obeys them
        signal.signal(number, signal.SIG_IGN)
    threading.Thread(target=_follow_parent, daemon=True).start()


def _follow_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
