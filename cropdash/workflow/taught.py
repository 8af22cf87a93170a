"""What people decided on parcels, taken into a training: relabelled and left out, and how many."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cropdash.domain import IGNORE
from cropdash.domain.message import Message
from cropdash.storage import decisions
from cropdash.storage.datasets import DatasetFolder
from cropdash.storage.decisions import LEAVE_OUT, RELABEL
from cropdash.workflow.partition import Zones


@dataclass(frozen=True)
class Taught:
    """Decisions on a dataset's parcels, as a training takes them."""

    by_zone: Mapping[str, Mapping[int, int]] = field(default_factory=dict)  # parcel -> class
    relabelled: int = 0
    left_out: int = 0
    in_test: int = 0  # on parcels of zones that are kept for the test: never used
    unknown: int = 0  # on parcels that are gone, or of a class that the legend lacks

    def to_json(self) -> dict[str, Any]:
        """What a run keeps of them."""
        zones = {z: {str(p): k for p, k in held.items()} for z, held in self.by_zone.items()}
        counts = {n: v for n, v in vars(self).items() if n != "by_zone"}
        return {"classes": zones, **counts}

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Taught:
        """What `to_json` gave."""
        zones = {
            z: {int(p): int(k) for p, k in held.items()} for z, held in values["classes"].items()
        }
        return cls(zones, *(values[n] for n in ("relabelled", "left_out", "in_test", "unknown")))

    @property
    def told(self) -> Message:
        """How many were used, in a sentence."""
        return Message(
            "Decisions: {n} parcels learned as what they are in truth, {out} left out; {test} lie in test"
            " zones and are not used, {unknown} fit no parcel or class.",
            n=self.relabelled, out=self.left_out, test=self.in_test, unknown=self.unknown,
        )  # fmt: skip


def decisions_of(data: Path, dataset: DatasetFolder, zones: Zones) -> Taught:
    """The decisions that hold now on parcels of the zones that are learned from or held out.

    A zone of the test stays out of training: its decisions are counted, and nothing else.
    """
    held = decisions.current(data, dataset.name)
    said = {i: d for i, d in held.items() if d.decision in (RELABEL, LEAVE_OUT)}
    classes = {item.name: item.id for item in dataset.legend().classes}
    by_zone: dict[str, dict[int, int]] = {}
    found = dict.fromkeys(("relabelled", "left_out", "in_test", "unknown"), 0)
    seen = set[str]()
    for zone in (*zones.train, *zones.validation, *zones.test) if said else ():
        facts = dataset.parcel_facts(zone.zone_id, ("register_id", "parcel_id"))
        for register_id, parcel in zip(facts["register_id"], facts["parcel_id"], strict=True):
            decision = said.get(str(register_id))
            if decision is None:
                continue
            seen.add(str(register_id))
            crop = IGNORE if decision.decision == LEAVE_OUT else classes.get(decision.crop)
            if zone in zones.test:
                found["in_test"] += 1
            elif crop is None:
                found["unknown"] += 1
            else:
                by_zone.setdefault(zone.zone_id, {})[int(parcel)] = crop
                found["left_out" if crop == IGNORE else "relabelled"] += 1
    found["unknown"] += len(set(said) - seen)
    return Taught(by_zone, **found)
