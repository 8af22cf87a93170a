"""What a map of months needs besides its pictures: the slider's texts, a legend."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from cropdash.domain import Legend
from cropdash.figures import imagery, palette, wording
from cropdash.i18n import label, say

_NAMED = 12  # crops in the legend below a map; the tooltips name the others


def slider(periods: Sequence[str]) -> dict[str, Any]:
    """Texts of the month slider: the months' names, and those of its controls."""
    return {
        "periods": list(periods),
        "names": [wording.period(p) for p in periods],
        "month": say("Month"),
        "play": say("Play the year"),
        "pause": say("Pause"),
        "waiting": say("Fetching the year…"),
        "missing": say("No pictures came: try again"),
    }


def legend_entries(counts: Mapping[int, int], legend: Legend) -> list[dict[str, str]]:
    """Colour and name of the NDVI scale and of the most frequent crops: class id -> parcels."""
    ordered = sorted((k for k in counts if k > 0), key=lambda k: (-counts[k], k))
    names = wording.shorten_all([label(legend.classes[k]) for k in ordered[:_NAMED]])
    entries = [_ndvi()]
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
    *,
    dark: bool = False,
) -> dict[str, Any]:
    """What `maps.zone_map` takes as `more`."""
    return {
        "months": slider(periods),
        "legend": legend_entries(counts, legend),
        "legendName": say("Legend of the map"),
        "ink": palette.of_theme(dark).text,
    }


def _ndvi() -> dict[str, str]:
    stops = imagery.ramp()
    low, high = stops[0][0], stops[-1][0]
    places = [f"{colour} {100 * (at - low) / (high - low):.0f}%" for at, colour in stops]
    label = say("NDVI {low} to {high}", low=f"{low:g}".replace("-", "−"), high=f"{high:g}")
    gradient = f"linear-gradient(to right, {', '.join(places)})"
    return {"colour": gradient, "label": label, "mode": "ndvi"}
