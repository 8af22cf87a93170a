"""A figure as plain HTML: seen at once, while the browser still fetches what draws it to be touched.

Points, lines and cells stand where Plotly puts them but for a few pixels, since the room for names of
the axes is guessed from their length. Of what Plotly can do it knows what the pages' first figures use.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from cropdash.figures import still_marks as marks
from cropdash.figures.still_marks import Ends, Points
from cropdash.i18n import number

_CHAR_PX, _TEXT_PX = 6.2, 12
_BAR_PX = 82  # of a scale of colours above the panel
_TICKS = 5  # about so many on an axis without its own


def page(figure: Any) -> str:
    """The figure as HTML as wide as its place; says nothing to those who can't see, as Plotly's does."""
    layout = figure.layout.to_plotly_json()
    traces = [trace.to_plotly_json() for trace in figure.data]
    height, ink = layout.get("height", 450), layout.get("font", {}).get("color", "currentcolor")
    if not traces:
        return ""
    panels = "".join(_panel(layout, traces, side) for side in _sides(traces))
    style = f"height:{height}px;color:{ink};font-size:{_TEXT_PX}px"
    above = "".join(_paper_note(note) for note in layout.get("annotations") or ())
    return (
        f'<div class="still" aria-hidden="true" style="{style}">'
        f"{panels}{above}{_legend(traces, layout)}</div>"
    )


def _sides(traces: Iterable[Mapping[str, Any]]) -> list[str]:
    """'' for the first panel, '2' for the second."""
    return list(dict.fromkeys(str(trace.get("xaxis", "x"))[1:] for trace in traces))


def _panel(layout: Mapping[str, Any], traces: Sequence[Mapping[str, Any]], side: str) -> str:
    own = [t for t in traces if str(t.get("xaxis", "x"))[1:] == side]
    x, y = (layout.get(f"{name}axis{side}") or {} for name in "xy")
    ranges = _range(x, own, "x"), _range(y, own, "y")
    if y.get("scaleanchor") and not _cells(own):
        return _map(own, ranges, float(y.get("scaleratio", 1)), _box(x, y, layout, ("", "")))
    ticks = _ticks(x, ranges[0]), _ticks(y, ranges[1])
    names = _longest(ticks[0]) if x.get("tickangle") else "", _longest(ticks[1])
    lines = "".join(_trace(trace, ranges) for trace in own)
    if cells := _cells(own):
        lines = marks.heat(cells, layout, ranges)
    shapes = "".join(marks.shape(s, ranges) for s in layout.get("shapes") or ()) if not side else ""
    grid = "".join(_grid(ticks, (x, y), ranges))
    drawn = marks.image(f"{grid}{lines}{shapes}", marks.SIDE, "none")
    words = _numbers(cells, ranges, layout) if cells else ""
    words += "".join(
        _tick(text, at, i, (x, y)[i]) for i in (0, 1) for at, text in _placed(ticks[i], ranges[i])
    )
    words += "".join(_title(axis, i) for i, axis in enumerate((x, y)))
    return f'<div class="panel" style="{_box(x, y, layout, names)}">{drawn}{words}</div>'


def _box(
    x: Mapping[str, Any], y: Mapping[str, Any], layout: Mapping[str, Any], names: tuple[str, str]
) -> str:
    """Where a panel stands: its share of the width, less what the margins and names take."""
    margin = {"l": 10, "r": 10, "t": 40, "b": 40} | dict(layout.get("margin") or {})
    left, right = x.get("domain") or (0, 1)
    beside = max(_CHAR_PX * len(names[1]) + 8, 24) + 20 * bool(_words(y.get("title")))
    below = max(_CHAR_PX * len(names[0]), 14) + 24 * bool(_words(x.get("title")))
    bar = (layout.get("coloraxis") or {}).get("colorbar")
    over = margin["t"] + (_BAR_PX if bar else 0)
    low, outer = max(margin["b"], below + 8), max(margin["l"], beside) if left == 0 else margin["l"]
    room = f"(100% - {outer + margin['r']:.0f}px)"
    return (
        f"left:calc({outer:.0f}px + {left:.4f}*{room});width:calc({right - left:.4f}*{room});"
        f"top:{over:.0f}px;bottom:{low:.0f}px"
    )


def _cells(traces: Sequence[Mapping[str, Any]]) -> Mapping[str, Any] | None:
    return next((t for t in traces if t.get("type") == "heatmap"), None)


def _range(axis: Mapping[str, Any], traces: Sequence[Mapping[str, Any]], name: str) -> Ends:
    if axis.get("range"):
        low, high = axis["range"]
        return float(low), float(high)
    found = [_finite(t.get(name)) for t in traces]
    values = np.concatenate([v for v in found if len(v)] or [np.array([0.0, 1.0])])
    low, high = float(values.min()), float(values.max())
    if axis.get("rangemode") == "tozero":
        low, high = min(low, 0.0), max(high, 0.0)
    pad = 0.06 * (high - low) or 0.5
    return low - pad * (low != 0.0), high + pad


def _finite(values: Any) -> Points:
    given = np.asarray([] if values is None else values, dtype=np.float64).ravel()
    return given[np.isfinite(given)]


def _ticks(axis: Mapping[str, Any], seen: Ends) -> list[tuple[float, str]]:
    if axis.get("tickvals") is not None:
        names = axis.get("ticktext") or axis["tickvals"]
        return [(float(v), str(t)) for v, t in zip(axis["tickvals"], names, strict=True)]
    low, high = sorted(seen)
    rough = (high - low) / _TICKS
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(power * k for k in (1, 2, 5, 10) if power * k >= rough)
    digits = max(0, -math.floor(math.log10(step)))
    share = "%" in str(axis.get("tickformat", ""))
    first = math.ceil(low / step)
    at = [round(k * step, 10) for k in range(first, math.floor(high / step) + 1)]
    return [(v, number(v, ".0%" if share else f".{0 if v == round(v) else digits}f")) for v in at]


def _placed(ticks: Sequence[tuple[float, str]], seen: Ends) -> list[tuple[float, str]]:
    found = [(float(marks.share(value, seen)), text) for value, text in ticks]
    return [(at, text) for at, text in found if -0.001 <= at <= 1.001]


def _longest(ticks: Sequence[tuple[float, str]]) -> str:
    return max((text for _, text in ticks), key=len, default="")


def _trace(trace: Mapping[str, Any], ranges: Sequence[Ends]) -> str:
    if trace.get("type", "scatter") != "scatter" or trace.get("x") is None:
        return ""
    x = marks.SIDE * marks.share(trace["x"], ranges[0])
    y = marks.SIDE * (1 - marks.share(trace["y"], ranges[1]))
    return marks.drawn(trace, x, y)


def _map(
    traces: Sequence[Mapping[str, Any]], ranges: Sequence[Ends], ratio: float, box: str
) -> str:
    """A panel whose units are as long on both axes."""
    (west, east), (south, north) = ranges
    high = marks.SIDE * ratio * (north - south) / (east - west)
    lines, words = "", ""
    for trace in traces:
        x = marks.SIDE * marks.share(trace["x"], ranges[0])
        y = high * (1 - marks.share(trace["y"], ranges[1]))
        if "text" in trace.get("mode", ""):
            ink = marks.escaped((trace.get("textfont") or {}).get("color", "gray"))
            look = f'text-anchor="middle" style="font:600 22px sans-serif" fill="{ink}"'
            said = zip(x.tolist(), y.tolist(), trace["text"], strict=True)
            words += "".join(
                f'<text x="{a:.0f}" y="{b - 12:.0f}" {look}>{marks.bare(t)}</text>' for a, b, t in said
            )  # fmt: skip
        else:
            lines += marks.drawn(trace, x, y)
    drawn = marks.image(lines + words, high, "xMidYMid meet")
    return f'<div class="panel" style="{box}">{drawn}</div>'


def _numbers(cells: Mapping[str, Any], ranges: Sequence[Ends], layout: Mapping[str, Any]) -> str:
    if not cells.get("text"):
        return ""
    scale, z, out = layout["coloraxis"], np.asarray(cells["z"], dtype=np.float64), []
    for i, row in enumerate(cells["text"]):
        for j, text in enumerate(row):
            if text:
                share = (z[i, j] - scale["cmin"]) / (scale["cmax"] - scale["cmin"])
                shade = marks.shade_of(scale["colorscale"], share)
                x, y = float(marks.share(j, ranges[0])), 1 - float(marks.share(i, ranges[1]))
                ink = "#fff" if marks.is_dark(shade) else "#1f2a24"
                out.append(_word(text, x, y, f"font-size:10px;color:{ink}"))
    return "".join(out)


def _grid(
    ticks: Sequence[Sequence[tuple[float, str]]], axes: Sequence[Mapping[str, Any]],
    ranges: Sequence[Ends],
) -> list[str]:  # fmt: skip
    found = []
    for i, axis in enumerate(axes):
        if axis.get("showgrid", True):
            for at, _ in _placed(ticks[i], ranges[i]):
                k = marks.SIDE * at
                d = (
                    f"M{k:.1f} 0V{marks.SIDE:g}"
                    if i == 0
                    else f"M0 {marks.SIDE - k:.1f}H{marks.SIDE:g}"
                )
                colour = marks.escaped(axis.get("gridcolor", "gray"))
                found.append(
                    f'<path d="{d}" stroke="{colour}" vector-effect="non-scaling-stroke"/>'
                )
    return found


def _tick(text: str, at: float, i: int, axis: Mapping[str, Any]) -> str:
    size = f"font-size:{(axis.get('tickfont') or {}).get('size', _TEXT_PX)}px"
    if i == 1:
        return (
            f'<span class="down" style="top:{100 * (1 - at):.2f}%;{size}">{marks.bare(text)}</span>'
        )
    turned = " turned" if axis.get("tickangle") else ""
    return f'<span class="across{turned}" style="left:{100 * at:.2f}%;{size}">{marks.bare(text)}</span>'


def _title(axis: Mapping[str, Any], i: int) -> str:
    said = _words(axis.get("title"))
    return f'<span class="title{i}">{marks.bare(said)}</span>' if said else ""


def _words(title: Any) -> str:
    return str((title.get("text") if isinstance(title, Mapping) else title) or "")


def _word(text: str, x: float, y: float, style: str) -> str:
    return f'<span class="at" style="left:{100 * x:.2f}%;top:{100 * y:.2f}%;{style}">{marks.bare(text)}</span>'


def _paper_note(note: Mapping[str, Any]) -> str:
    """A note on the figure itself: the title of a panel."""
    if note.get("xref") != "paper" or note.get("yref") != "paper":
        return ""
    return (
        f'<span class="note" style="left:{100 * note["x"]:.2f}%">{marks.bare(note["text"])}</span>'
    )


def _legend(traces: Sequence[Mapping[str, Any]], layout: Mapping[str, Any]) -> str:
    named = [
        t for t in traces if t.get("name") and t.get("showlegend", True) and t.get("x") is not None
    ]
    if len(named) < 1 or layout.get("showlegend") is False:
        return ""
    rows = ""
    for trace in named:
        colour = (trace.get("line") or {}).get("color") or (trace.get("marker") or {}).get("color")
        rows += f'<span><i style="background:{marks.escaped(colour or "currentcolor")}"></i>{marks.bare(trace["name"])}</span>'
    return f'<div class="names">{rows}</div>'
