"""The simulated landscape: the same bytes from the same seed, and land that behaves like land."""

from __future__ import annotations

import dataclasses
import os
import subprocess
import sys

import geopandas as gpd
import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import spearmanr

from cropdash import legend
from cropdash.domain import Scene, Season, Zone
from cropdash.domain.errors import ConfigError
from cropdash.domain.source import Source
from cropdash.settings.folders import PROJECT
from cropdash.simulate import landscape, phenology, radiometry, weather
from cropdash.simulate.conditions import Conditions
from cropdash.simulate.sensor import NO_DATA
from cropdash.simulate.source import SimulatedSource
from cropdash.simulate.tables import calendar, codes, priors, regions, stream

TINY = SimulatedSource(seed=3, size=48, zones_per_region=1)


def _zone(source: SimulatedSource, zone_id: str) -> Zone:
    return next(zone for zone in source.zones() if zone.zone_id == zone_id)


def _scenes(source: SimulatedSource, zone_id: str) -> list[Scene]:
    return list(source.scenes(_zone(source, zone_id)))


@pytest.fixture(scope="module")
def scenes() -> list[Scene]:
    return _scenes(TINY, "brittany_1")


@pytest.fixture(scope="module")
def demo_parcels() -> dict[str, gpd.GeoDataFrame]:
    source = SimulatedSource()
    return {zone.zone_id: source.parcels(zone) for zone in source.zones()}


def test_source_implements_the_protocol() -> None:
    source: Source = TINY
    assert source.name == "simulated"
    assert source.season.periods == Season.of(2023).periods


def test_forty_zones_with_one_test_zone_per_region() -> None:
    zones = SimulatedSource().zones()
    assert len({zone.zone_id for zone in zones}) == 40
    tests = [zone.region for zone in zones if zone.split == "test"]
    assert sorted(tests) == sorted(regions())


@pytest.mark.parametrize("n", [1, 2, 5])
def test_fewer_zones_are_the_first_of_each_region(n: int) -> None:
    zones = SimulatedSource(zones_per_region=n).zones()
    assert {zone.zone_id for zone in zones} == {
        f"{region}_{i + 1}" for region in regions() for i in range(n)
    }


@pytest.mark.parametrize("size", [48, 131, 256, 1000])
def test_grids_are_centred_and_on_the_lattice(size: int) -> None:
    whole = {zone.zone_id: zone.grid.bounds for zone in SimulatedSource(size=1000).zones()}
    for zone in SimulatedSource(size=size).zones():
        left, bottom, right, top = zone.grid.bounds
        assert (left % 20, top % 20) == (0, 0)
        around = whole[zone.zone_id]
        assert around[0] <= left
        assert right <= around[2]
        assert abs((left + right) / 2 - (around[0] + around[2]) / 2) <= 20
        assert abs((bottom + top) / 2 - (around[1] + around[3]) / 2) <= 20


@pytest.mark.parametrize(
    "settings_",
    [
        {"size": 8},
        {"size": 1001},
        {"zones_per_region": 0},
        {"season": Season.of(1990)},
        {"seed": -1},
    ],
)
def test_settings_out_of_range_are_refused(settings_: dict[str, int]) -> None:
    with pytest.raises(ConfigError, match=next(iter(settings_))):
        SimulatedSource(**settings_)


def test_same_seed_same_bytes_whatever_was_built_before(scenes: list[Scene]) -> None:
    other = dataclasses.replace(TINY, zones_per_region=2)
    _scenes(other, "alsace_2")
    again = _scenes(other, "brittany_1")
    assert [scene.date for scene in again] == [scene.date for scene in scenes]
    for one, two in zip(scenes, again, strict=True):
        assert one.reflectance.tobytes() == two.reflectance.tobytes()
        assert one.scl.tobytes() == two.scl.tobytes()
    zone = _zone(TINY, "brittany_1")
    assert TINY.parcels(zone).to_wkb().equals(other.parcels(zone).to_wkb())


def test_parcels_are_the_same_before_and_after_scenes() -> None:
    zone = _zone(TINY, "alsace_1")
    before = TINY.parcels(zone).to_wkb()
    next(iter(TINY.scenes(zone)))
    assert before.equals(TINY.parcels(zone).to_wkb())


def test_another_seed_or_zone_is_another_land() -> None:
    zone = _zone(TINY, "brittany_1")
    here = TINY.parcels(zone).to_wkb()
    assert not here.equals(dataclasses.replace(TINY, seed=4).parcels(zone).to_wkb())
    assert not here.equals(TINY.parcels(_zone(TINY, "paris_basin_1")).to_wkb())


def test_land_stays_and_weather_changes_from_year_to_year() -> None:
    later = dataclasses.replace(TINY, season=Season.of(2024))
    zone = _zone(TINY, "brittany_1")
    assert TINY.parcels(zone).to_wkb().equals(later.parcels(zone).to_wkb())
    one, two = next(iter(TINY.scenes(zone))), next(iter(later.scenes(zone)))
    assert two.date.year == 2024
    assert not np.array_equal(one.reflectance, two.reflectance)


def test_scenes_come_in_order_on_the_zones_grid(scenes: list[Scene]) -> None:
    dates = [scene.date for scene in scenes]
    assert dates == sorted(dates)
    assert len(set(dates)) == len(dates)
    assert all(scene.date in TINY.season for scene in scenes)
    assert {scene.grid for scene in scenes} == {_zone(TINY, "brittany_1").grid}


@settings(max_examples=6, deadline=None)
@given(st.integers(0, 1000), st.sampled_from(sorted(regions())), st.integers(17, 60))
def test_scenes_hold_reflectance_and_known_classes(seed: int, region: str, size: int) -> None:
    source = SimulatedSource(seed=seed, size=size, zones_per_region=1)
    found = _scenes(source, f"{region}_1")
    assert 30 <= len(found) <= 146
    for scene in found:
        assert scene.reflectance.dtype == np.float32
        assert scene.scl.dtype == np.uint8
        assert set(np.unique(scene.scl)) <= {0, 3, 4, 5, 6, 7, 8, 9, 10}
        nothing = np.isnan(scene.reflectance)
        assert np.array_equal(nothing.any(axis=0), scene.scl == NO_DATA)
        values = scene.reflectance[~nothing]
        assert values.size == 0 or (values.min() > 0 and values.max() <= 1.2)


def test_some_ground_is_clear_and_some_is_not(scenes: list[Scene]) -> None:
    scl = np.stack([scene.scl for scene in scenes])
    clear = ((scl >= 4) & (scl <= 7)).mean()
    assert 0.15 < clear < 0.75
    assert (scl == 3).any()
    assert (scl == 9).any()


def test_clouds_are_brighter_than_clear_ground_and_shadows_darker(scenes: list[Scene]) -> None:
    red = np.concatenate([scene.reflectance[2].ravel() for scene in scenes])
    near = np.concatenate([scene.reflectance[3].ravel() for scene in scenes])
    scl = np.concatenate([scene.scl.ravel() for scene in scenes])
    assert np.nanmedian(red[scl == 9]) > 3 * np.nanmedian(red[scl == 4])
    assert np.nanmedian(near[scl == 3]) < np.nanmedian(near[(scl == 4) | (scl == 5)])


def test_the_classification_misses_some_cloud() -> None:
    """Else masking would be trivial: some pixels called clear are far brighter than the rest."""
    scl, blue = [], []
    for scene in _scenes(SimulatedSource(seed=1, size=64), "nord_picardie_2"):
        scl.append(scene.scl)
        blue.append(scene.reflectance[0])
    green = np.stack(blue)[np.stack(scl) == 4]
    assert 0.001 < (green > 3 * np.median(green)).mean() < 0.2


def test_register_has_the_schema_and_covers_the_zone(
    demo_parcels: dict[str, gpd.GeoDataFrame],
) -> None:
    for zone in SimulatedSource().zones():
        register = demo_parcels[zone.zone_id]
        assert list(register.columns) == ["ID_PARCEL", "CODE_CULTU", "geometry"]
        assert register.crs.to_epsg() == 2154
        local = register.to_crs(zone.grid.crs).geometry
        box = shapely.box(*zone.grid.bounds)
        assert local.make_valid().intersects(box.buffer(15)).all()  # the register is metres off
        assert local.within(box.buffer(2500)).all()
        share = local.make_valid().intersection(box).area.sum() / box.area
        assert 0.2 < share < 0.97


def test_fields_do_not_overlap(demo_parcels: dict[str, gpd.GeoDataFrame]) -> None:
    sound = demo_parcels["alsace_2"].geometry[demo_parcels["alsace_2"].is_valid]
    assert shapely.union_all(sound).area == pytest.approx(sound.area.sum(), rel=1e-4)


def test_register_has_the_flaws_of_real_ones(demo_parcels: dict[str, gpd.GeoDataFrame]) -> None:
    n = sum(len(register) for register in demo_parcels.values())
    broken = sum((~register.is_valid).sum() for register in demo_parcels.values())
    repeated = sum(register.ID_PARCEL.duplicated().sum() for register in demo_parcels.values())
    unknown = sum(
        sum(legend.load().crops_of(register.CODE_CULTU)[1].values())
        for register in demo_parcels.values()
    )
    for count in (broken, repeated, unknown):
        assert 0.002 < count / n < 0.01


def test_every_class_occurs_and_common_ones_are_common(
    demo_parcels: dict[str, gpd.GeoDataFrame],
) -> None:
    counts = np.zeros(50)
    for register in demo_parcels.values():
        crops, _ = legend.load().crops_of(register.CODE_CULTU)
        counts += np.bincount(crops, minlength=50)
    assert (counts > 0).all()
    assert spearmanr(counts, sum(priors(region) for region in regions())).statistic > 0.95
    assert counts[[6, 8, 30, 43]].sum() > 0.4 * counts[1:].sum()


def test_fields_are_large_where_the_region_has_large_ones(
    demo_parcels: dict[str, gpd.GeoDataFrame],
) -> None:
    names = sorted(regions())
    drawn = [
        np.median(
            np.concatenate(
                [d.area for zone, d in demo_parcels.items() if zone.startswith(f"{name}_")]
            )
        )
        for name in names
    ]
    assert spearmanr(drawn, [regions()[name].median_parcel_ha for name in names]).statistic > 0.9


def test_every_code_of_the_simulator_is_in_the_legend() -> None:
    crops, unknown = legend.load().crops_of(codes()["code"])
    assert not unknown
    assert crops.tolist() == codes()["class_id"].tolist()
    assert set(crops.tolist()) == set(range(50))


def test_every_growth_has_a_calendar() -> None:
    table = calendar()
    assert set(codes()["grows_as"]) <= set(table.class_id)
    assert set(range(1, 56)) == set(table.class_id)
    assert (np.diff(table.class_id) >= 0).all()
    shares = np.bincount(table.class_id, weights=table.variant_share)[1:]
    assert shares == pytest.approx(np.ones(55))


def _clear_ndvi(growth: int, region: str = "paris_basin") -> np.ndarray:
    """(N,) median NDVI of 200 parcels by day, every fifth, without sky or sensor."""
    rng = stream(0, "test", str(growth))
    days = np.arange(3.0, 365, 5)
    canopy = phenology.grow(np.full(200, growth), days, Conditions(regions()[region]), rng)
    sun, moisture = np.full(len(days), 0.8), np.full(len(days), 0.4)
    fields = radiometry.draw(canopy, moisture, 1.0, rng, stream(0, "test 20 m"))
    thin, thick = radiometry.reflect(canopy, fields, sun)
    mean = (thin + thick) / 2
    return np.median((mean[:, 3] - mean[:, 2]) / (mean[:, 3] + mean[:, 2]), axis=1)


@pytest.mark.parametrize(
    ("growth", "first", "last"), [(8, 91, 181), (30, 182, 273), (47, 160, 243), (17, 75, 165)]
)
@pytest.mark.parametrize("region", ["paris_basin", "brittany", "southwest"])
def test_crops_are_greenest_in_their_season(
    growth: int, first: int, last: int, region: str
) -> None:
    ndvi = _clear_ndvi(growth, region)
    assert first <= 3 + 5 * int(np.argmax(ndvi)) <= last
    assert ndvi.max() > 0.7


def test_bare_water_and_wood_look_like_themselves() -> None:
    assert _clear_ndvi(54).max() < 0
    assert _clear_ndvi(52).min() > 0.6
    assert _clear_ndvi(30)[:15].max() < 0.7  # no maize in winter


@given(st.integers(0, 10_000))
@settings(max_examples=20, deadline=None)
def test_more_leaves_look_greener(seed: int) -> None:
    """Law of the canopy: over the same ground NDVI rises with leaf area."""
    rng = np.random.default_rng(seed)
    leaves = np.linspace(0, 6, 13)[None]
    still = np.zeros_like(leaves)
    chlorophyll, angle = np.full_like(leaves, rng.uniform(30, 60)), rng.uniform(35, 65, 1)
    row = np.flatnonzero(calendar().class_id == 8)
    canopy = phenology.Canopy(
        row,
        leaves,
        still,
        still,
        still,
        still,
        chlorophyll,
        angle,
        still + 1,
        still,
        still,
        still + 1,
    )
    sun = np.full(13, rng.uniform(0.4, 1.2))
    # Ground soaked throughout, so that every day has the same soil.
    fields = radiometry.draw(canopy, np.full(13, 9.0), 1.0, rng, rng)
    thin, _ = radiometry.reflect(canopy, fields, sun)
    ndvi = (thin[:, 3, 0] - thin[:, 2, 0]) / (thin[:, 3, 0] + thin[:, 2, 0])
    assert (np.diff(ndvi) > 0).all()
    assert thin.min() > 0
    assert thin.max() < 0.7


def test_north_is_cloudier_than_the_mediterranean_and_winter_than_summer() -> None:
    def clear_share(region: str, months: set[int]) -> float:
        rng = stream(0, "test weather", region)
        shares = []
        for _ in range(30):
            passes = weather.acquire(2023, Conditions(regions()[region]), rng)
            shares += [
                1 - c for c, d in zip(passes.cover, passes.dates, strict=True) if d.month in months
            ]
        return float(np.mean(shares)) * len(shares)

    winter, summer = {12, 1, 2}, {6, 7, 8}
    for months in (winter, summer):
        assert clear_share("nord_picardie", months) < clear_share("mediterranean", months)
    assert clear_share("nord_picardie", winter) < clear_share("nord_picardie", summer)


def test_some_parcels_grow_another_crop_than_declared() -> None:
    wrong = total = 0
    for zone in SimulatedSource().zones()[:10]:
        land = landscape.lay_out(zone, 0)
        code_row = {code: i for i, code in enumerate(codes()["code"])}
        for code, growth in zip(land.code, land.growth, strict=True):
            if code:
                total += 1
                wrong += codes()["grows_as"][code_row[code]] != growth
    assert 0.01 < wrong / total < 0.05


def test_another_process_makes_the_same_bytes() -> None:
    """Nothing hangs on hash seeds or on what a process did before."""
    script = (
        "import hashlib\n"
        "from cropdash.simulate.source import SimulatedSource\n"
        "source = SimulatedSource(seed=3, size=48, zones_per_region=1)\n"
        "zone = source.zones()[2]\n"
        "digest = hashlib.sha256(b''.join(source.parcels(zone).to_wkb().geometry))\n"
        "[digest.update(s.reflectance.tobytes() + s.scl.tobytes()) for s in source.scenes(zone)]\n"
        "print(digest.hexdigest())\n"
    )
    found = {
        subprocess.run(
            [sys.executable, "-c", script],
            env={**os.environ, "PYTHONHASHSEED": hash_seed, "PYTHONPATH": str(PROJECT)},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for hash_seed in ("1", "2")
    }
    assert len(found) == 1
    assert len(found.pop().strip()) == 64
