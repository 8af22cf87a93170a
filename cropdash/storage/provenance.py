"""What a run was made with, and what a dataset was made of."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
from importlib import metadata
from typing import Any

import psutil

from cropdash.settings import classifiers
from cropdash.settings.folders import PROJECT
from cropdash.storage import layout
from cropdash.storage.datasets import DatasetFolder

_PACKAGES = ("numpy", "rasterio", "geopandas")  # beside those of the classifiers


def facts() -> dict[str, Any]:
    """Versions of what computes, the project's commit, and the machine."""
    return {
        "versions": {"python": platform.python_version(), **_versions()},
        "git_commit": _commit(),
        "hardware": hardware(),
    }


def of_dataset(folder: DatasetFolder) -> dict[str, Any]:
    """The provenance of the built zones, as JSON holds it.

    Each has its register (address, date, digest, where it was fetched), its scenes (ids, addresses,
    offsets and why, digests of the numbers), its files' digests and its report; `build --scenes`
    reads the same scenes again. Raises DatasetNotFound, DamagedFile.
    """
    about = folder.description()
    zones: dict[str, Any] = {}
    for zone in folder.built_zones():
        place = folder.zone_folder(zone.zone_id)
        manifest = layout.MANIFEST.read(place)
        zones[zone.zone_id] = {
            "split": zone.split, "register": manifest["report"].get("register"),
            "scenes": layout.SCENES.find(place) or None, "files": manifest["files"],
            "report": manifest["report"],
        }  # fmt: skip
    season = about.season
    return {
        "dataset": about.name, "title": about.title, "source": about.source,
        "season": [season.start.isoformat(), season.end.isoformat(), season.every],
        "bands": list(about.bands), "legend": about.legend_hash, "settings": dict(about.settings),
        "fingerprint": folder.fingerprint(), "zones": zones, "made_with": facts(),
    }  # fmt: skip


def hardware() -> dict[str, Any]:
    """The machine: its kind, cores and memory."""
    return {
        "machine": platform.machine(),
        "cores": os.cpu_count(),
        "memory_gb": round(psutil.virtual_memory().total / 1e9, 1),
    }


def _versions() -> dict[str, str]:
    found = {}
    for name in (*classifiers.packages(), *_PACKAGES):
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            found[name] = "not installed"
    return found


def _commit() -> str:
    git = shutil.which("git")
    if git is None or not (PROJECT / ".git").exists():
        return "unknown"
    done = subprocess.run(
        [git, "rev-parse", "HEAD"],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        timeout=10,
        check=False,
    )
    return done.stdout.strip() or "unknown"
