"""Marks of a still (see `still`): lines, points and cells as paths, in units of the panel's side."""

from __future__ import annotations

import html
import math
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

import numpy as np
from numpy.typing import NDArray

SIDE = 1000.0  # of a panel
_KEPT = " =:/,.;-()'"  # in the address of an image; its quotes are written as %22
Points = NDArray[np.float64]
Ends = tuple[float, float]  # of an axis: where it begins and ends


def share(values: Any, seen: Ends) -> Points:
    """From 0 to 1 along an axis."""
    return (np.asarray(values, dtype=np.float64) - seen[0]) / (seen[1] - seen[0])


def image(inside: str, height: float, aspect: str) -> str:
    """A drawing of the panel's width as an image that brings itself: pages let no SVG into their HTML."""
    drawing = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {SIDE:g} {height:.0f}"'
        f' preserveAspectRatio="{aspect}">{inside}</svg>'
    )
    return f'<img alt="" src="data:image/svg+xml,{quote(drawing, safe=_KEPT)}">'


def _path(x: Points, y: Points) -> str:
    """Through the points; NaN ends a line and begins another."""
    out, pen = [], "M"
    for a, b in zip(x.tolist(), y.tolist(), strict=True):
        if math.isfinite(a) and math.isfinite(b):
            out.append(f"{pen}{a:.1f} {b:.1f}")
            pen = "L"
        else:
            pen = "M"
    return "".join(out)


def drawn(trace: Mapping[str, Any], x: Points, y: Points) -> str:
    """A trace's line and points, which stand at x and y."""
    mode, line, marker = (
        trace.get("mode", "lines"),
        trace.get("line") or {},
        trace.get("marker") or {},
    )
    if marker.get("opacity") == 0:
        return ""
    colour, found = escaped(line.get("color") or marker.get("color") or "gray"), ""
    if "lines" in mode:
        dash = ' stroke-dasharray="3 3"' if line.get("dash", "solid") != "solid" else ""
        fill = colour if trace.get("fill") == "toself" else "none"
        found += (
            f'<path d="{_path(x, y)}" fill="{fill}" stroke="{colour}" stroke-width="{line.get("width", 2)}"'
            f'{dash} opacity="{trace.get("opacity", 1)}" vector-effect="non-scaling-stroke"/>'
        )
    if "markers" in mode:
        paint, square = (
            escaped(marker.get("color") or colour),
            "square" in str(marker.get("symbol")),
        )
        dots = "".join(
            f"M{a:.1f} {b:.1f}h0" for a, b in zip(x.tolist(), y.tolist(), strict=True)
            if math.isfinite(a) and math.isfinite(b)
        )  # fmt: skip
        found += (
            f'<path d="{dots}" stroke="{paint}" stroke-width="{marker.get("size", 6)}"'
            f' stroke-linecap="{"square" if square else "round"}" vector-effect="non-scaling-stroke"/>'
        )
    return found


def heat(cells: Mapping[str, Any], layout: Mapping[str, Any], ranges: Sequence[Ends]) -> str:
    """One path for all cells of a colour."""
    z, scale = np.asarray(cells["z"], dtype=np.float64), layout["coloraxis"]
    rows, columns = z.shape
    x = SIDE * share(np.arange(columns + 1) - 0.5, ranges[0])
    y = SIDE * (1 - share(np.arange(rows + 1) - 0.5, ranges[1]))
    low, high = scale["cmin"], scale["cmax"]
    shades = np.round(100 * (z - low) / (high - low))
    by: dict[str, list[str]] = {}
    for i, j in np.argwhere(np.isfinite(z)).tolist():
        corner = f"M{x[j]:.1f} {y[i]:.1f}H{x[j + 1]:.1f}V{y[i + 1]:.1f}H{x[j]:.1f}Z"
        by.setdefault(shade_of(scale["colorscale"], shades[i, j] / 100), []).append(corner)
    return "".join(f'<path d="{"".join(parts)}" fill="{shade}"/>' for shade, parts in by.items())


def shade_of(scale: Sequence[Sequence[Any]], at: float) -> str:
    """A colour of a scale of "#rrggbb"."""
    stops = [float(stop) for stop, _ in scale]
    parts = np.array([[int(c[i : i + 2], 16) for i in (1, 3, 5)] for _, c in scale])
    red, green, blue = (round(float(np.interp(at, stops, parts[:, k]))) for k in range(3))
    return f"#{red:02x}{green:02x}{blue:02x}"


def is_dark(shade: str) -> bool:
    """Whether white can be read on "#rrggbb"."""
    red, green, blue = (int(shade[i : i + 2], 16) for i in (1, 3, 5))
    return 0.299 * red + 0.587 * green + 0.114 * blue < 128


def shape(shape: Mapping[str, Any], ranges: Sequence[Ends]) -> str:
    """A line or a frame that Plotly draws over a panel."""
    whole_x, whole_y = ("domain" in str(shape.get(ref)) for ref in ("xref", "yref"))
    x = [SIDE * float(v if whole_x else share(v, ranges[0])) for v in (shape["x0"], shape["x1"])]
    y = [
        SIDE * float(1 - (v if whole_y else share(v, ranges[1])))
        for v in (shape["y0"], shape["y1"])
    ]
    line = shape.get("line") or {}
    dash = ' stroke-dasharray="6 6"' if line.get("dash", "solid") != "solid" else ""
    look = (
        f'fill="none"{dash} stroke="{escaped(line.get("color", "gray"))}" opacity="{shape.get("opacity", 1)}"'
        f' stroke-width="{line.get("width", 1)}" vector-effect="non-scaling-stroke"'
    )
    if shape.get("type") == "rect":
        return f'<path d="M{x[0]:.1f} {y[0]:.1f}H{x[1]:.1f}V{y[1]:.1f}H{x[0]:.1f}Z" {look}/>'
    return f'<path d="M{x[0]:.1f} {y[0]:.1f}L{x[1]:.1f} {y[1]:.1f}" {look}/>'


def bare(text: Any) -> str:
    """A text without the few tags that Plotly knows."""
    bare = str(text).replace("<br>", " ")
    for tag in ("<b>", "</b>", "<i>", "</i>"):
        bare = bare.replace(tag, "")
    return html.escape(bare)


def escaped(value: Any) -> str:
    """A value as it may stand in an attribute."""
    return html.escape(str(value), quote=True)
