"""Names of zones, months and crops as people read them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from cropdash.domain import Zone
from cropdash.figures import wording
from cropdash.i18n import label, say, sentence
from cropdash.ui.shell import data

ALL = sentence("All")


_SPLITS = {"train": lambda: say("train"), "test": lambda: say("test")}


def zone_name(zones: Mapping[str, Zone]) -> Callable[[str], str]:
    """Readable name of a zone: its id and its side of the split."""
    return lambda i: f"{wording.place(i)} ({_SPLITS[zones[i].split]()})" if i in zones else i


def middle(periods: Sequence[str]) -> str:
    """A month in which crops stand: May in a calendar year."""
    return periods[min(4, len(periods) - 1)]


def crop_name(dataset: str, crop: int) -> str:
    """Name of a class of the dataset, without what stands in brackets."""
    return label(data.legend(dataset).classes[crop]).split(" (")[0]


def by_region(zones: Sequence[Zone]) -> list[str]:
    """Ids of zones, those of a region together, as the dataset orders them."""
    regions = list(dict.fromkeys(z.region for z in zones))
    return [z.zone_id for z in sorted(zones, key=lambda z: regions.index(z.region))]
