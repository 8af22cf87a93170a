"""What people call a run and say of it, and what they do with it: rows of the database.

Nothing of it is what the run was made with. Each row says one field of one run, and the newest holds.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal, get_args

import sqlalchemy as sa

from cropdash.domain import access
from cropdash.domain.errors import ConfigError, CropdashError, InvalidRun, NotKept, RunBusy
from cropdash.settings.folders import Folders
from cropdash.storage import database, record, runs, status
from cropdash.storage.database.schema import RUN_NOTES

Action = Literal["name", "note", "tag", "archive", "restore", "delete"]
_LONGEST, _MOST_TAGS = {"name": 40, "note": 2000}, 8
# Names stand in charts, tables and sentences, so they hold nothing that acts as markup there.
_NAME = re.compile(r"(?:[^\W_]|[ ,()+-]|(?<=\d)\.(?=\d))*")
_TAG = re.compile(r"[^\W_](?:[^\W_]|-){0,19}")


@dataclass(frozen=True)
class Notes:
    """What is known of a run beside what it was made with."""

    name: str = ""
    note: str = ""
    tags: tuple[str, ...] = ()
    archived: bool = False


def read(data: Path) -> dict[str, Notes]:
    """The notes of all runs that have any, by their id. Raises DamagedFile."""
    newest = sa.select(sa.func.max(RUN_NOTES.c.id)).group_by(RUN_NOTES.c.run_id, RUN_NOTES.c.field)
    asked = sa.select(RUN_NOTES).where(RUN_NOTES.c.id.in_(newest))
    found: dict[str, Notes] = {}
    for row in database.rows(data, asked):
        before = found.get(row.run_id, Notes())
        with suppress(ConfigError):  # written by other hands
            found[row.run_id] = _checked(replace(before, **_parsed(row.field, row.value)))
    return found


def act(where: Folders, run_id: str, action: Action, value: str = "") -> None:
    """Name a run, note something on it, tag it (tags apart by commas), put it away, bring it back
    or delete it: whatever changes a run after it was made goes through here.

    Raises NotAllowed, RunNotFound, ConfigError, RunBusy (deletion of a run at work), InvalidRun (of a
    member of an ensemble) or NotKept.
    """
    folder = runs.find(where.models, run_id).path
    if action not in get_args(Action):
        raise ConfigError("A run can't be told to {a}.", a=repr(str(action)[:20]))
    who = access.require("delete" if action == "delete" else "name")
    if action == "delete":
        _delete(where, folder)
        return
    fields = {
        "name": "name",
        "note": "note",
        "tag": "tags",
        "archive": "archived",
        "restore": "archived",
    }
    field = fields[action]
    said = {"archive": "1", "restore": ""}.get(action, value)
    _checked(replace(Notes(), **_parsed(field, said)))
    row = {"run_id": run_id, "field": field, "value": database.tidy(said)}
    with database.writing(where.data) as connection:
        stamp = {"time": database.now(), "author": database.tidy(who.name, 200)}
        connection.execute(sa.insert(RUN_NOTES).values(**row, **stamp))
        record.add(connection, action, run_id)


def _parsed(field: str, value: str) -> Mapping[str, Any]:
    match field:
        case "name":
            return {"name": " ".join(value.split())}
        case "note":
            return {"note": value.strip()}
        case "tags":
            return {"tags": tuple(dict.fromkeys(t.strip() for t in value.split(",") if t.strip()))}
        case _:
            return {"archived": bool(value)}


def _checked(notes: Notes) -> Notes:
    """The notes, if each is as it may be; raises ConfigError."""
    for what, most in _LONGEST.items():
        if len(getattr(notes, what)) > most:
            raise ConfigError("The {a} of a run may have {b} characters.", a=what, b=most)
    if not _NAME.fullmatch(notes.name):
        raise ConfigError(
            "{a} is no name for a run: use letters, digits, spaces, commas, brackets, '+' and '-'.",
            a=repr(notes.name),
        )
    if len(notes.tags) > _MOST_TAGS or not all(map(_TAG.fullmatch, notes.tags)):
        raise ConfigError(
            "A run may have {a} tags of up to 20 letters, digits and '-', apart by commas.",
            a=_MOST_TAGS,
        )
    return notes


def _delete(where: Folders, folder: Path) -> None:
    """Take the run out of the list at once, then remove what it holds."""
    models = where.models
    now = status.read(folder)
    if status.is_locked(folder) or (now is not None and not now.is_final):
        raise RunBusy("A worker is at work on {a}: stop it first.", a=folder.name)
    for other in runs.list_all(models):
        if folder.name in _members(other):
            raise InvalidRun(
                "Run {a} is a member of {b}: delete that one first.", a=folder.name, b=other.run_id
            )
    try:
        record.note(where.data, "delete", folder.name)
        gone = folder.with_name(f".deleted-{folder.name}")  # no run's name begins with a dot
        folder.rename(gone)
    except OSError as error:
        raise NotKept(
            "Run {a} can't be deleted: make its folder writable.", a=folder.name
        ) from error
    for path in models.glob(".deleted-*"):  # and what an earlier deletion left behind
        shutil.rmtree(path, ignore_errors=True)


def _members(run: runs.RunFolder) -> Iterable[str]:
    try:
        return run.config.get("members") or ()
    except CropdashError:
        return ()  # damaged, and so no reason to keep another
