"""A run's learning curve and log: lines that grow while they are read, and may be cut anywhere."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Mapping
from pathlib import Path

from cropdash.files import atomic

Epoch = dict[str, float | None]
_TAIL = 4 * 2**20  # [bytes] that are looked at


def append(path: Path, values: Mapping[str, float]) -> None:
    """Add a line. Raises DiskFull or DamagedFile."""
    tidy = {k: (v if math.isfinite(v) else None) for k, v in values.items()}
    with atomic.appending(path) as handle:
        handle.write(f"{json.dumps(tidy)}\n".encode())


def cut(path: Path, epoch: int) -> None:
    """Forget that epoch and those after it."""
    if path.exists():
        kept = [values for values in read(path) if (values["epoch"] or 0) < epoch]
        atomic.write_text(path, "".join(json.dumps(values) + "\n" for values in kept))


def read(path: Path) -> list[Epoch]:
    """The lines that are whole."""
    return [values for line in tail(path) if (values := _epoch(line)) is not None]


def tail(path: Path) -> list[str]:
    """The last lines of a text, as far as it can be read."""
    try:
        if not path.is_file():
            return []
        with atomic.opened(path) as handle:
            handle.seek(-min(path.stat().st_size, _TAIL), os.SEEK_END)
            return handle.read(_TAIL).decode("utf-8", errors="replace").splitlines()
    except OSError:
        return []


def _epoch(line: str) -> Epoch | None:
    """The numbers of one line of a learning curve; None if it holds something else."""
    try:
        values = atomic.parsed(line)
    except ValueError:
        return None  # the worker is writing it just now
    if not isinstance(values, dict) or not _is_count(values.get("epoch")):
        return None
    return values if all(map(_is_figure, values.values())) else None


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 10**9


def _is_figure(value: object) -> bool:
    """True for a number of a usual size, and for none."""
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return value is None or (number and abs(value) < 1e12)  # type: ignore[arg-type]
