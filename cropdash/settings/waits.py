"""How long work still takes, by what it has measured so far; and what new work takes, by that of before."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any, TypeAlias

from cropdash.i18n import say

Mark: TypeAlias = tuple[float, float]  # time [s], progress from 0 to 1 over the whole job
_MOST_MARKS = 32
_LEAST_S, _LEAST_SHARE = 3.0, 0.01  # measured before anything is said
_UNLIKE = ("seed", "validation_fold")  # settings that change nothing of the time
_SPREAD = 4.0  # an old laptop against two cores of a server


@dataclass(frozen=True)
class Past:
    """A job of before that ended well."""

    config: Mapping[str, Any]
    seconds: float
    work: float = 1.0  # what it did, in any unit


@dataclass(frozen=True)
class Expected:
    """What a job may take [s]; `jobs` of before say so, or none: then it is scaled from the demo."""

    low: float
    high: float
    jobs: int


def keep(marks: Sequence[Mark], mark: Mark) -> tuple[Mark, ...]:
    """The marks with one more, each second one left out where they grow many; those that say no
    progress are no marks."""
    if marks and mark[1] <= marks[-1][1]:
        return tuple(marks)
    kept = (*marks, mark)
    return kept if len(kept) <= _MOST_MARKS else (*kept[:-1:2], mark)


def remaining(marks: Sequence[Mark], now: float) -> float | None:
    """Seconds until the end; None while too little is measured.

    By the pace of the later half of the time since the first mark: what came before it, such as
    what a resumed job had done already, says nothing. Where it stands still, the pace falls.
    """
    if len(marks) < 2 or now <= marks[0][0]:
        return None
    half = (marks[0][0] + now) / 2
    since = [mark for mark in marks[:-1] if mark[0] <= half][-1]
    gained, spent = marks[-1][1] - since[1], now - since[0]
    if gained < _LEAST_SHARE or spent < _LEAST_S:
        return None
    left = (1 - marks[-1][1]) * (marks[-1][0] - since[0]) / gained
    # Since its last mark the job went on, at least not slower than it stood still.
    return max(left - (now - marks[-1][0]), (1 - marks[-1][1]) * spent / gained - spent, 0.0)


def expected(
    past: Sequence[Past],
    config: Mapping[str, Any],
    *,
    work: float = 1.0,
    alike: Sequence[str] = (),
    rough: float | None = None,
) -> Expected | None:
    """What a job of these settings takes, by jobs of before that are the same in `alike`.

    Those of the same settings but for the seed alone, if there are any. rough: seconds to tell from
    where there is none; None comes back where that is not known either.
    """
    known = [p for p in past if all(p.config.get(n) == config.get(n) for n in alike)]
    same = [p for p in known if _bare(p.config) == _bare(config)] or known
    if same:
        paces = [p.seconds / max(p.work, 1e-9) * work for p in same]
        return Expected(median(paces), max(paces), len(same))
    return None if rough is None else Expected(rough, rough * _SPREAD, 0)


def told(found: Expected | None) -> str:
    """The estimate in a sentence that says what it rests on."""
    if found is None:
        return say("How long it takes is not known: none of its kind has ended on this machine.")
    if found.jobs:
        return say(
            "It takes about {time}, as {n} of its kind did on this machine.",
            time=about(found.low), n=found.jobs,
        )  # fmt: skip
    return say(
        "It takes roughly {low} to {high}: two cores of a server with nothing else at work, or an "
        "old laptop. The first one that ends here tells more.",
        low=about(found.low), high=about(found.high),
    )  # fmt: skip


def left_told(seconds: float | None) -> str:
    """What is left in words; empty while it is not known."""
    return "" if seconds is None else say("about {time} left", time=about(seconds))


def about(seconds: float) -> str:
    """As `duration`, no finer than an estimate carries."""
    step = next(step for below, step in ((60, 5), (600, 30), (1e99, 300)) if seconds < below)
    return duration(max(round(seconds / step), 1) * step)


def duration(seconds: float) -> str:
    """Time for people: 45 s, 3:20 min, 2:05 h."""
    total = round(seconds)
    if total < 60:
        return f"{total} s"
    if total < 3600:
        return f"{total // 60}:{total % 60:02d} min"
    return f"{total // 3600}:{total % 3600 // 60:02d} h"


def _bare(config: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in config.items() if name not in _UNLIKE}
