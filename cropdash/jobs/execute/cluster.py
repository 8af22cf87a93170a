"""A dask.distributed cluster: one that is started here, or one that is running."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from queue import Empty, SimpleQueue
from typing import Any

from cropdash.domain.errors import ConfigError, SourceUnavailable, needing
from cropdash.jobs.execute.outcome import Outcome, Result, Task, attempt, lost
from cropdash.settings.scheduler import LOCAL

_CONNECT_S = 30.0
_NO_WORKER_S = 120.0  # after which a scheduler without any worker is given up
_POLL_S = 0.5
_SETTINGS = {
    "distributed.scheduler.allowed-failures": 1,  # a task whose worker is killed runs once more
    "distributed.admin.tick.limit": "60s",  # zones keep the interpreter busy; that is no news
    "distributed.logging.distributed": "error",
}
# The pages of a cluster that is started here would tell every user of the machine of its work.
_NO_PAGES: dict[str, list[str]] = {
    f"distributed.{part}.http.routes": [] for part in ("scheduler", "worker", "nanny")
}


def run(
    function: Callable[[Task], Result],
    tasks: Sequence[Task],
    workers: int,
    should_stop: Callable[[], bool],
    scheduler: str,
) -> Iterator[Outcome[Task, Result]]:
    """As `execute.run`, with `workers` tasks at a time; the folders must be seen by all workers."""
    waiting = list(reversed(tasks))
    with (
        _client(scheduler, min(workers, max(len(tasks), 1))) as client,
        _hired(client, function) as name,
    ):
        running: dict[Any, Task] = {}
        ended: SimpleQueue[Any] = SimpleQueue()
        patience = _Patience(client)
        while waiting or running:
            while waiting and len(running) < workers and not should_stop():
                task = waiting.pop()
                future = client.submit(_attempt, name, task, pure=False)
                running[future] = task
                future.add_done_callback(ended.put)
            if not running:
                return
            try:
                future = ended.get(timeout=_POLL_S)
            except Empty:
                patience.check()
            else:
                yield _outcome(future, running.pop(future))


@contextmanager
def _hired(client: Any, function: Callable[[Any], Any]) -> Iterator[str]:
    """Give the function to each worker once, to those too that come later; under which name."""
    from distributed import WorkerPlugin

    class Hired(WorkerPlugin):
        name = f"cropdash-{uuid.uuid4().hex}"

    plugin = Hired()
    plugin.function = function  # type: ignore[attr-defined]
    client.register_plugin(plugin)
    try:
        yield plugin.name
    finally:
        if client.status == "running":  # a scheduler that is gone would be waited for
            with suppress(OSError, TimeoutError):  # it goes just now
                client.unregister_worker_plugin(plugin.name)


def _attempt(name: str, task: Any) -> Outcome[Any, Any]:
    from distributed import get_worker

    hired: Any = get_worker().plugins[name]
    return attempt(hired.function, task)


@contextmanager
def _client(scheduler: str, workers: int) -> Iterator[Any]:
    """A client of the cluster; both are closed in the end, a cluster that was running is left."""
    with needing("dask"):
        import dask
        from distributed import Client, LocalCluster
        from distributed.security import Security

    with dask.config.set(_SETTINGS):
        if scheduler == LOCAL:
            secret = Security.temporary()  # type: ignore[no-untyped-call]
            with dask.config.set(_NO_PAGES):
                local = LocalCluster(  # type: ignore[no-untyped-call]
                    n_workers=workers, threads_per_worker=1, processes=True,
                    host="127.0.0.1", dashboard_address=None, security=secret,
                )  # fmt: skip
            link: Any = Client(local, timeout=_CONNECT_S, set_as_default=False)  # type: ignore[no-untyped-call]
            with local, link as client:
                yield client
            return
        _check_certificates(scheduler)
        try:
            remote: Any = Client(scheduler, timeout=_CONNECT_S, set_as_default=False)  # type: ignore[no-untyped-call]
        except (OSError, TimeoutError) as error:
            raise SourceUnavailable(
                "No dask scheduler answers at {a}: start one with 'dask scheduler', or leave"
                " --scheduler out.",
                a=scheduler,
            ) from error
        with remote as client:
            yield client


def _check_certificates(scheduler: str) -> None:
    """Raises ConfigError if the scheduler asks for certificates that dask's settings don't name."""
    from distributed.security import Security

    if not scheduler.startswith("tls:"):
        return
    named: Any = Security()  # type: ignore[no-untyped-call]
    with suppress(OSError):  # a file that isn't there, or is none
        if named.get_connection_args("client")["ssl_context"] is not None:
            return
    raise ConfigError(
        "Scheduler {a} needs certificates: name their files in dask's own settings"
        " (distributed.comm.tls: ca-file, client.cert, client.key).",
        a=scheduler,
    )


def _outcome(future: Any, task: Task) -> Outcome[Task, Any]:
    from distributed import KilledWorker
    from distributed.client import FutureCancelledError

    try:
        outcome: Outcome[Task, Any] = future.result(timeout=_CONNECT_S)
        return outcome
    except KilledWorker:
        return lost(task)
    except (FutureCancelledError, OSError, TimeoutError) as error:
        raise _gone() from error


class _Patience:
    """Gives a cluster up that has lost its scheduler, or all its workers for a while."""

    def __init__(self, client: Any) -> None:
        self._client = client
        self._seen = time.monotonic()

    def check(self) -> None:
        try:
            threads = self._client.nthreads()
        except OSError as error:
            raise _gone() from error
        if threads:
            self._seen = time.monotonic()
        elif time.monotonic() - self._seen > _NO_WORKER_S:
            raise SourceUnavailable(
                "The dask scheduler has had no worker for {a} s: start some with 'dask worker',"
                " then run the same again; what is finished is kept.",
                a=format(_NO_WORKER_S, ".0f"),
            )


def _gone() -> SourceUnavailable:
    return SourceUnavailable(
        "The dask scheduler is gone: run the same again; what is finished is kept."
    )
