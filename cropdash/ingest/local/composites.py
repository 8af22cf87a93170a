"""Ready-made composites: one GeoTIFF a period, or one file whose bands say period and band."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from rasterio.errors import RasterioError

from cropdash.domain import Cube, Grid, Period, Season, Zone, sentinel2
from cropdash.domain.errors import InvalidScene, NoScene
from cropdash.domain.message import Message
from cropdash.domain.period import Every
from cropdash.domain.source import Warn, ignore
from cropdash.files import rasters
from cropdash.ingest.local import dates, scenes

FOLDER = "composites"  # one file a period
FILE = "composites.tif"  # all periods
COUNTS = ("CLEAR", "COUNT", "CLEAR_DATES")  # a band that counts the observations, if there is one


@dataclass(frozen=True)
class Part:
    """A file's bands of one period."""

    path: Path
    text: str  # that says when: the file's name, or how its bands begin
    day: Period  # the first day, to the last where two are named
    is_month: bool  # by its month alone


@dataclass(frozen=True)
class Composites:
    """What a folder has been given."""

    folder: Path

    @cached_property
    def parts(self) -> tuple[Part, ...]:
        """In order of time. Raises InvalidScene for a file that does not say its period."""
        whole = self.folder / FILE
        if whole.is_file():
            return tuple(_by_bands(whole))
        given = [_part(path, path.stem) for path in dates.tiffs(self.folder / FOLDER)]
        if not given:
            raise InvalidScene(
                "{a} holds no GeoTIFF: put one per period there.", a=self.folder / FOLDER
            )
        return tuple(sorted(given, key=lambda part: part.day))

    @property
    def paths(self) -> list[Path]:
        """Each file once."""
        return list(dict.fromkeys(part.path for part in self.parts))

    def season(self, every: Every) -> Season:
        """The calendar year with most of them."""
        years = Counter(part.day.start.year for part in self.parts)
        return Season.of(years.most_common(1)[0][0], every)

    def by_period(self, season: Season) -> dict[Period, Part]:
        """The part of each period that has one. Raises InvalidScene for two, and for other cuts."""
        found: dict[Period, Part] = {}
        for part in self.parts:
            period = next((p for p in season.periods if part.day.start in p), None)
            if period is None:
                continue
            other = found.setdefault(period, part)
            if other is not part:
                raise InvalidScene(
                    "{a} and {b} both lie in the period {c}: say how the composites are cut, with"
                    " --every dekad or 16d.",
                    a=_name(other),
                    b=_name(part),
                    c=period,
                )
            fits = part.day.end in period and (not part.is_month or period.is_month)
            if not fits:
                raise InvalidScene(
                    "{a} is not the period {b}: say how the composites are cut, with --every month,"
                    " dekad or 16d.",
                    a=_name(part),
                    b=period,
                )
        if not found:
            first, last = self.parts[0].day.start, self.parts[-1].day.end
            raise NoScene(
                "No composite lies in the season {a}; they go from {b} to {c}.",
                a=season.text,
                b=first,
                c=last,
            )
        return found

    def cube(self, zone: Zone, season: Season, bands: tuple[str, ...], warn: Warn = ignore) -> Cube:
        """The season over a zone; NaN, and no clear date, where a composite knows nothing."""
        shape = zone.grid.shape
        values = np.full((len(season.periods), len(bands), *shape), np.nan, np.float32)
        clear = np.zeros((len(season.periods), *shape), np.uint8)
        parts, problem = self.by_period(season), ""
        for t, period in enumerate(season.periods):
            if period not in parts:
                warn(
                    Message(
                        "There is no composite of {a}: it is filled from those beside it.", a=period
                    )
                )
                continue
            try:
                found = _read(parts[period], zone.grid, bands)
            except InvalidScene as error:
                problem = problem or str(error)
                warn(str(error))
                continue
            if found is not None:
                values[t], clear[t] = found
        if not clear.any():
            raise InvalidScene(
                problem or Message("No composite covers zone {a}: see its place.", a=zone.zone_id)
            )
        return Cube(values, clear, season.periods, bands, zone.grid)


def are_in(folder: Path) -> bool:
    """True if a folder holds composites."""
    return (folder / FILE).is_file() or (folder / FOLDER).is_dir()


def _read(
    part: Part, grid: Grid, bands: tuple[str, ...]
) -> tuple[np.typing.NDArray[np.float32], np.typing.NDArray[np.uint8]] | None:
    """(B, H, W) reflectance, and (H, W) how many observations it is made of."""

    def told_as(text: str) -> str:
        days = dates.days_in(text)
        if part.text and days != dates.days_in(part.text):
            return ""  # of another period
        name = sentinel2.band_name(dates.without_days(text))
        return name or ("?" if days else "")

    with_count = scenes.names_of(part.path, told_as) & set(COUNTS)
    found = scenes.read_bands(part.path, grid, (*bands, *sorted(with_count)[:1]), told_as)
    if found is None:
        return None
    values = found.reflectance[: len(bands)]
    known = ~np.isnan(values).any(axis=0)
    count = found.numbers[-1] if with_count else known.astype(np.uint8)
    values[:, ~known] = np.nan
    clear = np.clip(np.nan_to_num(count), 1, 255).astype(np.uint8)
    return values, np.where(known, clear, np.uint8(0))


def _by_bands(path: Path) -> Iterator[Part]:
    try:
        with rasters.opened(path) as raster:
            titles = [text or "" for text in raster.descriptions]
    except RasterioError as error:
        raise InvalidScene(
            "{a} can't be read ({b}): fetch it again.", a=path.name, b=error
        ) from error
    found: dict[tuple[tuple[dt.date, bool], ...], Part] = {}
    for title in titles:
        if days := dates.days_in(title):
            found.setdefault(days, _part(path, title))
    if not found:
        raise InvalidScene(
            "No band of {a} says its period: describe each as '2023-05 B4', or put one file"
            " per period into {b}/.",
            a=path.name,
            b=FOLDER,
        )
    yield from sorted(found.values(), key=lambda part: part.day)


def _part(path: Path, text: str) -> Part:
    days = dates.days_in(text)
    if not 1 <= len(days) <= 2:
        raise InvalidScene(
            "{a}: no period such as 2023-05, 20230511 or 2023-05-11_2023-05-20 in its name.",
            a=path.name,
        )
    (start, alone), (end, _) = days[0], days[-1]
    if end < start:
        raise InvalidScene("{a}: its period ends before it begins; name it otherwise.", a=path.name)
    return Part(path, text if path.name == FILE else "", Period(start, end), alone)


def _name(part: Part) -> str:
    return f"{part.path.name} ({part.text})" if part.text else part.path.name
