"""Periods, and the season that they make up."""

from __future__ import annotations

import calendar
import datetime as dt
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, get_args

from cropdash.domain.errors import ConfigError

Every = Literal["month", "dekad", "16d"]
EVERY: tuple[Every, ...] = get_args(Every)
_DAY = dt.timedelta(days=1)
_MONTH = re.compile(r"(\d{4})-(\d{2})")
_MOST_DAYS = 366  # of a season; a longer one would hold the same crop twice


@dataclass(frozen=True, order=True)
class Period:
    """Consecutive days whose clear observations make one composite."""

    start: dt.date
    end: dt.date  # its last day

    def __post_init__(self) -> None:
        if self.end < self.start:
            raise ConfigError(
                "A period can't end on {a}, before its start, {b}.", a=self.end, b=self.start
            )

    @property
    def is_month(self) -> bool:
        """True for a whole calendar month."""
        return (self.start.day, self.end) == (1, _month_end(self.start))

    @property
    def id(self) -> str:
        """Its name in files, tables and addresses: "2023-05", else "2023-05-11_2023-05-20"."""
        return f"{self.start:%Y-%m}" if self.is_month else f"{self.start}_{self.end}"

    @property
    def middle(self) -> dt.date:
        """The day in its middle."""
        return self.start + (self.end - self.start) // 2

    @property
    def days(self) -> int:
        """How many days it has."""
        return (self.end - self.start).days + 1

    def __contains__(self, day: dt.date) -> bool:
        return self.start <= day <= self.end

    def __str__(self) -> str:
        return self.id

    @staticmethod
    def of(value: Period | str) -> Period:
        """The period of an id. Raises ConfigError for text that is none."""
        if isinstance(value, Period):
            return value
        if _MONTH.fullmatch(value):
            first = _day(f"{value}-01", value)
            return Period(first, _month_end(first))
        start, _, end = value.partition("_")
        return Period(_day(start, value), _day(end, value))


@dataclass(frozen=True)
class Season:
    """The days that are mapped, cut into periods."""

    start: dt.date
    end: dt.date  # its last day
    every: Every = "month"

    def __post_init__(self) -> None:
        if self.every not in EVERY:
            raise ConfigError(
                "Periods of {a} are unknown: use {b}.", a=repr(self.every), b=", ".join(EVERY)
            )
        days = (self.end - self.start).days + 1
        if not 1 <= days <= _MOST_DAYS:
            raise ConfigError(
                "The season {a} to {b} has {c} days: let it end after its start, and last a"
                " year at most.",
                a=self.start,
                b=self.end,
                c=days,
            )

    @property
    def periods(self) -> tuple[Period, ...]:
        """In order; the first and the last are cut where the season begins and ends."""
        cut = {"month": _months, "dekad": _dekads, "16d": _sixteen_days}[self.every]
        return tuple(cut(self.start, self.end))

    @property
    def is_year(self) -> bool:
        """True for a calendar year."""
        return (self.start.month, self.start.day, self.end) == (
            1,
            1,
            dt.date(self.start.year, 12, 31),
        )

    @property
    def text(self) -> str:
        """As it is typed: "2023", "2022-10..2023-09", or with days where months are cut."""
        if self.is_year:
            return str(self.start.year)
        whole = self.start.day == 1 and self.end == _month_end(self.end)
        form = "%Y-%m" if whole else "%Y-%m-%d"
        return f"{self.start:{form}}..{self.end:{form}}"

    @property
    def columns(self) -> dict[str, str]:
        """The columns that exports have of it: season, season_start, season_end."""
        ends = {"season_start": self.start.isoformat(), "season_end": self.end.isoformat()}
        return {"season": self.text, **ends}

    @property
    def year(self) -> int:
        """The year in which the season ends, and so that of the harvest and of the register."""
        return self.end.year

    def __contains__(self, day: dt.date) -> bool:
        return self.start <= day <= self.end

    def until(self, day: dt.date) -> Season:
        """Its periods that are over at the end of `day`, as a season of their own.

        Raises ConfigError if none is.
        """
        over = [period for period in self.periods if period.end <= day]
        if not over:
            first = self.periods[0]
            raise ConfigError(
                "No period of the season is over by {a}: the first, {b}, ends on {c}.",
                a=day,
                b=first,
                c=first.end,
            )
        return Season(self.start, over[-1].end, self.every)

    @staticmethod
    def of(text: str | int, every: Every = "month") -> Season:
        """The season of "2023", "2022-10..2023-09" or "2022-10-11..2023-07-20".

        Raises ConfigError for text that is none.
        """
        written = str(text).strip()
        if re.fullmatch(r"\d{4}", written):
            year = int(written)
            return Season(
                _day(f"{written}-01-01", written), _day(f"{year:04d}-12-31", written), every
            )
        start, dots, end = (part.strip() for part in written.partition(".."))
        if not dots:
            raise ConfigError(
                "Season {a} is neither a year nor two ends: write 2023 or 2022-10..2023-09.",
                a=repr(written),
            )
        last = (
            _month_end(_day(f"{end}-01", written)) if _MONTH.fullmatch(end) else _day(end, written)
        )
        return Season(
            _day(f"{start}-01" if _MONTH.fullmatch(start) else start, written), last, every
        )


def _months(start: dt.date, end: dt.date) -> Iterator[Period]:
    while start <= end:
        yield Period(start, min(_month_end(start), end))
        start = _month_end(start) + _DAY


def _dekads(start: dt.date, end: dt.date) -> Iterator[Period]:
    """Ten days; the third of a month holds what is left of it."""
    while start <= end:
        third = start.day > 20
        last = _month_end(start) if third else start.replace(day=10 if start.day <= 10 else 20)
        yield Period(start, min(last, end))
        start = last + _DAY


def _sixteen_days(start: dt.date, end: dt.date) -> Iterator[Period]:
    """From the season's first day; the last one may be shorter."""
    while start <= end:
        last = start + 15 * _DAY
        yield Period(start, min(last, end))
        start = last + _DAY


def _month_end(day: dt.date) -> dt.date:
    return day.replace(day=calendar.monthrange(day.year, day.month)[1])


def _day(text: str, whole: str) -> dt.date:
    try:
        if not re.fullmatch(r"\d{4}-\d{2}-\d{2}", text):
            raise ValueError
        return dt.date.fromisoformat(text)
    except ValueError:
        raise ConfigError(
            "{a} holds no day: write months as 2023-05 and days as 2023-05-11.", a=repr(whole)
        ) from None
