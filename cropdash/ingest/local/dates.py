"""Days and periods by what files and bands are called."""

from __future__ import annotations

import datetime as dt
import re
from pathlib import Path

from cropdash.domain.errors import InvalidScene

_DATE = re.compile(r"(?<!\d)(20\d{2})-?(\d{2})-?(\d{2})(?!\d)")
_WHEN = re.compile(r"(?<!\d)(20\d{2})[-_]?(\d{2})(?:[-_]?(\d{2}))?(?!\d)")


def day_of(path: Path) -> dt.date:
    """The day in a file's name. Raises InvalidScene if there is none."""
    match = _DATE.search(path.stem)
    try:
        if match:
            return dt.date(*(int(part) for part in match.groups()))
    except ValueError:
        pass
    raise InvalidScene("{a}: no date such as 20180521 in its name.", a=path.name)


def days_in(text: str) -> tuple[tuple[dt.date, bool], ...]:
    """Days named in a text, each with whether it is a month's first by its month alone."""
    found = []
    for match in _WHEN.finditer(text):
        year, month, day = match.groups()
        try:
            found.append((dt.date(int(year), int(month), int(day or 1)), day is None))
        except ValueError:
            continue
    return tuple(found)


def without_days(text: str) -> str:
    """What is left of a text, such as a band's name."""
    return _WHEN.sub("", text).strip(" _-.:")
