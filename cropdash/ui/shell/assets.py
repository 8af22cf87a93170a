"""Pictures and GeoJSON that the browser fetches by URL, in the app's static folder."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from pathlib import Path

from cropdash.files import atomic
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
        content = make()
        with atomic.replacing(path) as part:  # whole: two sessions may make the same file
            part.write_bytes(content)
        _prune()
    return f"cache/{name}"


def _prune() -> None:
    files = sorted(_FOLDER.glob("[!.]*"), key=_last_used)
    for path in files[: max(len(files) - _KEEP, 0)]:
        path.unlink(missing_ok=True)


def _last_used(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except FileNotFoundError:  # another session pruned it
        return 0.0
