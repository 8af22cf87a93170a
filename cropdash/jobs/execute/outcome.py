"""What comes of a task."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from cropdash.domain.errors import CropdashError, TaskLost

Task = TypeVar("Task")
Result = TypeVar("Result")


@dataclass(frozen=True)
class Outcome(Generic[Task, Result]):
    """A finished task: its result, or the fault that is why there is none."""

    task: Task
    result: Result | None
    fault: CropdashError | None = None

    @property
    def error(self) -> str:
        """The fault in one sentence; empty if there is none."""
        return str(self.fault) if self.fault else ""


def attempt(function: Callable[[Task], Result], task: Task) -> Outcome[Task, Result]:
    """Run a task; a fault that is meant for the user's eye is its outcome."""
    try:
        return Outcome(task, function(task))
    except CropdashError as fault:
        return Outcome(task, None, fault)


def lost(task: Task) -> Outcome[Task, Result]:
    """The outcome of a task whose process was ended each time it was tried."""
    sentence = (
        "The process at work on it was killed twice, perhaps for lack of memory: run the same"
        " again with fewer workers."
    )
    return Outcome(task, None, TaskLost(sentence))
