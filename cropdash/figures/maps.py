"""Leaflet maps of one zone: its imagery, its parcels, and what models say, in linked panels.

Everything heavy is fetched by the browser from URLs; the map itself is a few hundred bytes, and
choices are sent as small commands, so that no choice reloads it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any, TypeAlias

import folium
import geopandas as gpd
import shapely
from branca.element import MacroElement
from jinja2 import Template

from cropdash import i18n
from cropdash.domain import Grid, Legend
from cropdash.figures import imagery
from cropdash.figures.zone_map import corners
from cropdash.i18n import label, number, say
from cropdash.settings.tiles import Tiles

HIGHLIGHT, SECOND = "#00e5ff", "#ffab40"  # outlines of the chosen parcel and of a second one
_STATIC = "../../app/static"  # as seen from the component's frame; no host, so no internet


@dataclass(frozen=True)
class Panel:
    """One of the linked views."""

    title: str
    base: str | None = None  # URL of the picture at the bottom
    overlay: str | None = None  # URL of a picture above it, with opacity
    over: str | None = None  # URL of a picture to the right of a divider, `overlay` to its left
    says: tuple[int, ...] = ()  # which texts of a parcel's `answers` its tooltip adds


class ZoneMap(folium.Map):  # type: ignore[misc]
    """A folium map that loads Leaflet from the app's own static folder."""

    default_js = [  # noqa: RUF012 (folium's own way of saying it)
        ("leaflet", f"{_STATIC}/vendor/leaflet/leaflet.js"),
        ("periods", f"{_STATIC}/periods.js"),
        ("legend", f"{_STATIC}/legend.js"),
        ("swipe", f"{_STATIC}/swipe.js"),
        ("ground", f"{_STATIC}/ground.js"),
        ("stage", f"{_STATIC}/stage.js"),
        ("panels", f"{_STATIC}/panels.js"),
    ]
    default_css = [  # noqa: RUF012
        ("leaflet_css", f"{_STATIC}/vendor/leaflet/leaflet.css"),
        ("panels_css", f"{_STATIC}/panels.css"),
    ]


Command: TypeAlias = folium.FeatureGroup  # what the component sends to a map that is there already


def _script(value: Mapping[str, Any]) -> str:
    """As a script may hold it inside a page: no text in it can end the script."""
    return json.dumps(value).replace("<", "\\u003c")


class _Panels(MacroElement):  # type: ignore[misc]
    """Calls `cropdash.panels` once the map is there."""

    _template = Template(
        "{% macro script(this, kwargs) %}"
        "cropdash.panels({{ this._parent.get_name() }}, {{ this.options }});"
        "{% endmacro %}"
    )

    def __init__(self, options: Mapping[str, Any]) -> None:
        super().__init__()
        self._name = "Panels"
        self.options = _script(options)


class _Show(MacroElement):  # type: ignore[misc]
    """Calls `cropdash.show` with what the reader chose."""

    _template = Template(
        "{% macro script(this, kwargs) %}cropdash.show({{ this.state }});{% endmacro %}"
    )

    def __init__(self, state: Mapping[str, Any]) -> None:
        super().__init__()
        self._name = "Show"
        self.state = _script(state)


def zone_map(
    grid: Grid,
    parcels_url: str,
    panels: Sequence[Panel],
    more: Mapping[str, Any] | None = None,
    answers_url: str | None = None,
) -> ZoneMap:
    """A map of the zone with one or more linked panels; `parcels_url` serves `geojson`.

    It fills its frame, whatever its size. `more` adds a slider of periods (`figures.periods`) or
    a legend (`legend_options`). `answers_url` serves `answers`.
    """
    south_west, north_east = imagery.bounds(grid)
    centre = [(a + b) / 2 for a, b in zip(south_west, north_east, strict=True)]
    chart = ZoneMap(
        location=centre,
        zoom_start=14,
        tiles=None,
        zoom_snap=0,  # so that a zone fills its panel
        attribution_control=False,
        prefer_canvas=True,
    )
    options = {
        "bounds": [south_west, north_east],
        "parcels": f"{_STATIC}/{parcels_url}",
        "answers": f"{_STATIC}/{answers_url}" if answers_url else None,
        "panels": [_panel(p) for p in panels],
        "zone": [[lat, lon] for lon, lat in corners(grid).tolist()],
        "name": say("Map of the zone"),
        "language": i18n.current(),
        "full": say("Full screen"),
        "outline": "#ffffff",
        "highlight": HIGHLIGHT,
        "second": SECOND,
        **(more or {}),
    }
    _Panels(options).add_to(chart)
    return chart


def background(known: Tiles | None) -> dict[str, Any]:
    """What `zone_map` takes as `more` for a map below the zone, which `background` of a command shows."""
    return {"tiles": {"address": known.address, "credit": known.credit}} if known else {}


def legend_options(ink: str) -> dict[str, Any]:
    """What `zone_map` takes as `more` for a legend, whose parts come with each command.

    A part has a title, entries (label, colour; amount, about; name and classes where it can be
    chosen; ramp or hatch), and where they can be chosen kind (what the address calls it) and chosen.
    """
    return {
        "legend": True,
        "covered": True,
        "legendName": say("Legend of the map"),
        "legendFind": say("Search the legend"),
        "ink": ink,
    }


def command(state: Mapping[str, Any]) -> Command:
    """What to show now, without a reload: selected, base (URL), fill, opacity, only (crops).

    By parcel id also colours, and notes that its tooltip adds; legend: see `legend_options`.
    With a slider of periods also other (parcel), mode, period, and frames (URL of each). With
    overlays their URLs and captions, one a panel; with a divider over (URL) and captions of both
    sides; with answers agree (codes to which parcels are narrowed).
    """
    group = Command(name="state")
    tidy = dict(state)
    for name in ("base", "over"):
        if tidy.get(name):
            tidy[name] = f"{_STATIC}/{tidy[name]}"
    if tidy.get("notes"):
        tidy["notes"] = {i: escape(text) for i, text in tidy["notes"].items()}
    if tidy.get("overlays"):
        tidy["overlays"] = [f"{_STATIC}/{url}" for url in tidy["overlays"]]
    if tidy.get("frames"):
        tidy["frames"] = {period: f"{_STATIC}/{url}" for period, url in tidy["frames"].items()}
    _Show(tidy).add_to(group)
    return group


def geojson(parcels: gpd.GeoDataFrame, legend: Legend) -> bytes:
    """Parcels in degrees with id, colour and tooltip; what the browser fetches."""
    geometry = parcels.geometry.simplify(1.0).to_crs(4326).to_numpy()  # [m] a tenth of a pixel
    # Rounding each corner is eight times as fast as snapping shapes to a grid, and only drawn.
    shapes = shapely.to_geojson(shapely.transform(geometry, lambda corners: corners.round(6)))
    rows = zip(parcels["parcel_id"], parcels["crop"], parcels["area_ha"], shapes, strict=True)
    features = ",".join(
        f'{{"type":"Feature","geometry":{shape},"properties":{_properties(i, crop, area, legend)}}}'
        for i, crop, area, shape in rows
    )
    return f'{{"type":"FeatureCollection","features":[{features}]}}'.encode()


def answers(
    ids: Sequence[int],
    crops: Sequence[Sequence[int]],
    says: Sequence[Sequence[str]],
    codes: Sequence[int],
) -> bytes:
    """What is said of each parcel, as JSON that the browser fetches: classes, texts, agreement.

    crops: class ids by which a choice of classes finds the parcel; says: one text per model;
    codes: of `layers.agreement`.
    """
    rows = zip(ids, crops, says, codes, strict=True)
    told = {
        str(i): {"crops": list(crop), "says": [escape(text) for text in said], "code": code}
        for i, crop, said, code in rows
    }
    return json.dumps(told, separators=(",", ":")).encode()


def _properties(parcel_id: int, crop: int, area: float, legend: Legend) -> str:
    item = legend.classes[crop]
    text = f"<b>{escape(label(item))}</b> · {number(area, '.2f')} ha · {say('parcel {id}', id=parcel_id)}"
    properties = {"id": int(parcel_id), "crop": int(crop), "label": text, "colour": item.colour}
    return json.dumps(properties)


def _panel(panel: Panel) -> dict[str, Any]:
    urls = {
        name: f"{_STATIC}/{url}"
        for name, url in (("base", panel.base), ("overlay", panel.overlay), ("over", panel.over))
        if url
    }
    return {"title": panel.title, **urls, "says": list(panel.says)}
