"""record.jsonl beside datasets and runs: who started, stopped, decided, uploaded, deleted what.

One row an event, appended and never rewritten; it is on the disk before the thing itself is done,
so that nothing is done that the record does not hold.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from cropdash.domain import access
from cropdash.domain.errors import NotKept
from cropdash.storage import layout

_WAIT_S = 5.0  # [s] for another process's row to be written
_LONGEST = 1000  # letters of a name or an object


@dataclass(frozen=True)
class Event:
    """A row of the record."""

    time: str  # ISO, UTC, to the millisecond
    name: str
    role: str
    action: str
    object: str  # what it was done to: a run, a dataset, a parcel, a file
    size: int = 0  # [bytes] of what was uploaded


@dataclass(frozen=True)
class Record:
    """What was read of one or several files."""

    events: tuple[Event, ...]  # oldest first
    damaged: int  # rows that can't be read; they are passed over


def note(
    place: Path, action: str, what: str, *, who: access.Actor | None = None, size: int = 0
) -> None:
    """Append a row on who is at it now to the record of `place`, data/ or models/.

    Raises NotKept: what can't be recorded is not done either.
    """
    who = who or access.actor()
    moment = datetime.now(UTC).isoformat(timespec="milliseconds")
    row: dict[str, Any] = {"time": moment, "name": who.name[:_LONGEST], "role": who.role or ""}
    row |= {"action": action, "object": what[:_LONGEST]} | ({"size": size} if size else {})
    line = json.dumps(row, ensure_ascii=False).encode("utf-8", "replace") + b"\n"
    try:
        place.mkdir(parents=True, exist_ok=True)
        with FileLock(place / layout.RECORD_LOCK, timeout=_WAIT_S):
            _append(place / layout.RECORD, line)
    except (OSError, Timeout) as error:
        raise NotKept(
            f"{layout.RECORD} in {place.name}/ can't be written, and what is not recorded is not "
            "done: make room, or make it writable, and try again."
        ) from error


def read(places: Iterable[Path]) -> Record:
    """All that the places' records hold; a row that was cut or changed costs itself alone."""
    events: list[Event] = []
    damaged = 0
    for place in places:
        path = place / layout.RECORD
        if not path.is_file():
            continue
        for line in path.read_bytes().splitlines():
            event = _event(line)
            if event is not None:
                events.append(event)
            elif line.strip():
                damaged += 1
    return Record(tuple(sorted(events, key=lambda event: event.time)), damaged)


def _append(path: Path, line: bytes) -> None:
    """One write at the end and on to the disk; a row that a power cut left half is closed first."""
    opened = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o640)
    try:
        end = os.lseek(opened, 0, os.SEEK_END)
        if end and os.pread(opened, 1, end - 1) != b"\n":
            line = b"\n" + line
        written = os.write(opened, line)
        if written != len(line):
            raise OSError("cut short")
        os.fsync(opened)
    finally:
        os.close(opened)


def _event(line: bytes) -> Event | None:
    try:
        row = json.loads(line)
        texts = [row[name] for name in ("time", "name", "role", "action", "object")]
        size = row.get("size", 0)
        datetime.fromisoformat(texts[0])
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return None
    if not all(isinstance(text, str) for text in texts) or type(size) is not int:
        return None
    time, name, role, action, what = texts
    return Event(time, name, role, action, what, size)
