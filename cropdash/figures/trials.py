"""What a search has tried and how folds differ, as charts."""

from __future__ import annotations

from typing import Any

import pandas as pd
import plotly.graph_objects as go

from cropdash.figures import palette
from cropdash.figures.confusion import empty
from cropdash.i18n import say


def scores_by_trial(trials: pd.DataFrame, *, dark: bool = False) -> go.Figure:
    """Score of each trial and the best so far.

    trials: trial, state (done, pruned or another), score, best.
    """
    known = trials.dropna(subset=["score"])
    if known.empty:
        return empty(dark)
    figure = go.Figure()
    for part, name, symbol in _kinds(known):
        figure.add_trace(_points(part, part["trial"] + 1, name, symbol, dark))
    best = trials.dropna(subset=["best"])
    line = {"color": palette.of_theme(dark).right, "width": 2, "shape": "hv"}
    said = say("Best so far")
    figure.add_trace(
        go.Scatter(
            x=best["trial"] + 1, y=best["best"], mode="lines", line=line, name=said,
            hovertemplate=f"{said} %{{y:.3f}}<extra></extra>",
        )
    )  # fmt: skip
    last = int(trials["trial"].max()) + 1
    ticks = {"dtick": 1} if last < 12 else {"nticks": 10}
    x_axis = palette.axis(
        dark, title=say("Trial"), range=[0.4, last + 0.6], tickformat="d", **ticks
    )
    figure.update_xaxes(x_axis)
    low, high = known["score"].min() - 0.02, known["score"].max() + 0.02
    figure.update_yaxes(palette.axis(dark, title=say("Score"), tickformat=".2f", range=[low, high]))
    return figure.update_layout(_layout(dark, 320))


def scores_by_fold(folds: pd.DataFrame, *, dark: bool = False) -> go.Figure:
    """Each score in each fold, with their mean and standard deviation.

    folds: fold (from 1), score (what it is called), value.
    """
    if folds.empty:
        return empty(dark)
    ink = palette.of_theme(dark)
    moments = folds.groupby("score", sort=False)["value"].agg(["mean", "std"])
    figure = go.Figure(
        go.Scatter(
            x=moments.index, y=moments["mean"], mode="markers", name=say("Mean ± deviation"),
            error_y={"type": "data", "array": moments["std"].fillna(0), "thickness": 2, "width": 8},
            marker={"symbol": "line-ew", "size": 26, "line": {"width": 3, "color": ink.right}},
            line={"color": ink.right},
            hovertemplate="%{x}: %{y:.3f}<extra></extra>",
        )
    )  # fmt: skip
    figure.add_trace(
        go.Scatter(
            x=folds["score"], y=folds["value"], mode="markers", name=say("One fold"),
            marker={"size": 10, "color": ink.left, "opacity": 0.8}, customdata=folds["fold"],
            hovertemplate=say("Fold {n}", n="%{customdata}") + ": %{y:.3f}<extra></extra>",
        )
    )  # fmt: skip
    figure.update_xaxes(palette.axis(dark))
    figure.update_yaxes(palette.axis(dark, range=[0, 1], tickformat=".1f"))
    return figure.update_layout(_layout(dark, 320))


def by_parcels(curve: pd.DataFrame, goal: float, *, dark: bool = False) -> go.Figure:
    """F1 of some classes by the number of their training parcels, and the goal.

    curve: class (its name), colour, n, f1: one row for each class and step.
    """
    figure = go.Figure()
    for name, rows in curve.dropna(subset=["f1"]).groupby("class", sort=False):
        rows = rows.sort_values("n")
        figure.add_trace(
            go.Scatter(
                x=rows["n"], y=rows["f1"], mode="lines+markers", name=str(name),
                line={"color": rows["colour"].iloc[0], "width": 2},
                hovertemplate="%{x}: %{y:.2f}<extra>%{fullData.name}</extra>",
            )
        )  # fmt: skip
    figure.add_hline(goal, line={"color": palette.of_theme(dark).muted, "dash": "dot", "width": 1})
    figure.update_xaxes(palette.axis(dark, title=say("Training parcels"), type="log", dtick="D2"))
    figure.update_yaxes(palette.axis(dark, title="F1", range=[0, 1], tickformat=".1f"))
    return figure.update_layout(_layout(dark, 380))


def _kinds(trials: pd.DataFrame) -> list[tuple[pd.DataFrame, str, str]]:
    """Finished trials, those ended early, and the rest; with their names and symbols."""
    done, pruned = trials["state"] == "done", trials["state"] == "pruned"
    parts = (
        (trials[done], say("Finished"), "circle"),
        (trials[pruned], say("Ended early"), "x-thin-open"),
        (trials[~done & ~pruned], say("Under way or broken off"), "circle-open"),
    )
    return [part for part in parts if len(part[0])]


def _points(
    part: pd.DataFrame, x: pd.Series[Any], name: str, symbol: str, dark: bool
) -> go.Scatter:
    ink = palette.of_theme(dark)
    colour = ink.left if symbol == "circle" else ink.muted
    return go.Scatter(
        x=x, y=part["score"], mode="markers", name=name, legendgroup=name,
        marker={"size": 9, "color": colour, "symbol": symbol, "line": {"width": 2, "color": colour}},
        customdata=part["trial"] + 1,
        hovertemplate=say("Trial {n}", n="%{customdata}") + ": %{y:.3f}<br>%{x}<extra></extra>",
    )  # fmt: skip


def _layout(dark: bool, height: int) -> dict[str, Any]:
    # Above the plot, over the titles of small charts: below it would meet the axis titles.
    above = 1 + 28 / (height - 90)
    legend = {"orientation": "h", "yanchor": "bottom", "y": above, "x": 0}
    margin = {"l": 10, "r": 10, "t": 66, "b": 24}
    return palette.base_layout(dark, height=height, legend=legend, margin=margin)
