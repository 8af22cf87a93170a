"""Figures for print: SVG and PNG at a set size, in the light theme, drawn without a browser.

Of the same numbers as the page's. Matplotlib is loaded by the click that asks for them.
"""

from __future__ import annotations

import io
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from cropdash.domain import Legend, Level
from cropdash.figures import palette, wording
from cropdash.figures.arrangement import M, Shares, arrange, positions
from cropdash.figures.confusion import NUMBERS_UP_TO
from cropdash.i18n import headed, number, say

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

WIDTH_CM, DPI = 16.0, 300  # of a page's column of text; of the PNG
_INCH, _SMALL, _TEXT = 2.54, 6, 8  # [cm]; [points] of labels and of the rest


def files(figures: Mapping[str, Figure]) -> dict[str, bytes]:
    """Each figure as <name>.svg and <name>.png."""
    found = {}
    for name, figure in figures.items():
        for kind, how in (("svg", {"metadata": {"Date": None}}), ("png", {"dpi": DPI})):
            buffer = io.BytesIO()
            figure.savefig(buffer, format=kind, **how)
            found[f"{name}.{kind}"] = buffer.getvalue()
    return found


def matrices(
    left: M,
    right: M,
    names: tuple[str, str],
    legend: Legend,
    counted: str,
    *,
    level: Level = "class",
    top_k: int | None = 20,
    only: Collection[int] = (),
) -> dict[str, Figure]:
    """matrix_a, matrix_b and matrix_difference, with the labels and the order of the page's."""
    labels = arrange(left, right, legend, level=level, top_k=top_k, only=only)
    if not labels.names:
        return {}
    a, b = (m.at_level(positions(labels, legend)) for m in (left, right))
    gain = np.where((a.counts > 0) | (b.counts > 0), a.advantage_over(b), np.nan)
    if labels.has_other:
        gain[-1, -1] = np.nan
    short, share = wording.shorten_all(labels.names, 26), say("Share of what was declared [%]")
    apart = say("{left} minus {right}, in favour [%]", left=names[0], right=names[1])
    found = {
        key: _matrix(np.where(m.counts > 0, m.shares, np.nan), short, headed(name, counted), share)
        for key, name, m in (("matrix_a", names[0], a), ("matrix_b", names[1], b))
    }
    title = headed(say("Where {left} and {right} differ", left=names[0], right=names[1]), counted)
    return found | {"matrix_difference": _matrix(gain, short, title, apart, signed=True)}


def by_class(
    table: pd.DataFrame, names: tuple[str, str], labels: Sequence[str], title: str
) -> dict[str, Figure]:
    """classes: F1 of both runs, in the order of the rows from below; see `metrics.dumbbell`."""
    table = table.dropna(subset=["left_f1", "right_f1"])
    if table.empty:
        return {}
    rows = np.arange(len(table))
    axes = _axes(2.5 + 0.42 * len(rows), title)
    axes.hlines(
        rows, table["left_f1"], table["right_f1"], color=palette.LIGHT.muted, lw=0.8, zorder=1
    )
    for side, name, colour, mark in zip(
        ("left", "right"), names, palette.model_colours(False), ("o", "D"), strict=True
    ):
        axes.scatter(table[f"{side}_f1"], rows, 14, color=colour, marker=mark, label=_plain(name))
    shown = wording.shorten_all([labels[k] for k in table["class_id"]], 32)
    axes.set_yticks(rows, [_plain(text) for text in shown], fontsize=_SMALL)
    axes.set(xlim=(-0.02, 1.02), ylim=(-0.8, len(rows) - 0.2), xlabel=say("F1 score"))
    return _finished("classes", axes)


def by_zone(
    table: pd.DataFrame,
    names: tuple[str, str],
    metric: str,
    interval: tuple[float, float] | None,
    title: str,
) -> dict[str, Figure]:
    """zones: left minus right in each zone, with the interval of all; see `standing.by_zone`."""
    gap = f"{metric}_difference"
    table = table.dropna(subset=[gap]).sort_values(gap, kind="stable")
    if table.empty:
        return {}
    axes = _axes(2.5 + 0.5 * len(table), title)
    if interval:
        axes.axvspan(*interval, color=palette.LIGHT.muted, alpha=0.22, lw=0)
    for side, rows in ((0, table[gap] > 0), (1, table[gap] <= 0)):
        colour, said = palette.model_colours(False)[side], say("{name} better", name=names[side])
        axes.barh(np.flatnonzero(rows), table.loc[rows, gap], color=colour, label=_plain(said))
    zones = [_plain(wording.place(zone)) for zone in table["zone_id"]]
    axes.set_yticks(range(len(table)), zones, fontsize=_SMALL)
    axes.axvline(0, color=palette.LIGHT.muted, lw=0.8)
    axes.set_xlabel(_plain(f"{names[0]} − {names[1]}"))
    return _finished("zones", axes)


def reliability(
    tables: Mapping[str, pd.DataFrame], errors: Mapping[str, float], title: str
) -> dict[str, Figure]:
    """reliability: share correct against confidence; see `metrics.reliability_curve`."""
    axes = _axes(11.0, title)
    axes.plot([0, 1], [0, 1], "--", color=palette.LIGHT.muted, lw=0.8)
    for (name, table), colour in zip(tables.items(), palette.model_colours(False), strict=False):
        full, said = table[table["n"] > 0], f"{name} (ECE {number(errors[name], '.3f')})"
        axes.plot(full["confidence"], full["accuracy"], "o-", ms=3, lw=1.2, color=colour,
                  label=_plain(said))  # fmt: skip
    axes.set(xlim=(0, 1), ylim=(0, 1), xlabel=say("Mean confidence"), ylabel=say("Share correct"))
    return _finished("reliability", axes)


def faces() -> dict[str, Path]:
    """The two faces of the letters in print, by weight: Matplotlib's own, so they are everywhere."""
    import matplotlib

    folder = Path(matplotlib.get_data_path()) / "fonts" / "ttf"
    return {"normal": folder / "DejaVuSans.ttf", "bold": folder / "DejaVuSans-Bold.ttf"}


def _matrix(
    values: Shares, names: Sequence[str], title: str, scale: str, *, signed: bool = False
) -> Figure:
    from matplotlib.colors import LinearSegmentedColormap

    stops = palette.diverging(False) if signed else palette.sequential(False)
    colours = LinearSegmentedColormap.from_list("shares", [(at, c) for at, c in stops])
    n = len(names)
    axes = _axes(WIDTH_CM + 1.5, title)
    low = -1.0 if signed else 0.0
    image = axes.imshow(values, cmap=colours, vmin=low, vmax=1.0, interpolation="nearest")
    size = _SMALL if n <= 30 else 4
    told = [_plain(name) for name in names]
    axes.set_xticks(range(n), told, rotation=90, fontsize=size)
    axes.set_yticks(range(n), told, fontsize=size)
    axes.set(xlabel=wording.term("predicted"), ylabel=wording.term("declared"))
    if n <= NUMBERS_UP_TO:
        for i, j in np.argwhere(np.nan_to_num(np.abs(values)) >= 0.005).tolist():
            value = float(values[i, j])
            ink = "#ffffff" if _is_dark(colours((value - low) / (1 - low))) else "#000000"
            text = number(100 * value, "+.0f" if signed else ".0f")
            axes.text(j, i, text, ha="center", va="center", fontsize=5, color=ink)
    bar = axes.figure.colorbar(image, ax=axes, shrink=0.6, aspect=40)
    ticks = [t for t in (-1.0, -0.5, 0.0, 0.5, 1.0) if t >= low]
    bar.set_ticks(ticks, labels=[number(100 * t, ".0f") for t in ticks])
    bar.set_label(_plain(scale))
    return _finished("", axes, legend=False)[""]


def _is_dark(colour: tuple[float, ...]) -> bool:
    red, green, blue = colour[:3]
    return 0.299 * red + 0.587 * green + 0.114 * blue < 0.5


def _axes(height_cm: float, title: str) -> Axes:
    """The axes of a new figure; no window and no state that another session shares."""
    from matplotlib.figure import Figure as New

    figure = New(figsize=(WIDTH_CM / _INCH, height_cm / _INCH), layout="constrained")
    axes: Axes = figure.add_subplot()
    axes.set_title(_plain(title), fontsize=_TEXT, loc="left", wrap=True)
    return axes


def _finished(name: str, axes: Axes, *, legend: bool = True) -> dict[str, Figure]:
    axes.xaxis.label.set_fontsize(_TEXT)
    axes.yaxis.label.set_fontsize(_TEXT)
    axes.tick_params(axis="both", length=2, width=0.5)
    for edge in axes.spines.values():
        edge.set_linewidth(0.5)
    if legend:
        axes.tick_params(axis="x", labelsize=_SMALL)
        axes.xaxis.set_major_formatter(_numbers)
        if not axes.get_yticklabels() or name == "reliability":
            axes.yaxis.set_major_formatter(_numbers)
            axes.tick_params(axis="y", labelsize=_SMALL)
        axes.legend(fontsize=_TEXT, frameon=False, loc="lower right")
        axes.grid(visible=True, axis="x", lw=0.3)
        axes.set_axisbelow(True)
    figure: Any = axes.figure
    return {name: figure}


def _numbers(value: float, _: object) -> str:
    return number(value, ".3g")


def _plain(text: str) -> str:
    """Dollars as they stand: two of them would make a formula."""
    return text.replace("$", r"\$")
