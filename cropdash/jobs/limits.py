"""Whether one more job may be started: by the policy, and by how many its person has already."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import chain

from filelock import FileLock, Timeout

from cropdash.domain import access
from cropdash.domain.errors import LimitReached, RunBusy
from cropdash.settings import access as settings
from cropdash.settings import folders
from cropdash.storage import layout, status

_LOCK = ".starts.lock"  # in models/: counted and started by one at a time
_WAIT_S = 10.0


@contextmanager
def admitted() -> Iterator[None]:
    """Let who is at it start a job inside. Raises NotAllowed, LimitReached or RunBusy."""
    who, limit = access.require("start"), settings.jobs_per_person()
    if limit is None:
        yield
        return
    where = folders.folders()
    where.models.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(where.models / _LOCK, timeout=_WAIT_S):
            count = sum(_is_of(who.name, told) for told in _unfinished(where))
            if count >= limit:
                raise LimitReached(
                    "{a} has {b} jobs queued or at work, and one person may have {c}: wait for one"
                    " to end, or stop one.",
                    a=who.name,
                    b=count,
                    c=limit,
                )
            yield
    except Timeout as error:
        raise RunBusy("Another job is being started just now; try again in a moment.") from error


def _unfinished(where: folders.Folders) -> Iterator[status.Status]:
    name = layout.STATUS.file
    for path in chain(
        where.data.glob(f"*/{name}"),
        where.models.glob(f"*/{name}"),
        where.models.glob(f"{layout.STUDIES}/*/{name}"),
        where.models.glob(f"{layout.REPORTS}/*/{name}"),
    ):
        told = status.read(path.parent)
        if told is not None and not told.is_final:
            yield told


def _is_of(name: str, told: status.Status) -> bool:
    return told.by == name
