"""models/<run>/notes.json: what people call a run and say of it, and what they do with it.

Nothing of it is what the run was made with, so it lies beside config.json and not in it.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Literal, get_args

from filelock import FileLock, Timeout

from cropdash.domain import access
from cropdash.domain.errors import ConfigError, CropdashError, InvalidRun, NotKept, RunBusy
from cropdash.files import records
from cropdash.storage import layout, record, runs, status

Action = Literal["name", "note", "tag", "archive", "restore", "delete"]
_WAIT_S = 5.0  # [s] for another writer's word
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
    damaged: str = ""  # why notes.json can't be read, in one sentence


def read(folder: Path) -> Notes:
    """The notes of a run; none if there is no file, and why where it can't be read."""
    try:
        return load(folder)
    except CropdashError as error:
        return Notes(damaged=str(error))


def load(folder: Path) -> Notes:
    """The notes of a run; none if there is no file. Raises DamagedFile or ConfigError."""
    values = layout.NOTES.find(folder)
    return _checked(records.typed(Notes, values, f"{layout.NOTES.file} of {folder.name}"))


def act(models: Path, run_id: str, action: Action, value: str = "") -> None:
    """Name a run, note something on it, tag it (tags apart by commas), put it away, bring it back
    or delete it: whatever changes a run after it was made goes through here.

    Raises NotAllowed, RunNotFound, ConfigError, RunBusy (deletion of a run at work), InvalidRun (of a member
    of an ensemble, or notes that are damaged) or NotKept.
    """
    folder = runs.find(models, run_id).path
    if action not in get_args(Action):
        raise ConfigError(f"A run can't be told to {str(action)[:20]!r}.")
    access.require("delete" if action == "delete" else "name")
    if action == "delete":
        _delete(models, folder)
        return
    tags = tuple(dict.fromkeys(t.strip() for t in value.split(",") if t.strip()))
    known: dict[str, dict[str, Any]] = {
        "name": {"name": " ".join(value.split())},
        "note": {"note": value.strip()},
        "tag": {"tags": tags},
        "archive": {"archived": True},
        "restore": {"archived": False},
    }
    changes = known[action]
    try:
        with FileLock(folder / layout.NOTES_LOCK, timeout=_WAIT_S):
            before = read(folder)
            if before.damaged:
                raise InvalidRun(
                    f"{layout.NOTES.file} of run {run_id} is damaged: mend it, or move it away."
                )
            told = asdict(_checked(replace(before, **changes)))
            del told["damaged"]
            record.note(models, action, folder.name)
            layout.NOTES.write(folder, told)
    except (OSError, Timeout) as error:
        raise NotKept(
            f"What you said of run {run_id} could not be written: make its folder writable and "
            "say it again."
        ) from error


def _checked(notes: Notes) -> Notes:
    """The notes, if each is as it may be; raises ConfigError."""
    for what, most in _LONGEST.items():
        if len(getattr(notes, what)) > most:
            raise ConfigError(f"The {what} of a run may have {most} characters.")
    if not _NAME.fullmatch(notes.name):
        raise ConfigError(
            f"{notes.name!r} is no name for a run: use letters, digits, spaces, commas, brackets, "
            "'+' and '-'."
        )
    if len(notes.tags) > _MOST_TAGS or not all(map(_TAG.fullmatch, notes.tags)):
        raise ConfigError(
            f"A run may have {_MOST_TAGS} tags of up to 20 letters, digits and '-', apart by commas."
        )
    return notes


def _delete(models: Path, folder: Path) -> None:
    """Take the run out of the list at once, then remove what it holds."""
    now = status.read(folder)
    if status.is_locked(folder) or (now is not None and not now.is_final):
        raise RunBusy(f"A worker is at work on {folder.name}: stop it first.")
    for other in runs.list_all(models):
        if folder.name in _members(other):
            raise InvalidRun(
                f"Run {folder.name} is a member of {other.run_id}: delete that one first."
            )
    try:
        record.note(models, "delete", folder.name)
        gone = folder.with_name(f".deleted-{folder.name}")  # no run's name begins with a dot
        folder.rename(gone)
    except OSError as error:
        raise NotKept(f"Run {folder.name} can't be deleted: make its folder writable.") from error
    for path in models.glob(".deleted-*"):  # and what an earlier deletion left behind
        shutil.rmtree(path, ignore_errors=True)


def _members(run: runs.RunFolder) -> Iterable[str]:
    try:
        return run.config.get("members") or ()
    except CropdashError:
        return ()  # damaged, and so no reason to keep another
