"""Parcels over the net by a Web Feature Service: asked page by page, whole or not at all.

WFS 2.0.0 (OGC 09-025r2): GetFeature with BBOX, COUNT, STARTINDEX and GeoJSON as output. The box of
EPSG:4326 is in order latitude, longitude; GeoJSON's corners are longitude, latitude.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Literal

import geopandas as gpd
import requests

from cropdash.domain.errors import NotEnoughData, SourceUnavailable
from cropdash.ingest import http
from cropdash.ingest.registers import provider
from cropdash.ingest.registers.layout import FID
from cropdash.ingest.registers.provider import MOST, Degrees
from cropdash.settings import estimate
from cropdash.settings.sources import Fetching

_KM_A_DEGREE = 111.3


@dataclass(frozen=True)
class Service:
    """A register that a WFS serves; see `provider.Provider`."""

    name: str  # for people
    url: str
    layer: str  # type name, in which {year} stands for the season's
    id_column: str  # "fid": the feature's own id
    code_column: str
    first_year: int
    year_column: str | None = None  # of a layer that holds several years
    page: int = 5_000  # features of one answer at most
    crs: str = "EPSG:4326"  # of the box, as the service writes it
    axes: Literal["latlon", "lonlat"] = "latlon"  # order of the box's corners in it
    output: str = "application/json"  # the service's name of GeoJSON
    patience: http.Patience = field(default_factory=http.Patience)

    def asked(self, box: Degrees, year: int) -> dict[str, Any]:
        """What is asked of it, by which an answer is kept."""
        columns = [self.id_column, self.code_column, self.year_column]
        return {
            "service": self.url, "layer": provider.of_year(self.layer, year), "columns": columns,
            "year": year, "box": list(box),
        }  # fmt: skip

    def fetch(self, box: Degrees, year: int) -> gpd.GeoDataFrame:
        """Its parcels within an area."""
        if year < self.first_year:
            raise NotEnoughData(
                "{a} is served from {b} on, not for {c}: choose a later season, or give"
                " --register.",
                a=self.name,
                b=self.first_year,
                c=year,
            )
        features = list(_features(self, box, year))
        frame = gpd.GeoDataFrame.from_features(features, crs="OGC:CRS84", columns=_names(features))
        wanted = (self.id_column, self.code_column, self.year_column)
        missing = [c for c in wanted if c and c not in frame.columns and len(frame)]
        if missing:
            raise SourceUnavailable(
                "{a} answers without {b}: check its layer and columns.",
                a=self.name,
                b=" and ".join(missing),
            )
        if frame.empty:
            return frame
        _check_place(self, frame, box)
        if self.year_column:
            frame = frame[frame[self.year_column].astype(str).str[:4] == str(year)]
        return provider.named(frame, self.id_column, self.code_column)

    def taking(self, box: Degrees) -> Fetching:
        """What fetching them will take."""
        west, south, east, north = box
        wide = (east - west) * _KM_A_DEGREE * math.cos(math.radians((south + north) / 2))
        return estimate.of_parcels(wide * (north - south) * _KM_A_DEGREE, self.page)


# https://geoservices.ign.fr/documentation/services/services-geoplateforme/diffusion
FRANCE = Service(
    "the French RPG", "https://data.geopf.fr/wfs/ows", "RPG.{year}:parcelles_graphiques",
    "id_parcel", "code_cultu", 2015,
)  # fmt: skip


def _features(service: Service, box: Degrees, year: int) -> Iterator[dict[str, Any]]:
    """Every feature, once the service has given as many as it said that there are."""
    matched, got, seen = 0, 0, set[str]()
    with http.Link() as session:
        while True:
            answer = _page(service, box, year, got, session)
            features, now = answer["features"], answer["numberMatched"]
            if got and now != matched:
                raise _partial(service, f"{matched:,} parcels at first, then {now:,}")
            matched = now
            if matched > MOST:
                raise NotEnoughData(
                    "{a} has {b} parcels there, more than the {c} that are fetched at once: choose"
                    " a smaller area, or give a --register.",
                    a=service.name,
                    b=format(matched, ","),
                    c=format(MOST, ","),
                )
            if len(features) != min(service.page, matched - got):
                raise _partial(
                    service, f"{len(features):,} parcels after {got:,} of {matched:,}"
                    f" in a page of {service.page:,}",
                )  # fmt: skip
            names = {str(one["id"]) for one in features if one.get("id") is not None}
            if len(names) != len(features) or names & seen:
                raise _partial(service, f"a parcel twice after {got:,} of {matched:,}")
            seen |= names
            got += len(features)
            yield from (_with_number(one) for one in features)
            if got == matched:
                return


def _page(
    service: Service, box: Degrees, year: int, start: int, session: requests.Session
) -> dict[str, Any]:
    west, south, east, north = box
    corners = (south, west, north, east) if service.axes == "latlon" else box
    asked: dict[str, str | int] = {
        "SERVICE": "WFS", "VERSION": "2.0.0", "REQUEST": "GetFeature",
        "TYPENAMES": provider.of_year(service.layer, year), "OUTPUTFORMAT": service.output,
        "SRSNAME": service.crs, "BBOX": f"{','.join(map(str, corners))},{service.crs}",
        "COUNT": service.page, "STARTINDEX": start,
    }  # fmt: skip
    if service.id_column != FID:  # so that pages follow one order
        asked["SORTBY"] = service.id_column
    patience = service.patience
    text = http.fetch_json(
        requests.Request("GET", service.url, params=asked), session=session, retry=patience.retry,
        connect_s=patience.connect_s, answer_s=patience.answer_s, way_out="try again later, nothing was kept of it",
    )  # fmt: skip
    answer = json.loads(text)
    features = answer.get("features") if isinstance(answer, dict) else None
    whole = isinstance(features, list) and all(isinstance(one, dict) for one in features)
    if not whole or type(answer.get("numberMatched")) is not int:
        raise _partial(service, "no parcels, or not how many there are")
    return dict(answer)


def _with_number(feature: dict[str, Any]) -> dict[str, Any]:
    """The feature with its own id among its properties, and no geometry where it has none."""
    properties = feature.get("properties")
    own = properties if isinstance(properties, dict) else {}
    return {
        **feature,
        "geometry": feature.get("geometry"),
        "properties": {FID: feature["id"], **own},
    }


def _names(features: list[dict[str, Any]]) -> list[str] | None:
    return None if features else ["geometry"]


def _check_place(service: Service, frame: gpd.GeoDataFrame, box: Degrees) -> None:
    """A service that takes or gives its corners in the other order answers with other land."""
    west, south, east, north = box
    bounds = frame.geometry.bounds
    touch = (bounds["minx"] <= east) & (bounds["maxx"] >= west)
    touch &= (bounds["miny"] <= north) & (bounds["maxy"] >= south)
    if touch.mean() < 0.5:
        raise SourceUnavailable(
            "{a} answers with parcels elsewhere than it was asked for: its corners may be"
            " in the other order (axes in its settings).",
            a=service.name,
        )


def _partial(service: Service, what: str) -> SourceUnavailable:
    return SourceUnavailable(
        "{a} answered in part ({b}): try again later, nothing was kept of it.",
        a=service.name,
        b=what,
    )
