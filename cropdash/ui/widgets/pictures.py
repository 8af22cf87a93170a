"""Pictures of a zone's imagery, one period and one look at a time."""

from __future__ import annotations

from cropdash.domain import Zone
from cropdash.figures import imagery
from cropdash.i18n import say
from cropdash.ui.shell import data
from cropdash.ui.widgets import choices
from cropdash.ui.widgets import parcel_map as component

FINE, MOVING = 1300, 512  # [px] longest side of a picture, and of one of those that are played


def modes(dataset: str) -> tuple[str, ...]:
    """Pictures that the dataset's bands allow; the first is the one that maps open with."""
    return imagery.modes(data.description(dataset).bands)


def choose(dataset: str) -> str:
    """A select box of the pictures; its help says what the chosen one is made of."""
    names = {mode: imagery.title(mode) for mode in modes(dataset)}
    return choices.box_of(say("Picture"), "picture", names, about=imagery.about)


def url(
    dataset: str,
    zone: Zone,
    period: str | None = None,
    mode: str | None = None,
    side: int = FINE,
) -> str:
    """URL of a picture of the zone; without period and mode that with which maps open."""
    period, mode = period or choices.standing(dataset), mode or modes(dataset)[0]

    def draw() -> bytes:
        # What is played is read at once, a single fine picture by itself.
        periods = (period,) if side == FINE else data.periods(dataset)
        coarse = None if side == FINE else side
        cube = data.imagery(dataset, zone.zone_id, periods, imagery.bands_of(mode), coarse)
        return imagery.webp(imagery.composite(cube, period, mode), zone.grid, side)

    mark = data.fingerprint(dataset)
    key = f"{dataset}/{zone.zone_id}/{mark}/{period}/{mode}/{side}"
    return component.picture(key, draw, ".webp")


def frames(dataset: str, zone: Zone, mode: str) -> dict[str, str]:
    """URLs of all periods, coarse enough to be sent together."""
    return {p: url(dataset, zone, p, mode, MOVING) for p in data.periods(dataset)}
