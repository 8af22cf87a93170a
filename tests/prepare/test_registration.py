"""Shifts between dates, on land whose shift is known."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter
from scipy.ndimage import shift as moved

from cropdash.domain import Scene
from cropdash.ingest.local.source import LocalSource
from cropdash.prepare import registration
from tests import worlds

SHAPE = (150, 180)
HERAULT = worlds.SHARED / "data" / "herault_2018"
DAYS = [dt.date(2023, 4, 1) + dt.timedelta(days=10 * n) for n in range(9)]


def season(by: dict[int, tuple[float, float]], seed: int = 0, cloudy: float = 0.2) -> list[Scene]:
    """Fields whose brightness changes from date to date; some dates lie elsewhere by [pixels]."""
    rng = np.random.default_rng(seed)
    grid = worlds.grid(SHAPE)
    seeds = rng.uniform((0, 0), SHAPE, (90, 2))  # each pixel belongs to the nearest
    at = np.stack(np.mgrid[: SHAPE[0], : SHAPE[1]], axis=-1)
    field = np.linalg.norm(at[:, :, None] - seeds, axis=-1).argmin(axis=-1)
    found = []
    for n, day in enumerate(DAYS):
        bright = rng.uniform(0.05, 0.4, (4, 90))[:, field]
        land = np.stack([gaussian_filter(plane, 0.6) for plane in bright])
        land = np.stack(
            [moved(plane, by.get(n, (0, 0)), order=3, mode="nearest") for plane in land]
        )
        land = (land + rng.normal(0, 0.01, land.shape)).astype(np.float32)
        clouds = gaussian_filter(rng.normal(size=SHAPE), 8)
        scl = np.where(clouds < np.quantile(clouds, cloudy), 9, 4).astype(np.uint8)
        found.append(Scene(day, np.clip(land, 0, 1), scl, grid, ("B2", "B3", "B4", "B8")))
    return found


def shifts(scenes: list[Scene]) -> dict[dt.date, registration.Shift]:
    dates = registration.Dates()
    assert list(dates.watch(scenes)) == scenes
    return dates.shifts()


@pytest.mark.parametrize("seed", range(4))
def test_a_shift_is_measured_to_a_fraction_of_a_pixel(seed):
    rng = np.random.default_rng(seed)
    by = {2: tuple(rng.uniform(-2, 2, 2)), 6: tuple(rng.uniform(-1, 1, 2))}
    found = shifts(season(by, seed))
    assert set(found) == set(DAYS)
    for n, day in enumerate(DAYS):
        np.testing.assert_allclose(found[day], by.get(n, (0, 0)), atol=0.2)


def test_a_whole_number_of_pixels_is_found_exactly():
    rng = np.random.default_rng(3)
    land = gaussian_filter(rng.normal(size=(120, 140)), 1)
    still, other = land[10:-10, 10:-10], land[7:-13, 14:-6]
    found = registration.shift(
        (still - still.mean()).astype("float32"), (other - other.mean()).astype("float32")
    )
    np.testing.assert_allclose(found, (3, -4), atol=0.05)


def test_what_has_nothing_in_common_tells_nothing():
    rng = np.random.default_rng(1)
    for _ in range(30):
        one, other = rng.normal(size=(2, *SHAPE)).astype(np.float32)
        assert registration.shift(one, other) is None


def test_land_that_repeats_itself_tells_nothing():
    rows, columns = np.mgrid[: SHAPE[0], : SHAPE[1]]
    lattice = ((rows % 6 == 0) | (columns % 6 == 0)).astype(np.float32)
    noise = np.random.default_rng(0).normal(0, 0.1, (2, *SHAPE)).astype(np.float32)
    one, other = (lattice - lattice.mean() + n for n in noise)
    assert registration.shift(one, other) is None


@worlds.needs(HERAULT)
def test_two_halves_of_real_land_tell_the_same_shifts():
    """Nine dates of 2018 near Pezenas: each half is measured by itself."""
    source = LocalSource(HERAULT)
    north, south = (shifts(list(source.scenes(zone))) for zone in source.zones())
    assert len(north) == len(south) == 9
    for day, found in north.items():
        np.testing.assert_allclose(found, south[day], atol=0.25)
    off = [day for day, found in north.items() if registration.length(found) > registration.MOST]
    assert off == [dt.date(2018, 9, 20)]


def test_clouds_hide_dates_and_few_dates_tell_nothing():
    scenes = season({})
    hidden = Scene(
        DAYS[4], scenes[4].reflectance, np.full(SHAPE, 9, np.uint8), scenes[4].grid, scenes[4].bands
    )
    found = shifts([*scenes[:4], hidden, *scenes[5:]])
    assert set(found) == set(DAYS) - {DAYS[4]}
    assert shifts(scenes[:3]) == {}
    small = worlds.scene(DAYS[0], at=worlds.grid((30, 30)))
    assert registration.edges_of(small) is None
