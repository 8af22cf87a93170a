"""Lists of scenes that are kept with a dataset, so that it can be built again from the same ones."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from cropdash.domain import Season, Zone
from cropdash.domain.errors import ConfigError, DamagedFile
from cropdash.domain.message import Message
from cropdash.files import atomic, records
from cropdash.ingest.stac.endpoints import Endpoint
from cropdash.ingest.stac.granules import Granule, layers_of

# What signs an address for an hour is no part of it, and not for others to see.
_SIGNED = re.compile(r"(^|&)(sig|X-Amz-Signature|X-Goog-Signature|Signature|token)=", re.IGNORECASE)


def written(
    found: Sequence[Granule], endpoint: Endpoint, zone: Zone, bands: tuple[str, ...], season: Season
) -> dict[str, Any]:
    """Granules that a service found, as JSON holds them; none is read yet."""
    moment = dt.datetime.now(dt.UTC).isoformat(timespec="seconds")
    return {
        "service": endpoint.url, "collection": endpoint.collection, "searched": moment,
        **_place(zone, bands, season), "read": False,
        "scenes": [_row(granule) for granule in found],
    }  # fmt: skip


def granules_of(listing: Mapping[str, Any], zone: Zone, bands: Sequence[str]) -> list[Granule]:
    """The granules of a list. Raises DamagedFile for what is none."""
    where = Message("The list of scenes of zone {a}", a=zone.zone_id)
    known = Granule.__dataclass_fields__
    try:
        rows = [{k: v for k, v in row.items() if k in known} for row in listing["scenes"]]
    except (KeyError, TypeError, AttributeError) as error:
        raise DamagedFile(
            "{a} can't be read: delete it, and build the zone again.", a=where
        ) from error
    found = [records.typed(Granule, row, where) for row in rows]
    layers = len(layers_of(bands))
    if any(len(g.hrefs) != layers or len(g.offsets) != layers - 1 for g in found):
        raise DamagedFile("{a} is of other bands: delete it, and build the zone again.", a=where)
    return found


def digests_of(listing: Mapping[str, Any]) -> dict[str, str]:
    """Digest of each scene that was read, by its name."""
    return {row["name"]: row["digest"] for row in listing["scenes"] if row.get("digest")}


def note(listing: dict[str, Any], digests: Mapping[str, str]) -> None:
    """Write into the list what was read of it."""
    for row in listing["scenes"]:
        row["digest"] = digests.get(row["name"])
    listing["read"] = True


def of_zone(path: Path, zone: Zone, bands: tuple[str, ...], days: Season) -> dict[str, Any]:
    """A zone's list out of the provenance of a dataset, of some days that it holds.

    Raises ConfigError if it has none.
    """
    zones = _zones(path, path.stat().st_mtime_ns)
    wanted = _place(zone, bands, days)
    start, end = wanted.pop("season")
    for one in zones.values():
        listing = one.get("scenes") if isinstance(one, dict) else None
        if not isinstance(listing, dict) or any(listing.get(k) != v for k, v in wanted.items()):
            continue
        match listing.get("season"):
            case [str(first), str(last)] if first <= start and last >= end:
                rows = [dict(row) for row in listing["scenes"] if start <= row["date"] <= end]
                return {**listing, "season": [start, end], "scenes": rows}
    raise ConfigError(
        "{a} lists no scenes of zone {b} with these bands and this season: give the"
        " provenance of a dataset with the same zones.",
        a=path.name,
        b=zone.zone_id,
    )


@lru_cache(maxsize=4)
def _zones(path: Path, modified_ns: int) -> dict[str, Any]:
    try:
        zones = atomic.read_json(path)["zones"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ConfigError(
            "{a} is no provenance of a dataset: write one with 'python -m cropdash provenance'.",
            a=path.name,
        ) from error
    return dict(zones) if isinstance(zones, dict) else {}


def _place(zone: Zone, bands: Sequence[str], season: Season) -> dict[str, Any]:
    grid = zone.grid
    return {
        "grid": [grid.crs, grid.left, grid.top, grid.pixel_size, list(grid.shape)],
        "bands": list(bands),
        "season": [season.start.isoformat(), season.end.isoformat()],
    }


def _row(granule: Granule) -> dict[str, Any]:
    row = asdict(granule) | {"date": granule.date.isoformat(), "digest": None}
    return row | {"hrefs": [_plain(href) for href in granule.hrefs]}


def _plain(href: str) -> str:
    parts = urlsplit(href)
    return parts._replace(query="").geturl() if _SIGNED.search(parts.query) else href
