"""How often the ground was seen, by zone and period."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import pandas as pd
import plotly.graph_objects as go

from cropdash.domain import Period
from cropdash.figures import palette, wording
from cropdash.i18n import say

SHOWN = ("clear_dates", "empty_share")
_SCALES = {"clear_dates": "Viridis", "empty_share": "Cividis"}  # told apart by all eyes
_ROW = 17  # [px] of a zone


def heat_map(
    table: pd.DataFrame,
    *,
    shown: str = "clear_dates",
    zones: Sequence[str] = (),
    marked: str | None = None,
    dark: bool = False,
) -> go.Figure:
    """Zones (in the order given) by periods: mean clear dates a pixel, or share of filled pixels.

    table: zone_id, period, clear_dates, empty_share. `marked` is the zone that the reader is in.
    """
    order = list(zones) or list(dict.fromkeys(table["zone_id"]))
    periods = sorted(table["period"].unique())
    values, other = (_grid(table, c, order, periods) for c in SHOWN)
    z = values if shown == "clear_dates" else 100 * other
    title = say("Clear dates") if shown == "clear_dates" else say("Filled in")
    figure = go.Figure(
        go.Heatmap(
            x=[wording.period(p) for p in periods],
            y=[wording.place(zone) for zone in order],
            z=z.to_numpy(),
            customdata=_notes(values, other),
            colorscale=_SCALES[shown],
            zmin=0,
            zmax=100 if shown == "empty_share" else None,
            xgap=1 if len(periods) <= 24 else 0.5,
            ygap=1,
            colorbar=_colour_bar(title, shown),
            hovertemplate="%{y}, %{x}<br>%{customdata}<extra></extra>",
        )
    )
    return _laid_out(figure, order, periods, marked, dark)


def _grid(
    table: pd.DataFrame, column: str, order: Sequence[str], periods: Sequence[str]
) -> pd.DataFrame:
    wide = table.pivot(index="zone_id", columns="period", values=column)
    return wide.reindex(index=list(order), columns=list(periods))


def _notes(values: pd.DataFrame, other: pd.DataFrame) -> list[list[str]]:
    return [
        [_note(v, e) for v, e in zip(row, empty, strict=True)]
        for row, empty in zip(values.to_numpy(), other.to_numpy(), strict=True)
    ]


def _note(dates: float, empty: float) -> str:
    if math.isnan(dates):  # the zone has no such period
        return say("no value")
    number = wording.number(round(dates, 1))
    filled = say("{share} of pixels filled in", share=wording.percent(empty))
    return f"{number} {say('Clear dates').lower()}<br>{filled}"


def _colour_bar(title: str, shown: str) -> dict[str, Any]:
    """Below the map, where it takes no width from it."""
    return {
        "title": {"text": title, "side": "top"},
        "orientation": "h",
        "thickness": 12,
        "len": 0.9,
        "y": 0,
        "yanchor": "top",
        "ypad": 8,
        "ticksuffix": " %" if shown == "empty_share" else "",
    }


def _laid_out(
    figure: go.Figure,
    order: Sequence[str],
    periods: Sequence[str],
    marked: str | None,
    dark: bool,
) -> go.Figure:
    figure.update_layout(
        palette.base_layout(
            dark, height=124 + _ROW * len(order), margin={"l": 8, "r": 8, "t": 28, "b": 72}
        )
    )
    cut = [Period.of(p) for p in periods]
    ticks = [
        (wording.period(p), f"{year}<br>{initial}" if year else initial)
        for day, initial, year in wording.month_ticks(cut)
        for p in cut
        if day in p
    ]
    figure.update_xaxes(
        palette.axis(dark, tickfont={"size": 12}, tickangle=0, side="top", showgrid=False),
        tickvals=[name for name, _ in ticks],
        ticktext=[text for _, text in ticks],
    )
    names = [f"<b>▸ {wording.place(z)}</b>" if z == marked else wording.place(z) for z in order]
    return figure.update_yaxes(
        palette.axis(dark, tickfont={"size": 12}, showgrid=False),
        tickvals=[wording.place(z) for z in order],
        ticktext=names,
        autorange="reversed",
    )
