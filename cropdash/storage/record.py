"""Who started, stopped, decided, uploaded, deleted what: rows of the database.

One row an event, appended and never rewritten; it is on the disk before the thing itself is done,
so that nothing is done that the record does not hold.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa

from cropdash.domain import access
from cropdash.storage import database
from cropdash.storage.database.schema import EVENTS

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


def note(
    data: Path, action: str, what: str, *, who: access.Actor | None = None, size: int = 0
) -> None:
    """Append a row on who is at it now to the database of `data`.

    Raises NotKept: what can't be recorded is not done either.
    """
    with database.writing(data) as connection:
        add(connection, action, what, who=who, size=size)


def add(
    connection: sa.Connection,
    action: str,
    what: str,
    *,
    who: access.Actor | None = None,
    size: int = 0,
) -> None:
    """The same in a transaction that does the thing as well."""
    who = who or access.actor()
    row = Event(
        database.now(), database.tidy(who.name, _LONGEST), who.role or "", action,
        database.tidy(what, _LONGEST), size,
    )  # fmt: skip
    connection.execute(sa.insert(EVENTS).values(**vars(row)))


def read(
    data: Path, *, by: str | None = None, action: str | None = None, since: str = ""
) -> tuple[Event, ...]:
    """The record, oldest first; of one person, of one action, after a time. Raises DamagedFile."""
    columns = [column for column in EVENTS.c if column.name != "id"]
    asked = sa.select(*columns).order_by(EVENTS.c.id).where(EVENTS.c.time > since)
    if by is not None:
        asked = asked.where(EVENTS.c.name == by)
    if action is not None:
        asked = asked.where(EVENTS.c.action == action)
    return tuple(Event(**row._mapping) for row in database.rows(data, asked))
