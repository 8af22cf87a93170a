"""Names of zones, periods and crops as people read them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence

from cropdash.domain import Period, Zone
from cropdash.domain.message import Message
from cropdash.figures import wording
from cropdash.i18n import label, say, sentence
from cropdash.storage.store import Description
from cropdash.ui.shell import data

ALL = sentence("All")


_SPLITS = {"train": sentence("train"), "test": sentence("test"), "map": sentence("to map")}


def zone_name(zones: Mapping[str, Zone]) -> Callable[[str], str]:
    """Readable name of a zone: its id and its side of the split."""
    sides = {split: say(text) for split, text in _SPLITS.items()}  # once, not for each zone
    return lambda i: f"{wording.place(i)} ({sides[zones[i].split]})" if i in zones else i


def middle(periods: Sequence[str], south: bool = False) -> str:
    """The period in which crops stand: that of 15 May, or of 15 November south of the equator.

    Of a season without that day, the period that lies nearest to it.
    """

    def off(period: str) -> dt.timedelta:
        shown = Period.of(period)
        days = [dt.date(shown.end.year + k, 11 if south else 5, 15) for k in (-1, 0, 1)]
        if any(day in shown for day in days):
            return dt.timedelta(-1)
        return min(abs(day - shown.middle) for day in days)

    return min(periods, key=off)


def dataset_title(description: Description) -> str:
    """Title of a dataset in the reader's words, as far as it is one of ours, and so its season."""
    season = description.season
    if not isinstance(description.title, Message):
        return description.title
    said = wording.season(season)
    return say(description.title.mapped(lambda text: said if text == season.text else text))


def crop_name(dataset: str, crop: int) -> str:
    """Brief name of a class of the dataset."""
    return wording.brief([label(item) for item in data.legend(dataset).classes])[crop]


def by_region(zones: Sequence[Zone]) -> list[str]:
    """Ids of zones, those of a region together, as the dataset orders them."""
    regions = list(dict.fromkeys(z.region for z in zones))
    return [z.zone_id for z in sorted(zones, key=lambda z: regions.index(z.region))]
