"""Parcels over the net by a Web Feature Service: asked page by page, whole or not at all.

WFS 2.0.0 (OGC 09-025r2): GetFeature with BBOX, COUNT, STARTINDEX and GeoJSON as output. The box of
EPSG:4326 is in order latitude, longitude; GeoJSON's corners are longitude, latitude.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import geopandas as gpd
import requests

from cropdash.domain.errors import NotEnoughData, SourceUnavailable
from cropdash.files import atomic
from cropdash.files.retry import Retry
from cropdash.ingest import http
from cropdash.ingest.registers.layout import CODE, ID, as_text

Degrees = tuple[float, float, float, float]  # (west, south, east, north)
MOST = 500_000  # parcels of one place


def _retry() -> Retry:
    return Retry(attempts=6, base=1.0, deadline=300.0)


@dataclass(frozen=True)
class Service:
    """A register that a WFS serves."""

    name: str  # for people
    url: str
    layer: str  # type name, in which {year} stands for the season's
    id_column: str
    code_column: str
    first_year: int
    page: int = 5_000  # features of one answer at most
    retry: Retry = field(default_factory=_retry)
    answer_s: float = 120.0


# https://geoservices.ign.fr/documentation/services/services-geoplateforme/diffusion
FRANCE = Service(
    "the French RPG", "https://data.geopf.fr/wfs/ows", "RPG.{year}:parcelles_graphiques",
    "id_parcel", "code_cultu", 2015,
)  # fmt: skip


def fetch(service: Service, box: Degrees, year: int) -> gpd.GeoDataFrame:
    """ID_PARCEL, CODE_CULTU and geometry (degrees) of a year's parcels that touch the box.

    Raises SourceUnavailable if the service fails, refuses or answers in part, NotEnoughData if it
    knows no parcel there.
    """
    if year < service.first_year:
        raise NotEnoughData(
            f"{service.name} is served from {service.first_year} on, not for {year}: choose a later"
            " season, or give --register."
        )
    features = list(_features(service, box, year))
    if not features:
        raise NotEnoughData(
            f"{service.name} knows no parcel of {year} in this place: check latitude and longitude,"
            " or give a --register of that country."
        )
    frame = gpd.GeoDataFrame.from_features(features, crs="OGC:CRS84")
    missing = [c for c in (service.id_column, service.code_column) if c not in frame.columns]
    if missing:
        raise SourceUnavailable(
            f"{service.name} answers without {' and '.join(missing)}: check its layer and columns."
        )
    named = {service.id_column: ID, service.code_column: CODE}
    frame = frame.rename(columns=named)[[ID, CODE, "geometry"]]
    return frame.assign(**{ID: as_text(frame[ID]), CODE: as_text(frame[CODE])})


def keep(path: Path, service: Service, box: Degrees, year: int) -> dict[str, Any]:
    """Fetch into a GeoParquet register, with a note beside it of what it is; what is there stays.

    Returns the note: address, layer, box, count, date and digest. Raises as `fetch` does.
    """
    note = path.with_suffix(".json")
    asked = {"service": service.url, "layer": service.layer.format(year=year), "box": list(box)}
    if path.is_file() and note.is_file():
        known: dict[str, Any] = atomic.read_json(note)
        whole = known.get("digest") == atomic.checksum(path)
        if whole and all(known.get(name) == value for name, value in asked.items()):
            return known
    frame = fetch(service, box, year)
    with atomic.replacing(path) as temporary:
        frame.to_parquet(temporary, index=False, write_covering_bbox=True)
    moment = dt.datetime.now(dt.UTC).isoformat(timespec="seconds")
    told = asked | {"parcels": len(frame), "fetched": moment, "digest": atomic.checksum(path)}
    atomic.write_json(note, told)
    return told


def _features(service: Service, box: Degrees, year: int) -> Iterator[dict[str, Any]]:
    """Every feature, once the service has given as many as it said that there are."""
    matched, got, seen = 0, 0, set[str]()
    with requests.Session() as session:
        while True:
            answer = _page(service, box, year, got, session)
            features, now = answer["features"], answer["numberMatched"]
            if got and now != matched:
                raise _partial(service, f"{matched:,} parcels at first, then {now:,}")
            matched = now
            if matched > MOST:
                raise NotEnoughData(
                    f"{service.name} has {matched:,} parcels there, more than the {MOST:,} that are"
                    " fetched at once: give a --register."
                )
            if len(features) != min(service.page, matched - got):
                raise _partial(service, f"{len(features):,} parcels after {got:,} of {matched:,}")
            names = {str(one.get("id")) for one in features}
            if len(names) != len(features) or names & seen:
                raise _partial(service, f"a parcel twice after {got:,} of {matched:,}")
            seen |= names
            got += len(features)
            yield from features
            if got == matched:
                return


def _page(
    service: Service, box: Degrees, year: int, start: int, session: requests.Session
) -> dict[str, Any]:
    west, south, east, north = box
    asked: dict[str, str | int] = {
        "SERVICE": "WFS", "VERSION": "2.0.0", "REQUEST": "GetFeature",
        "TYPENAMES": service.layer.format(year=year), "OUTPUTFORMAT": "application/json",
        "SRSNAME": "EPSG:4326", "BBOX": f"{south},{west},{north},{east},EPSG:4326",
        "COUNT": service.page, "STARTINDEX": start, "SORTBY": service.id_column,
    }  # fmt: skip
    text = http.fetch_json(
        requests.Request("GET", service.url, params=asked),
        session=session, retry=service.retry, connect_s=10.0, answer_s=service.answer_s,
    )  # fmt: skip
    answer = json.loads(text)
    features = answer.get("features") if isinstance(answer, dict) else None
    if not isinstance(features, list) or not isinstance(answer.get("numberMatched"), int):
        raise _partial(service, "no parcels, or not how many there are")
    return dict(answer)


def _partial(service: Service, what: str) -> SourceUnavailable:
    return SourceUnavailable(
        f"{service.name} answered in part ({what}): try again later, nothing was kept of it."
    )
