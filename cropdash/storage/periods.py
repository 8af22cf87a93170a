"""Finished periods of a zone that is being built: parts/<zone>/<period>.npz."""

from __future__ import annotations

import hashlib
import shutil
import zipfile
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cropdash.domain import check_name
from cropdash.files import atomic
from cropdash.storage import layout

_DIGEST = "sha256"  # member of the file that holds the checksum of all others

Arrays = dict[str, NDArray[Any]]


@dataclass(frozen=True)
class PeriodFolder:
    """Periods of one dataset; what was interrupted or has changed reads as missing."""

    dataset: Path  # data/<dataset>

    def get(self, zone_id: str, period: str) -> Arrays | None:
        """The arrays of a period by name, as they were put; None if they are not there, whole."""
        try:
            with (
                atomic.opened(self._path(zone_id, period)) as file,
                np.load(file, allow_pickle=False) as stored,
            ):
                arrays = {name: stored[name] for name in stored.files}
        except (OSError, EOFError, ValueError, zipfile.BadZipFile, NotImplementedError):
            return None  # absent, cut short, or not of ours: it is fetched again
        digest = arrays.pop(_DIGEST, None)
        return arrays if digest is not None and str(digest) == _digest(arrays) else None

    def put(self, zone_id: str, period: str, arrays: Mapping[str, NDArray[Any]]) -> None:
        """Keep a period's arrays until the zone is whole. Raises DiskFull."""
        with (
            atomic.replacing(self._path(zone_id, period)) as temporary,
            temporary.open("wb") as out,
        ):
            np.savez(out, **{**arrays, _DIGEST: np.array(_digest(arrays))})  # type: ignore[arg-type]

    def clear(self, zone_id: str) -> None:
        """Forget the periods of a zone."""
        folder = self.dataset / layout.PARTS
        shutil.rmtree(folder / check_name(zone_id, "Zone"), ignore_errors=True)
        with suppress(OSError):  # of the last zone; else it is not empty
            folder.rmdir()

    def _path(self, zone_id: str, period: str) -> Path:
        name = f"{check_name(period, 'Period')}.npz"
        return self.dataset / layout.PARTS / check_name(zone_id, "Zone") / name


def _digest(arrays: Mapping[str, NDArray[Any]]) -> str:
    """SHA-256 over names, types, shapes and values."""
    digest = hashlib.sha256()
    for name in sorted(arrays):
        array = np.ascontiguousarray(arrays[name])
        digest.update(f"{name} {array.dtype.str} {array.shape} ".encode())
        digest.update(array.tobytes())
    return digest.hexdigest()
