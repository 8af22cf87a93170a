"""What was decided on declared parcels: events of the database, appended by who decides, never lost.

A parcel is known by its register's id, so that decisions outlive a dataset that is built anew. An
event says a decision, a note or both, or takes an earlier one back; what holds of a parcel is the last
decision and the last note that nobody took back, so two people who speak at once both keep their word.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from cropdash.domain import access
from cropdash.domain.errors import ConfigError
from cropdash.storage import database, record
from cropdash.storage.database.schema import DECISIONS

KEEP, DOUBTFUL, VISIT, RELABEL, LEAVE_OUT = "keep", "doubtful", "visit", "relabel", "leave_out"
WORDS = (KEEP, DOUBTFUL, VISIT, RELABEL, LEAVE_OUT)
LONGEST_NOTE = 2000  # letters


@dataclass(frozen=True)
class Parcel:
    """Whom a decision is about."""

    register_id: str
    zone_id: str = ""
    parcel_id: int = 0  # in its zone


@dataclass(frozen=True)
class Said:
    """What is to be kept of a parcel; None leaves it as it is."""

    parcel: Parcel
    decision: str | None = None  # one of WORDS; empty: undecided again
    note: str | None = None
    crop: str = ""  # name of the class that it is in truth, of RELABEL alone


@dataclass(frozen=True)
class Event:
    """A row of the history."""

    id: int
    time: str  # ISO, UTC
    author: str
    role: str
    dataset: str
    zone_id: str
    parcel_id: int
    register_id: str
    decision: str | None
    crop: str
    note: str | None
    run_a: str
    run_b: str
    as_of: str  # the day by which the runs were asked; empty: the whole season
    source: str  # the file that it came from; empty: a page
    undoes: int | None  # the event that it takes back
    undone: bool = False  # taken back itself


@dataclass(frozen=True)
class Decision:
    """What holds of a parcel now."""

    parcel: Parcel
    decision: str = ""
    crop: str = ""
    note: str = ""
    time: str = ""  # of the decision, or of the note where there is none
    author: str = ""


def decide(
    data: Path,
    dataset: str,
    said: Sequence[Said],
    *,
    runs: Sequence[str] = (),
    as_of: str = "",
    source: str = "",
) -> None:
    """Keep what was decided or noted on parcels, all or none of it.

    `runs`: the one or two that were looked at, as they answered by the day `as_of`; `source`: the file
    that it came from. Raises NotAllowed, ConfigError or NotKept.
    """
    who = access.require("decide")
    for one in said:
        _check(one)
    if not said:
        return
    first, second = (*runs, "", "")[:2]
    common = {
        "time": database.now(), "author": database.tidy(who.name, 200), "role": who.role or "",
        "dataset": dataset, "run_a": first, "run_b": second, "as_of": as_of,
        "source": database.tidy(source, 200), "undoes": None,
    }  # fmt: skip
    with database.writing(data) as connection:
        connection.execute(sa.insert(DECISIONS), [common | _row(one) for one in said])
        record.add(connection, "decide", f"{dataset}/{_told(said)}")


def undo(data: Path, dataset: str) -> tuple[Event, ...]:
    """Take back the last word of who is at it, all of it where it was said of many parcels at once.

    Returns what was taken back; nothing if nothing is left of theirs. Raises NotAllowed or NotKept.
    """
    who = access.require("decide")
    taken = sa.select(DECISIONS.c.undoes).where(DECISIONS.c.undoes.is_not(None))
    own = (
        sa.select(DECISIONS)
        .where(
            DECISIONS.c.dataset == dataset,
            DECISIONS.c.author == database.tidy(who.name, 200),
            DECISIONS.c.undoes.is_(None),
            DECISIONS.c.id.not_in(taken),
        )
        .order_by(DECISIONS.c.id.desc())
        .with_for_update()
    )
    with database.writing(data) as connection:
        last = connection.execute(own.limit(1)).first()
        if last is None:
            return ()
        # What was said at once bears one time, to the microsecond.
        found = connection.execute(own.where(DECISIONS.c.time == last.time)).all()
        back = {"time": database.now(), "role": who.role or "", "decision": None, "note": None,
                "crop": "", "source": ""}  # fmt: skip
        rows = [{**row._mapping, **back, "undoes": row.id} for row in reversed(found)]
        for row in rows:
            del row["id"]
        connection.execute(sa.insert(DECISIONS), rows)
        events = tuple(Event(**row._mapping) for row in reversed(found))
        of = events[0].register_id if len(events) == 1 else f"{len(events)} parcels"
        record.add(connection, "undo", f"{dataset}/{of}")
        return events


def history(data: Path, dataset: str, register_id: str | None = None) -> tuple[Event, ...]:
    """Events on a dataset's parcels, or on one of them, oldest first. Raises DamagedFile."""
    asked = sa.select(DECISIONS).where(DECISIONS.c.dataset == dataset).order_by(DECISIONS.c.id)
    if register_id is not None:
        asked = asked.where(DECISIONS.c.register_id == register_id)
    events = [Event(**row._mapping) for row in database.rows(data, asked)]
    undone = {event.undoes for event in events}
    return tuple(replace(e, undone=True) if e.id in undone else e for e in events)


def mark(data: Path, dataset: str) -> int:
    """Changes with every event on the dataset's parcels. Raises DamagedFile."""
    asked = sa.select(sa.func.max(DECISIONS.c.id)).where(DECISIONS.c.dataset == dataset)
    found = database.rows(data, asked)
    return int(found[0][0] or 0) if found else 0


def current(data: Path, dataset: str) -> dict[str, Decision]:
    """What holds of each parcel on which anything was decided or noted, by the register's id."""
    return fold(history(data, dataset))


def fold(events: Iterable[Event]) -> dict[str, Decision]:
    """What holds after the events, by the register's id; who is undecided without a note is left out."""
    held: dict[str, Decision] = {}
    for event in events:
        if event.undone or event.undoes is not None:
            continue
        parcel = Parcel(event.register_id, event.zone_id, event.parcel_id)
        now = held.get(event.register_id, Decision(parcel))
        if event.note is not None:
            now = replace(now, note=event.note)
        if event.decision is not None:
            now = replace(now, decision=event.decision, crop=event.crop)
        if event.decision is not None or not now.decision:
            now = replace(now, time=event.time, author=event.author)
        held[event.register_id] = replace(now, parcel=parcel)
    return {i: one for i, one in held.items() if one.decision or one.note}


def _check(said: Said) -> None:
    if said.decision is None and said.note is None:
        raise ConfigError("Nothing was said of parcel {a}.", a=repr(said.parcel.register_id[:64]))
    if said.decision and said.decision not in WORDS:
        raise ConfigError(
            "{a} is no decision: use one of {b}, or none.",
            a=repr(said.decision[:40]),
            b=", ".join(WORDS),
        )
    if (said.decision == RELABEL) != bool(said.crop):
        raise ConfigError(
            "Parcel {a}: '{b}', and it alone, names the class that the parcel is in truth.",
            a=repr(said.parcel.register_id[:64]),
            b=RELABEL,
        )
    if said.note and len(said.note) > LONGEST_NOTE:
        raise ConfigError("A note may have {a} characters.", a=LONGEST_NOTE)


def _row(said: Said) -> dict[str, Any]:
    parcel = said.parcel
    return {
        "zone_id": parcel.zone_id,
        "parcel_id": parcel.parcel_id,
        "register_id": database.tidy(parcel.register_id, 1000),
        "decision": said.decision,
        "crop": said.crop,
        "note": None if said.note is None else database.tidy(said.note),
    }


def _told(said: Sequence[Said]) -> str:
    if len(said) > 1:
        return f"{len(said)} parcels"
    (one,) = said
    word = "note" if one.decision is None else one.decision or "none"
    return f"{one.parcel.register_id}: {word}"


def an_hour(events: Iterable[Event], author: str) -> int:
    """How many decisions an hour somebody makes, by those of their last hour at it; 0 below two."""
    times = [datetime.fromisoformat(e.time) for e in events if e.author == author and e.decision]
    if not times:
        return 0
    recent = [moment for moment in times if times[-1] - moment <= timedelta(hours=1)]
    took = (recent[-1] - recent[0]).total_seconds()
    return round(3600 * (len(recent) - 1) / took) if took > 0 else 0
