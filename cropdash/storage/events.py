"""A file of rows that are only ever appended, of which the last about each zone counts.

It grows while it is read, may be cut anywhere, and is no more than what the folders say: a row
that is lost costs looking into one folder.
"""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cropdash.files import atomic

_ZONE = "zone"
_LONGEST = 2**20  # [bytes] of a row
_BLOCK = 16 * _LONGEST  # [bytes] that are read at once
_FOLDED = 4  # so many rows a zone may stand before a file is written anew


@dataclass
class _Known:
    """What was read of a file so far."""

    inode: int = -1
    offset: int = 0
    rows: int = 0
    last: dict[str, dict[str, Any]] = field(default_factory=dict)


_known: dict[Path, _Known] = {}
_lock = threading.Lock()


def append(path: Path, zone_id: str, values: Mapping[str, Any]) -> None:
    """Say something of a zone, in one write, after whatever a killed writer left.

    Raises DiskFull, or DamagedFile if something else stands there.
    """
    row = json.dumps({_ZONE: zone_id, **values}, ensure_ascii=False, separators=(",", ":"))
    atomic.check_kind(path)
    with atomic.room_for(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o666)
        try:
            os.write(handle, f"\n{row}\n".encode())
        finally:
            os.close(handle)


def last(path: Path) -> dict[str, dict[str, Any]]:
    """The last row of each zone; only what came since this process last asked is read."""
    with _lock:
        known = _read(path)
        return dict(known.last)


def fold(path: Path) -> None:
    """Write the file anew if most of its rows are outdated; for one that begins to work on it.

    A row that another process appends meanwhile may be lost, as one that is cut is.
    """
    with _lock:
        known = _read(path)
        if known.rows <= _FOLDED * max(len(known.last), 1):
            return
        rows = (json.dumps(values, ensure_ascii=False) for values in known.last.values())
        text = "".join(f"{row}\n" for row in rows)
    atomic.write_text(path, text)


def _read(path: Path) -> _Known:
    known = _known.setdefault(path, _Known())
    try:
        file = atomic.opened(path)
    except OSError:
        known = _known[path] = _Known()
        return known
    with file:
        about = os.fstat(file.fileno())
        if about.st_ino != known.inode or about.st_size < known.offset:
            known = _known[path] = _Known(about.st_ino)
        if about.st_size > known.offset:
            file.seek(known.offset)
            while raw := file.read(_BLOCK):
                whole = raw.rfind(b"\n") + 1
                if len(raw) == _BLOCK and not whole:
                    whole = _BLOCK  # of a row far too long, which says nothing
                if not whole:
                    break  # its writer is at it
                for line in raw[:whole].split(b"\n"):
                    _take(known, line)
                known.offset += whole
                file.seek(known.offset)
    return known


def _take(known: _Known, line: bytes) -> None:
    if not line or len(line) > _LONGEST:
        return
    known.rows += 1
    try:
        values = atomic.parsed(line.decode())
    except ValueError:
        return  # it was cut
    if isinstance(values, dict) and isinstance(zone := values.get(_ZONE), str):
        known.last[zone] = values
