"""Folders of an installation, read from the environment."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
DEMO = "demo"  # name of the embedded default dataset


@dataclass(frozen=True)
class Folders:
    """Where datasets and runs live."""

    data: Path  # data/<dataset>/
    models: Path  # models/<run>/


def folders() -> Folders:
    """The folders in force: CROPDASH_DATA and CROPDASH_MODELS, else data/ and models/ of the project."""
    return Folders(
        data=Path(os.environ.get("CROPDASH_DATA") or PROJECT / "data").resolve(),
        models=Path(os.environ.get("CROPDASH_MODELS") or PROJECT / "models").resolve(),
    )
