"""One line of the doctor's report."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Finding:
    """Something looked at: fit to work, or what to do about it."""

    ok: bool
    subject: str
    text: str
