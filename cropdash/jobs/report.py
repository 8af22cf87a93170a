"""The realism report, made in a process of its own and waited for."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence

from cropdash.domain import access
from cropdash.domain.errors import CropdashError
from cropdash.settings.folders import PROJECT, folders
from cropdash.storage import record

WAIT_S = 600.0  # [s] a report is given


def make(dataset: str, *, command: Sequence[str] | None = None) -> None:
    """Compare a simulated dataset with real figures, as the command line does.

    It takes seconds and its file is written whole or not at all, so it has no status of its own.
    Raises NotAllowed, or CropdashError with what the process said. `command` replaces the process's command line.
    """
    access.require("report")
    record.note(folders().data, "report", dataset)
    usual = [sys.executable, "-m", "cropdash", "simulate", "report", "--dataset", dataset]
    try:
        done = subprocess.run(
            command or usual, cwd=PROJECT, stdin=subprocess.DEVNULL, capture_output=True,
            encoding="utf-8", timeout=WAIT_S, check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired as error:
        raise CropdashError(
            f"The report of dataset {dataset!r} took too long: make it by the command."
        ) from error
    if done.returncode:
        said = done.stderr.strip().rpartition("\n")[2]
        if said.startswith("Error: "):
            raise CropdashError(said.removeprefix("Error: "))
        raise CropdashError(
            f"The report of dataset {dataset!r} could not be made: see why by the command."
        )
