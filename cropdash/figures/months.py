"""What a map of months needs besides its pictures: the slider's texts, a legend."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from cropdash.figures import imagery, palette, wording
from cropdash.legend import Legend

_NAMED = 12  # crops in the legend below a map; the tooltips name the others


def slider(periods: Sequence[str], language: str = "en") -> dict[str, Any]:
    """Texts of the month slider: the months' names, and those of its controls."""
    return {
        "periods": list(periods),
        "names": [wording.month(p, language) for p in periods],
        "month": wording.say("month", language),
        "play": wording.say("play", language),
        "pause": wording.say("pause", language),
        "waiting": wording.say("waiting", language),
        "missing": wording.say("missing_pictures", language),
    }


def legend_entries(
    counts: Mapping[int, int], legend: Legend, language: str = "en"
) -> list[dict[str, str]]:
    """Colour and name of the NDVI scale and of the most frequent crops: class id -> parcels."""
    ordered = sorted((k for k in counts if k > 0), key=lambda k: (-counts[k], k))
    names = wording.shorten_all([legend.classes[k].label(language) for k in ordered[:_NAMED]])
    entries = [_ndvi(language)]
    for k, name in zip(ordered, names, strict=False):
        label = f"{name} ({wording.number(counts[k], language)})"
        entries.append({"colour": legend.classes[k].colour, "label": label})
    if (rest := len(ordered) - _NAMED) > 0:
        label = wording.say("more_crops", language, n=rest)
        entries.append({"colour": "transparent", "label": label})
    return entries


def options(
    periods: Sequence[str],
    counts: Mapping[int, int],
    legend: Legend,
    *,
    dark: bool = False,
    language: str = "en",
) -> dict[str, Any]:
    """What `maps.zone_map` takes as `more`."""
    return {
        "months": slider(periods, language),
        "legend": legend_entries(counts, legend, language),
        "legendName": wording.say("legend", language),
        "ink": palette.of_theme(dark).text,
    }


def _ndvi(language: str) -> dict[str, str]:
    stops = imagery.ramp()
    low, high = stops[0][0], stops[-1][0]
    places = [f"{colour} {100 * (at - low) / (high - low):.0f}%" for at, colour in stops]
    label = wording.say(
        "ndvi_from_to", language, low=f"{low:g}".replace("-", "−"), high=f"{high:g}"
    )
    gradient = f"linear-gradient(to right, {', '.join(places)})"
    return {"colour": gradient, "label": label, "mode": "ndvi"}
