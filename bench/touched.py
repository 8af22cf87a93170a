"""Which files some work opens, asks about or lists: another file can't matter to it."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest import mock

_PROCESS = "subprocess.Popen"
_EVENTS = {"open", "os.listdir", "os.scandir", "sqlite3.connect", _PROCESS}
_noted: set[str] | None = None


def _hear(event: str, about: tuple[Any, ...]) -> None:
    if _noted is not None and event in _EVENTS:
        _noted.add(_PROCESS if event == _PROCESS else _text(about[0]))


def _text(path: Any) -> str:
    return os.fsdecode(path) if isinstance(path, str | bytes | os.PathLike) else "."


sys.addaudithook(_hear)  # which can't be taken away again


@contextmanager
def noting() -> Iterator[set[str]]:
    """The paths that are touched until the end, in all threads of this process."""
    global _noted
    _noted = found = set[str]()

    def heard(ask: Any) -> Any:
        def asked(path: Any, *rest: Any, **more: Any) -> Any:
            found.add(_text(path))
            return ask(path, *rest, **more)

        return asked

    asking = {name: heard(getattr(os, name)) for name in ("stat", "lstat", "access")}
    try:
        with mock.patch.multiple(os, **asking):  # which raise no audit event
            yield found
    finally:
        _noted = None


def matters(path: Path, found: set[str]) -> bool:
    """True unless the work that touched these saw neither the file nor its folder's list.

    Work that begins a process, which is not listened to, may have seen all.
    """
    return bool({str(path), str(path.parent), _PROCESS} & found)
