"""Whole files or none: everything is written under a temporary name and moved into place."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from cropdash.domain.errors import DiskFull

_FULL = frozenset((errno.ENOSPC, errno.EDQUOT, errno.EFBIG))  # no room; no quota; file limit


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yield a temporary path beside `path`; on success it is flushed and takes its place.

    Raises DiskFull if there is no room; what stood at `path` stays, and nothing else is left.
    """
    # The suffix stays last, since drivers and libraries look at it.
    temporary = path.with_name(f".{path.stem}.{uuid.uuid4().hex[:8]}.part{path.suffix}")
    with room_for(path):
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            yield temporary
            with temporary.open("rb+") as handle:
                os.fsync(handle.fileno())
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)


@contextmanager
def room_for(path: Path) -> Iterator[None]:
    """Turn the system's word for a full disk into DiskFull."""
    try:
        yield
    except OSError as error:
        if error.errno in _FULL:
            raise DiskFull(
                f"There is no room on the disk for {path.name} in {path.parent}: make room and run"
                " the same again; what is finished is kept."
            ) from error
        raise


def clear_parts(folder: Path, older_than_s: float = 0.0) -> None:
    """Remove what a killed writer left under temporary names; only for a folder's one writer.

    Where there may be other writers, `older_than_s` spares what they are at.
    """
    limit = time.time() - older_than_s
    for path in folder.glob(".*.part*"):
        with suppress(FileNotFoundError):  # its writer has moved it into place meanwhile
            if path.stat().st_mtime <= limit:
                path.unlink()


def write_text(path: Path, text: str) -> None:
    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def write_json(path: Path, value: Any) -> None:
    write_text(path, json.dumps(value, indent=1, ensure_ascii=False, allow_nan=False) + "\n")


def read_json(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


def checksum(path: Path) -> str:
    """SHA-256 of a file."""
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()
