"""A season as it could be seen on a day: what came later is not there, and fills nothing."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from cropdash.domain import Cube, Float, Period, sentinel2
from cropdash.domain.errors import ConfigError
from cropdash.prepare.gapfill import fill_gaps


def ended(periods: Sequence[Period], day: dt.date) -> int:
    """How many of the periods, in order, are over at the end of `day`.

    Raises ConfigError if none is.
    """
    n = sum(period.end <= day for period in periods)
    if not n:
        raise ConfigError(
            "No period of the season is over by {a}: the first, {b}, ends on {c}.",
            a=day,
            b=periods[0],
            c=periods[0].end,
        )
    return n


def known_by(cube: Cube, day: dt.date) -> Cube:
    """The cube as it could be made at the end of `day`; as it is where all of it was over.

    A period that is still running is not there. What follows is NaN, with no clear date, also in
    layers by period. Gaps of the periods before are filled anew from observations alone: a cube of
    the whole season fills them from both sides, and so from what was not known yet.

    Raises ConfigError if no period is over.
    """
    n = ended(cube.periods, day)
    return cube if n == len(cube.periods) else first_periods(cube, n)


def first_periods(cube: Cube, n: int) -> Cube:
    """The cube of which only the first `n` periods are known; see `known_by`."""
    seen = cube.clear_dates.copy()
    seen[n:] = 0
    layers = tuple(replace(y, values=_hidden(y.values, n)) for y in cube.layers)
    # As a dataset of that day holds it.
    reflectance = sentinel2.rounded(refilled(cube.reflectance, seen, n))
    return replace(cube, reflectance=reflectance, clear_dates=seen, layers=layers)


def without(cube: Cube, period: Period) -> Cube:
    """The cube as if a period had been under cloud from its first day to its last."""
    seen = cube.clear_dates.copy()
    seen[cube.periods.index(period)] = 0
    return replace(
        cube,
        reflectance=refilled(cube.reflectance, seen, known(cube.reflectance)),
        clear_dates=seen,
    )


def known(reflectance: Float) -> int:
    """Of how many periods, from the first, anything is known in (T, B, H, W) reflectance."""
    there = ~np.isnan(reflectance).all(axis=(1, 2, 3))
    return int(np.flatnonzero(there).max(initial=-1)) + 1


def refilled(reflectance: Float, seen: NDArray[np.integer], n: int) -> Float:
    """(T, B, H, W) with the gaps of the first `n` periods filled from what was observed in them.

    `seen` (T, H, W) is above 0 where there was an observation. The periods that follow are NaN, and
    so are those that a season which goes on still lacks: they are no gaps.
    """
    n = min(n, known(reflectance))
    filled = np.full_like(reflectance, np.nan)
    filled[:n] = fill_gaps(np.where(seen[:n, None] > 0, reflectance[:n], np.float32(np.nan)))
    return filled


def _hidden(values: Float, n: int) -> Float:
    """Values by period, (T, H, W), without those after the first `n`; (1, H, W) as they are."""
    if len(values) == 1:
        return values
    shown = values.copy()
    shown[n:] = np.nan
    return shown
