"""What the documents of an audit must hold at least; see `storage.shapes`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from cropdash.storage.shapes import Count, Digest, Number, Share


@dataclass
class Stratum:
    """Of an audit: how many parcels it holds, and how many were drawn."""

    name: str
    class_id: Count | None
    parcels: Count
    hectares: Annotated[float, Field(ge=0, lt=1e12)]
    expected: Share
    drawn: Count


@dataclass
class Targeted:
    """Parcels that were decided before an audit was drawn, and are no part of it."""

    parcels: Count
    hectares: Annotated[float, Field(ge=0, lt=1e12)]


@dataclass
class Audit:
    """audit.json: what was drawn from what, with the digests of the maps and of the files."""

    dataset: str
    dataset_fingerprint: str
    legend_hash: str
    classes: list[str]
    maps: dict[str, dict[str, Digest]]
    zones: list[str]
    seed: str
    design: str
    wanted: Count
    decided: Targeted | None
    strata: list[Stratum]
    digests: dict[str, Digest]


@dataclass
class Interval:
    """A share with its 95 % interval; None where the sample lacks it."""

    value: Share | None
    low: Share | None
    high: Share | None


@dataclass
class AuditedClass:
    """Of one map: how much of a class is right, and how large it is."""

    class_id: Annotated[int, Field(ge=0, lt=255)]
    users_value: Share | None
    users_low: Share | None
    users_high: Share | None
    producers_value: Share | None
    producers_low: Share | None
    producers_high: Share | None
    mapped_ha: Number
    area_value: Number
    area_low: Number
    area_high: Number


@dataclass
class AuditedMap:
    """How much of a map is right, by parcel and by hectare, and by class."""

    map: str
    parcel: Interval
    hectare: Interval
    classes: list[AuditedClass]


@dataclass
class Paired:
    """Two maps on the same sample."""

    only_a: Count
    only_b: Count
    difference: Number
    low: Number
    high: Number
    p_value: Share


@dataclass
class Audited:
    """What an audit found."""

    maps: list[AuditedMap]
    paired: Paired | None


@dataclass
class Answered:
    """How many parcels were drawn and answered, and how many answers are on others."""

    answered: Count
    drawn: Count
    not_sampled: Count


@dataclass
class Certificate:
    """certificate.json: what an audit found, and of what."""

    audit: str
    certified_by: str
    certified_on: str
    digests: dict[str, Digest]
    counts: Answered
    results: Audited
