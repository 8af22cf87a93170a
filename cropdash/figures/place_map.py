"""A map of France and its neighbours on which a place is chosen; it ships with the program.

Outlines: Natural Earth 1:50m, in the public domain.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import folium

from cropdash.figures import palette
from cropdash.figures.maps import ZoneMap

_OUTLINES = Path(__file__).parents[1] / "resources" / "countries.geojson"
_FRANCE = ((41.3, -5.2), (51.2, 9.6))  # corners, latitude first
_SEA = ((30.0, -40.0), (70.0, 40.0))
TOWNS = {
    "Paris": (48.857, 2.352), "Lyon": (45.764, 4.836), "Marseille": (43.296, 5.370),
    "Toulouse": (43.604, 1.444), "Nantes": (47.218, -1.554), "Lille": (50.629, 3.057),
    "Strasbourg": (48.573, 7.752), "Bordeaux": (44.838, -0.579), "Bruxelles": (50.847, 4.357),
}  # fmt: skip


class PlaceMap(folium.Map):  # type: ignore[misc]
    """A folium map without pictures, from the app's own static folder."""

    default_js = ZoneMap.default_js[:1]
    default_css = ZoneMap.default_css[:1]


def draw(dark: bool) -> PlaceMap:
    """Land, sea and a few towns."""
    ink = palette.of_theme(dark)
    chart = PlaceMap(tiles=None, zoom_control=True, attribution_control=False, max_bounds=True)
    sea, land = ("#14212b", "#2b3640") if dark else ("#dce9f0", "#fbfaf6")
    plain = {"stroke": False, "fill": True, "fill_opacity": 1.0}
    folium.Rectangle(_SEA, fill_color=sea, **plain).add_to(chart)
    style = {"color": ink.muted, "weight": 1, "fillColor": land, "fillOpacity": 1.0}
    folium.GeoJson(outlines(), style_function=lambda _: style).add_to(chart)
    for name, place in TOWNS.items():
        dot = {"radius": 2, "weight": 1, "fill": True, "fill_opacity": 1.0, "interactive": False}
        folium.CircleMarker(place, color=ink.muted, **dot).add_to(chart)
        text = (
            f'<span style="color:{ink.text};font:11px sans-serif;white-space:nowrap">{name}</span>'
        )
        word = folium.DivIcon(html=text, icon_size=(70, 14), icon_anchor=(-5, 7), class_name="town")
        folium.Marker(place, icon=word, interactive=False, keyboard=False).add_to(chart)
    chart.fit_bounds(_FRANCE)
    return chart


def mark(
    lat: float, lon: float, radius_km: float, dark: bool, outline: Any = None
) -> folium.FeatureGroup:
    """The place that was chosen, and the land around it that is looked through.

    outline: the shape [degrees] that is looked through in its stead.
    """
    colour = "#ff8a3d" if dark else "#c2410c"  # on nothing else of the map
    group = folium.FeatureGroup("place")
    if outline is not None:
        for part in getattr(outline, "geoms", [outline]):
            rings = [[(y, x) for x, y in ring.coords] for ring in (part.exterior, *part.interiors)]
            folium.Polygon(rings, color=colour, weight=2, fill=True, fill_opacity=0.25).add_to(
                group
            )
        return group
    folium.Circle(
        (lat, lon), radius=radius_km * 1000, color=colour, weight=2, fill=True, fill_opacity=0.25
    ).add_to(group)
    folium.CircleMarker((lat, lon), radius=6, color=colour, fill=True, fill_opacity=1.0).add_to(
        group
    )
    return group


@cache
def outlines() -> dict[str, Any]:
    """The countries, as GeoJSON in degrees."""
    found: dict[str, Any] = json.loads(_OUTLINES.read_text(encoding="utf-8"))
    return found
