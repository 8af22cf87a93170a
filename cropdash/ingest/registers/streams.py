"""Streams that stand between py7zr and files."""

from __future__ import annotations

import io
import os
from collections.abc import Sequence
from pathlib import Path

from py7zr.exceptions import ArchiveError
from py7zr.io import Py7zIO, WriterFactory


class Chain(io.RawIOBase):
    """Several files read as if they were one."""

    def __init__(self, parts: Sequence[Path]) -> None:
        self._parts = [part.open("rb") for part in parts]
        self._ends = [0]
        for part in parts:
            self._ends.append(self._ends[-1] + part.stat().st_size)
        self._at = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._ends[-1]}[whence]
        if start + offset < 0:
            raise ValueError(f"A stream can't be read from position {start + offset}.")
        self._at = start + offset
        return self._at

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        """Up to the end of one part; the buffered reader asks again."""
        for part, start, end in zip(self._parts, self._ends, self._ends[1:], strict=False):
            if start <= self._at < end:
                part.seek(self._at - start)
                count = part.readinto(memoryview(buffer)[: end - self._at])
                self._at += count
                return count
        return 0

    def close(self) -> None:
        for part in self._parts:
            part.close()
        super().close()


class Single(Py7zIO, WriterFactory):
    """Writes the one wanted member to one file, and never more than was announced of it."""

    def __init__(self, path: Path, limit: int) -> None:
        self._path, self._limit, self._size = path, limit, 0
        self._handle = path.open("xb")

    def create(self, filename: str) -> Py7zIO:
        return self

    def write(self, s: bytes | bytearray) -> int:
        self._size += len(s)
        if self._size > self._limit:
            raise ArchiveError(f"more than the announced {self._limit:,} bytes")
        return self._handle.write(s)

    def read(self, size: int | None = None) -> bytes:
        return b""

    def seek(self, offset: int, whence: int = 0) -> int:
        return self._size

    def flush(self) -> None:
        self._handle.flush()

    def size(self) -> int:
        return self._size

    def close(self) -> None:
        """The member is whole and its checksum right."""
        self._handle.flush()
        os.fsync(self._handle.fileno())

    def finish(self) -> None:
        if not self._handle.closed:
            self._handle.close()
