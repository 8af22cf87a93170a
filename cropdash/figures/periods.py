"""What a map of periods needs besides its pictures: the slider's texts, a legend."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from cropdash.domain import Legend, indices
from cropdash.figures import imagery, palette, wording
from cropdash.i18n import label, say

_NAMED = 12  # crops in the legend below a map; the tooltips name the others


def slider(periods: Sequence[str]) -> dict[str, Any]:
    """Texts of the slider: the periods' names, and those of its controls."""
    return {
        "periods": list(periods),
        "names": [wording.period(p) for p in periods],
        "period": say("Period"),
        "play": say("Play the season"),
        "pause": say("Pause"),
        "waiting": say("Fetching the season…"),
        "missing": say("No pictures came: try again"),
    }


def legend_entries(
    counts: Mapping[int, int], legend: Legend, modes: Sequence[str]
) -> list[dict[str, str]]:
    """Scales of the indices among `modes`, and the most frequent crops: class id -> parcels."""
    ordered = sorted((k for k in counts if k > 0), key=lambda k: (-counts[k], k))
    names = wording.shorten_all([label(legend.classes[k]) for k in ordered[:_NAMED]])
    entries = scales(modes)
    for k, name in zip(ordered, names, strict=False):
        entry = f"{name} ({wording.number(counts[k])})"
        entries.append({"colour": legend.classes[k].colour, "label": entry})
    if (rest := len(ordered) - _NAMED) > 0:
        more = say("{n} more crops", n=rest)
        entries.append({"colour": "transparent", "label": more})
    return entries


def options(
    periods: Sequence[str],
    counts: Mapping[int, int],
    legend: Legend,
    modes: Sequence[str],
    *,
    dark: bool = False,
) -> dict[str, Any]:
    """What `maps.zone_map` takes as `more`."""
    return {
        "periods": slider(periods),
        "legend": legend_entries(counts, legend, modes),
        "legendName": say("Legend of the map"),
        "ink": palette.of_theme(dark).text,
    }


def scales(modes: Sequence[str]) -> list[dict[str, str]]:
    """Colour scale of each picture that shows an index, seen where the map shows that picture."""
    return [_scale(mode) for mode in modes if mode in indices.TABLE]


def _scale(index: str) -> dict[str, str]:
    stops = imagery.ramp(index)
    low, high = stops[0][0], stops[-1][0]
    ends = [f"{end:g}".replace("-", "−") for end in (low, high)]
    gradient = f"linear-gradient(to right, {', '.join(colour for _, colour in stops)})"
    label = say("{index} {low} to {high}", index=index, low=ends[0], high=ends[1])
    return {"colour": gradient, "label": label, "mode": index}
