"""Where tasks run: in this process, or in a pool of processes."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from typing import Generic, TypeVar

from cropdash.errors import CropdashError

Task = TypeVar("Task")
Result = TypeVar("Result")


@dataclass(frozen=True)
class Outcome(Generic[Task, Result]):
    """A finished task: its result, or the sentence that says why there is none."""

    task: Task
    result: Result | None
    error: str = ""


def run(
    function: Callable[[Task], Result],
    tasks: Sequence[Task],
    *,
    workers: int,
    should_stop: Callable[[], bool],
) -> Iterator[Outcome[Task, Result]]:
    """Yield outcomes as they come; a task that fails does not hold up the others.

    After `should_stop()` turns true no further task begins; those under way are finished.
    """
    if workers <= 1 or len(tasks) <= 1:
        for task in tasks:
            if should_stop():
                return
            yield _attempt(function, task)
    else:
        yield from _pool(function, tasks, workers, should_stop)


def _attempt(function: Callable[[Task], Result], task: Task) -> Outcome[Task, Result]:
    try:
        return Outcome(task, function(task))
    except CropdashError as error:
        return Outcome(task, None, str(error))


def _pool(
    function: Callable[[Task], Result],
    tasks: Sequence[Task],
    workers: int,
    should_stop: Callable[[], bool],
) -> Iterator[Outcome[Task, Result]]:
    # Spawned, not forked: GDAL and thread pools do not survive a fork of a threaded parent.
    context = multiprocessing.get_context("spawn")
    waiting = list(reversed(tasks))
    with ProcessPoolExecutor(min(workers, len(tasks)), mp_context=context) as pool:
        running: dict[Future[Outcome[Task, Result]], Task] = {}
        while waiting or running:
            while waiting and len(running) < workers and not should_stop():
                task = waiting.pop()
                running[pool.submit(_attempt, function, task)] = task
            if not running:
                return
            done, _ = wait(running, timeout=0.5, return_when=FIRST_COMPLETED)
            for future in done:
                running.pop(future)
                yield _result(future)


def _result(future: Future[Outcome[Task, Result]]) -> Outcome[Task, Result]:
    try:
        return future.result()
    except BrokenProcessPool as error:
        raise CropdashError(
            "A worker process was killed, perhaps for lack of memory: run the same again with "
            "fewer workers; what is finished is kept."
        ) from error
