"""How long a service is given, and how often it is asked again."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from cropdash.domain.errors import CropdashError

T = TypeVar("T")


class Transient(Exception):
    """A fault that may be gone at the next try."""

    def __init__(self, cause: str, retry_after: float = 0.0) -> None:
        super().__init__(cause)
        self.retry_after = retry_after  # [s] that the service asks to wait


def full_jitter(ceiling: float) -> float:
    """[s] anywhere between 0 and the ceiling, so that clients do not come back all at once."""
    return random.uniform(0.0, ceiling)  # noqa: S311 - spreads load, guards nothing


@dataclass(frozen=True)
class Patience:
    """Bounds of one request and of its repeats; sleep, clock and jitter can be replaced."""

    attempts: int = 6
    base: float = 1.0  # [s] ceiling of the first pause; doubles each time
    cap: float = 60.0  # [s]
    deadline: float = 300.0  # [s] for all attempts of one request together
    connect: float = 10.0  # [s]
    read: float = 60.0  # [s] for one whole answer
    sleep: Callable[[float], None] = time.sleep
    clock: Callable[[], float] = time.monotonic
    jitter: Callable[[float], float] = full_jitter

    def run(self, task: Callable[[], T], failed: Callable[[str], CropdashError]) -> T:
        """The task's result; Transient faults are tried again.

        Raises what `failed` makes of the last fault, when attempts or time are used up.
        """
        started = self.clock()
        for attempt in range(self.attempts):
            try:
                return task()
            except Transient as fault:
                pause = max(fault.retry_after, self.jitter(min(self.cap, self.base * 2**attempt)))
                last = attempt + 1 == self.attempts
                if last or self.clock() - started + pause > self.deadline:
                    # The cause may hold an address with a token in it, so it isn't chained.
                    raise failed(str(fault)) from None
            self.sleep(pause)
        raise failed("no attempt was allowed")
