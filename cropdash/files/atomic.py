"""Whole files or none: everything is written under a temporary name and moved into place."""

from __future__ import annotations

import errno
import hashlib
import json
import math
import os
import stat
import time
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import lru_cache
from io import BufferedReader
from pathlib import Path
from typing import IO, Any

from cropdash.domain.errors import DamagedFile, DiskFull

_MOST = 64 * 2**20  # [bytes] of a document
_DEEPEST = 50  # levels of lists and objects; a catalogue's item has about ten
_FULL = frozenset((errno.ENOSPC, errno.EDQUOT, errno.EFBIG))  # no room; no quota; file limit
_NO_PLACE = frozenset(
    (errno.EACCES, errno.EPERM, errno.EROFS, errno.EISDIR, errno.ENOTDIR, errno.ELOOP, errno.EEXIST)
)


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yield a temporary path beside `path`; on success it is flushed and takes its place.

    Raises DiskFull if there is no room, or DamagedFile if a folder stands at `path`; what stood
    there stays, and nothing else is left.
    """
    if path.is_dir():
        raise DamagedFile("{a} in {b} is a folder: move it away.", a=path.name, b=path.parent)
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
    """Turn the system's word for a full disk into DiskFull, and for a place that takes none into
    DamagedFile."""
    try:
        yield
    except OSError as error:
        if error.errno in _NO_PLACE and _is_beside(error.filename, path):
            raise DamagedFile(
                "{a} in {b} can't be written ({c}): move away what stands there, or ask for the right"
                " to write.",
                a=path.name,
                b=path.parent,
                c=error.strerror,
            ) from error
        if error.errno in _FULL:
            raise DiskFull(
                "There is no room on the disk for {a} in {b}: make room and run the same again;"
                " what is finished is kept.",
                a=path.name,
                b=path.parent,
            ) from error
        raise


def _is_beside(name: str | bytes | None, path: Path) -> bool:
    """True for the path itself, what lies beside it, and the folders above."""
    found = Path(os.fsdecode(name)) if name is not None else None
    return found is not None and (found.parent == path.parent or found in path.parents)


def check_kind(path: Path) -> None:
    """Raise DamagedFile if something stands at `path` that is no file: a pipe would be waited for."""
    if os.path.lexists(path) and not path.is_file():
        raise DamagedFile("{a} in {b} is no file: move it away.", a=path.name, b=path.parent)


@contextmanager
def appending(path: Path) -> Iterator[IO[bytes]]:
    """An open file to add to. Raises DiskFull, or DamagedFile if something else stands there."""
    check_kind(path)
    with room_for(path), path.open("ab") as handle:
        yield handle


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
    """Write a text whole, or leave what stood there. Raises DiskFull."""
    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def write_json(path: Path, value: Any) -> None:
    """Write JSON whole, or leave what stood there. Raises DiskFull."""
    write_text(path, json.dumps(value, indent=1, ensure_ascii=False, allow_nan=False) + "\n")


def opened(path: Path) -> BufferedReader:
    """The file to read from. Raises OSError for what is none: a pipe would wait for ever."""
    handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        raise OSError(errno.EINVAL, "it is no file", str(path))
    return os.fdopen(handle, "rb")


def read_bytes(path: Path, most: int = _MOST) -> bytes:
    """Content of a file of at most so many bytes.

    Raises FileNotFoundError, or OSError for what is larger or no file.
    """
    with opened(path) as file:
        if os.fstat(file.fileno()).st_size > most:
            raise OSError(errno.EOVERFLOW, f"it is larger than {most:,} bytes", str(path))
        return file.read(most)


def read_json(path: Path) -> Any:
    """What a file of JSON holds. Raises OSError as `read_bytes`, or ValueError."""
    return parsed(read_bytes(path).decode("utf-8"))


def parsed(text: str) -> Any:
    """JSON of ours: finite numbers, whole ones of 64 bits, whole letters. Raises ValueError."""
    try:
        values = json.loads(text, parse_constant=_finite, parse_float=_finite, parse_int=_whole)
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error
    check_depth(values)
    if "\\ud" in text.lower():  # halves of letters are no text
        json.dumps(values, ensure_ascii=False).encode("utf-8")
    return values


def check_depth(value: Any) -> None:
    """Raise ValueError for what is nested so deeply that walking through it ends Python's stack."""
    level = [value]
    for _ in range(_DEEPEST + 1):
        held = [one.values() if isinstance(one, dict) else one for one in level if _holds(one)]
        level = [part for one in held for part in one]
        if not level:
            return
    raise ValueError(f"it is nested more than {_DEEPEST} levels deep")


def _holds(value: Any) -> bool:
    return isinstance(value, dict | list)


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(f"{text} is no number")
    return value


def _whole(text: str) -> int:
    value = int(text)
    if not -(2**63) <= value < 2**63:  # of which no table can be made
        raise ValueError(f"{text[:20]}… is larger than any number here")
    return value


def changed(
    folder: str, sums: Mapping[str, str], sizes: Mapping[str, int], since_ns: int = -1
) -> list[str]:
    """Names of the files that don't have their SHA-256 and size [bytes], or are none.

    Those of that size that were last touched up to `since_ns` are believed; of others the checksum
    is taken once a change. `folder` is text, as this is asked of thousands of files at a time.
    """
    return [n for n, d in sums.items() if not _is(f"{folder}/{n}", d, sizes.get(n), since_ns)]


def _is(path: str, digest: str, size: int | None, since_ns: int) -> bool:
    try:
        about = os.stat(path)  # noqa: PTH116 (of thousands)
        if not stat.S_ISREG(about.st_mode) or size not in (None, about.st_size):
            return False
        if about.st_ctime_ns <= since_ns:
            return True
        return _known(path, about.st_ino, about.st_size, about.st_ctime_ns) == digest
    except OSError:
        return False


@lru_cache(maxsize=2**16)
def _known(path: str, *_: int) -> str:
    return checksum(Path(path))


def checksum(path: Path) -> str:
    """SHA-256 of a file. Raises OSError."""
    with opened(path) as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()
