"""data/<dataset>/catalogue.jsonl: all that is asked of every zone at once, in one file.

A row says how far a zone is; that of a built zone holds what its manifest does. What the file
lacks is read from the zone's folder and added, so that it may be lost, cut, or of another machine.
"""

from __future__ import annotations

import gc
import hashlib
import json
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field

from cropdash.domain import message
from cropdash.domain.errors import DamagedFile, DiskFull
from cropdash.domain.message import Message
from cropdash.files import atomic, records
from cropdash.storage import events, layout
from cropdash.storage.shapes import Count, Digest, FileName
from cropdash.storage.status import Moment

State = Literal["built", "building", "failed", "missing"]
Seconds = Annotated[float, Field(ge=-1e9, lt=1e9)]
Crops = tuple[tuple[Count, Count, Count, Annotated[float, Field(ge=0, lt=1e12)]], ...]


@dataclass(frozen=True)
class Entry:
    """What was last said of a zone; of a built one what its manifest says."""

    state: State = "missing"
    step: str = ""
    reason: records.Text = ""  # one sentence, if it failed
    started: Moment = 0.0
    seconds: Seconds | None = None  # it took, or had taken when it failed
    manifest: tuple[int, Count] | None = None  # when it was written [ns], its size [bytes]
    files: Mapping[FileName, Digest] = field(default_factory=dict)
    sizes: Mapping[FileName, Count] = field(default_factory=dict)  # [bytes]
    layers: tuple[str, ...] = ()
    until: str = ""  # ISO day on which its last period ends
    crops: Crops = ()  # class, pixels, parcels, hectares

    @property
    def mark(self) -> str:
        """Changes whenever a file of the zone changes."""
        return mark_of(self.files)


@dataclass(frozen=True)
class Known:
    """A zone as its files have it, who have the last word."""

    said: Entry
    is_built: bool
    fault: str | None = None  # what has befallen it since it was built, and the way out


def mark_of(files: Mapping[str, str]) -> str:
    """A mark of a zone's files by their digests."""
    return hashlib.sha256(json.dumps(dict(files), sort_keys=True).encode()).hexdigest()[:16]


def say(dataset: Path, zone_id: str, entry: Entry) -> None:
    """Add how far a zone is, which its own files say too.

    A full disk is for those to tell who write data; `damaged` tells of what stands in its place.
    """
    values = {k: v for k, v in asdict(entry).items() if v not in (None, "", {}, ())}
    values |= {"reason": message.as_json(entry.reason)} if entry.reason else {}
    with suppress(DiskFull, DamagedFile):
        events.append(dataset / layout.CATALOGUE, zone_id, values)


def said(dataset: Path) -> dict[str, Entry]:
    """What was last said of each zone."""
    path = dataset / layout.CATALOGUE
    rows, typed = events.last(path), _typed.setdefault(path, {})
    for zone_id, row in rows.items():
        if zone_id not in typed or typed[zone_id][0] is not row:
            typed[zone_id] = row, _entry(row)
    return {zone_id: entry for zone_id in rows if (entry := typed[zone_id][1]) is not None}


_typed: dict[Path, dict[str, tuple[Mapping[str, Any], Entry | None]]] = {}


def _entry(row: Mapping[str, Any]) -> Entry | None:
    values = {k: v for k, v in row.items() if k != "zone"}
    if "reason" in values:
        values["reason"] = message.from_json(values["reason"])
    if not values.keys() <= Entry.__dataclass_fields__.keys():
        return None
    try:
        return records.typed(Entry, values, layout.CATALOGUE)
    except DamagedFile:
        return None


def look(dataset: Path, zone_ids: Iterable[str]) -> dict[str, Known]:
    """How zones are: one file is read, and of each built zone's files size and time are asked."""
    with _uncollected():
        told = said(dataset)
        return {i: _known(dataset, i, told.get(i, Entry())) for i in zone_ids}


@contextmanager
def _uncollected() -> Iterator[None]:
    """Without the collector, which would look through thousands of new objects again and again."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _known(dataset: Path, zone_id: str, entry: Entry) -> Known:
    folder = f"{dataset}/{layout.ZONES}/{zone_id}"
    try:
        about = os.stat(f"{folder}/{layout.MANIFEST.file}")  # noqa: PTH116 (of thousands)
    except FileNotFoundError:
        return Known(entry, is_built=False)
    except OSError:
        return Known(entry, is_built=False, fault=_damaged(zone_id, dataset.name))
    if entry.manifest != (about.st_mtime_ns, about.st_size):
        found = from_folder(dataset, zone_id, entry)
        if found is None:
            return Known(entry, is_built=False, fault=_damaged(zone_id, dataset.name))
        say(dataset, zone_id, entry := found)
    changed = atomic.changed(folder, entry.files, entry.sizes, about.st_ctime_ns)
    fault = told_of_changed(changed, zone_id, dataset.name) if changed else None
    return Known(entry, is_built=not changed, fault=fault)


def told_of_changed(changed: Iterable[str], zone_id: str, name: str) -> str:
    """That files are not as they were written, and the way out."""
    names = Message("{a} of zone {b} in {c}", a=", ".join(changed), b=zone_id, c=name)
    return Message("{a} is not as it was written: build the zone again.", a=names)


def _damaged(zone_id: str, name: str) -> Message:
    return Message(
        "The manifest of zone {a} in {b} is damaged or of another version; build the zone again.",
        a=zone_id, b=name,
    )  # fmt: skip


def from_folder(dataset: Path, zone_id: str, before: Entry) -> Entry | None:
    """The entry of a built zone by its manifest; None if that can't be read."""
    folder = dataset / layout.ZONES / zone_id
    try:
        about, values = layout.MANIFEST.of(folder).stat(), layout.MANIFEST.read(folder)
    except (OSError, DamagedFile):
        return None
    seconds = before.seconds if before.state == "built" else None
    return replace(
        Entry("built", seconds=seconds), manifest=(about.st_mtime_ns, about.st_size),
        files=values["files"], sizes=values.get("sizes") or {}, layers=tuple(values["layers"]),
        until=values["until"],
        crops=tuple(tuple(row) for row in values["crops"]),
    )  # fmt: skip
