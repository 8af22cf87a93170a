"""How two models stand to each other: zone by zone, class by class, period by period."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Sequence

import pandas as pd
import plotly.graph_objects as go

from cropdash import i18n
from cropdash.domain import Period
from cropdash.figures import palette, series, wording
from cropdash.figures.confusion import empty
from cropdash.i18n import say

_DAY = dt.timedelta(days=1)


def by_zone(
    table: pd.DataFrame,
    names: tuple[str, str],
    metric: str,
    interval: tuple[float, float] | None = None,
    *,
    dark: bool = False,
) -> go.Figure:
    """Left minus right in each zone, the largest lead of the left on top.

    table: zone (readable), n_scored, left_, right_`metric` and `metric`_difference; interval:
    of the difference over all zones, drawn as a band.
    """
    table = table.dropna(subset=[f"{metric}_difference"])
    if table.empty:
        return empty(dark)
    table = table.sort_values(f"{metric}_difference", kind="stable")
    gap, ink = table[f"{metric}_difference"], palette.of_theme(dark)
    figure = go.Figure()
    for side, rows in (("left", gap > 0), ("right", gap <= 0)):
        chosen = table[rows]
        figure.add_bar(
            x=chosen[f"{metric}_difference"],
            y=chosen["zone"],
            orientation="h",
            name=say("{name} better", name=names[side == "right"]),
            marker={"color": getattr(ink, side)},
            customdata=_both(chosen, names, metric),
            hovertemplate="<b>%{y}</b><br>%{customdata}<extra></extra>",
        )
    order = {"categoryorder": "array", "categoryarray": table["zone"].tolist()}
    largest = max(float(gap.abs().max()), *map(abs, interval or (0.0,)), 0.01) * 1.1
    figure.update_xaxes(
        palette.axis(dark, title=f"{names[0]} − {names[1]}", range=[-largest, largest],
                     tickformat="+.2f", zerolinewidth=2, zerolinecolor=ink.muted)
    )  # fmt: skip
    figure.update_yaxes(palette.axis(dark, **order))
    if interval:
        look = {"fillcolor": ink.muted, "opacity": 0.22, "line_width": 0, "layer": "below"}
        figure.add_vrect(x0=interval[0], x1=interval[1], **look)
    legend, height = palette.legend_above(), 130 + 24 * len(table)
    return figure.update_layout(
        palette.base_layout(dark, height=height, legend=legend, barmode="overlay")
    )


def two_seasons(
    bands: Sequence[tuple[str, pd.DataFrame, str]],
    confused: tuple[str, pd.DataFrame] | None = None,
    marked: Collection[str] = (),
    *,
    dark: bool = False,
) -> go.Figure:
    """NDVI bands of classes (name, table, colour), with the periods that separate them marked.

    confused: name and table (period, mean) of the parcels that are taken for one another.
    """
    figure = series.class_bands(bands, dark=dark)
    ink = palette.of_theme(dark)
    if confused is not None and len(confused[1]):
        name, table = confused
        figure.add_scatter(
            x=series.middles(table["period"]),
            y=table["mean"],
            name=name,
            mode="lines+markers",
            line={"color": ink.text, "width": 2.5},
            marker={"size": 6},
            hovertemplate=f"{wording.shorten(name, 24)}: %{{y:.2f}}<extra></extra>",
        )
    look = {"fillcolor": ink.muted, "opacity": 0.2, "line_width": 0, "layer": "below"}
    for period in map(Period.of, marked):
        figure.add_vrect(x0=period.start, x1=period.end + _DAY, **look)
    return figure


def _both(table: pd.DataFrame, names: tuple[str, str], metric: str) -> list[str]:
    rows = zip(
        table[f"left_{metric}"],
        table[f"right_{metric}"],
        table[f"{metric}_difference"],
        table["n_scored"],
        strict=True,
    )
    return [
        f"{names[0]} {i18n.number(a, '.3f')}, {names[1]} {i18n.number(b, '.3f')}: "
        f"{i18n.number(gap, '+.3f')}<br>n = {i18n.number(n, ',.0f')}"
        for a, b, gap, n in rows
    ]
