"""Is this installation fit to work? One finding a line, each with a way out."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from cropdash.settings.folders import Folders
from cropdash.workflow.doctor import access, inputs, installation
from cropdash.workflow.doctor.finding import Finding

__all__ = ("Finding", "examine")


def examine(
    folders: Folders, *, endpoint: str | None = None, registers: Sequence[Path] = ()
) -> tuple[Finding, ...]:
    """Check packages, folders, disk, memory, datasets, runs, and what builds need.

    Credentials, files and services are looked at where a dataset that is not whole needs them;
    besides, the service `endpoint` and the `registers`, if given.
    """
    unfinished = inputs.unfinished(folders.data)
    return (
        *installation.examine(folders),
        *inputs.files(unfinished, registers),
        *access.services(unfinished, endpoint),
    )
