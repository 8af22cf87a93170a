"""Two confusion matrices side by side, or their difference, readable at fifty classes."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from cropdash.figures import palette, wording
from cropdash.figures.arrangement import Labels, M, Matrix, Shares, arrange, positions
from cropdash.language import say
from cropdash.legend import Legend, Level

NUMBERS_UP_TO = 21  # labels; beyond that, numbers in cells can't be read
NBSP = "\u00a0"
_ROW, _CHROME = 17, 250  # [px] height of a row; of titles and slanted labels


def side_by_side(
    left: M,
    right: M,
    names: tuple[str, str],
    legend: Legend,
    *,
    level: Level = "class",
    top_k: int | None = 20,
    always: Collection[int] = (),
    dark: bool = False,
) -> go.Figure:
    """Both matrices with the same labels, order and scale; rows as shares of what was declared."""
    labels = arrange(left, right, legend, level=level, top_k=top_k, always=always)
    if not labels.names:
        return empty(dark)
    figure = make_subplots(1, 2, shared_yaxes=True, horizontal_spacing=0.02, subplot_titles=names)
    for column, matrix in enumerate((left, right), start=1):
        drawn = matrix.at_level(positions(labels, legend))
        shares = np.where(drawn.counts > 0, drawn.shares, np.nan)
        text = _percents(shares) if len(labels.names) <= NUMBERS_UP_TO else None
        heat = _heatmap(shares, text, _hover(drawn, labels))
        figure.add_trace(heat.update(name=names[column - 1]), row=1, col=column)
    scale = {
        "colorscale": palette.sequential(dark),
        "cmin": 0,
        "cmax": 1,
        "colorbar": _colorbar(say("Share of what was declared"), (0, 0.1, 0.3, 0.7, 1)),
    }
    return _finish(figure, labels, scale, dark)


def difference(
    left: M,
    right: M,
    names: tuple[str, str],
    legend: Legend,
    *,
    level: Level = "class",
    top_k: int | None = 20,
    always: Collection[int] = (),
    dark: bool = False,
) -> go.Figure:
    """Where one model is better: left's colour for more hits and for fewer confusions alike."""
    labels = arrange(left, right, legend, level=level, top_k=top_k, always=always)
    if not labels.names:
        return empty(dark)
    a, b = (m.at_level(positions(labels, legend)) for m in (left, right))
    gain = np.where((a.counts > 0) | (b.counts > 0), a.advantage_over(b), np.nan)
    if labels.has_other:
        gain[-1, -1] = np.nan  # right and wrong are mixed there, so it speaks for no one
    text = _percents(gain, signed=True) if len(labels.names) <= NUMBERS_UP_TO else None
    figure = make_subplots(1, 1)
    figure.add_trace(_heatmap(gain, text, _hover_both(a, b, gain, names, labels)))
    scale = {
        "colorscale": palette.diverging(dark),
        "cmin": -1,
        "cmax": 1,
        "colorbar": _difference_bar(names),
    }
    return _finish(figure, labels, scale, dark)


def empty(dark: bool) -> go.Figure:
    """A figure that says that there is nothing to show."""
    figure = go.Figure(layout=palette.base_layout(dark, height=160))
    figure.update_xaxes(visible=False).update_yaxes(visible=False)
    return figure.add_annotation(text=say("Nothing to show here yet"), showarrow=False)


def _percents(shares: Shares, *, signed: bool = False) -> list[list[str]]:
    """Whole per cents; nothing where they would read 0."""
    form = "{:+.0f}" if signed else "{:.0f}"
    show = np.nan_to_num(np.abs(shares)) >= 0.005
    return [
        [form.format(100 * v) if visible else "" for v, visible in zip(row, mask, strict=True)]
        for row, mask in zip(shares, show, strict=True)
    ]


def _hover(matrix: Matrix, labels: Labels) -> list[list[str]]:
    counts, shares = matrix.counts, matrix.shares
    totals = counts.sum(axis=1)
    out = [[""] * len(counts) for _ in counts]
    for i, j in np.argwhere(counts > 0):
        n, total = (wording.number(float(v)) for v in (counts[i, j], totals[i]))
        unit = wording.term(str(matrix.unit))
        out[i][j] = "<br>".join(
            [
                *_cell_title(labels, i, j),
                wording.percent(float(shares[i, j])),
                say("{n} of {total} {unit}", n=n, total=total, unit=unit),
            ]
        )
    return out


def _hover_both(
    a: Matrix, b: Matrix, gain: Shares, names: tuple[str, str], labels: Labels
) -> list[list[str]]:
    out = [[""] * len(gain) for _ in gain]
    for i, j in np.argwhere(~np.isnan(gain)):
        lines = _cell_title(labels, i, j)
        for name, matrix in zip(names, (a, b), strict=True):
            share = wording.percent(float(matrix.shares[i, j]))
            lines.append(f"{name}: {share} ({wording.number(float(matrix.counts[i, j]))})")
        out[i][j] = "<br>".join(lines)
    return out


def _cell_title(labels: Labels, i: int, j: int) -> list[str]:
    title = [
        f"{say('Declared')}: <b>{labels.names[i]}</b>",
        f"{say('Predicted')}: <b>{labels.names[j]}</b>",
    ]
    if labels.has_other and i == j == len(labels.names) - 1:
        title.append(f"<i>{say('right or wrong among these')}</i>")
    return title


def _heatmap(values: Shares, text: list[list[str]] | None, hover: list[list[str]]) -> go.Heatmap:
    """Numeric axes: category axes would merge labels that read the same."""
    return go.Heatmap(
        z=values,
        text=text,
        texttemplate="%{text}" if text else None,
        textfont={"size": 10},
        hovertext=hover,
        hovertemplate="%{hovertext}<extra></extra>",
        hoverongaps=False,
        coloraxis="coloraxis",
        xgap=0.5,
        ygap=0.5,
    )


def _colorbar(title: str, ticks: tuple[float, ...]) -> dict[str, Any]:
    return {
        "title": {"text": title, "side": "right", "font": {"size": 12}},
        "tickvals": list(ticks),
        "ticktext": [f"{100 * t:.0f} %" for t in ticks],
        "thickness": 12,
        "len": 1,
        "outlinewidth": 0,
    }


def _difference_bar(names: tuple[str, str]) -> dict[str, Any]:
    ticks = (-1.0, -0.7, -0.3, -0.1, 0.0, 0.1, 0.3, 0.7, 1.0)
    left, right = (say("{name} better", name=name) for name in names)
    # The title is written upwards, so its end stands beside the positive values.
    bar = _colorbar(f"← {right}{12 * NBSP}{left} →", ticks)
    return bar | {"ticktext": [f"{abs(100 * t):.0f} %" for t in ticks]}


def _finish(figure: go.Figure, labels: Labels, scale: dict[str, Any], dark: bool) -> go.Figure:
    n = len(labels.names)
    ink = palette.of_theme(dark)
    short = wording.shorten_all(labels.names, 22 if n > NUMBERS_UP_TO else 26)
    size = 11 if n <= NUMBERS_UP_TO else 9 if n <= 35 else 8
    common = {
        "tickvals": list(range(n)),
        "ticktext": short,
        "tickfont": {"size": size, "color": ink.text},
        "showgrid": False,
        "zeroline": False,
    }
    title = {"font": {"size": 12, "color": ink.muted}, "standoff": 8}
    predicted, declared = (wording.term(key) for key in ("predicted", "declared"))
    figure.update_xaxes(
        palette.axis(
            dark, **common, tickangle=-90, range=[-0.5, n - 0.5], title=title | {"text": predicted}
        )
    )
    figure.update_yaxes(palette.axis(dark, **common, range=[n - 0.5, -0.5]))
    figure.update_yaxes(title=title | {"text": declared}, row=1, col=1)
    height = _CHROME + max(_ROW * n, 200)
    shapes = _break_lines(labels, len(figure.data), ink.muted)
    layout = palette.base_layout(dark, coloraxis=scale, height=height, shapes=shapes)
    return figure.update_layout(layout)


def _break_lines(labels: Labels, n_panels: int, colour: str) -> list[dict[str, Any]]:
    """Lines between groups, set all at once: add_vline one by one takes most of a second."""
    look = {"type": "line", "line": {"color": colour, "width": 0.6}, "opacity": 0.6}
    lines = []
    for panel in ("", "2")[:n_panels]:
        x, y = f"x{panel}", f"y{panel}"
        for at in labels.breaks:
            lines.append(
                {**look, "x0": at, "x1": at, "y0": 0, "y1": 1, "xref": x, "yref": f"{y} domain"}
            )
            lines.append(
                {**look, "y0": at, "y1": at, "x0": 0, "x1": 1, "yref": y, "xref": f"{x} domain"}
            )
    return lines
