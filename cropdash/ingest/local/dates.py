"""Days and periods by what files and bands are called."""

from __future__ import annotations

import datetime as dt
import re
from contextlib import suppress
from pathlib import Path

from cropdash.domain.errors import InvalidScene

_DATE = re.compile(r"(?<!\d)(20\d{2})[-_]?(\d{2})[-_]?(\d{2})(?!\d)")
_WHEN = re.compile(r"(?<!\d)(20\d{2})[-_]?(\d{2})(?:[-_]?(\d{2}))?(?!\d)")

_DOTTED = re.compile(r"(?<!\d)(20\d{2})\.(\d{2})(?:\.(\d{2})(?![^\W_]))?(?!\d)")


def tiffs(folder: Path) -> list[Path]:
    """The GeoTIFFs in a folder by name; what lies beside them (.aux.xml, .ovr) is none."""
    inside = (path for path in folder.glob("*") if path.suffix.lower() in (".tif", ".tiff"))
    return sorted(path for path in inside if not path.name.startswith("."))


def day_of(path: Path) -> dt.date:
    """The first day in a file's name. Raises InvalidScene if there is none."""
    for match in _DATE.finditer(_dashed(path.stem)):
        with suppress(ValueError):  # a number of eight digits that is no day
            return dt.date(*(int(part) for part in match.groups()))
    raise InvalidScene("{a}: no date such as 20180521 in its name.", a=path.name)


def days_in(text: str) -> tuple[tuple[dt.date, bool], ...]:
    """Days named in a text, each with whether it is a month's first by its month alone."""
    found = []
    for match in _WHEN.finditer(_dashed(text)):
        year, month, day = match.groups()
        try:
            found.append((dt.date(int(year), int(month), int(day or 1)), day is None))
        except ValueError:
            continue
    return tuple(found)


def without_days(text: str) -> str:
    """What is left of a text, such as a band's name."""
    return _WHEN.sub("", _dashed(text)).strip(" _-.:")


def _dashed(text: str) -> str:
    """Days as 2023.05.11 and months as 2023.05 written with dashes."""
    return _DOTTED.sub(lambda found: "-".join(part for part in found.groups() if part), text)
