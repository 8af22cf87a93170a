"""A command that is run in a process of its own and waited for; what it says is its answer."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence

from cropdash import i18n
from cropdash.domain.errors import CropdashError
from cropdash.jobs import processes
from cropdash.settings.folders import unpack


def run(words: Sequence[str], wait_s: float, *, command: Sequence[str] | None = None) -> None:
    """Run `python -m cropdash WORDS` to its end. Raises CropdashError with what it said.

    `command` replaces the process's command line.
    """
    usual = [sys.executable, "-m", "cropdash", *words]
    told = f"'python -m cropdash {words[0]}'"
    try:
        done = subprocess.run(
            list(command or usual), cwd=unpack(), stdin=subprocess.DEVNULL, capture_output=True,
            env=processes.environment() | {i18n.VARIABLE: i18n.current()}, encoding="utf-8",
            timeout=wait_s, check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired as error:
        raise CropdashError("{a} took too long: run it from a terminal.", a=told) from error
    if done.returncode:
        said = done.stderr.strip().rpartition("\n")[2]
        if said.startswith("Error: "):
            raise CropdashError(said.removeprefix("Error: "))
        raise CropdashError("{a} did not come to its end: see why by the command.", a=told)
