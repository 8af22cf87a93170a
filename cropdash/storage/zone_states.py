"""How far each zone of a dataset is, and how its builder says so."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Literal

import pandas as pd

from cropdash.domain.message import Message
from cropdash.storage import catalogue
from cropdash.storage.catalogue import Entry, Known, State
from cropdash.storage.datasets import DatasetFolder
from cropdash.storage.status import Status

COLUMNS = ("zone_id", "region", "split", "state", "step", "reason", "seconds")
Step = Literal["reading", "composite", "fill", "parcels", "writing"]


class Teller:
    """Says of one zone how far it is."""

    def __init__(self, dataset: Path, zone_id: str) -> None:
        self._dataset, self._zone_id = dataset, zone_id
        self._started = time.time()
        self._step = ""

    def step(self, step: Step) -> None:
        """Note what is being done."""
        self._step = step
        self._say("building")

    def failed(self, reason: str) -> None:
        """Note that the zone could not be built, and why."""
        self._say("failed", reason)

    def built(self) -> None:
        """Note that the zone is whole, and what its manifest says."""
        self._step = ""
        seconds = round(time.time() - self._started, 2)
        built = Entry("built", seconds=seconds)
        found = catalogue.from_folder(self._dataset, self._zone_id, built)
        catalogue.say(self._dataset, self._zone_id, found or built)

    @classmethod
    def of_lost(cls, dataset: Path, zone_id: str, reason: str) -> None:
        """Say in the place of a process that was killed that its zone failed, and at which step."""
        before = catalogue.said(dataset).get(zone_id, Entry())
        if before.state in ("missing", "building"):
            teller = cls(dataset, zone_id)
            if before.started:
                teller._started, teller._step = before.started, before.step
            teller.failed(reason)

    def _say(self, state: State, reason: str = "") -> None:
        seconds = round(time.time() - self._started, 2)
        entry = Entry(state, self._step, reason, self._started, seconds)
        catalogue.say(self._dataset, self._zone_id, entry)


def table(folder: DatasetFolder, status: Status | None) -> pd.DataFrame:
    """COLUMNS of every zone of the description, in its order; `status` is that of the build.

    state: built, building, failed or missing; seconds: None where nothing was done.
    """
    at_work = status is not None and not status.is_final
    zones, known = folder.description().zones, folder.look()

    def rows() -> Iterator[tuple[object, ...]]:
        for zone in zones:
            now = _as_it_is(known[zone.zone_id], at_work)
            seconds = now.seconds if now.state != "missing" else None
            about = (zone.zone_id, zone.region, zone.split)
            yield *about, now.state, now.step, now.reason, seconds

    found = list(rows())
    reasons = [row[COLUMNS.index("reason")] for row in found]
    told = pd.DataFrame(found, columns=list(COLUMNS)).astype({"seconds": "float64"})
    return told.assign(reason=pd.Series(reasons, told.index, dtype=object))  # messages stay


def _as_it_is(known: Known, at_work: bool) -> Entry:
    """The files have the last word: what was said last may have been cut short."""
    said = known.said
    if known.is_built:
        return Entry("built", seconds=said.seconds if said.state == "built" else None)
    if said.state == "building" and at_work:
        return replace(said, seconds=round(time.time() - said.started, 1))
    if known.fault:
        return Entry("failed", reason=known.fault)
    if said.state == "building":
        return Entry(reason=Message("Interrupted at step {a}.", a=said.step))
    return said if said.state == "failed" else Entry()
