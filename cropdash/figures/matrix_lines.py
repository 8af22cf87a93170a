"""Lines, frames and names over a confusion matrix, as plotly's shapes and annotations."""

from __future__ import annotations

from typing import Any

from cropdash.figures.arrangement import Labels


def breaks(labels: Labels, colour: str) -> list[dict[str, Any]]:
    """Lines between groups, set all at once: add_vline one by one takes most of a second."""
    look = {"type": "line", "line": {"color": colour, "width": 0.6}, "opacity": 0.6}
    lines = []
    for at in labels.breaks:
        lines.append({**look, "x0": at, "x1": at, "y0": 0, "y1": 1, "yref": "y domain"})
        lines.append({**look, "y0": at, "y1": at, "x0": 0, "x1": 1, "xref": "x domain"})
    return lines


def blocks(labels: Labels, colour: str) -> list[dict[str, Any]]:
    """A frame around each family of several, in which its inner confusions stand."""
    look = {"type": "rect", "line": {"color": colour, "width": 1.4}}
    corners = [(a - 0.5, b + 0.5) for _, a, b in labels.blocks]
    return [{**look, "x0": a, "x1": b, "y0": a, "y1": b} for a, b in corners]


def outline(labels: Labels, mark: str | None, colour: str) -> list[dict[str, Any]]:
    """A frame around the chosen cell, where it is drawn."""
    if mark is None:
        return []
    at = [str(group) for group in labels.groups]
    truth, predicted = mark.split("-")
    if truth not in at or predicted not in at:
        return []
    x, y = at.index(predicted), at.index(truth)
    line = {"color": colour, "width": 2.5}
    return [{"type": "rect", "line": line, "x0": x - 0.5, "x1": x + 0.5, "y0": y - 0.5,
             "y1": y + 0.5}]  # fmt: skip


def names(labels: Labels, colour: str) -> list[dict[str, Any]]:
    """Families named beside their block, for matrices without numbers in the cells."""
    n, found = len(labels.names), []
    for name, first, last in labels.blocks:
        to_right = (first + last) / 2 < n / 2
        place = (
            {"x": last + 0.6, "xanchor": "left"}
            if to_right
            else {"x": first - 0.6, "xanchor": "right"}
        )
        look = {"font": {"size": 10, "color": colour}, "showarrow": False, "text": f"<i>{name}</i>"}
        found.append({**look, **place, "y": (first + last) / 2})
    return found
