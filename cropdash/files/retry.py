"""How often a service is asked again, and how long is waited in between. Pure."""

from __future__ import annotations

import datetime as dt
import email.utils
import random
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

T = TypeVar("T")

_AGAIN = frozenset((408, 425, 429))  # timeout, too early, too many


class Transient(Exception):
    """A fault that may be gone at the next attempt."""

    def __init__(self, cause: str, retry_after: float = 0.0) -> None:
        super().__init__(cause)
        self.retry_after = retry_after  # [s] that the service asks to wait


class GaveUp(Exception):
    """Attempts or time are used up, or the work was stopped; says what went wrong last."""


def _draw() -> float:
    """Of the system; a generator of ours would be copied with its state to other processes."""
    return random.SystemRandom().random()


@dataclass(frozen=True)
class Retry:
    """Bounds of the attempts at one request; clock, wait and random numbers can be replaced.

    Pauses have full jitter: each is drawn between 0 and a ceiling that doubles, so that clients
    which failed together do not come back together
    (https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/).
    """

    attempts: int = 10
    base: float = 2.0  # [s] ceiling of the first pause
    cap: float = 60.0  # [s] ceiling of every pause
    deadline: float = 1800.0  # [s] after which no attempt at the same request begins
    clock: Callable[[], float] = time.monotonic
    wait: Callable[[threading.Event, float], object] = threading.Event.wait
    draw: Callable[[], float] = _draw  # 0 to 1

    def run(self, task: Callable[[], T], stop: threading.Event | None = None) -> T:
        """The task's result; its Transient faults are tried again until `stop` is set.

        Raises GaveUp when attempts or time are used up, without the fault, which may hold an
        address with a token in it; every other fault passes at once.
        """
        stop = stop or threading.Event()
        started, cause = self.clock(), "no attempt was allowed"
        for attempt in range(self.attempts):
            if stop.is_set():
                raise GaveUp("stopped")
            try:
                return task()
            except Transient as fault:
                cause, pause = str(fault), self._pause(attempt, fault.retry_after)
            last = attempt + 1 == self.attempts
            if last or self.clock() - started + pause > self.deadline:
                break
            self.wait(stop, pause)
        raise GaveUp(cause)

    def _pause(self, attempt: int, retry_after: float) -> float:
        """[s] never shorter than the service asks for, and then spread by one base."""
        if retry_after > 0:
            return retry_after + self.draw() * self.base
        return self.draw() * float(min(self.cap, self.base * 2**attempt))


def may_pass(status: int) -> bool:
    """True for a status of HTTP that may be another the next time."""
    return status in _AGAIN or status >= 500


def retry_after(headers: Mapping[str, Any]) -> float:
    """[s] from a Retry-After header, which holds seconds or a date; 0 if there is none."""
    value = str(headers.get("Retry-After") or "").strip()
    if value.isdecimal():
        return float(value)
    try:
        until = email.utils.parsedate_to_datetime(value)
    except ValueError:
        return 0.0
    now = dt.datetime.now(dt.UTC)
    return max(0.0, (until.replace(tzinfo=until.tzinfo or dt.UTC) - now).total_seconds())
