"""Packages, folders, disk, memory, datasets and runs."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

import psutil

from cropdash.domain.errors import CropdashError
from cropdash.settings import classifiers, sources
from cropdash.settings.folders import Folders, home, is_checkout
from cropdash.storage import damaged, database, layout, runs
from cropdash.storage.datasets import DatasetFolder
from cropdash.workflow.doctor.finding import Finding

_PACKAGES = ("streamlit", *classifiers.packages(), "rasterio", "geopandas", "py7zr")
_EXTRAS = {  # what some uses alone need, and the extra that brings it along
    **{name: kind.name for kind in sources.kinds() for name in kind.packages},
    "distributed": "dask",
    "mkdocs-material": "docs",
}
_DISK_GB, _MEMORY_GB = 2.0, 4.0  # the demo with both models stays below these


def examine(folders: Folders) -> tuple[Finding, ...]:
    """Check packages, folders, disk, memory, datasets and runs."""
    return (
        _place(),
        *_packages(),
        _writable("data folder", folders.data),
        _writable("models folder", folders.models),
        _disk(folders.data),
        _memory(),
        *_datasets(folders.data),
        _database(folders.data),
        _runs(folders.models),
    )


def _packages() -> Iterator[Finding]:
    for name in _PACKAGES:
        try:
            yield Finding(True, name, metadata.version(name))
        except metadata.PackageNotFoundError:
            yield Finding(False, name, "not installed; run 'pip install -r requirements.txt'.")
    for name, extra in _EXTRAS.items():
        try:
            yield Finding(True, name, metadata.version(name))
        except metadata.PackageNotFoundError:
            told = f"not installed; where you want it: pip install 'cropdash[{extra}]'."
            yield Finding(True, name, told)


def _place() -> Finding:
    """Which cropdash answers, and where it keeps things unless the environment says otherwise."""
    kind = (
        "a clone of the project" if is_checkout() else "an installed package, which stays as it is"
    )
    return Finding(True, "cropdash", f"{kind}; its own place is {home()}")


def _writable(subject: str, folder: Path) -> Finding:
    place = _existing(folder)
    if not place.is_dir():
        return Finding(
            False, subject, f"{place} is a file, where a folder is needed: move it away."
        )
    if os.access(place, os.W_OK):
        return Finding(True, subject, str(folder))
    return Finding(
        False, subject, f"{folder} can't be written; set CROPDASH_DATA or CROPDASH_MODELS."
    )


def _disk(folder: Path) -> Finding:
    free = shutil.disk_usage(_existing(folder)).free / 1e9
    text = f"{free:.1f} GB free"
    return Finding(free > _DISK_GB, "disk", text if free > _DISK_GB else f"{text}; make room.")


def _memory() -> Finding:
    free = psutil.virtual_memory().available / 1e9
    enough = free > _MEMORY_GB
    hint = "" if enough else "; training the demo needs up to 4 GB, close other programs"
    return Finding(enough, "memory", f"{free:.1f} GB available{hint}")


def _datasets(data: Path) -> Iterator[Finding]:
    names = layout.datasets(data)
    if not names:
        yield Finding(True, "datasets", "none yet; 'python -m cropdash demo' builds one.")
    for name in names:
        yield _dataset(DatasetFolder(data, name))


def _dataset(folder: DatasetFolder) -> Finding:
    subject = f"dataset {folder.name}"
    try:
        description = folder.description()
        folder.legend()
    except CropdashError as error:
        return Finding(False, subject, str(error))
    whole = [z for z in description.zones if folder.is_built(z.zone_id, verify=True)]
    text = f"{len(whole)} of {len(description.zones)} zones whole"
    ok = len(whole) == len(description.zones)
    return Finding(ok, subject, text if ok else f"{text}; run its build again to complete it.")


def _database(data: Path) -> Finding:
    reasons = [one.reason for one in damaged.of_database(data)]
    return Finding(not reasons, "database", " ".join(reasons) or database.where(data))


def _runs(models: Path) -> Finding:
    broken = [
        each
        for found in (damaged.of_runs, damaged.of_studies, damaged.of_reports)
        for each in found(models)
    ]
    if broken:
        return Finding(False, "runs", " ".join(f"{one.name}: {one.reason}" for one in broken))
    states = [run.status.state if run.status else "unknown" for run in runs.list_all(models)]
    counts = {state: states.count(state) for state in sorted(set(states))}
    return Finding(True, "runs", ", ".join(f"{n} {s}" for s, n in counts.items()) or "none yet")


def _existing(folder: Path) -> Path:
    while not folder.exists():
        folder = folder.parent
    return folder
