"""How far each zone of a dataset is: zones/<zone>/state.json, replaced whole at each step."""

from __future__ import annotations

import time
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Literal

import pandas as pd
from pydantic import Field

from cropdash.domain.errors import DamagedFile, DiskFull
from cropdash.domain.message import Message
from cropdash.files import records
from cropdash.storage import layout
from cropdash.storage.datasets import DatasetFolder
from cropdash.storage.status import Moment, Status

COLUMNS = ("zone_id", "region", "split", "state", "step", "reason", "seconds")

State = Literal["built", "building", "failed", "missing"]
Step = Literal["reading", "composite", "fill", "parcels", "writing"]


@dataclass(frozen=True)
class ZoneState:
    """What the last process that was at work on the zone said of it."""

    state: State
    step: str = ""
    reason: records.Text = ""  # one sentence, if it failed
    started: Moment = 0.0
    seconds: Annotated[float, Field(ge=-1e9, lt=1e9)] = 0.0  # it took, or had taken when it failed


class Teller:
    """Says of one zone how far it is; a full disk is for those to tell who write data."""

    def __init__(self, folder: Path) -> None:
        self.path = layout.ZONE_STATE.of(folder)
        self._started = time.time()
        self._step = ""

    def step(self, step: Step) -> None:
        """Note what is being done."""
        self._step = step
        self._write("building")

    def failed(self, reason: str) -> None:
        """Note that the zone could not be built, and why."""
        self._write("failed", reason)

    def built(self) -> None:
        """Note that the zone is whole."""
        self._step = ""
        self._write("built")

    @classmethod
    def of_lost(cls, folder: Path, reason: str) -> None:
        """Say in the place of a process that was killed that its zone failed, and at which step."""
        before = read(folder)
        if before is None or before.state == "building":
            teller = cls(folder)
            if before:
                teller._started, teller._step = before.started, before.step
            teller.failed(reason)

    def _write(self, state: State, reason: str = "") -> None:
        seconds = round(time.time() - self._started, 2)
        value = ZoneState(state, self._step, reason, self._started, seconds)
        with suppress(DiskFull):
            layout.ZONE_STATE.write(self.path.parent, asdict(value))


def read(folder: Path) -> ZoneState | None:
    """State of a zone's folder as last written; None if there is none to be read."""
    try:
        return records.typed(ZoneState, layout.ZONE_STATE.read(folder), layout.ZONE_STATE.file)
    except (OSError, DamagedFile):
        return None


def table(folder: DatasetFolder, status: Status | None) -> pd.DataFrame:
    """COLUMNS of every zone of the description, in its order; `status` is that of the build.

    state: built, building, failed or missing; seconds: None where nothing was done.
    """
    at_work = status is not None and not status.is_final
    rows = []
    for zone in folder.description().zones:
        said = read(folder.zone_folder(zone.zone_id))
        fault = folder.fault(zone.zone_id)
        now = _as_it_is(said, folder.is_built(zone.zone_id), at_work)
        if fault and now.state != "building":
            now = ZoneState("failed", reason=fault)
        seconds = now.seconds if now.state != "missing" else None
        rows.append(
            (zone.zone_id, zone.region, zone.split, now.state, now.step, now.reason, seconds)
        )
    found = pd.DataFrame(rows, columns=list(COLUMNS)).astype({"seconds": "float64"})
    reasons = [row[COLUMNS.index("reason")] for row in rows]
    return found.assign(reason=pd.Series(reasons, found.index, dtype=object))  # messages stay


def _as_it_is(said: ZoneState | None, is_built: bool, at_work: bool) -> ZoneState:
    """The files have the last word: what was said last may have been cut short."""
    if is_built:
        return ZoneState("built", seconds=said.seconds if said else float("nan"))
    if said is None or said.state == "built":
        return ZoneState("missing")
    if said.state == "building":
        if not at_work:
            return ZoneState("missing", reason=Message("Interrupted at step {a}.", a=said.step))
        taken = time.time() - said.started
        return ZoneState("building", said.step, started=said.started, seconds=round(taken, 1))
    return said
