"""Zones where they lie, on a plane of longitude and latitude: needs no tiles and no outlines."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from functools import lru_cache
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from pyproj import Transformer

from cropdash.domain import Grid, Zone, longitude
from cropdash.figures import palette, wording
from cropdash.i18n import number, say, sentence

PLACES = ("zone_id", "region", "split", "lon", "lat", "outline", "epsg")
CHOSEN, LEFT_OUT = sentence("chosen"), sentence("left out")
_SYMBOLS = {
    "built": "square",
    "building": "diamond",
    "failed": "x",
    "missing": "square-open",
    CHOSEN: "square",
    LEFT_OUT: "square-open",
}
_MARGIN = 0.12  # of the extent, so that no zone and no name stands on the edge
_LEAST_ZONES = 1.5  # least extent, in sides of the largest zone: one alone does not fill the map
_LEAST_DEG = 5e-4  # half of the least extent in any case
_HEIGHT = 520
Box = tuple[float, float, float, float]  # left, right, below, above; or west, south, east, north
_LETTERS, _LINES = 42, 26  # of a name that are as wide and high as a narrow map


def places(zones: Sequence[Zone]) -> pd.DataFrame:
    """PLACES of zones: middle [degrees], outline (5, 2) of longitudes and latitudes, EPSG code."""
    rows, outlines = [], [corners(zone.grid) for zone in zones]
    for outline in outlines:
        outline[:, 0] = longitude.unwrapped(outline[:, 0])
    shown = longitude.unwrapped([outline[:4, 0].mean() for outline in outlines])
    for zone, outline, lon in zip(zones, outlines, shown, strict=True):
        outline[:, 0] += lon - outline[:4, 0].mean()  # all on one side of the map's edge
        lat = outline[:4, 1].mean()
        epsg = zone.grid.crs.rpartition(":")[2]
        rows.append((zone.zone_id, zone.region, zone.split, lon, lat, outline, epsg))
    return pd.DataFrame(rows, columns=list(PLACES))


def corners(grid: Grid) -> np.ndarray:
    """(5, 2) longitude and latitude around a grid, closed."""
    left, bottom, right, top = grid.bounds
    x = [left, right, right, left, left]
    y = [bottom, bottom, top, top, bottom]
    return np.column_stack(to_degrees(grid.crs).transform(x, y))


@lru_cache(maxsize=64)
def to_degrees(crs: str) -> Transformer:
    """From a reference system to longitude and latitude."""
    return Transformer.from_crs(crs, "OGC:CRS84", always_xy=True)


def by_state(
    table: pd.DataFrame,
    *,
    region: str | None = None,
    drag: str = "zoom",
    dark: bool = False,
) -> go.Figure:
    """Zones coloured and shaped by `state`; `region` moves the view to one of them.

    `drag` is what the pointer does when drawn over the map: zoom, or pan.

    table: PLACES, state, and `note` (text under the pointer, may hold <br>).
    """
    figure = go.Figure()
    for state in [s for s in _SYMBOLS if s in set(table["state"])]:
        rows = table[table["state"] == state]
        figure.add_trace(_outlines(rows, _colour(state, dark), state))
        figure.add_trace(_markers(rows, state, dark))
    view = table[table["region"] == region] if region else table
    seen = _extent(view)
    figure.add_trace(_region_names(table, seen, dark))
    return figure.update_layout(_plane(seen, dark), dragmode=drag)


def to_draw_on(
    covered: Sequence[Grid],
    proposed: Sequence[Zone],
    drawn: Sequence[tuple[str, str, float, float, float, float]],
    *,
    dark: bool = False,
) -> go.Figure:
    """The outlines of images, over which boxes are drawn: those that are, else zones proposed.

    drawn: zone_id, split, west, south, east, north [degrees] of each.
    """
    ink = palette.of_theme(dark)
    lands = [_unwrapped(corners(grid)) for grid in covered]
    zones: list[tuple[str, str, np.ndarray]] = [
        (z.zone_id, z.split, _unwrapped(corners(z.grid))) for z in (() if drawn else proposed)
    ]
    zones += [(name, split, _around(*box)) for name, split, *box in drawn]
    figure = go.Figure()
    # A trace of points hears where a box is drawn; on land alone there are no others.
    for title, outlines, line, fill in (
        (say("Images"), lands, {"color": ink.muted, "width": 1, "dash": "dot"}, "none"),
        *(
            (
                say(split).capitalize(),
                [o for _, s, o in zones if s == split],
                {"color": colour, "width": 2},
                "toself",
            )
            for split, colour in (
                ("train", ink.sequential[3]),
                ("test", ink.right),
                ("map", ink.left),
            )
        ),
    ):
        if outlines:
            ends = np.concatenate([np.vstack([one, [[np.nan, np.nan]]]) for one in outlines])
            figure.add_trace(go.Scatter(
                x=ends[:, 0], y=ends[:, 1], mode="lines+markers", marker={"size": 1}, line=line,
                fill=fill, opacity=0.6, name=title, hoverinfo="skip",
                selected={"marker": {"opacity": 1}}, unselected={"marker": {"opacity": 1}},
            ))  # fmt: skip
    if zones:
        middles = np.array([outline[:4].mean(axis=0) for _, _, outline in zones])
        figure.add_trace(go.Scatter(
            x=middles[:, 0], y=middles[:, 1], text=[name for name, _, _ in zones], mode="text",
            textfont={"color": ink.text, "size": 11}, hoverinfo="skip", showlegend=False,
        ))  # fmt: skip
    return figure.update_layout(_plane(_seen(np.concatenate(lands)), dark), dragmode="select")


def extent(covered: Sequence[Grid]) -> tuple[float, float, float, float]:
    """West, south, east, north [degrees] of grids; a map over the antimeridian goes on beyond it."""
    points = np.concatenate([_unwrapped(corners(grid)) for grid in covered])
    (west, south), (east, north) = points.min(axis=0), points.max(axis=0)
    return float(west), float(south), float(east), float(north)


def _unwrapped(outline: np.ndarray) -> np.ndarray:
    outline[:, 0] = longitude.unwrapped(outline[:, 0])
    return outline


def _around(west: float, south: float, east: float, north: float) -> np.ndarray:
    x, y = [west, east, east, west, west], [south, south, north, north, south]
    return np.column_stack([x, y])


def geojson(table: pd.DataFrame, columns: Collection[str] = ("state", "reason")) -> dict[str, Any]:
    """The zones as a FeatureCollection in degrees, with their region, split and `columns`."""
    names = ["zone_id", "region", "split", "epsg", *(c for c in columns if c in table)]
    rows = table[names].astype(object).where(table[names].notna(), None).to_dict("records")
    features = [
        {
            "type": "Feature",
            "properties": properties,
            "geometry": {"type": "Polygon", "coordinates": [np.round(outline, 7).tolist()]},
        }
        for properties, outline in zip(rows, table["outline"], strict=True)
    ]
    return {"type": "FeatureCollection", "features": features}


def _colour(state: str, dark: bool) -> str:
    ink = palette.of_theme(dark)
    colours = {"building": ink.left, "failed": ink.right, "built": ink.sequential[3]}
    return (colours | {CHOSEN: ink.sequential[3]}).get(state, ink.muted)


def _outlines(rows: pd.DataFrame, colour: str, state: str) -> go.Scatter:
    """All outlines of one state in one trace, ends marked by NaN."""
    ends = np.full((len(rows), 6, 2), np.nan)
    ends[:, :5] = np.stack(rows["outline"].to_list())
    return go.Scatter(
        x=ends[..., 0].ravel(),
        y=ends[..., 1].ravel(),
        mode="lines",
        line={"color": colour, "width": 1},
        fill="none" if state in ("missing", LEFT_OUT) else "toself",
        opacity=0.45,
        hoverinfo="skip",
        showlegend=False,
        legendgroup=state,
    )


def _markers(rows: pd.DataFrame, state: str, dark: bool) -> go.Scatter:
    colour = _colour(state, dark)
    return go.Scatter(
        x=rows["lon"],
        y=rows["lat"],
        mode="markers",
        name=f"{say(state).capitalize()} ({number(len(rows))})",
        legendgroup=state,
        marker={
            "symbol": _SYMBOLS[state],
            "size": 9,
            "color": colour,
            "line": {"width": 1, "color": colour},
        },
        # A choice is drawn as the page keeps it, not as the last click left it.
        selected={"marker": {"opacity": 1}},
        unselected={"marker": {"opacity": 1}},
        customdata=rows[["zone_id", "note"]],
        hovertemplate="<b>%{customdata[0]}</b><br>%{customdata[1]}<extra></extra>",
    )


def _region_names(table: pd.DataFrame, seen: Box, dark: bool) -> go.Scatter:
    """Over a region's zones, or below them where another's name or zones are."""
    groups = table.groupby("region", sort=False)
    names = [wording.place(str(name)) for name, _ in groups]
    below, ink = _below(table, names, seen), palette.of_theme(dark).text
    top, bottom = groups["lat"].max(), groups["lat"].min()
    return go.Scatter(
        x=groups["lon"].mean(),
        y=np.where(below, bottom, top),
        text=[
            f" <br><b>{name}</b>" if low else f"<b>{name}</b><br> "
            for name, low in zip(names, below, strict=True)
        ],
        mode="text",
        textposition=["bottom center" if low else "top center" for low in below],
        textfont={"color": ink, "size": 12},
        unselected={"textfont": {"color": ink}},  # a click on a zone leaves them as they are
        hoverinfo="skip",
        showlegend=False,
        cliponaxis=False,
    )


def _below(table: pd.DataFrame, names: Sequence[str], seen: Box) -> list[bool]:
    """Which of the regions' names stand below, as wide and high as they are on a narrow map."""
    west, south, east, north = seen
    letter, line = (east - west) / _LETTERS, (north - south) / _LINES
    across, up = 0.8 * letter, 0.3 * line  # half of a zone's mark
    taken = [(x - across, x + across, y - up, y + up) for x, y in table[["lon", "lat"]].to_numpy()]
    found = []
    for name, (_, rows) in zip(names, table.groupby("region", sort=False), strict=True):
        x, half = rows["lon"].mean(), letter * len(name) / 2
        over, under = (
            (x - half, x + half, y + least * line, y + (least + 1) * line)
            for y, least in ((rows["lat"].max(), 0.6), (rows["lat"].min(), -1.6))
        )
        hidden = [sum(_meet(one, other) for other in taken) for one in (over, under)]
        found.append(hidden[1] < hidden[0])
        taken.append(under if found[-1] else over)
    return found


def _meet(one: Box, other: Box) -> bool:
    return all(one[k] < other[k + 1] and other[k] < one[k + 1] for k in (0, 2))


def _extent(table: pd.DataFrame) -> tuple[float, float, float, float]:
    """West, south, east, north [degrees] of what is to be seen: with a margin, not upright."""
    if table.empty:
        return (-5.0, 42.0, 9.0, 51.5)
    outlines = np.stack(table["outline"].to_list())
    largest = np.ptp(outlines, axis=1).max(axis=0) / 2
    return _seen(np.concatenate(outlines), _LEAST_ZONES * largest)


def _seen(
    points: np.ndarray, least: np.ndarray | float = _LEAST_DEG
) -> tuple[float, float, float, float]:
    low, high = points.min(axis=0), points.max(axis=0)
    middle = (low + high) / 2
    half = np.maximum((high - low) / 2, np.maximum(least, _LEAST_DEG))
    half = half * (1 + 2 * _MARGIN)
    half[0] = max(half[0], half[1] / np.cos(np.radians(middle[1])))
    west, south = middle - half
    east, north = middle + half
    return float(west), float(south), float(east), float(north)


def _plane(seen: tuple[float, float, float, float], dark: bool) -> dict[str, Any]:
    """Axes in degrees on which a kilometre is as long to the north as to the east."""
    west, south, east, north = seen
    wide = 1 / np.cos(np.radians((south + north) / 2))
    degrees = {"ticksuffix": "°", "zeroline": False}
    return palette.base_layout(
        dark,
        height=_HEIGHT,
        margin={"l": 8, "r": 8, "t": 32, "b": 8},  # room on top for the chart's buttons
        legend={"orientation": "h", "y": -0.17, "yanchor": "top", "x": 0},
        uirevision=f"{west:.6f},{south:.6f},{east:.6f}",  # a redrawn map stays where it was moved
        xaxis=palette.axis(dark, **degrees, range=[west, east], title=say("Longitude"), nticks=8),
        yaxis=palette.axis(
            dark, **degrees, range=[south, north], title=say("Latitude"), scaleanchor="x",
            scaleratio=float(wide), nticks=8,
        ),
    )  # fmt: skip
