"""manifest.json: the files of a built zone with their checksums, and what its build left out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from cropdash.domain import Cube
from cropdash.domain.errors import CorruptDataset, DamagedFile, DatasetNotFound
from cropdash.files import atomic
from cropdash.storage import layout


def of(paths: Sequence[Path], cube: Cube, report: Mapping[str, Any]) -> dict[str, Any]:
    """What to write of a zone whose files these are."""
    return {
        "files": {path.name: atomic.checksum(path) for path in paths},
        "sizes": {path.name: path.stat().st_size for path in paths},
        "layers": [layer.name for layer in cube.layers],
        "until": cube.periods[-1].end.isoformat(),
        "report": dict(report),
    }


def read(folder: Path, dataset: str) -> dict[str, Any]:
    """That of a zone's folder. Raises DatasetNotFound where it is not built, or CorruptDataset."""
    try:
        return layout.MANIFEST.read(folder)
    except FileNotFoundError as error:
        raise DatasetNotFound(
            "Zone {a} of dataset {b} is not built; run the build again to complete it.",
            a=folder.name, b=dataset,
        ) from error  # fmt: skip
    except DamagedFile as error:
        raise CorruptDataset(
            "The manifest of zone {a} in {b} is damaged or of another version; build the"
            " zone again.",
            a=folder.name, b=dataset,
        ) from error  # fmt: skip
