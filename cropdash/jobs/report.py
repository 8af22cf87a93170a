"""The realism report, made in a process of its own and waited for."""

from __future__ import annotations

from collections.abc import Sequence

from cropdash.domain import access
from cropdash.jobs import asked
from cropdash.settings.folders import folders
from cropdash.storage import record

WAIT_S = 600.0  # [s] a report is given


def make(dataset: str, *, command: Sequence[str] | None = None) -> None:
    """Compare a simulated dataset with real figures, as the command line does.

    It takes seconds and its file is written whole or not at all, so it has no status of its own.
    Raises NotAllowed, or CropdashError with what the process said. `command` replaces the process's command line.
    """
    access.require("report")
    record.note(folders().data, "report", dataset)
    asked.run(["simulate", "report", "--dataset", dataset], WAIT_S, command=command)
