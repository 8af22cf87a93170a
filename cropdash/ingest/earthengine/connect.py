"""One connection to Earth Engine for each process, opened when it is first needed.

`ee` keeps its state in module globals, so a process speaks for one project at a time.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar

from cropdash.domain.errors import SourceUnavailable
from cropdash.files.retry import GaveUp, Transient
from cropdash.ingest.earthengine import credentials, faults
from cropdash.ingest.earthengine.service import Service
from cropdash.ingest.earthengine.transport import MOST_AT_ONCE, Transport

T = TypeVar("T")

_opening = threading.Lock()
_opened: tuple[object, ...] = ()  # what `ee` is initialised for
_slots = threading.BoundedSemaphore(MOST_AT_ONCE)  # of this process, whatever its threads


@dataclass(frozen=True)
class Client:
    """Asks the service on behalf of a project, with its patience, until `stop` is set."""

    project: str
    service: Service
    stop: threading.Event = field(default_factory=threading.Event)

    def ask(self, task: Callable[[], T], what: str) -> T:
        """The task's result, after as many attempts as it takes; `what` names it in messages.

        Raises SourceUnavailable if the service fails for good, TooLarge if it asks for less.
        """
        self.open()
        return self._patiently(lambda: _attempt(task), what)

    def open(self) -> None:
        """Initialise `ee` for this process. Raises SourceUnavailable, ConfigError."""
        import ee

        global _opened
        service, key = self.service, os.environ.get(credentials.KEY)
        waits = (service.connect_s, service.silence_s, service.answer_s)
        wanted = (os.getpid(), self.project, service.url, *waits, key)
        with _opening:
            if _opened != wanted or not ee.data.is_initialized():
                _opened = ()
                self._patiently(lambda: _initialise(self.project, self.service), "the connection")
                _opened = wanted

    def _patiently(self, task: Callable[[], T], what: str) -> T:
        try:
            return self.service.retry.run(task, self.stop)
        except GaveUp as fault:
            raise SourceUnavailable(
                "Earth Engine did not give {a} ({b}): try again later; what is built stays.",
                a=what,
                b=fault,
            ) from None


def close() -> None:
    """Forget the connection of this process."""
    import ee

    global _opened
    with _opening:
        _opened = ()
        ee.Reset()


def _attempt(task: Callable[[], T]) -> T:
    with _slots, _judged():
        return task()


def _initialise(project: str, service: Service) -> None:
    import ee

    ee.Reset()
    ee.data.setMaxRetries(0)  # it would repeat 5 times on its own, without regard to Retry-After
    held = credentials.find()
    try:
        with _judged(), _without_catalogue():
            ee.Initialize(held, url=service.url, project=project, http_transport=Transport(service))
    except faults.TooLarge:
        ee.Reset()
        raise Transient("it took too long to say what it can compute") from None
    except BaseException:
        ee.Reset()  # half initialised, it would take itself for ready
        raise


@contextmanager
def _judged() -> Iterator[None]:
    try:
        yield
    except faults.families() as error:
        raise faults.judge(error) from None


@contextmanager
def _without_catalogue() -> Iterator[None]:
    """Leave out the list of deprecated assets, which `Initialize` fetches without a timeout."""
    from ee import deprecation

    kept: Any = deprecation._FetchDataCatalogStac
    deprecation._FetchDataCatalogStac = dict
    try:
        yield
    finally:
        deprecation._FetchDataCatalogStac = kept
