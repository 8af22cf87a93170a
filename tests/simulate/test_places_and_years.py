"""What places and years do to fields, and why no field is even."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from cropdash.domain import M2_PER_HA, Zone
from cropdash.simulate import conditions, landscape, phenology, register, texture
from cropdash.simulate.conditions import Conditions
from cropdash.simulate.landscape import Landscape
from cropdash.simulate.radiometry import draw, reflect
from cropdash.simulate.source import SimulatedSource
from cropdash.simulate.tables import VILLAGE, calendar, codes, regions, stream

ZONES = SimulatedSource().zones()
WHEAT, MAIZE, MEADOW, VINE = 8, 30, 6, 43


def _zone(zone_id: str, size: int = 256) -> Zone:
    return next(z for z in SimulatedSource(size=size).zones() if z.zone_id == zone_id)


# conditions ---------------------------------------------------------------------


def test_years_differ_for_all_zones_at_once_and_places_keep_their_own() -> None:
    years = range(2018, 2030)
    spring = np.array([[conditions.of(z, 0, y).spring_d for z in ZONES] for y in years])
    assert spring.mean(axis=1).std() > 5  # the nation's years
    assert (spring - spring.mean(axis=1, keepdims=True)).std() > 2
    habit = np.array([[conditions.of(z, 0, y).winter_cover for z in ZONES] for y in years])
    of_place = habit.mean(axis=0)
    assert of_place.min() < 0.2
    assert of_place.max() > 0.8
    assert np.corrcoef(habit)[np.triu_indices(len(years), 1)].min() > 0.8
    soil = np.array([[conditions.of(z, 0, y).soil for z in ZONES] for y in years])
    assert (soil == soil[0]).all()


@given(st.integers(0, 2**31 - 1), st.integers(2016, 2100), st.integers(0, len(ZONES) - 1))
@settings(max_examples=30, deadline=None)
def test_conditions_follow_from_seed_place_and_year_and_stay_within_reason(
    seed: int, year: int, number: int
) -> None:
    one, again = (conditions.of(ZONES[number], seed, year) for _ in range(2))
    assert (one.crops == again.crops).all()
    assert replace(one, crops=again.crops) is not one
    for name in ("spring_d", "sowing_d", "ripening_d", "clouds", "catch_crop"):
        assert getattr(one, name) == getattr(again, name)
    assert 0 <= one.drought <= 1
    assert all(0 < share < 1 for share in (one.catch_crop, one.winter_cover, one.sward))
    assert conditions.of(ZONES[number], seed, year + 1).spring_d != one.spring_d


def _series(growth: int, of: Conditions, pieces: int = 300) -> tuple[np.ndarray, np.ndarray]:
    """NDVI and red (N, P) of stands on each fifth day, without sky or sensor."""
    days = np.arange(3.0, 365, 5)
    rng = stream(1, "places", str(growth))
    canopy = phenology.grow(np.full(pieces, growth), days, of, rng)
    fields = draw(canopy, np.full(len(days), 0.4), of.soil, rng, stream(1, "20 m"))
    thin, thick = reflect(canopy, fields, np.full(len(days), 0.8))
    mean = (thin + thick) / 2
    return (mean[:, 3] - mean[:, 2]) / (mean[:, 3] + mean[:, 2]), mean[:, 2]


USUAL = Conditions(regions()["paris_basin"])
JANUARY, OCTOBER = slice(0, 6), slice(55, 61)


@pytest.mark.parametrize(
    ("growth", "name", "low", "high", "when"),
    [
        (MAIZE, "winter_cover", 0.05, 0.95, JANUARY),
        (WHEAT, "catch_crop", 0.05, 0.95, OCTOBER),
        (VINE, "sward", 0.1, 0.9, JANUARY),
        (MEADOW, "frost", 0.4, 0.0, JANUARY),
        (MEADOW, "drought", 1.0, 0.0, slice(38, 46)),
        (MAIZE, "ripening_d", -15.0, 25.0, slice(49, 55)),
        (MAIZE, "sowing_d", 25.0, -15.0, slice(30, 36)),
        (WHEAT, "spring_d", 12.0, -12.0, slice(14, 20)),
    ],
)
def test_a_place_and_year_shows_in_what_grows(
    growth: int, name: str, low: float, high: float, when: slice
) -> None:
    bare, green = (_series(growth, replace(USUAL, **{name: v}))[0][when] for v in (low, high))
    assert np.median(green) > np.median(bare) + 0.08


def test_bare_ground_brightens_from_winter_to_spring_and_differs_between_fields() -> None:
    """Before maize: ploughed and rough first, then a seed bed, without covers and weeds."""
    bare = replace(USUAL, winter_cover=0.02)
    ndvi, red = _series(MAIZE, bare)
    assert np.median(ndvi[:18]) < 0.3
    may, january = np.median(red[26:28]), np.median(red[:6])
    assert may > 1.15 * january  # by tilth alone: here the soil is as wet all the year
    low, high = np.percentile(red[26:28], [5, 95])
    assert high > 1.8 * low


def test_a_crop_has_years_of_its_own() -> None:
    late = np.zeros_like(USUAL.crops)
    late[0, calendar().class_id == MAIZE] = 20
    for growth, moves in ((MAIZE, True), (WHEAT, False)):
        usual, other = (_series(growth, of)[0] for of in (USUAL, replace(USUAL, crops=late)))
        assert np.array_equal(usual, other) is not moves


def test_meadows_of_a_place_are_mown_in_step() -> None:
    """The zone's fields differ less in a cut's day than fields of many zones do."""
    days = np.arange(120.0, 180)
    uncut = replace(USUAL, drought=0.0)

    def first_loss(number: int) -> np.ndarray:
        green = phenology.grow(np.full(200, 28), days, uncut, stream(number, "mown")).green
        return days[np.argmin(np.diff(green, axis=1), axis=1)]

    lost = [first_loss(number) for number in range(25)]
    within = np.mean([np.var(one) for one in lost])
    assert np.var([np.median(one) for one in lost]) > 0.3 * within


# texture ------------------------------------------------------------------------


@pytest.fixture(scope="module")
def flat() -> tuple[Zone, Landscape]:
    """One field of wheat as large as the zone."""
    zone = _zone("paris_basin_2", 230)
    piece = np.ones(zone.grid.shape, dtype=np.int32)
    return zone, Landscape(
        np.array([None, None]), np.array(["", "BTH"]), np.array([55, WHEAT]), piece
    )


def test_patterns_fade_with_distance_and_part_of_them_lasts(flat: tuple[Zone, Landscape]) -> None:
    zone, land = flat
    woven = texture.weave(zone, land, 0, 2023, np.array([10.0, 350.0]))
    one, other = (woven.on(day)[2:-2, 2:-2] - 0.5 for day in (10.0, 350.0))
    near, far = (np.corrcoef(one[:, d:].ravel(), one[:, :-d].ravel())[0, 1] for d in (1, 6))
    assert 0.5 < near < 0.97
    assert far < near - 0.15
    lasting = np.corrcoef(one.ravel(), other.ravel())[0, 1]
    assert lasting == pytest.approx(texture.LASTING, abs=0.12)
    week = np.corrcoef(one.ravel(), (woven.on(17.0)[2:-2, 2:-2] - 0.5).ravel())[0, 1]
    assert week > lasting + 0.1


def test_a_day_shows_the_same_pattern_whatever_days_are_asked_for(
    flat: tuple[Zone, Landscape],
) -> None:
    zone, land = flat
    whole = texture.weave(zone, land, 0, 2023, np.arange(-80.0, 366, 5))
    alone = texture.weave(zone, land, 0, 2023, np.array([200.0]))
    np.testing.assert_array_equal(whole.on(200.0), alone.on(200.0))
    assert len(alone.stand) == 2
    assert not np.array_equal(whole.on(-60.0), whole.on(200.0))


def test_edges_of_fields_are_thin_and_roofs_stay_where_they_are() -> None:
    zone = _zone("nord_picardie_1")
    land = landscape.lay_out(zone, 0)
    woven = texture.weave(zone, land, 0, 2023, np.array([150.0, 250.0]))
    texture_now = woven.on(150.0)
    assert texture_now.min() >= 0
    assert texture_now.max() <= 1
    row = np.searchsorted(calendar().class_id, land.growth)
    is_annual = ((calendar().kind[row] == "annual") & (land.code != ""))[land.piece]
    padded = np.pad(land.piece, 1, "edge")
    is_edge = np.logical_or(
        padded[:-2, 1:-1] != padded[2:, 1:-1], padded[1:-1, :-2] != padded[1:-1, 2:]
    )
    inside, edge = (texture_now[is_annual & side].mean() for side in (~is_edge, is_edge))
    assert edge < inside - 0.02
    is_village = (land.growth == VILLAGE)[land.piece]
    assert is_village.any()
    np.testing.assert_array_equal(texture_now[is_village], woven.on(250.0)[is_village])


# the register and the land ---------------------------------------------------------


def test_some_parcels_bear_two_crops_of_which_one_is_declared() -> None:
    found = fields = 0
    for zone in ZONES[:8]:
        land = landscape.lay_out(zone, 0)
        declared = np.flatnonzero(land.code != "")
        fields += len(declared)
        second = np.flatnonzero(land.polygons == np.array(None))[1:]
        found += len(second)
        assert (land.code[second] == "").all()
        assert land.growth.shape == land.code.shape == land.polygons.shape
        for number in second:
            here = land.piece == number
            if here.any():
                # It lies in one declared field, which keeps the larger part.
                row, column = (int(np.median(v)) for v in np.nonzero(here))
                grid = zone.grid
                middle = shapely.Point(grid.left + 10 * column + 5, grid.top - 10 * row - 5)
                around = [i for i in declared if land.polygons[i].buffer(30).contains(middle)]
                assert any((land.piece == i).sum() >= here.sum() - 1 for i in around)
    assert 0.003 < found / fields < landscape.SHARED


def test_the_register_lies_metres_off_the_land_by_zone() -> None:
    steps = []
    for zone in ZONES[:12]:
        land = landscape.lay_out(zone, 0)
        declared = register.declare(zone, land, 0).to_crs(zone.grid.crs).geometry
        kept = np.flatnonzero(land.code != "")
        sound = declared.is_valid.to_numpy()
        moved = shapely.get_coordinates(shapely.centroid(declared.to_numpy()[sound]))
        step = moved - shapely.get_coordinates(shapely.centroid(land.polygons[kept[sound]]))
        assert step.std(axis=0).max() < 0.05  # [m] all parcels of a zone alike
        steps.append(np.median(step, axis=0))
    assert 1.0 < np.std(steps) < 2 * register.EDGE_M
    assert np.abs(steps).max() < 5 * register.EDGE_M


def test_areas_of_declared_parcels_are_those_of_the_land() -> None:
    zone = ZONES[3]
    land = landscape.lay_out(zone, 0)
    declared = register.declare(zone, land, 0).to_crs(zone.grid.crs).geometry
    whole = sum(p.area for p, c in zip(land.polygons, land.code, strict=True) if c)
    assert declared.area.sum() / M2_PER_HA == pytest.approx(whole / M2_PER_HA, rel=0.02)
    assert set(np.unique(land.code[land.code != ""])) <= set(codes()["code"])
