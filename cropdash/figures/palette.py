"""Every colour of every figure, for light and dark.

Sequential and diverging scales run from the page's own background, so that little looks like
little in both themes. The two models are blue and orange, which all common kinds of colour
blindness keep apart.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from cropdash import i18n

Scale = list[list[Any]]  # [[position 0..1, colour], ...]

# Most cells of a confusion matrix lie below 10 %: the scale spends half its range there.
STOPS = (0.0, 0.02, 0.10, 0.30, 0.70, 1.0)


@dataclass(frozen=True)
class Palette:
    """The colours of one theme."""

    text: str
    muted: str  # secondary text, reference lines
    grid: str
    surface: str  # what stands for nothing: the lowest end of the scales
    left: str  # the first of two models
    right: str  # the second
    sequential: tuple[str, ...]  # at STOPS
    towards_left: tuple[str, ...]  # at STOPS, from nothing to "left better"
    towards_right: tuple[str, ...]
    hatch: str


LIGHT = Palette(
    text="#1f2a24",
    muted="#5d6b63",
    grid="#e2e7e3",
    surface="#f5f7f5",
    left="#1b6ca8",
    right="#c8590b",
    sequential=("#f5f7f5", "#d9ead7", "#a3d0ab", "#4ea48c", "#1d6b78", "#102f4c"),
    towards_left=("#f5f7f5", "#d6e6f2", "#9cc5e3", "#5499cb", "#1b6ca8", "#0b3559"),
    towards_right=("#f5f7f5", "#fae3d0", "#f4bb8c", "#e58a41", "#c8590b", "#6e2c00"),
    hatch="#8a968f",
)
DARK = Palette(
    text="#e6ece8",
    muted="#9fada5",
    grid="#34403a",
    surface="#1a211e",
    left="#6db6ec",
    right="#ff9f57",
    sequential=("#1a211e", "#1c3a38", "#1f5b5c", "#2f8d80", "#93d08f", "#f4f7b8"),
    towards_left=("#1a211e", "#1b3446", "#1f5072", "#3380b5", "#6db6ec", "#cfe8fb"),
    towards_right=("#1a211e", "#46301d", "#764419", "#b9671f", "#ff9f57", "#ffe0c2"),
    hatch="#7f8d85",
)


def rgb(colour: str) -> tuple[int, int, int]:
    """Red, green, blue of "#rrggbb"."""
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def faint(colour: str) -> str:
    """The colour of a surface that lets others through."""
    red, green, blue = rgb(colour)
    return f"rgba({red},{green},{blue},0.22)"


def of_theme(dark: bool) -> Palette:
    """The colours of the dark or of the light theme."""
    return DARK if dark else LIGHT


def model_colours(dark: bool) -> tuple[str, str]:
    """Colours of the first and of the second of two models."""
    palette = of_theme(dark)
    return palette.left, palette.right


def sequential(dark: bool) -> Scale:
    """Scale for shares in [0, 1], steep at its low end."""
    return [[at, colour] for at, colour in zip(STOPS, of_theme(dark).sequential, strict=True)]


def diverging(dark: bool) -> Scale:
    """Scale for differences in [-1, 1]: positive = the left model's colour; steep around 0."""
    palette = of_theme(dark)
    below = zip(STOPS, palette.towards_right, strict=True)
    above = zip(STOPS, palette.towards_left, strict=True)
    scale = [[0.5 - at / 2, colour] for at, colour in below][::-1]
    return scale + [[0.5 + at / 2, colour] for at, colour in above][1:]


def base_layout(dark: bool, **more: Any) -> dict[str, Any]:
    """Layout that every figure starts from: no background of its own, the theme's ink."""
    palette = of_theme(dark)
    layout: dict[str, Any] = {
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "font": {"color": palette.text, "size": 13},
        # Decimal mark and thousands, as the reader's language writes them.
        "separators": i18n.separators(),
        "margin": {"l": 10, "r": 10, "t": 50, "b": 10},
        "hoverlabel": {
            "bgcolor": palette.surface,
            "bordercolor": palette.muted,
            "font": {"color": palette.text},
            "align": "left",
        },
    }
    return layout | more


def legend_above(**more: Any) -> dict[str, Any]:
    """A legend over the plot: measured from the figure's edge, not from the plot's.

    Plotly draws a plot anew that has become wider or narrower, but leaves its legend where the plot
    ended before: with fewer lines it would lie over the curves.
    """
    placed = {"orientation": "h", "yref": "container", "y": 1, "yanchor": "top", "x": 0}
    return placed | more


def axis(dark: bool, **more: Any) -> dict[str, Any]:
    """An axis with the theme's grid and ink."""
    palette = of_theme(dark)
    frame: dict[str, Any] = {
        "gridcolor": palette.grid,
        "zerolinecolor": palette.grid,
        "linecolor": palette.grid,
        "tickfont": {"color": palette.text},
        "automargin": True,
        # Room is made for labels above; without this each is measured once more after drawing.
        "ticklabeloverflow": "allow",
    }
    return frame | more
