"""What a search has tried and how folds differ, as charts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from cropdash.figures import palette
from cropdash.figures.confusion import empty
from cropdash.i18n import number, say

_COLUMNS = 2  # charts of settings beside each other
_DASHES = ("solid", "dash", "dot", "dashdot")  # two colours each: eight runs are told apart


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


def scores_by_setting(
    trials: pd.DataFrame,
    names: Mapping[str, str],
    logarithmic: Sequence[str],
    *,
    dark: bool = False,
) -> go.Figure:
    """Score against each setting that was tried, one small chart a setting.

    names: the settings (columns of `trials`) and what they are called; `logarithmic` are those
    whose axis is one.
    """
    known = trials.dropna(subset=["score"])
    if known.empty or not names:
        return empty(dark)
    rows = -(-len(names) // _COLUMNS)
    height = 90 + 160 * rows
    figure = make_subplots(
        rows, _COLUMNS, shared_yaxes=True, subplot_titles=list(names.values()),
        horizontal_spacing=0.05, vertical_spacing=60 / (height - 90),
    )  # fmt: skip
    for i, name in enumerate(names):
        at = {"row": i // _COLUMNS + 1, "col": i % _COLUMNS + 1}
        _draw_setting(figure, known, name, name in logarithmic, at, dark)
    figure.update_yaxes(palette.axis(dark, tickformat=".2f"))
    return figure.update_layout(_layout(dark, height))


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


def curves_of_runs(epochs: Mapping[str, pd.DataFrame], *, dark: bool = False) -> go.Figure:
    """Validation macro F1 of several runs on top of each other.

    epochs: run's name to a table with validation_macro_f1 and seconds (else epoch).
    """
    known = {name: t for name, t in epochs.items() if "validation_macro_f1" in t}
    if not known:
        return empty(dark)
    timed = all("seconds" in table for table in known.values())
    ink = palette.of_theme(dark)
    figure = go.Figure()
    for i, (name, table) in enumerate(known.items()):
        line = {"width": 2, "color": (ink.left, ink.right)[i % 2], "dash": _DASHES[i // 2 % 4]}
        figure.add_trace(
            go.Scatter(
                x=table["seconds" if timed else "epoch"], y=table["validation_macro_f1"],
                name=name, mode="lines", line=line,
                hovertemplate=f"{name}: %{{y:.3f}}<extra>%{{x}}</extra>",
            )
        )  # fmt: skip
    title = say("Time [s]") if timed else say("Epoch")
    figure.update_xaxes(palette.axis(dark, title=title, rangemode="tozero"))
    figure.update_yaxes(palette.axis(dark, title=say("Macro F1"), rangemode="tozero"))
    return figure.update_layout(_layout(dark, 340))


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


def _draw_setting(
    figure: go.Figure, known: pd.DataFrame, name: str, log: bool, at: dict[str, int], dark: bool
) -> None:
    is_number = pd.api.types.is_numeric_dtype(known[name])
    for part, said, symbol in _kinds(known):
        values = part[name] if is_number else part[name].astype(str)
        trace = _points(part, values, said, symbol, dark)
        first = at == {"row": 1, "col": 1}
        figure.add_trace(trace.update(showlegend=first), **at)
    axis = {"type": "category", "categoryorder": "category ascending"}
    if is_number:
        axis = {"type": "log" if log else "linear", **_ticks(known[name], log)}
    figure.update_xaxes(palette.axis(dark, tickangle=0, **axis), **at)


def _ticks(values: pd.Series[Any], log: bool) -> dict[str, Any]:
    """Three marks, the ends and what is between: there is no room for more."""
    low, high = float(values.min()), float(values.max())
    middle = (low * high) ** 0.5 if log else (low + high) / 2
    marks = [float(f"{value:.2g}") for value in (low, middle, high)]
    return {"tickvals": marks, "ticktext": [number(mark, ".3g") for mark in marks]}


def _layout(dark: bool, height: int) -> dict[str, Any]:
    # Above the plot, over the titles of small charts: below it would meet the axis titles.
    above = 1 + 28 / (height - 90)
    legend = {"orientation": "h", "yanchor": "bottom", "y": above, "x": 0}
    margin = {"l": 10, "r": 10, "t": 66, "b": 24}
    return palette.base_layout(dark, height=height, legend=legend, margin=margin)
