"""Words and numbers inside figures, in the reader's language."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Sequence
from itertools import takewhile

from cropdash import i18n
from cropdash.domain import Legend, Level, Period, Season
from cropdash.i18n import label, say, sentence

# Regions of the seed's zones, which the simulated landscape has too.
_REGIONS = {
    "nord_picardie": sentence("Nord-Picardie"),
    "paris_basin": sentence("Paris Basin"),
    "brittany": sentence("Brittany"),
    "southwest": sentence("Southwest"),
    "southeast": sentence("Southeast"),
    "massif_central": sentence("Massif Central"),
    "alsace": sentence("Alsace"),
    "mediterranean": sentence("Mediterranean"),
}
# What is said by its key: units, axes, learning curves.
_TERMS = {
    "declared": sentence("Declared"),
    "predicted": sentence("Predicted"),
    "pixel": sentence("pixels"),
    "parcel": sentence("parcels"),
    "hectare": sentence("ha"),
    "epoch": sentence("Epoch"),
    "trees": sentence("Trees"),
    "loss": sentence("Loss"),
    "scores": sentence("Validation scores"),
    "learning_rate": sentence("Learning rate"),
    "train_loss": sentence("Training"),
    "validation_loss": sentence("Validation"),
    "validation_accuracy": sentence("Accuracy"),
    "validation_macro_f1": sentence("Macro F1"),
    "pixels_axis": sentence("Pixels (log scale)"),
    "hectares_axis": sentence("Hectares (log scale)"),
    "parcels_axis": sentence("Parcels (log scale)"),
    "train": sentence("Train zones"),
    "test": sentence("Test zones"),
}

CREDIT = sentence(
    "French crop classes: RPG © IGN/ASP, Licence Ouverte Etalab 2.0. "
    "Contains modified Copernicus Sentinel data where real scenes are shown."
)

_LATER = 8  # letters by which a label may be longer than asked for, so that it is told apart

_MONTHS = (
    sentence("January"),
    sentence("February"),
    sentence("March"),
    sentence("April"),
    sentence("May"),
    sentence("June"),
    sentence("July"),
    sentence("August"),
    sentence("September"),
    sentence("October"),
    sentence("November"),
    sentence("December"),
)


def term(key: str) -> str:
    """The text of a unit, an axis or a learning curve by its key."""
    return say(_TERMS[key])


def group_labels(legend: Legend, level: Level) -> tuple[str, ...]:
    """Readable names of the groups of a level, in the order of `legend.groups(level)`."""
    if level == "class":
        return tuple(label(crop) for crop in legend.classes)
    return tuple(kin_label(legend, level, name) for name in legend.groups(level))


def kin_label(legend: Legend, level: Level, name: str) -> str:
    """A group's or family's own name in the reader's language, else its identifier made readable."""
    items = (c for c in legend.classes if name == (c.group if level == "group" else c.family))
    return next(items).kin_label(level, i18n.current()) or group_label(name)


def brief(labels: Sequence[str]) -> list[str]:
    """Labels without what stands in brackets, where that is not all that tells two apart."""
    alike = Counter(_bare(label) for label in set(labels))
    return [label if alike[_bare(label)] > 1 else _bare(label) for label in labels]


def _bare(label: str) -> str:
    return label.split(" (")[0]


def shorten(label: str, length: int = 26) -> str:
    """A label that fits an axis: cut at a word."""
    if len(label) <= length:
        return label
    cut = label[: length - 1]
    return (cut.rsplit(" ", 1)[0] if " " in cut else cut).rstrip(" ,;") + "…"


def shorten_all(labels: Sequence[str], length: int = 26) -> list[str]:
    """Brief labels, cut, that stay apart: where two would be the same, they are cut later.

    Where that would be much later, what they share is left out.
    """
    labels = brief(labels)
    short = [shorten(label, length) for label in labels]
    alike = {cut: [b for a, b in zip(short, labels, strict=True) if a == cut] for cut in short}
    labels = [
        _without_shared(label, alike[cut], length + _LATER)
        for cut, label in zip(short, labels, strict=True)
    ]
    short = [shorten(label, length) for label in labels]
    longest = max(map(len, labels), default=0)
    while length < longest and len(set(short)) < len(set(labels)):
        length += 2
        short = [
            shorten(label, length) if short.count(before) > 1 else before
            for label, before in zip(labels, short, strict=True)
        ]
    return short


def _without_shared(label: str, alike: Sequence[str], length: int) -> str:
    """A label, if it isn't told apart within `length`: its first word, and what the others lack."""
    words = label.split()
    each = zip(*(one.split() for one in alike), strict=False)
    shared = sum(1 for _ in takewhile(lambda found: len(set(found)) == 1, each))
    if not 1 < shared < len(words) or len(" ".join(words[: shared + 1])) < length:
        return label
    return f"{words[0]} … {' '.join(words[shared:])}"


def number(value: float) -> str:
    """Thousands separated as the language does; one decimal for small areas."""
    return i18n.number(value, ",.0f" if value == round(value) or abs(value) >= 100 else ",.1f")


def percent(share: float) -> str:
    """A share as per cent with one decimal: '12.3 %'."""
    return i18n.number(100 * share, ".1f") + " %"


def period(value: Period | str, *, with_year: bool = True) -> str:
    """'May 2023', '11–20 May 2023' or '17 January – 1 February 2023', in the reader's language."""
    shown = Period.of(value)
    year = f" {shown.end.year}" if with_year else ""
    if shown.is_month:
        return _month(shown.end) + year
    if shown.days == 1:
        return f"{_day(shown.end)} {_month(shown.end)}{year}"
    if (shown.start.year, shown.start.month) == (shown.end.year, shown.end.month):
        return f"{_day(shown.start)}–{_last(shown.end)} {_month(shown.end)}{year}"
    first = f"{_day(shown.start)} {_month(shown.start)}"
    if with_year and shown.start.year != shown.end.year:
        first += f" {shown.start.year}"
    return f"{first} – {_day(shown.end)} {_month(shown.end)}{year}"


def season(value: Season) -> str:
    """'2023' or 'October 2022 – September 2023', in the reader's language."""
    if value.is_year:
        return str(value.start.year)
    if (value.start.day, (value.end + dt.timedelta(days=1)).day) == (1, 1):  # whole months
        return f"{_month(value.start)} {value.start.year} – {_month(value.end)} {value.end.year}"
    return period(Period(value.start, value.end))


def cut(value: Season) -> str:
    """How many periods a season has, and how long they are: '36 periods of ten days'."""
    n = len(value.periods)
    said = {
        "month": say("{n} periods of a month", n=n),
        "dekad": say("{n} periods of ten days", n=n),
        "16d": say("{n} periods of sixteen days", n=n),
    }
    return said[value.every]


def month_ticks(periods: Sequence[Period]) -> list[tuple[dt.date, str, str]]:
    """The middle of each calendar month that the periods touch, its initial, and the year or "".

    Initials stay upright and apart on a telephone, whatever the number of periods; where there
    are several years, each stands beside its first month.
    """
    months = Season(periods[0].start, periods[-1].end).periods if periods else ()
    several = len({month.start.year for month in months}) > 1
    ticks = []
    for i, month in enumerate(months):
        # A first December would stand too close to the January after it.
        first = month.start.month == 1 or (i == 0 and month.start.month != 12)
        year = str(month.start.year) if several and first else ""
        ticks.append((month.middle, _month(month.start)[0].upper(), year))
    return ticks


def _month(day: dt.date) -> str:
    return say(_MONTHS[day.month - 1])


def _day(day: dt.date) -> str:
    """The number; French writes the first of a month '1er', German a point behind each."""
    if i18n.current() == "de":
        return f"{day.day}."
    return "1er" if day.day == 1 and i18n.current() == "fr" else str(day.day)


def _last(day: dt.date) -> str:
    """The number of a span's last day."""
    return _day(day) if i18n.current() == "de" else str(day.day)


def place(name: str) -> str:
    """Readable name of a region or a zone: 'paris_basin_1' as 'Paris Basin 1'."""
    region, _, which = name.rpartition("_")
    if name in _REGIONS:
        return say(_REGIONS[name])
    if region in _REGIONS and which.isdigit():
        return f"{say(_REGIONS[region])} {which}"
    return name.replace("_", " ").strip().capitalize()


def group_label(name: str) -> str:
    """Readable name of a group or a family."""
    return say(name.replace("_", " ").capitalize())
