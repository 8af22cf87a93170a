"""The parcels of an edition out of its .7z archive, in one part or in several."""

from __future__ import annotations

import io
import lzma
import re
import shutil
import struct
import uuid
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

import py7zr
from filelock import FileLock, Timeout
from py7zr.exceptions import ArchiveError, PasswordRequired

from cropdash.domain.errors import InvalidRegister
from cropdash.ingest.registers import edition
from cropdash.ingest.registers.streams import Chain, Single

MAX_BYTES = 32 * 2**30  # of all members together; a whole edition of France takes some 12 GB
WAIT_S = 3600  # for another process that unpacks the same archive
_RATIO, _ROOM = 100, 2**24  # most that an archive grows, beyond so many bytes
_SPARE = 2**26  # [bytes] left free on the disk
_PART = re.compile(r"(?P<name>.*\.7z)\.(?P<number>\d{3})", re.IGNORECASE)
# 7z's start header: signature, version, CRC, then offset and size of the header at the end
# (https://py7zr.readthedocs.io/en/latest/archive_format.html).
_START = struct.Struct("<6s2sIQQI")
# What py7zr and the decoders below it say to bytes that aren't what they should be.
_DAMAGE = (
    ArchiveError,
    AssertionError,
    EOFError,
    IndexError,
    OverflowError,
    TypeError,
    ValueError,
    lzma.LZMAError,
    struct.error,
    zlib.error,
)


def unpack(path: Path, folder: Path | None = None, *, limit: int = MAX_BYTES) -> Path:
    """The register in the archive, as a file in `folder` (else `unpacked` beside the archive).

    Only that member is written, under a name of ours that carries its checksum, so that a second
    call finds it; a split archive (.7z.001, .7z.002, …) is given by its first part.

    Raises InvalidRegister if the archive is damaged, incomplete, encrypted or larger than
    `limit` bytes unpacked, if a member leads out of it, or if the disk is full.
    """
    folder = folder or path.parent / edition.UNPACKED
    with _in_words(path, folder), _opened(path) as seven:
        packed = sum(part.stat().st_size for part in _parts(path))
        member = _wanted(seven.list(), path, min(limit, _RATIO * packed + _ROOM))
        suffix = PurePosixPath(member.filename).suffix.lower()
        stem = path.name.split(".7z")[0]
        target = folder / f"{stem}-{member.crc32 or 0:08x}{suffix}"
        if not _is_whole(target, member.uncompressed):
            folder.mkdir(parents=True, exist_ok=True)
            with FileLock(target.with_name(f".{target.name}.lock"), timeout=WAIT_S):
                if not _is_whole(target, member.uncompressed):
                    _write(seven, member, target, path)
    return target


@contextmanager
def _in_words(path: Path, folder: Path) -> Iterator[None]:
    """Say in one sentence what goes wrong with the archive, or where it is unpacked to."""
    try:
        yield
    except PasswordRequired as error:
        raise InvalidRegister("{a} is encrypted: unpack it yourself.", a=path.name) from error
    except Timeout as error:
        raise InvalidRegister(
            "Another process has been unpacking {a} for {b} s: end it and try again.",
            a=path.name,
            b=WAIT_S,
        ) from error
    except OSError as error:
        raise InvalidRegister(
            "{a} can't be unpacked into {b} ({c}): make room there and let it be written"
            " to, or unpack it yourself.",
            a=path.name,
            b=folder,
            c=error.strerror,
        ) from error
    except _DAMAGE as error:
        raise InvalidRegister(
            "{a} can't be unpacked ({b}: {c}): fetch it again.",
            a=path.name,
            b=type(error).__name__,
            c=error,
        ) from error


@contextmanager
def _opened(path: Path) -> Iterator[py7zr.SevenZipFile]:
    parts = _parts(path)
    with io.BufferedReader(Chain(parts)) as stream:
        _check_length(stream, parts, path)
        with py7zr.SevenZipFile(stream) as seven:
            yield seven


def _parts(path: Path) -> list[Path]:
    """All parts of a split archive in order, or the one file."""
    match = _PART.fullmatch(path.name)
    if not match:
        return [path]
    number = {
        int(m["number"]): p
        for p in path.parent.iterdir()
        if (m := _PART.fullmatch(p.name)) and m["name"] == match["name"]
    }
    last = max(number)
    missing = [n for n in range(1, last + 1) if n not in number]
    if missing:
        raise InvalidRegister(
            "{a}: part {b} of {c} is missing: fetch it into the same folder.",
            a=match["name"],
            b=format(missing[0], "03d"),
            c=format(last, "03d"),
        )
    return [number[n] for n in range(1, last + 1)]


def _check_length(stream: io.BufferedReader[Chain], parts: Sequence[Path], path: Path) -> None:
    """Say that bytes are missing before the decoder stumbles over it."""
    head = stream.read(_START.size)
    there = sum(part.stat().st_size for part in parts)
    stream.seek(0)
    if len(head) == _START.size:
        _, _, _, offset, size, _ = _START.unpack(head)
        if there >= _START.size + offset + size:
            return
        wanted = f"{_START.size + offset + size:,} bytes"
    else:
        wanted = "more"
    raise InvalidRegister(
        "{a} is cut short: {b} bytes in {c} file(s), {d} expected; fetch it, or its"
        " missing parts, again.",
        a=path.name,
        b=format(there, ","),
        c=len(parts),
        d=wanted,
    )


def _wanted(members: Sequence[py7zr.FileInfo], path: Path, limit: int) -> py7zr.FileInfo:
    """The member that holds the parcels, after a look at all of them."""
    for member in members:
        if member.is_symlink or _leads_out(member.filename):
            raise InvalidRegister(
                "{a} holds {b}, a link or a path that leads out of the archive: fetch the"
                " edition from its publisher.",
                a=path.name,
                b=repr(member.filename),
            )
    total = sum(member.uncompressed for member in members)
    if total > limit:
        raise InvalidRegister(
            "{a} would unpack to {b} bytes, more than the {c} that are allowed: unpack it"
            " yourself and give the GeoPackage's path.",
            a=path.name,
            b=format(total, ","),
            c=format(limit, ","),
        )
    named = {
        PurePosixPath(m.filename): m
        for m in members
        if m.is_file and PurePosixPath(m.filename).suffix.lower() in edition.SUFFIXES
    }
    chosen = edition.choose(list(named), f"The archive {path.name}")
    if sum(m.filename == named[chosen].filename for m in members) > 1:
        raise InvalidRegister("{a} holds {b} twice: unpack it yourself.", a=path.name, b=chosen)
    return named[chosen]


def _leads_out(name: str) -> bool:
    parts = PurePosixPath(name.replace("\\", "/"))
    return parts.is_absolute() or ".." in parts.parts or ":" in name or "\0" in name


def _write(seven: py7zr.SevenZipFile, member: py7zr.FileInfo, target: Path, path: Path) -> None:
    """Unpack one member under a temporary name and move it into place."""
    free = shutil.disk_usage(target.parent).free
    if free < member.uncompressed + _SPARE:
        raise InvalidRegister(
            "{a} needs {b} bytes in {c}, where {d} are free: make room, or unpack it yourself.",
            a=path.name,
            b=format(member.uncompressed, ","),
            c=target.parent,
            d=format(free, ","),
        )
    temporary = target.with_name(f".{target.stem}.{uuid.uuid4().hex[:8]}.part{target.suffix}")
    factory = Single(temporary, member.uncompressed)
    try:
        seven.extract(targets=[member.filename], factory=factory)
        if not _is_whole(temporary, member.uncompressed):
            raise InvalidRegister(
                "{a}: {b} is incomplete: fetch it again.", a=path.name, b=member.filename
            )
        temporary.replace(target)
    finally:
        factory.finish()
        temporary.unlink(missing_ok=True)


def _is_whole(file: Path, size: int) -> bool:
    return file.is_file() and file.stat().st_size == size
