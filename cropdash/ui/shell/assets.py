"""Pictures and GeoJSON that the browser fetches by URL, in the app's static folder."""

from __future__ import annotations

import hashlib
import os
import secrets
from collections.abc import Callable
from pathlib import Path

from cropdash.settings.folders import PROJECT

_FOLDER = PROJECT / "static" / "cache"
_DRAWN = 2  # to be raised when the same key shall look or read differently
_KEEP = 600  # files; beyond it the ones unused for longest go


def publish(key: str, suffix: str, make: Callable[[], bytes]) -> str:
    """URL (relative to the static folder) of what `make` returns; made once per key.

    `key` must name everything that the content depends on, among it a fingerprint of the data.
    """
    name = hashlib.sha256(f"{_DRAWN}/{key}".encode()).hexdigest()[:24] + suffix
    path = _FOLDER / name
    try:
        os.utime(path)  # used again: the last to be pruned
    except FileNotFoundError:
        replaced(path, make())
        _prune()
    return f"cache/{name}"


def replaced(path: Path, content: bytes) -> None:
    """Write a file whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    # Two sessions are threads of one process and may make the same file: each writes its own
    # and replaces whole.
    temporary = path.with_name(f".{secrets.token_hex(8)}")
    try:
        temporary.write_bytes(content)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def _prune() -> None:
    files = sorted(_FOLDER.glob("[!.]*"), key=_last_used)
    for path in files[: max(len(files) - _KEEP, 0)]:
        path.unlink(missing_ok=True)


def _last_used(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except FileNotFoundError:  # another session pruned it
        return 0.0
