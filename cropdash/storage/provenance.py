"""What a run was made with: versions, commit, hardware."""

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

_PACKAGES = ("numpy", "rasterio", "geopandas")  # beside those of the classifiers


def facts() -> dict[str, Any]:
    """Versions of what computes, the project's commit, and the machine."""
    return {
        "versions": {"python": platform.python_version(), **_versions()},
        "git_commit": _commit(),
        "hardware": hardware(),
    }


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
