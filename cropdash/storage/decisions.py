"""data/<dataset>/decisions.json: what was decided on declared parcels, and why; the readers' own.

It is the one file that pages write. A dataset that is built anew keeps it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeAlias

from filelock import FileLock, Timeout

from cropdash.domain import access
from cropdash.domain.errors import CorruptDataset, NotKept
from cropdash.storage import layout, record

_WAIT_S = 5.0  # [s] for another reader's decision to be written
Place: TypeAlias = tuple[str, int]  # zone_id, parcel_id


@dataclass(frozen=True)
class Decision:
    """What was decided on a parcel."""

    decision: str  # a word of the page's, or empty: a note alone
    note: str = ""
    decided: str = ""  # ISO time, UTC


def read(folder: Path) -> dict[Place, Decision]:
    """Decisions on a dataset's parcels; none if there is no file. Raises CorruptDataset."""
    try:
        rows: list[dict[str, Any]] = layout.DECISIONS.read(folder)["decisions"]
        return {
            (str(row["zone_id"]), int(row["parcel_id"])): Decision(
                str(row["decision"]), str(row["note"]), str(row["decided"])
            )
            for row in rows
        }
    except FileNotFoundError:
        return {}
    except (KeyError, TypeError, ValueError) as error:
        raise CorruptDataset(
            f"{layout.DECISIONS.file} of {folder.name} is damaged: mend it, or move it away to begin anew."
        ) from error


def write(folder: Path, zone: str, parcel: int, decision: str, note: str = "") -> None:
    """Keep what was decided on a parcel; with neither decision nor note, forget it.

    What other readers decided meanwhile stays. Raises NotAllowed, NotKept or CorruptDataset.
    """
    access.require("decide")
    try:
        with FileLock(folder / layout.DECISIONS_LOCK, timeout=_WAIT_S):
            known = read(folder)
            known.pop((zone, parcel), None)
            if decision or note:
                now = datetime.now(UTC).isoformat(timespec="seconds")
                known[zone, parcel] = Decision(decision, note, now)
            what = f"{folder.name}/{zone}/{parcel}: {decision or 'none'}"
            record.note(folder.parent, "decide", what)
            layout.DECISIONS.write(folder, {"decisions": _rows(known)})
    except (OSError, Timeout) as error:
        raise NotKept(
            f"The decision on parcel {parcel} could not be written into {folder.name}: make its "
            "folder writable and decide again."
        ) from error


def _rows(known: Mapping[Place, Decision]) -> list[dict[str, Any]]:
    return [
        {"zone_id": zone, "parcel_id": parcel, **asdict(decided)}
        for (zone, parcel), decided in sorted(known.items())
    ]
