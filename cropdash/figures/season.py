"""A season as it goes on: how good the answers are by date, and how the lamps stand."""

from __future__ import annotations

import datetime as dt

import pandas as pd
import plotly.graph_objects as go

from cropdash.figures import palette
from cropdash.i18n import date, say

_HEIGHT = 300  # [px]
# Told apart by all eyes, and by their place in the stack.
_LAMPS = {"red": "#b3261e", "amber": "#d98e04", "green": "#2e7d4f", "none": "#8a8f98"}


def by_date(scores: dict[str, pd.DataFrame], *, dark: bool = False) -> go.Figure:
    """Share of the parcels named right by each date, with its 95 % interval, a line a run.

    scores: by the run's name, with as_of, accuracy, accuracy_low, accuracy_high.
    """
    figure, ink = go.Figure(), palette.of_theme(dark)
    for (name, table), colour in zip(scores.items(), (ink.left, ink.right), strict=False):
        between = {
            "type": "data", "symmetric": False, "thickness": 1.2, "width": 4,
            "array": table["accuracy_high"] - table["accuracy"],
            "arrayminus": table["accuracy"] - table["accuracy_low"],
        }  # fmt: skip
        figure.add_trace(
            go.Scatter(
                x=table["as_of"], y=table["accuracy"], mode="lines+markers", name=name,
                line={"color": colour, "width": 2}, error_y=between,
                hovertemplate=f"{name}, %{{customdata}}<br>%{{y:.1%}}<extra></extra>",
                customdata=[date(day) for day in _days(table)],
            )
        )  # fmt: skip
    figure.update_yaxes(palette.axis(dark, title=say("Parcels named right"), tickformat=".0%"))
    asked = sorted({day for table in scores.values() for day in _days(table)})
    words = [date(day, short=True) for day in asked]
    return _laid_out(figure, dark).update_xaxes(tickvals=asked, ticktext=words)


def lamps(counts: pd.DataFrame, words: dict[str, str], *, dark: bool = False) -> go.Figure:
    """Parcels by lamp at each date, stacked.

    counts: as_of and a column of parcels for each lamp that `words` names.
    """
    figure = go.Figure()
    # Side by side, however far apart the dates are: a gap would look like a month without parcels.
    days = [date(day, short=True) for day in _days(counts)]
    for name, word in words.items():
        figure.add_trace(
            go.Bar(
                x=days, y=counts[name], name=word, marker_color=_LAMPS[name],
                hovertemplate=f"{word}, %{{x}}<br>%{{y:,}}<extra></extra>",
            )
        )  # fmt: skip
    figure.update_layout(barmode="stack", bargap=0.25)
    figure.update_yaxes(palette.axis(dark, title=say("Parcels"), tickformat=",d"))
    return _laid_out(figure, dark).update_xaxes(type="category")


def curve(curves: dict[str, pd.DataFrame], *, dark: bool = False) -> go.Figure:
    """Share of what is wrong that is found, by the share of the parcels that are visited.

    curves: by name, with visited and caught; the dotted line is what visits by lot find.
    """
    figure, ink = go.Figure(), palette.of_theme(dark)
    for (name, table), colour in zip(curves.items(), (ink.left, ink.right), strict=False):
        figure.add_trace(
            go.Scatter(
                x=table["visited"], y=table["caught"], mode="lines", name=name,
                line={"color": colour, "width": 2},
                hovertemplate=f"{name}<br>%{{x:.1%}}: %{{y:.0%}}<extra></extra>",
            )
        )  # fmt: skip
    by_lot = {"color": ink.text, "width": 1, "dash": "dot"}
    figure.add_trace(go.Scatter(x=[0, 1], y=[0, 1], mode="lines", name=say("By lot"), line=by_lot))
    figure.update_yaxes(palette.axis(dark, title=say("Found"), tickformat=".0%"))
    figure = _laid_out(figure, dark)
    figure.update_xaxes(palette.axis(dark, title=say("Visited"), tickformat=".0%"))
    return figure


def _days(table: pd.DataFrame) -> list[dt.date]:
    return [dt.date.fromisoformat(str(day)) for day in table["as_of"]]


def _laid_out(figure: go.Figure, dark: bool) -> go.Figure:
    figure.update_xaxes(palette.axis(dark))
    legend = palette.legend_above()
    margin = {"l": 10, "r": 10, "t": 40, "b": 10}
    return figure.update_layout(
        palette.base_layout(dark, height=_HEIGHT, legend=legend, margin=margin)
    )
