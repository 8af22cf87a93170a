"""data/<dataset>/legend.json: the whole legend, so that a dataset says what its numbers mean."""

from __future__ import annotations

from dataclasses import asdict
from functools import lru_cache
from pathlib import Path

from cropdash.domain.errors import ConfigError, CorruptDataset, DamagedFile
from cropdash.domain.legend import Legend
from cropdash.files import records
from cropdash.storage import layout


def keep(folder: Path, legend: Legend) -> None:
    """Write the legend into a dataset's folder. Raises DiskFull."""
    values = {
        "classes": [asdict(item) for item in legend.classes],
        "codes": [asdict(code) for code in legend.codes.values()],
    }
    layout.LEGEND.write(folder, values)


def read(folder: Path, expected: str) -> Legend:
    """The legend that `keep` wrote, whose hash is `expected`. Raises CorruptDataset."""
    try:
        about = layout.LEGEND.of(folder).stat()
    except OSError:
        return _read(folder, expected, 0, 0)
    return _read(folder, expected, about.st_mtime_ns, about.st_ino)


@lru_cache(maxsize=16)
def _read(folder: Path, expected: str, *_: int) -> Legend:
    try:
        values = layout.LEGEND.read(folder)
        codes = {code["code"]: code for code in values["codes"]}
        legend = records.typed(Legend, {**values, "codes": codes}, layout.LEGEND.file)
    except (FileNotFoundError, KeyError, TypeError, DamagedFile, ConfigError) as error:
        raise CorruptDataset(
            "{a} of dataset {b} is missing or damaged: restore it, or build the dataset"
            " again under a new name.",
            a=layout.LEGEND.file,
            b=folder.name,
        ) from error
    if legend.hash != expected:
        raise CorruptDataset(
            "{a} of dataset {b} is not the one it was built with: restore it, or build the"
            " dataset again under a new name.",
            a=layout.LEGEND.file,
            b=folder.name,
        )
    return legend
