"""Ten bands and any season: one landscape, whatever part of it is asked for."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cropdash.domain import Scene, Season
from cropdash.domain.sentinel2 import BAND_SETS, bands_of
from cropdash.prepare import composite
from cropdash.simulate import ancillary, autumn, landscape, phenology, weather
from cropdash.simulate.conditions import Conditions
from cropdash.simulate.ground import ground_of
from cropdash.simulate.sensor import NO_DATA
from cropdash.simulate.sky import Sky, blocks, cover
from cropdash.simulate.source import SimulatedSource
from cropdash.simulate.tables import COARSE, FINE, calendar, regions, spectrum, stream

LAST = Path(__file__).parent / "last_landscape.npz"
ALL = BAND_SETS["all"]
TINY = SimulatedSource(seed=3, size=47, zones_per_region=1)


def scenes(source: SimulatedSource, zone: str = "brittany_1") -> list[Scene]:
    return list(source.scenes(next(z for z in source.zones() if z.zone_id == zone)))


@pytest.fixture(scope="module")
def four() -> list[Scene]:
    return scenes(TINY)


@pytest.fixture(scope="module")
def ten() -> list[Scene]:
    return scenes(replace(TINY, bands=ALL))


def test_the_landscape_is_the_one_that_was_last_made_on_purpose() -> None:
    """Composites and clear dates of a zone, so that nothing moves them unseen.

    In digital numbers, of which processors of other kinds may round one in a thousand otherwise.
    """
    source = SimulatedSource(seed=3, size=24, zones_per_region=1)
    cube = composite.stream(scenes(source), source.season.periods)
    numbers = np.rint(np.nan_to_num(cube.reflectance) * 10_000).astype(np.int64)
    with np.load(LAST, allow_pickle=False) as last:
        assert np.abs(numbers - last["reflectance"]).max() <= 1
        assert (numbers == last["reflectance"]).mean() > 0.999
        np.testing.assert_array_equal(cube.clear_dates, last["clear_dates"])


# bands --------------------------------------------------------------------------


def same(one: Scene, other: Scene) -> bool:
    """Bit for bit, in the bands that both have."""
    both = [name for name in one.bands if name in other.bands]
    parts = [s.reflectance[[s.bands.index(b) for b in both]].tobytes() for s in (one, other)]
    return bool(both) and parts[0] == parts[1] and one.scl.tobytes() == other.scl.tobytes()


@pytest.mark.parametrize("bands", ["B4,B8", "B2,B4,B8,B11", "B4,B5,B8,B8A,B12"])
def test_a_band_is_the_same_whatever_bands_are_asked_for(ten: list[Scene], bands: str) -> None:
    wanted = bands_of(bands)
    some = scenes(replace(TINY, bands=wanted))
    assert {scene.bands for scene in some} == {wanted}
    assert [s.date for s in some] == [s.date for s in ten]
    assert all(same(*pair) for pair in zip(some, ten, strict=True))


def test_the_bands_of_10_m_are_the_same_without_the_others(
    four: list[Scene], ten: list[Scene]
) -> None:
    assert all(same(*pair) for pair in zip(four, ten, strict=True))
    assert ten[0].bands == ALL


def test_bands_of_20_m_hold_one_value_for_each_of_their_own_pixels(ten: list[Scene]) -> None:
    """47 is odd: the last row and column show half of a pixel."""
    for scene in ten:
        for name, band in zip(ALL, scene.reflectance, strict=True):
            seen = np.isfinite(band[:46, :46].reshape(23, 2, 23, 2)).all(axis=(1, 3))
            parts = band[:46, :46].reshape(23, 2, 23, 2).transpose(0, 2, 1, 3)[seen]
            alike = (parts == parts[:, :1, :1]).all(axis=(1, 2))
            assert alike.all() if name in COARSE else not len(alike) or alike.mean() < 0.05, name


def test_what_lies_outside_the_swath_has_no_band(ten: list[Scene]) -> None:
    for scene in ten:
        nothing = np.isnan(scene.reflectance)
        assert np.array_equal(nothing.any(axis=0), nothing.all(axis=0))
        assert np.array_equal(nothing.all(axis=0), scene.scl == NO_DATA)


def test_b8a_is_b8_seen_by_coarser_eyes(ten: list[Scene]) -> None:
    """The mean of four pixels of B8 tells B8A better than one of them does."""
    whole, single, wide = [], [], []
    for scene in ten:
        clear = ((scene.scl == 4) | (scene.scl == 5))[:46, :46].reshape(23, 2, 23, 2).all((1, 3))
        near = scene.reflectance[ALL.index("B8")][:46, :46].reshape(23, 2, 23, 2)
        whole += near.mean((1, 3))[clear].tolist()
        single += near[:, 0, :, 0][clear].tolist()
        wide += scene.reflectance[ALL.index("B8A")][:46:2, :46:2][clear].tolist()
    assert np.corrcoef(whole, wide)[0, 1] > max(0.97, np.corrcoef(single, wide)[0, 1])
    assert np.mean(wide) / np.mean(whole) == pytest.approx(1.02, abs=0.04)


def test_dry_soil_is_bright_and_wet_leaves_are_dark_in_the_short_wave_infrared(
    ten: list[Scene],
) -> None:
    soil, leaf = (
        np.concatenate([s.reflectance[:, s.scl == scl] for s in ten], axis=1) for scl in (5, 4)
    )
    b4, b8, b11, b12 = (ALL.index(name) for name in ("B4", "B8", "B11", "B12"))
    ndmi = [np.median((v[b8] - v[b11]) / (v[b8] + v[b11])) for v in (soil, leaf)]
    assert ndmi[0] < 0.1 < ndmi[1]
    assert np.median(soil[b12]) > 1.3 * np.median(leaf[b12])
    assert np.median(leaf[b12]) > np.median(leaf[b4])


def test_haze_fades_with_wavelength_and_clouds_are_darker_in_the_short_wave_infrared() -> None:
    ground = np.full((len(COARSE), 2, 2), 0.2, dtype=np.float32)
    none = np.zeros((2, 2), dtype=np.float32)
    thick, ice = none + 5, none + 0.3
    hazy = cover(ground, Sky(none, none, none), 0.05, COARSE)[:, 0, 0] - 0.2
    assert (np.diff(hazy) < 0).all()
    assert hazy[COARSE.index("B11")] < 0.005
    cloudy = cover(ground, Sky(thick, none, none), 0.0, COARSE)[:, 0, 0]
    np.testing.assert_allclose(cloudy, spectrum("cloud", COARSE), atol=0.01)
    assert cloudy[COARSE.index("B12")] < 0.7 * cloudy[COARSE.index("B5")]
    veiled = cover(ground, Sky(none, ice, none), 0.0, COARSE)[:, 0, 0]
    water = cover(ground, Sky(ice, none, none), 0.0, COARSE)[:, 0, 0]
    assert veiled[0] == water[0]
    assert veiled[COARSE.index("B11")] < water[COARSE.index("B11")]


@given(st.integers(1, 7), st.integers(1, 7), st.integers(0, 99))
@settings(max_examples=30, deadline=None)
def test_blocks_are_those_of_a_plain_loop(height: int, width: int, seed: int) -> None:
    image = np.random.default_rng(seed).random((2, height, width)).astype(np.float32)
    found = blocks(image)
    assert found.shape == (2, -(-height // 2), -(-width // 2))
    for b, i, j in np.ndindex(*found.shape):
        rows = [min(2 * i + k, height - 1) for k in (0, 1)]
        columns = [min(2 * j + k, width - 1) for k in (0, 1)]
        mean = np.mean([image[b, r, c] for r in rows for c in columns])
        assert found[b, i, j] == pytest.approx(mean, rel=1e-5)


# seasons ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("season", "every"),
    [
        ("2022-10..2023-09", "dekad"),
        ("2023-04..2023-07", "month"),
        ("2023-03-11..2023-05-02", "16d"),
    ],
)
def test_a_date_shows_the_same_land_and_sky_in_every_season_of_its_harvest(
    four: list[Scene], season: str, every: str
) -> None:
    cut = Season.of(season, every)  # type: ignore[arg-type]
    found = {s.date: s for s in scenes(replace(TINY, season=cut))}
    shared = [scene for scene in four if scene.date in cut]
    assert len(shared) > 2
    assert set(found) - {s.date for s in shared} == {d for d in found if d.year == 2022}
    assert all(same(found[scene.date], scene) for scene in shared)


def test_the_autumn_before_has_its_own_years_weather_and_other_crops() -> None:
    """Clouds of October to December 2022 are those of the season 2022; fields are not."""
    crossing = scenes(replace(TINY, season=Season.of("2022-10..2023-09")))
    before = {s.date: s for s in scenes(replace(TINY, season=Season.of(2022)))}
    autumn_ = [scene for scene in crossing if scene.date.year == 2022]
    assert len(autumn_) > 5
    assert [s.date for s in autumn_] == [d for d in before if d >= dt.date(2022, 10, 1)]
    for scene in autumn_:
        clouds = [np.isin(s.scl, (9, 10)) for s in (scene, before[scene.date])]
        assert np.array_equal(*clouds)
    clear = [s for s in autumn_ if np.isin(s.scl, (4, 5)).mean() > 0.2]
    assert clear
    assert not any(same(scene, before[scene.date]) for scene in clear)


@pytest.mark.parametrize("season", ["2022-07..2023-06", "2022-11-15..2023-02-10"])
def test_any_season_gives_scenes_in_order(season: str) -> None:
    cut = Season.of(season, "16d")
    dates = [s.date for s in scenes(replace(TINY, season=cut))]
    assert dates == sorted(set(dates))
    assert all(date in cut for date in dates)
    assert {date.year for date in dates} == {2022, 2023}


def daily(start: dt.date, days: int) -> dict[int, weather.Passes]:
    """Clear passes on each day, under one sun and on soil of one moisture."""
    whole = [start + dt.timedelta(day) for day in range(days)]
    found = {}
    for year in sorted({date.year for date in whole}):
        dates = tuple(date for date in whole if date.year == year)
        n = len(dates)
        still = np.full(n, 0.4)
        found[year] = weather.Passes(
            dates, np.zeros(n, int), still * 0, still, still * 0, still + 0.7
        )
    return found


def ndvi(passes: dict[int, weather.Passes], season: str, zone_id: str):
    """Growth now and before (P,), and the NDVI (N, P) of pieces on the season's dates."""
    source = SimulatedSource(seed=5, size=200)
    zone = next(z for z in source.zones() if z.zone_id == zone_id)
    land = landscape.lay_out(zone, source.seed)
    ground = ground_of(zone, land, passes, Season.of(season), source.seed)
    mean = sum(ground.ends[FINE]) / 2
    before = ancillary.growth_before(zone, land, source.seed)
    return land.growth, before, (mean[:, 3] - mean[:, 2]) / (mean[:, 3] + mean[:, 2])


@pytest.mark.parametrize("zone", ["paris_basin_1", "brittany_2", "mediterranean_1"])
def test_fields_pass_the_new_year_without_a_jump(zone: str) -> None:
    passes = daily(dt.date(2022, 12, 22), 20)
    _, _, series = ndvi(passes, "2022-12-22..2023-01-10", zone)
    steps = np.abs(np.diff(series, axis=0))  # (19, P); the tenth is new year's
    usual = np.delete(steps, 9, axis=0)
    assert np.quantile(steps[9], 0.97) < np.quantile(usual, 0.97) + 0.06
    assert np.median(steps[9]) < 2 * np.median(usual) + 0.01


def test_in_autumn_the_crop_before_goes_and_the_winter_crop_comes() -> None:
    passes = daily(dt.date(2022, 7, 1), 366)
    passes[2023] = daily(dt.date(2023, 1, 1), 181)[2023]
    growth, before, series = ndvi(passes, "2022-07..2023-06", "paris_basin_1")
    of = {name: int(row) for name, row in (("wheat", 8), ("maize", 30), ("rapeseed", 17))}
    august, october, december = 45, 100, 165  # days since July 1st

    def median(day: int, now: str | None = None, was: str | None = None) -> float:
        here = np.ones(len(growth), bool)
        here &= growth == of[now] if now else True
        here &= before == of[was] if was else True
        assert here.sum() >= 3
        return float(np.median(series[day - 5 : day + 5, here]))

    # What was reaped in July 2022 is the crop of the year before, whatever stands there now.
    assert median(august, was="wheat") < 0.45 < median(august, was="maize")
    assert median(december, now="wheat") > median(october, now="wheat") + 0.1
    # Rapeseed is sown before all others, and covers the ground by then.
    assert median(october, now="rapeseed") > median(october, now="wheat") + 0.1


@given(st.integers(0, 500), st.sampled_from(sorted(regions())))
@settings(max_examples=20, deadline=None)
def test_land_passes_to_the_next_crop_after_the_harvest_and_perennials_stay(
    seed: int, region: str
) -> None:
    rng = stream(seed, "pairs")
    classes = np.setdiff1d(calendar().class_id, [53, 54, 55])
    now, was = (rng.choice(classes, 80) for _ in range(2))
    was[:20] = now[:20]
    days = np.arange(190.0, 366.0, 10)
    of = Conditions(regions()[region])
    old = phenology.grow(was, days, of, rng, sown_again=False)
    new = phenology.grow(now, days - 365, of, rng)
    taken = autumn.taken_over(new, old, of, rng)
    kind, harvest = calendar().kind, calendar().number["harvest_doy"][old.row]
    stays = (kind[new.row] == "woody") | ((kind[new.row] == "perennial_herb") & (now == was))
    assert np.array_equal(np.isneginf(taken), stays)
    reaped = ~stays & ~np.isnan(harvest)
    assert (taken[reaped] > harvest[reaped] + of.region.phenology_shift_d).all()
    # By new year all of it is there, save what follows a late harvest.
    grown = autumn.come_up(new, old, taken, days, of)
    there = grown.green[:, -1] / np.maximum(new.green[:, -1], 1e-9)
    on_time = taken < 310
    assert (there[on_time & (new.green[:, -1] > 0)] > 0.7).all()
    assert (grown.green <= new.green + 1e-12).all()


def test_a_crop_without_an_heir_is_not_sown_again() -> None:
    days = np.arange(340.0, 366.0)
    wheat = np.full(300, 8)
    of = Conditions(regions()["paris_basin"], catch_crop=0.0)
    green = [
        phenology.grow(wheat, days, of, stream(1, "heirs"), sown_again=again).green[:, -1]
        for again in (True, False)
    ]
    alike = np.isclose(*green)
    assert 0.3 < alike.mean() < 0.7
    assert (green[1][~alike] <= green[0][~alike] + 0.7).all()
