"""Scores as charts: per class, over training, and against confidence."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from cropdash.figures import palette, wording
from cropdash.figures.confusion import empty
from cropdash.i18n import headed, number, say

_LOSSES = ("train_loss", "validation_loss")
_SCORES = ("validation_accuracy", "validation_macro_f1")


def dumbbell(
    table: pd.DataFrame,
    score: str,
    names: tuple[str, str],
    labels: Sequence[str],
    title: str,
    *,
    promised: float | None = None,
    dark: bool = False,
) -> go.Figure:
    """A score of two models class by class, in the order of the rows from below.

    table: class_id (index into `labels`), support, left_`score`, right_`score` in [0, 1]; rows
    without one are left out. promised: where a line stands.
    """
    columns = [f"left_{score}", f"right_{score}"]
    table = table.dropna(subset=columns)
    if table.empty:
        return empty(dark)
    ink, rows = palette.of_theme(dark), np.arange(len(table))
    shown = [labels[k] for k in table["class_id"]]
    ends = np.column_stack([table[columns], np.full(len(table), np.nan)])  # NaN ends each line
    line = {"color": ink.muted, "width": 2}
    figure = go.Figure(
        go.Scatter(x=ends.ravel(), y=rows.repeat(3), mode="lines", line=line, opacity=0.6,
                   showlegend=False, hoverinfo="skip")
    )  # fmt: skip
    support = [wording.number(float(v)) for v in table["support"]]
    sides = zip(columns, names, palette.model_colours(dark), ("circle", "diamond"), strict=True)
    for column, name, colour, symbol in sides:  # two shapes: told apart without colour
        figure.add_scatter(
            x=table[column],
            y=rows,
            mode="markers",
            name=name,
            marker={"color": colour, "size": 10, "symbol": symbol},
            customdata=np.column_stack([shown, support]),
            hovertemplate="<br>".join(
                (
                    "<b>%{customdata[0]}</b>",
                    headed(name, "%{x:.3f}"),
                    headed(say("Support"), "%{customdata[1]}<extra></extra>"),
                )
            ),
        )
    if promised is not None:
        figure.add_vline(x=promised, line={"color": ink.muted, "dash": "dash", "width": 1})
    ticks = {"tickvals": rows, "ticktext": wording.shorten_all(shown)}
    figure.update_xaxes(palette.axis(dark, title=title, range=[-0.02, 1.02], side="top"))
    figure.update_yaxes(palette.axis(dark, **ticks, range=[-0.8, len(rows) - 0.2], zeroline=False))
    # Over the axis, which is drawn on top.
    legend = {"orientation": "h", "yanchor": "bottom", "y": 1.08, "x": 0}
    layout = palette.base_layout(dark, height=140 + 20 * len(rows), legend=legend)
    return figure.update_layout(layout)


def learning_curves(epochs: pd.DataFrame, *, dark: bool = False) -> go.Figure:
    """Loss, validation scores and learning rate over training, as far as they are recorded.

    epochs: epoch (or trees), and any of train_loss, validation_loss, validation_accuracy,
    validation_macro_f1, learning_rate.
    """
    steps = _steps(epochs)
    panels = _panels(epochs) if steps else {}
    if not panels:
        return empty(dark)
    # Titles of a narrow column stay apart.
    wrap = textwrap.TextWrapper(14, break_long_words=False)
    titles = ["<br>".join(wrap.wrap(wording.term(key))) for key in panels]
    figure = make_subplots(1, len(panels), subplot_titles=titles, horizontal_spacing=0.13)
    figure.update_annotations(font_size=13)
    for column, (panel, keys) in enumerate(panels.items(), start=1):
        for key in keys:
            figure.add_trace(_curve(epochs, steps, key, panel, dark), row=1, col=column)
        figure.update_yaxes(palette.axis(dark, **_range_of(panel)), row=1, col=column)
    figure.update_xaxes(palette.axis(dark, title=wording.term(steps), rangemode="tozero"))
    _mark_best(figure, epochs, steps, panels, dark)
    # Below the axis titles even where the column is narrow and the legend takes two lines.
    legend = {"orientation": "h", "y": -0.3, "yanchor": "top", "x": 0}
    margin = {"l": 10, "r": 10, "t": 50, "b": 120}
    return figure.update_layout(palette.base_layout(dark, height=380, legend=legend, margin=margin))


def reliability_curve(
    tables: Mapping[str, pd.DataFrame],
    *,
    errors: Mapping[str, float] | None = None,
    dark: bool = False,
) -> go.Figure:
    """Share correct against confidence for one or two models, with the parcels of each bin below.

    tables: model name to low, high, n, confidence, accuracy; errors: its calibration error.
    """
    if not any(table["n"].sum() for table in tables.values()):
        return empty(dark)
    figure = make_subplots(2, 1, shared_xaxes=True, row_heights=[0.75, 0.25], vertical_spacing=0.06)
    figure.add_trace(_diagonal(dark), row=1, col=1)
    for (name, table), colour in zip(tables.items(), palette.model_colours(dark), strict=False):
        label = name if errors is None else f"{name} (ECE {number(errors[name], '.3f')})"
        figure.add_trace(_reliability_line(table, label, colour), row=1, col=1)
        figure.add_trace(_bin_bars(table, label, colour), row=2, col=1)
    unit = {"range": [-0.02, 1.02], "tickformat": ".0%"}
    figure.update_xaxes(palette.axis(dark, **unit))
    figure.update_xaxes(title=say("Mean confidence"), row=2, col=1)
    figure.update_yaxes(palette.axis(dark, **unit, title=say("Share correct")), row=1)
    figure.update_yaxes(palette.axis(dark, title=say("Parcels")), row=2)
    legend = palette.legend_above()
    layout = palette.base_layout(dark, height=460, legend=legend, barmode="group")
    return figure.update_layout(layout)


def _steps(epochs: pd.DataFrame) -> str:
    """The column that counts training: trees for boosting, epochs for networks."""
    return next((key for key in ("trees", "epoch") if key in epochs and len(epochs)), "")


def _panels(epochs: pd.DataFrame) -> dict[str, list[str]]:
    wanted = {"loss": _LOSSES, "scores": _SCORES, "learning_rate": ("learning_rate",)}
    found = {
        panel: [key for key in keys if key in epochs and epochs[key].notna().any()]
        for panel, keys in wanted.items()
    }
    # Boosting's rate never changes: a flat line is not worth a panel.
    if found["learning_rate"] and epochs["learning_rate"].nunique() == 1 and len(epochs) > 1:
        found["learning_rate"] = []
    return {panel: keys for panel, keys in found.items() if keys}


def _curve(epochs: pd.DataFrame, steps: str, key: str, panel: str, dark: bool) -> go.Scatter:
    ink = palette.of_theme(dark)
    table = epochs[[steps, key]].dropna()
    colour = {"train_loss": ink.muted, "validation_accuracy": ink.left}.get(key, ink.right)
    few = len(table) < 40  # one epoch alone would be an invisible line
    return go.Scatter(
        x=table[steps],
        y=table[key],
        name=headed(wording.term(panel), wording.term(key)),
        mode="lines+markers" if few else "lines",
        line={"color": colour, "width": 2, "dash": "dot" if key == "train_loss" else "solid"},
        marker={"size": 5},
        showlegend=panel != "learning_rate",
        hovertemplate=f"{wording.term(key)} %{{y:.4~g}}<extra>%{{x}}</extra>",
    )


def _range_of(panel: str) -> dict[str, object]:
    if panel == "scores":
        return {"range": [0, 1]}
    return {"rangemode": "tozero", "exponentformat": "power"}


def _mark_best(
    figure: go.Figure,
    epochs: pd.DataFrame,
    steps: str,
    panels: Mapping[str, list[str]],
    dark: bool,
) -> None:
    """A line at the step of the lowest loss on the zones held out."""
    if "validation_loss" not in panels.get("loss", []) or len(epochs) < 2:
        return
    row = int(np.nanargmin(epochs["validation_loss"]))
    best = epochs[steps].iloc[row]
    line = {"color": palette.of_theme(dark).muted, "dash": "dash", "width": 1}
    text = say("best")
    figure.add_vline(x=best, line=line, annotation_text=text, row=1, col=1)


def _diagonal(dark: bool) -> go.Scatter:
    line = {"color": palette.of_theme(dark).muted, "dash": "dash", "width": 1}
    name = say("As sure as right")
    return go.Scatter(x=[0, 1], y=[0, 1], mode="lines", line=line, name=name, hoverinfo="skip")


def _reliability_line(table: pd.DataFrame, label: str, colour: str) -> go.Scatter:
    full = table[table["n"] > 0]
    return go.Scatter(
        x=full["confidence"],
        y=full["accuracy"],
        customdata=full["n"],
        name=label,
        mode="lines+markers",
        line={"color": colour, "width": 2},
        marker={"size": 8},
        legendgroup=label,
        hovertemplate=f"{label}<br>%{{x:.1%}} → %{{y:.1%}}<br>n = %{{customdata:,}}<extra></extra>",
    )


def _bin_bars(table: pd.DataFrame, label: str, colour: str) -> go.Bar:
    return go.Bar(
        x=(table["low"] + table["high"]) / 2,
        y=table["n"],
        marker={"color": colour},
        showlegend=False,
        legendgroup=label,
        hovertemplate=f"{label}<br>%{{x:.0%}}: %{{y:,}}<extra></extra>",
    )
