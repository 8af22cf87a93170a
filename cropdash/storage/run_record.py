"""config.json: what a run or a study was made with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cropdash.domain.errors import DamagedFile, RunNotFound
from cropdash.files import records
from cropdash.settings import classifiers
from cropdash.storage import layout


@dataclass(frozen=True)
class RunRecord:
    """What a run's numbers are traced to; config.json."""

    config: Mapping[str, Any]  # settings of the training
    created: str  # ISO time, UTC
    dataset_fingerprint: str = ""
    extra_fingerprints: Mapping[str, str] = field(default_factory=dict)  # by dataset learned from
    legend_hash: str = ""
    versions: Mapping[str, str] = field(default_factory=dict)
    git_commit: str = ""
    hardware: Mapping[str, Any] = field(default_factory=dict)


def read_record(path: Path, what: str) -> RunRecord:
    """The record in a run's or a study's folder. Raises RunNotFound, DamagedFile, UnknownFormat."""
    try:
        values = layout.RUN.read(path)
    except FileNotFoundError as error:
        raise RunNotFound("{a} has no {b}.", a=what, b=layout.RUN.file) from error
    record = records.typed(RunRecord, values, f"{layout.RUN.file} of {path.name}")
    if (model := record.config["classifier"]) not in {kind.name for kind in classifiers.kinds()}:
        raise DamagedFile(
            "{a} is of a model {b} that this version does not know: train it again.",
            a=what, b=repr(model[:40]),
        )  # fmt: skip
    return record
