"""models/<run>/season/<day>/: what a run says by a day, in a run's own files."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from cropdash.domain.errors import RunNotFound
from cropdash.storage import layout, runs
from cropdash.storage.runs import RunFolder

_AT = "@"  # between a run's name and the day


def at(run: RunFolder, day: dt.date) -> RunFolder:
    """The folder of what the run says by that day: predictions, calibration and scores."""
    return RunFolder(run.path / layout.SEASON / day.isoformat())


def name(run_id: str, day: dt.date) -> str:
    """What the run's answers by that day are called."""
    return f"{run_id}{_AT}{day.isoformat()}"


def is_dated(run_id: str) -> bool:
    """True for a `name`."""
    return _AT in run_id


def days(run: RunFolder) -> tuple[dt.date, ...]:
    """Days, in order, of which there are scores."""
    found = []
    for path in (run.path / layout.SEASON).glob(f"*/{layout.SCORES_FOLDER}/{layout.SCORES.file}"):
        with suppress(ValueError):
            found.append(dt.date.fromisoformat(path.parents[1].name))
    return tuple(sorted(found))


def begin(dated: RunFolder, of: Mapping[str, str]) -> None:
    """Begin the answers by a day, of these weights and data: what was scored before goes."""
    layout.SCORES.of(dated.path / layout.SCORES_FOLDER).unlink(missing_ok=True)
    layout.ASKED.write(dated.path, of)


def is_of(dated: RunFolder, of: Mapping[str, str]) -> bool:
    """True if the answers by a day are whole, and of these weights and data."""
    return layout.ASKED.find(dated.path) == of and dated.scores() is not None


def write_without(run: RunFolder, of: Mapping[str, str], periods: list[dict[str, Any]]) -> None:
    """Keep what is lost with each period under cloud, by these weights and data."""
    layout.WITHOUT.write(run.path / layout.SEASON, {**of, "periods": periods})


def without(run: RunFolder, of: Mapping[str, str] | None = None) -> list[dict[str, Any]]:
    """What `write_without` wrote; empty where there is none, or none of these weights and data."""
    found = layout.WITHOUT.find(run.path / layout.SEASON)
    same = all(found.get(name) == value for name, value in (of or {}).items())
    return list(found["periods"]) if found and same else []


def find(models: Path, run_id: str) -> RunFolder:
    """The run of that id, or what it says by a day (`name`), looked up in the listings.

    Raises RunNotFound.
    """
    known, _, day = run_id.partition(_AT)
    run = runs.find(models, known)
    if not day:
        return run
    for one in days(run):
        if one.isoformat() == day:
            return at(run, one)
    raise RunNotFound(
        "Run {a} has no scores by {b}: 'python -m cropdash season {c}' makes them.",
        a=known,
        b=day[:10],
        c=known,
    )
