"""What one person may upload: by the policy, and by how much it was in the last 24 hours."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from cropdash.domain import access
from cropdash.domain.errors import LimitReached
from cropdash.settings import access as settings
from cropdash.storage import record

ACTION = "upload"


def admit(place: Path, name: str, size: int) -> None:
    """Let who is at it keep a file of `size` bytes, and record it in `place`.

    Raises NotAllowed, LimitReached or NotKept.
    """
    who, limit = access.require("upload"), settings.upload_bytes_per_person()
    if limit is not None:
        since = (datetime.now(UTC) - timedelta(hours=24)).isoformat(timespec="milliseconds")
        past = record.read(place, by=who.name, action=ACTION, since=since)
        kept = sum(event.size for event in past)
        if kept + size > limit:
            raise LimitReached(
                "{a} has uploaded {b} MB in 24 hours, and one person may {c}: wait, or ask the"
                " operator for more.",
                a=who.name,
                b=format(kept / 1000000.0, ".1f"),
                c=format(limit / 1000000.0, ".0f"),
            )
    record.note(place, ACTION, name, size=size)
