"""Where the reader is, and which region a chart is narrowed to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from cropdash.domain import Zone
from cropdash.figures import wording
from cropdash.i18n import say
from cropdash.ui.widgets import choices
from cropdash.ui.widgets.names import ALL


@dataclass(frozen=True)
class Place:
    """Dataset and zone of the page."""

    dataset: str
    zone: str
    zones: Sequence[Zone]  # all that are built


def region_box(place: Place) -> str:
    """A region of the dataset, or all."""
    regions = sorted({z.region for z in place.zones})
    return choices.box_of(
        say("Region"), "region", {ALL: ALL} | {r: wording.place(r) for r in regions}
    )
