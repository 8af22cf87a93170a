"""What the operator says of who is let in and how much of it: in the environment, never on a page."""

from __future__ import annotations

import os
from pathlib import Path

from cropdash.domain.errors import ConfigError

USERS = "CROPDASH_USERS"  # file of users; with it, everybody signs in
OPEN = "CROPDASH_WITHOUT_SIGN_IN"  # "1": others are let in, and nobody signs in
JOBS = "CROPDASH_JOBS_PER_PERSON"  # queued or at work at the same time
UPLOAD = "CROPDASH_UPLOAD_MB_PER_PERSON"  # [MB] in 24 hours


def users_file() -> Path | None:
    """The file of users; None where nobody has to sign in."""
    named = os.environ.get(USERS)
    return Path(named).resolve() if named else None


def is_open() -> bool:
    """True if the operator said aloud that whoever reaches the server may do everything."""
    return os.environ.get(OPEN) == "1"


def jobs_per_person() -> int | None:
    """How many jobs of one person may wait or be at work; None: as many as they like."""
    return _count(JOBS)


def upload_bytes_per_person() -> int | None:
    """How much one person may upload in 24 hours [bytes]; None: as much as they like."""
    megabytes = _count(UPLOAD)
    return None if megabytes is None else megabytes * 1_000_000


def _count(name: str) -> int | None:
    value = os.environ.get(name, "")
    if not value:
        return None
    if not (value.isascii() and value.isdecimal() and len(value) < 10):
        raise ConfigError(
            "{a} is {b}: give a whole number, or leave it out.", a=name, b=repr(value[:40])
        )
    return int(value)
