"""The process of a worker: begun on its own, and ended with all that it started."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Sequence
from pathlib import Path

import psutil

from cropdash.domain import access
from cropdash.files import atomic
from cropdash.settings.folders import folders, unpack

# Secrets of the server's that no worker needs.
_NOT_FOR_WORKERS = frozenset(("STREAMLIT_SERVER_COOKIE_SECRET",))


def environment() -> dict[str, str]:
    """Of a process that does something for who is at it."""
    where = folders()
    return {
        **{name: value for name, value in os.environ.items() if name not in _NOT_FOR_WORKERS},
        access.FOR: access.actor().name,
        "CROPDASH_DATA": str(where.data),
        "CROPDASH_MODELS": str(where.models),
    }


def spawn(log_file: Path, command: Sequence[str]) -> subprocess.Popen[bytes]:
    """Start a worker that outlives its server, for who is at it; its words go into `log_file`."""
    told = {"PYTHONUNBUFFERED": "1", "PYTHONUTF8": "1"}  # the log is read while it is written
    with atomic.appending(log_file) as log:
        return subprocess.Popen(
            list(command),
            cwd=unpack(),
            env=environment() | told,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # neither Ctrl-C nor the server's end reaches it
        )


def end(process: psutil.Process) -> bool:
    """Kill the process and what it started; True if it is gone."""
    if not process.is_running():  # compares the creation time once more
        return False
    if os.getpgid(process.pid) == process.pid:
        os.killpg(process.pid, signal.SIGKILL)
    else:  # typed in a terminal: its group holds more than the worker
        for member in [*process.children(recursive=True), process]:
            member.kill()
    _, alive = psutil.wait_procs([process], timeout=5)
    return not alive
