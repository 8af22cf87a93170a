"""Folders of an installation, read from the environment."""

from __future__ import annotations

import os
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

DEMO = "demo"  # name of the embedded default dataset
_PACKAGE = Path(__file__).resolve().parents[1]
_PACKED = _PACKAGE / "dashboard"  # app.py and what belongs to it, in an installed package


def is_checkout() -> bool:
    """True in a clone of the project, False for a package that pip has installed."""
    return not _PACKED.is_dir()


def home() -> Path:
    """Where data, models and caches lie by default: the clone, or the user's own place."""
    if is_checkout():
        return _PACKAGE.parent
    from platformdirs import user_data_path

    return user_data_path("cropdash", appauthor=False)


def _project() -> Path:
    """Each installation has a folder of its own: pages of another version must not be shown."""
    if is_checkout():
        return home()
    return home() / "dashboard" / f"{(_PACKED / 'app.py').stat().st_mtime_ns:x}"


PROJECT = _project()  # the folder with app.py; see `unpack` for an installed package


def unpack() -> Path:
    """The folder with app.py: of an installed package a copy, since the server writes beside it."""
    if not PROJECT.is_dir():
        PROJECT.parent.mkdir(parents=True, exist_ok=True)
        for older in PROJECT.parent.iterdir():
            shutil.rmtree(older, ignore_errors=True)
        made = Path(tempfile.mkdtemp(dir=PROJECT.parent))
        shutil.copytree(_PACKED, made, dirs_exist_ok=True)
        made.rename(PROJECT)
    return PROJECT


@dataclass(frozen=True)
class Folders:
    """Where datasets and runs live."""

    data: Path  # data/<dataset>/
    models: Path  # models/<run>/


def folders() -> Folders:
    """The folders in force: CROPDASH_DATA and CROPDASH_MODELS, else data/ and models/ of `home`."""
    return Folders(
        data=Path(os.environ.get("CROPDASH_DATA") or home() / "data").resolve(),
        models=Path(os.environ.get("CROPDASH_MODELS") or home() / "models").resolve(),
    )
