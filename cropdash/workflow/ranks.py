"""The other processes of a training that uses several devices: started, watched, ended with it."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from cropdash.domain.errors import TrainingFailed
from cropdash.settings.folders import Folders
from cropdash.settings.train import TrainConfig
from cropdash.storage.runs import RunFolder

_END_WAIT_S = 30.0  # an assistant's last exchange is past; it only has to exit
_GONE_WAIT_S = 10.0  # a killed process closes its connections before the system counts it as ended


def is_assistant() -> bool:
    """True in a process that helps another to train, and so writes nothing."""
    return int(os.environ.get("RANK", 0)) > 0


@contextmanager
def assisted(run: RunFolder, folders: Folders, config: TrainConfig) -> Iterator[None]:
    """Within it the run's training finds its other processes.

    On one machine they are started here; on several torchrun has started them all.
    Raises TrainingFailed if one of them ends before its time.
    """
    if config.processes == 1 or not _ours_to_start(config):
        yield
        return
    together = _addresses(config.processes)
    started = [_start(run, folders, together, rank) for rank in range(1, config.processes)]
    try:
        with _environment(together | _place(0)):
            yield
        _await_all(started)
    except RuntimeError as error:  # how torch tells that another process is gone
        if _has_failed(started):
            raise TrainingFailed(
                "One of the processes that trained together has ended: see the log, and resume "
                "the run, on fewer devices if it was memory."
            ) from error
        raise
    finally:
        _end(started)


@contextmanager
def _environment(values: Mapping[str, str]) -> Iterator[None]:
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name, None)
            if value is not None:
                os.environ[name] = value


def _ours_to_start(config: TrainConfig) -> bool:
    return config.machines == 1 and "WORLD_SIZE" not in os.environ


def _addresses(devices: int) -> dict[str, str]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    return {
        "MASTER_ADDR": "127.0.0.1",
        "MASTER_PORT": str(port),
        "WORLD_SIZE": str(devices),
        "LOCAL_WORLD_SIZE": str(devices),
    }


def _place(rank: int) -> dict[str, str]:
    return {"RANK": str(rank), "LOCAL_RANK": str(rank), "GROUP_RANK": "0"}


def _start(
    run: RunFolder, folders: Folders, together: Mapping[str, str], rank: int
) -> subprocess.Popen[bytes]:
    where = {"CROPDASH_DATA": str(folders.data), "CROPDASH_MODELS": str(folders.models)}
    return subprocess.Popen(
        [sys.executable, "-m", "cropdash", "train", "--run", run.run_id],
        env={**os.environ, **where, **together, **_place(rank)},
        stdin=subprocess.DEVNULL,
    )


def _await_all(children: list[subprocess.Popen[bytes]]) -> None:
    for child in children:
        child.wait(_END_WAIT_S)


def _has_failed(children: list[subprocess.Popen[bytes]]) -> bool:
    """Whether one of them ends with an error soon."""
    until = time.monotonic() + _GONE_WAIT_S
    while not any(child.poll() for child in children):
        if time.monotonic() > until:
            return False
        time.sleep(0.05)
    return True


def _end(children: list[subprocess.Popen[bytes]]) -> None:
    for child in children:
        if child.poll() is None:
            child.kill()
            child.wait(_END_WAIT_S)
