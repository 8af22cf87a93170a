"""Where tasks run: in this process, in processes beside it, or on a dask.distributed cluster."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from cropdash.jobs.execute.outcome import Outcome, Result, Task, attempt

__all__ = ("Outcome", "run")


def run(
    function: Callable[[Task], Result],
    tasks: Sequence[Task],
    *,
    workers: int,
    should_stop: Callable[[], bool],
    scheduler: str = "",
) -> Iterator[Outcome[Task, Result]]:
    """Yield outcomes as they come; a task that fails does not hold up the others.

    `scheduler` is empty for processes of this machine, "cluster" for a dask cluster on it, or
    the address of a running dask scheduler. A task must be idempotent: if the process at work on
    it is killed, it is run once more. After `should_stop()` turns true, or when the caller closes
    the iterator, no further task begins; those under way are finished.

    Raises SourceUnavailable if the scheduler can't be reached, or is lost.
    """
    if scheduler:
        from cropdash.jobs.execute import cluster

        yield from cluster.run(function, tasks, workers, should_stop, scheduler)
    elif workers <= 1 or len(tasks) <= 1:
        for task in tasks:
            if should_stop():
                return
            yield attempt(function, task)
    else:
        from cropdash.jobs.execute import processes

        yield from processes.run(function, tasks, workers, should_stop)
