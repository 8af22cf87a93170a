"""Two confusion matrices for side by side, or their difference, readable at fifty classes."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import numpy as np
import plotly.graph_objects as go

from cropdash.domain import Legend, Level
from cropdash.figures import matrix_lines, palette, wording
from cropdash.figures.arrangement import Labels, M, Matrix, Shares, arrange, positions
from cropdash.i18n import headed, say

NUMBERS_UP_TO = 21  # labels; beyond that, numbers in cells can't be read
NBSP = "\u00a0"
_ROW, _WIDE_ROW, _CHROME = 17, 21, 270  # [px] height of a row; of scale, titles, upright labels


def side_by_side(
    left: M,
    right: M,
    legend: Legend,
    *,
    level: Level = "class",
    top_k: int | None = 20,
    only: Collection[int] = (),
    fold: Collection[str] = (),
    mark: str | None = None,
    wide: bool = False,
    dark: bool = False,
) -> tuple[go.Figure, go.Figure]:
    """Both matrices with the same labels, order and scale; rows as shares of what was declared.

    Two figures, so that they stand under each other where the page is narrow. A point of a
    figure that is selected has as customdata the cell's group ids of `level`, e.g. "12-31";
    `mark` is the cell that is outlined; `wide`: each
    has the page's whole width.
    """
    labels = arrange(left, right, legend, level=level, top_k=top_k, only=only, fold=fold)
    if not labels.names:
        return empty(dark), empty(dark)
    first, second = (
        _panel(matrix.at_level(positions(labels, legend)), labels, mark, wide, dark)
        for matrix in (left, right)
    )
    return first, second


def difference(
    left: M,
    right: M,
    names: tuple[str, str],
    legend: Legend,
    *,
    level: Level = "class",
    top_k: int | None = 20,
    only: Collection[int] = (),
    fold: Collection[str] = (),
    mark: str | None = None,
    wide: bool = False,
    dark: bool = False,
) -> go.Figure:
    """Where one model is better: left's colour for more hits and for fewer confusions alike."""
    labels = arrange(left, right, legend, level=level, top_k=top_k, only=only, fold=fold)
    if not labels.names:
        return empty(dark)
    a, b = (m.at_level(positions(labels, legend)) for m in (left, right))
    gain = np.where((a.counts > 0) | (b.counts > 0), a.advantage_over(b), np.nan)
    if labels.has_other:
        gain[-1, -1] = np.nan  # right and wrong are mixed there, so it speaks for no one
    text = _percents(gain, signed=True) if len(labels.names) <= NUMBERS_UP_TO else None
    figure = go.Figure(_heatmap(gain, text))
    figure.add_trace(_targets(_hover_both(a, b, gain, names, labels), labels))
    scale = {
        "colorscale": palette.diverging(dark),
        "cmin": -1,
        "cmax": 1,
        "colorbar": _difference_bar(names),
    }
    return _finish(figure, labels, scale, mark, wide, dark)


def empty(dark: bool) -> go.Figure:
    """A figure that says that there is nothing to show."""
    figure = go.Figure(layout=palette.base_layout(dark, height=160))
    figure.update_xaxes(visible=False).update_yaxes(visible=False)
    return figure.add_annotation(text=say("Nothing to show here yet"), showarrow=False)


def _panel(drawn: Matrix, labels: Labels, mark: str | None, wide: bool, dark: bool) -> go.Figure:
    shares = np.where(drawn.counts > 0, drawn.shares, np.nan)
    text = _percents(shares) if len(labels.names) <= NUMBERS_UP_TO else None
    figure = go.Figure(_heatmap(shares, text))
    figure.add_trace(_targets(_hover(drawn, labels), labels))
    scale = {
        "colorscale": palette.sequential(dark),
        "cmin": 0,
        "cmax": 1,
        "colorbar": _colorbar(say("Share of what was declared [%]"), (0, 0.1, 0.3, 0.7, 1)),
    }
    return _finish(figure, labels, scale, mark, wide, dark)


def _percents(shares: Shares, *, signed: bool = False) -> list[list[str]]:
    """Whole per cents; nothing where they would read 0."""
    form = "{:+.0f}" if signed else "{:.0f}"
    show = np.nan_to_num(np.abs(shares)) >= 0.005
    return [
        [form.format(100 * v) if visible else "" for v, visible in zip(row, mask, strict=True)]
        for row, mask in zip(shares, show, strict=True)
    ]


Hover = dict[tuple[int, int], str]  # row, column of each cell that has something to say


def _hover(matrix: Matrix, labels: Labels) -> Hover:
    counts, shares = matrix.counts, matrix.shares
    totals, out = counts.sum(axis=1), {}
    for i, j in np.argwhere(counts > 0).tolist():
        n, total = (wording.number(float(v)) for v in (counts[i, j], totals[i]))
        unit = wording.term(str(matrix.unit))
        lines = [
            *_cell_title(labels, i, j),
            wording.percent(float(shares[i, j])),
            say("{n} of {total} {unit}", n=n, total=total, unit=unit),
        ]
        out[i, j] = "<br>".join(lines)
    return out


def _hover_both(
    a: Matrix, b: Matrix, gain: Shares, names: tuple[str, str], labels: Labels
) -> Hover:
    out = {}
    for i, j in np.argwhere(~np.isnan(gain)).tolist():
        lines = _cell_title(labels, i, j)
        for name, matrix in zip(names, (a, b), strict=True):
            share = wording.percent(float(matrix.shares[i, j]))
            lines.append(headed(name, f"{share} ({wording.number(float(matrix.counts[i, j]))})"))
        out[i, j] = "<br>".join(lines)
    return out


def _cell_title(labels: Labels, i: int, j: int) -> list[str]:
    title = [
        headed(say("Declared"), f"<b>{labels.names[i]}</b>"),
        headed(say("Predicted"), f"<b>{labels.names[j]}</b>"),
    ]
    if labels.has_other and i == j == len(labels.names) - 1:
        title.append(f"<i>{say('right or wrong among these')}</i>")
    return title


def _heatmap(values: Shares, text: list[list[str]] | None) -> go.Heatmap:
    """Numeric axes: category axes would merge labels that read the same."""
    return go.Heatmap(
        z=values,
        text=text,
        texttemplate="%{text}" if text else None,
        textfont={"size": 10},
        hoverinfo="skip",
        coloraxis="coloraxis",
        xgap=0.5,
        ygap=0.5,
    )


def _targets(hover: Hover, labels: Labels) -> go.Scatter:
    """What is clicked and hovered: unseen points on the cells, for cells can't be selected."""
    rows, columns = zip(*hover, strict=True) if hover else ((), ())
    return go.Scatter(
        x=columns,
        y=rows,
        mode="markers",
        customdata=[_cell_of(labels, i, j) for i, j in hover],
        hovertext=list(hover.values()),
        hovertemplate="%{hovertext}<extra></extra>",
        marker={"symbol": "square", "size": 15, "opacity": 0},
        selected={"marker": {"opacity": 0}},
        unselected={"marker": {"opacity": 0}},
        showlegend=False,
    )


def _cell_of(labels: Labels, i: int, j: int) -> str:
    """Group ids of a cell as they stand in the address; empty for the rest."""
    truth, predicted = labels.groups[i], labels.groups[j]
    return "" if truth is None or predicted is None else f"{truth}-{predicted}"


def _colorbar(title: str, ticks: tuple[float, ...]) -> dict[str, Any]:
    return {
        "title": {"text": title, "side": "top", "font": {"size": 12}},
        "orientation": "h",
        "tickvals": list(ticks),
        "ticktext": [f"{100 * t:.0f}" for t in ticks],
        "tickangle": 0,
        "tickfont": {"size": 11},
        "thickness": 8,
        "len": 1,
        "y": 1,
        "yanchor": "bottom",
        "outlinewidth": 0,
    }


def _difference_bar(names: tuple[str, str]) -> dict[str, Any]:
    ticks = (-1.0, -0.7, -0.3, -0.1, 0.0, 0.1, 0.3, 0.7, 1.0)
    left, right = (say("{name} better", name=name) for name in names)
    # Positive values, where the left run is better, lie at the right end.
    bar = _colorbar(f"← {right}{6 * NBSP}[%]{6 * NBSP}{left} →", ticks)
    return bar | {"ticktext": [f"{abs(100 * t):.0f}" for t in ticks]}


def _finish(
    figure: go.Figure,
    labels: Labels,
    scale: dict[str, Any],
    mark: str | None,
    wide: bool,
    dark: bool,
) -> go.Figure:
    n = len(labels.names)
    ink = palette.of_theme(dark)
    short = wording.shorten_all(labels.names, 22)
    size = 11 if n <= NUMBERS_UP_TO or wide else 9 if n <= 35 else 8
    common = {
        "tickvals": list(range(n)),
        "ticktext": short,
        "tickfont": {"size": size, "color": ink.text},
        "showgrid": False,
        "zeroline": False,
        "fixedrange": n <= NUMBERS_UP_TO,
        # A cross-hair under the pointer, to the names of both classes.
        "showspikes": True,
        "spikemode": "across",
        "spikesnap": "data",
        "spikethickness": 1,
        "spikedash": "solid",
        "spikecolor": ink.muted,
    }
    title = {"font": {"size": 12, "color": ink.muted}, "standoff": 8}
    predicted, declared = (wording.term(key) for key in ("predicted", "declared"))
    across = {"tickangle": -90, "range": [-0.5, n - 0.5], "title": title | {"text": predicted}}
    figure.update_xaxes(palette.axis(dark, **common | across))
    down = {"range": [n - 0.5, -0.5], "title": title | {"text": declared}}
    if wide:  # square cells
        down |= {"scaleanchor": "x", "constrain": "domain"}
    figure.update_yaxes(palette.axis(dark, **common | down))
    layout = palette.base_layout(
        dark,
        coloraxis=scale,
        height=_CHROME + max((_WIDE_ROW if wide else _ROW) * n, 120),
        shapes=[
            *matrix_lines.breaks(labels, ink.muted),
            *matrix_lines.blocks(labels, ink.muted),
            *matrix_lines.outline(labels, mark, ink.text),
        ],
        annotations=matrix_lines.names(labels, ink.muted) if n > NUMBERS_UP_TO else [],
        margin={"l": 8, "r": 12, "t": 8, "b": 8},
        hovermode="closest",
        # [px] about half a cell of a panel on a wide page: a blank one stays mute
        hoverdistance=max(10, 250 // n),
        dragmode="pan",
    )
    return figure.update_layout(layout)
