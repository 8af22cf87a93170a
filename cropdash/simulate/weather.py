"""When the satellites pass, and what the sky is like."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cropdash.domain import Season
from cropdash.simulate.conditions import DROUGHT_USUAL, Conditions
from cropdash.simulate.tables import Reals, Region, columns

REVISIT_D = 5
SECOND_ORBIT_SHARE = 0.6
MEMORY_D = 4.0  # [days] over which the weather forgets
HAZE_MEMORY_D = 25.0  # [days] over which the air's load changes
HAZE_MEDIAN, HAZE_BIAS, HAZE_WINTER = 0.009, 0.003, 0.031  # reflectance in B2
HAZE_MOST = 0.055
HAZE_CLOUDINESS = 0.65  # share of cloudy dates at which the median holds
# Spells of weather: part of the variance lasts for weeks, so that a month may pass without sun.
SPELL_D, SPELL_SHARE = 20.0, 0.2
MAX_COVER = 0.93  # scenes with more cloud are not worth the download
DRYING = 0.3  # of the soil's moisture, by a drought of 1
OVERPASS_H = -1.3  # [h] local solar time of the overpass, from noon


@dataclass(frozen=True, eq=False)
class Passes:
    """N acquisitions in order of date."""

    dates: tuple[dt.date, ...]
    orbit: NDArray[np.int64]  # (N,) 0 or 1
    cover: Reals  # (N,) expected share of cloud
    moisture: Reals  # (N,) of the soil, 0 dry to 1 soaked
    haze: Reals  # (N,) reflectance that aerosol left over from correction adds to B2
    sun_zenith: Reals  # (N,) [rad]

    @property
    def day(self) -> Reals:
        """(N,) days of year."""
        return np.array([date.timetuple().tm_yday for date in self.dates], dtype=float)

    def within(self, season: Season) -> NDArray[np.bool_]:
        """(N,) True for acquisitions of the season."""
        return np.array([date in season for date in self.dates], dtype=bool)


def acquire(year: int, of: Conditions, rng: np.random.Generator) -> Passes:
    """Acquisitions of a calendar year under its conditions in a zone."""
    region = of.region
    days, orbit = _schedule(year, rng)
    fast, slow = (_remembering(days, memory, rng) for memory in (MEMORY_D, SPELL_D))
    normal = np.sqrt(1 - SPELL_SHARE) * fast + np.sqrt(SPELL_SHARE) * slow
    luck = 1 / (1 + np.exp(-1.702 * normal))  # its rank: a logistic normal integral
    month = np.array([(dt.date(year, 1, 1) + dt.timedelta(int(d) - 1)).month for d in days])
    usual = clear_chance(region)[month - 1]
    clear = 1 / (1 + (1 / usual - 1) * np.exp(-np.array(of.clouds)[month - 1]))
    cover = np.where(
        luck < clear,
        0.10 * (luck / clear) ** 3,
        0.45 + 0.55 * np.clip((luck - clear) / (1 - clear), 0, 1) ** 0.33,
    )
    # Clear spells dry the soil, more so in summer.
    summer = np.exp(-0.5 * ((days - 200) / 50) ** 2)
    wet = 0.45 + 0.30 * np.cos(2 * np.pi * (days - 5) / 365) - 0.2 * region.summer_drought
    wet = wet + of.moisture - DRYING * (of.drought - DROUGHT_USUAL) * summer
    moisture = np.clip(wet + 0.18 * _remembering(days, 10.0, rng), 0, 1)
    haze = _haze(days, clear, rng)
    keep = cover < MAX_COVER
    dates = tuple(dt.date(year, 1, 1) + dt.timedelta(int(d) - 1) for d in days[keep])
    zenith = _sun_zenith(days, region.lat)
    return Passes(dates, *(v[keep] for v in (orbit, cover, moisture, haze, zenith)))


def _haze(days: Reals, clear: Reals, rng: np.random.Generator) -> Reals:
    """(N,) what the correction leaves of aerosol and thin cloud in B2, or takes away too much.

    Air masses stay for weeks, so all dates of a month may be hazy; cloudy months leave more thin
    cloud unseen; and a low sun makes the correction take away too much.
    """
    slow, fast = _remembering(days, HAZE_MEMORY_D, rng), rng.standard_normal(len(days))
    left = HAZE_MEDIAN * ((1 - clear) / HAZE_CLOUDINESS) ** 1.5 * np.exp(0.55 * slow + 0.45 * fast)
    left = HAZE_MOST * np.tanh(left / HAZE_MOST)  # more is seen as cloud and masked
    too_much = HAZE_WINTER * (0.5 + 0.5 * np.cos(2 * np.pi * (days - 25) / 365)) ** 10
    return np.asarray(left - HAZE_BIAS - too_much)


def clear_chance(region: Region) -> Reals:
    """(12,) probability of a clear acquisition by month."""
    table, share = columns("simulator/clear_sky.csv"), region.mediterranean_sky
    north, south = table["p_clear_north"], table["p_clear_mediterranean"]
    return np.asarray(north * (1 - share) + south * share)


def _schedule(year: int, rng: np.random.Generator) -> tuple[Reals, NDArray[np.int64]]:
    last = dt.date(year, 12, 31).timetuple().tm_yday
    first, second = rng.choice(np.arange(1, REVISIT_D + 1), 2, replace=False)
    days = [np.arange(first, last + 1, REVISIT_D)]
    if rng.random() < SECOND_ORBIT_SHARE:
        days.append(np.arange(second, last + 1, REVISIT_D))
    orbit = np.repeat(np.arange(len(days)), [len(d) for d in days])
    flat = np.concatenate(days)
    order = np.argsort(flat)
    return flat[order].astype(float), orbit[order]


def _remembering(days: Reals, memory: float, rng: np.random.Generator) -> Reals:
    """(N,) standard normal series whose correlation fades over `memory` days."""
    noise = rng.standard_normal(len(days))
    keep = np.exp(-np.diff(days) / memory)
    for i, share in enumerate(keep, start=1):
        noise[i] = share * noise[i - 1] + np.sqrt(1 - share**2) * noise[i]
    return noise


def _sun_zenith(days: Reals, lat: float) -> Reals:
    declination = np.radians(-23.44) * np.cos(2 * np.pi * (days + 10) / 365)
    hour = np.radians(15 * OVERPASS_H)
    height = np.sin(np.radians(lat)) * np.sin(declination)
    height = height + np.cos(np.radians(lat)) * np.cos(declination) * np.cos(hour)
    return np.asarray(np.arccos(height))
