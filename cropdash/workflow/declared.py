"""What the register says of a zone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from cropdash.domain import Legend, Zone
from cropdash.domain.errors import NotEnoughData
from cropdash.domain.message import Message
from cropdash.domain.source import Source, Warn
from cropdash.ingest import registers
from cropdash.prepare import parcels


def parcels_of(
    source: Source, zone: Zone, near: Sequence[Zone], legend: Legend, warn: Warn
) -> tuple[parcels.Cleaned, dict[str, Any]]:
    """The zone's parcels, and the note of a register that was fetched.

    Where no code is known they are all unknown, which `warn` is told.
    """
    rows = source.parcels(zone.around)
    cleaned = parcels.clean(rows, zone, legend, near)
    codes = cleaned.parcels["code"]
    if codes.empty and zone.split != "map":
        raise NotEnoughData(
            "Zone {a} holds no parcel: check its place and the register.", a=zone.zone_id
        )
    if not cleaned.outlines and len(codes) and not codes.isin(list(legend.codes)).any():
        commonest = ", ".join(codes.value_counts().index[:3])
        warn(
            Message(
                "The legend knows none of the crop codes of zone {a} ({b}, …), so its {c}"
                " parcels are unknown: give the codes of its register.",
                a=zone.zone_id,
                b=commonest,
                c=len(codes),
            )
        )
    if twice := cleaned.report["contradicting_codes"]:
        warn(
            Message(
                "{n} outlines of zone {a} stand there with two crops: that of the first id is taken.",
                n=twice,
                a=zone.zone_id,
            )
        )
    origin = rows.attrs.get(registers.ORIGIN)
    return cleaned, {"register": origin} if origin else {}
