"""Where zones are built: the operator's choice, never a dataset's and never a page's.

A dask scheduler's answers are unpickled, so whoever runs one runs code here.
"""

from __future__ import annotations

import os
import re

from cropdash.domain.errors import ConfigError

VARIABLE = "CROPDASH_SCHEDULER"
PLAIN = "CROPDASH_ALLOW_PLAIN_SCHEDULER"  # "1": tcp:// too
LOCAL = "cluster"  # of dask, on this machine, for the time of the build
_ADDRESS = re.compile(r"(tls|tcp)://[A-Za-z0-9.-]+:\d{1,5}")


def chosen(typed: str | None = None) -> str:
    """What was typed, else what the environment says; empty for processes of this machine.

    Raises ConfigError for what is no address, or one that anybody could answer at.
    """
    value = os.environ.get(VARIABLE, "") if typed is None else typed
    if value in ("", LOCAL):
        return value
    found = _ADDRESS.fullmatch(value)
    if found is None:
        raise ConfigError(
            "Scheduler {a} is none: use 'cluster' or tls://host:port, or leave it out.",
            a=repr(value[:80]),
        )
    if found[1] == "tcp" and os.environ.get(PLAIN) != "1":
        raise ConfigError(
            "Scheduler {a} has no certificates, and whoever answers there runs code here:"
            " use tls://, or set CROPDASH_ALLOW_PLAIN_SCHEDULER=1 in a network where you"
            " trust everybody.",
            a=value,
        )
    return value
