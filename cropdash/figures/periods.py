"""What a map of periods needs besides its pictures: the slider's texts, scales of indices."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from cropdash.domain import indices
from cropdash.figures import imagery, wording
from cropdash.i18n import number, say


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


def scale(mode: str) -> list[dict[str, Any]]:
    """The colour scale of a picture that shows an index, as an entry of a legend."""
    if mode not in indices.TABLE:
        return []
    stops = imagery.ramp(mode)
    ends = [number(end, "g").replace("-", "−") for end in (stops[0][0], stops[-1][0])]
    gradient = f"linear-gradient(to right, {', '.join(colour for _, colour in stops)})"
    said = say("{index} {low} to {high}", index=mode, low=ends[0], high=ends[1])
    return [{"colour": gradient, "label": said, "ramp": True}]
