"""STAC items as granules: one tile of one overpass, processed once."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from cropdash.domain import sentinel2
from cropdash.domain.errors import InvalidScene
from cropdash.ingest.stac.offsets import baseline_of, offset_of

_TILE = re.compile(r"(?<![0-9A-Za-z])T?(\d{1,2}[C-X][A-Z]{2})(?![0-9A-Za-z])")
_START = re.compile(r"(\d{8}T\d{6})")
_STRIP = re.compile(r"_S(\d{8}T\d{6})")


@dataclass(frozen=True)
class Granule:
    """What an item says that matters for a composite."""

    name: str
    date: dt.date  # day at the zone's own solar time
    hrefs: tuple[str, ...]  # of its layers
    offsets: tuple[int, ...]  # [DN] to add to each band
    why: str  # the offsets are these
    tile: str  # e.g. "31UDS"
    overpass: str  # start of datatake and datastrip; the same for every processing
    processing: tuple[int, int, str]  # baseline, time of processing; higher is newer

    @property
    def crs(self) -> str:
        """UTM zone of the tile, from its name."""
        north = self.tile[-3:-2] >= "N"
        number = self.tile[:-3]
        return f"EPSG:{326 if north else 327}{int(number):02d}" if number else ""


def layers_of(bands: Sequence[str]) -> tuple[str, ...]:
    """What is read of a granule: its bands, then the scene classification."""
    return (*bands, sentinel2.SCL)


def parse(item: Mapping[str, Any], bands: Sequence[str], ahead: dt.timedelta) -> Granule:
    """The granule that an item describes, of these bands, dated by a clock so far ahead of UTC.

    Of a band that a provider has at several resolutions its own alone is read.

    Raises InvalidScene if a layer, the time or the radiometric offset is missing.
    """
    name = str(item.get("id") or "An item without id")
    properties = item.get("properties") or {}
    when = _time(name, properties)
    date = (when + ahead).date()
    assets = item.get("assets") or {}
    keys = [_asset(name, assets, layer) for layer in layers_of(bands)]
    offsets = [offset_of(properties, assets[key], name, date) for key in keys[:-1]]
    baseline = baseline_of(properties, name) or (0, 0)
    return Granule(
        name,
        date,
        tuple(_href(name, assets[key]) for key in keys),
        tuple(one.number for one in offsets),
        "; ".join(dict.fromkeys(one.why for one in offsets)),
        _tile(name, properties),
        _overpass(name, properties, when),
        (*baseline, _processed(properties)),
    )


def group_repeats(granules: Iterable[Granule]) -> list[list[Granule]]:
    """Granules by tile and overpass, in order of date; each group's newest processing first."""
    ordered = sorted(granules, key=_identity)
    groups = [list(group) for _, group in groupby(ordered, key=_identity)]
    return [sorted(g, key=lambda x: (x.processing, x.name), reverse=True) for g in groups]


def _identity(granule: Granule) -> tuple[dt.date, str, str]:
    # A granule whose tile is unknown repeats none but itself.
    return granule.date, granule.tile or granule.name, granule.overpass


def _asset(name: str, assets: Mapping[str, Any], layer: str) -> str:
    known = sentinel2.SCL_STAC if layer == sentinel2.SCL else sentinel2.TABLE[layer].stac
    for key in known:
        if key in assets:
            return key
    raise InvalidScene(
        "{a} has no asset for {b}, so it is left out: see its collection.", a=name, b=layer
    )


def _href(name: str, asset: Mapping[str, Any]) -> str:
    """The asset's address, or another one over HTTP where the first is not."""
    href = asset.get("href")
    if not isinstance(href, str) or not href:
        raise InvalidScene("{a} has an asset without an address, so it is left out.", a=name)
    return href


def _time(name: str, properties: Mapping[str, Any]) -> dt.datetime:
    text = str(properties.get("datetime") or properties.get("start_datetime") or "")
    try:
        when = dt.datetime.fromisoformat(text)
    except ValueError:
        raise InvalidScene("{a} has no time of acquisition, so it is left out.", a=name) from None
    return when if when.tzinfo is None else when.astimezone(dt.UTC).replace(tzinfo=None)


def _tile(name: str, properties: Mapping[str, Any]) -> str:
    code = str(properties.get("s2:mgrs_tile") or properties.get("grid:code") or "")
    for prefix, square in (("mgrs", "grid_square"), ("sentinel", "grid_square")):
        parts = (f"{prefix}:utm_zone", f"{prefix}:latitude_band", f"{prefix}:{square}")
        code = code or "".join(str(properties.get(part) or "") for part in parts)
    code = code.upper().removeprefix("MGRS-").removeprefix("T")
    match = _TILE.search(code) or _TILE.search(re.sub("_", " ", name))
    return match[1].zfill(5) if match else ""


def _overpass(name: str, properties: Mapping[str, Any], when: dt.datetime) -> str:
    """Start of the datatake, and of the datastrip: a tile can lie on a seam between two."""
    take = str(properties.get("s2:datatake_id") or properties.get("eopf:datatake_id") or "")
    match = _START.search(take) or _START.search(str(properties.get("s2:product_uri", "")))
    match = match or _START.search(name)
    strip = _STRIP.search(str(properties.get("s2:datastrip_id") or ""))
    start = match[1] if match else f"{when:%Y%m%dT%H%M%S}"
    return f"{start}/{strip[1] if strip else ''}"


def _processed(properties: Mapping[str, Any]) -> str:
    """Time of processing as comparable text; "" where the item does not say."""
    for key in ("s2:generation_time", "processing:datetime", "created"):
        try:
            when = dt.datetime.fromisoformat(str(properties.get(key) or ""))
        except ValueError:
            continue
        naive = when if when.tzinfo is None else when.astimezone(dt.UTC).replace(tzinfo=None)
        return naive.isoformat(timespec="microseconds")
    return ""
