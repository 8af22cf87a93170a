"""Composites of the loopback Earth Engine against plain numpy."""

from __future__ import annotations

import json
import pickle
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from cropdash.domain import Grid, Season, Zone, sentinel2
from cropdash.domain.errors import ConfigError, InvalidScene
from cropdash.domain.source import CompositeSource
from cropdash.ingest.earthengine import periods, tiling
from cropdash.ingest.earthengine.source import EarthEngineSource
from tests.ingest.earthengine import worlds
from tests.ingest.earthengine.flanders import flanders
from tests.worlds import FLANDERS, needs

ZONE = Zone("z", "north", "train", worlds.GRID)
YEAR = Season.of(2023)
# Two full months, one cloudy, two empty or of another zone's tile.
SPRING = Season.of("2023-03..2023-07")
FOUR, TEN = worlds.FINE, worlds.TEN


@pytest.fixture
def source(service):
    def make(zone=ZONE, season=YEAR, **more):
        return EarthEngineSource(
            "my-project", Path("no.gpkg"), (zone,), season, service=service, **more
        )

    return make


class Kept(dict):
    """A PeriodStore in memory."""

    def get(self, zone_id, period):
        return super().get((zone_id, period))

    def put(self, zone_id, period, arrays):
        self[zone_id, period] = dict(arrays)


def differ(cube, days) -> float:
    """Largest difference [DN] from the reference; where data are and how many must be equal."""
    most = 0.0
    for t, period in enumerate(cube.periods):
        median, count = worlds.composite(days.get(period.id, []), cube.reflectance.shape[1:])
        np.testing.assert_array_equal(cube.clear_dates[t], count)
        found = cube.reflectance[t] * 10_000.0
        np.testing.assert_array_equal(np.isnan(found), np.isnan(median))
        if count.any():
            most = max(most, float(np.nanmax(np.abs(found - median))))
    return most


@pytest.mark.parametrize("bands", [FOUR, TEN], ids=["four", "ten"])
def test_tiles_orbits_zones_and_gaps_agree_with_plain_numpy(google, source, bands):
    google.assets, days = worlds.served(bands)
    cube = source(bands=bands).composites(ZONE)
    assert cube.reflectance.shape == (12, len(bands), 18, 23)
    assert cube.bands == bands
    assert differ(cube, days) <= 1
    assert (cube.clear_dates.max(axis=(1, 2)) > 0).sum() == 3
    assert cube.clear_dates.max() == 4


def test_a_zone_s_own_ground_is_what_it_is_without_a_margin(google, source):
    google.assets, _ = worlds.served(sentinel2.BAND_SETS["10m"])
    wide = source().composites(replace(ZONE, margin=5).around)
    inner, alone = wide.inner(5), source().composites(ZONE)
    np.testing.assert_array_equal(inner.reflectance, alone.reflectance)
    np.testing.assert_array_equal(inner.clear_dates, alone.clear_dates)


def test_the_order_of_the_collection_does_not_matter(google, source):
    granules, days = worlds.world()
    google.assets = worlds.collection(granules[::-1])
    assert differ(source().composites(ZONE), days) <= 1


@pytest.mark.parametrize(
    ("epsg", "longitude", "overpasses"),
    [
        (32756, 153.0, {"2023-05-09": ("2023-05-08T23:58:00", "2023-05-09T00:04:00"),
                        "2023-06-01": ("2023-05-31T23:58:00",)}),
        (32760, 179.0, {"2023-05-09": ("2023-05-08T22:28:00", "2023-05-08T22:36:00"),
                        "2023-06-01": ("2023-05-31T22:34:00",)}),
        (32601, -179.0, {"2023-05-08": ("2023-05-08T22:28:00", "2023-05-08T22:36:00"),
                         "2023-05-31": ("2023-05-31T22:34:00",)}),
    ],
)  # fmt: skip
def test_a_day_is_the_zones_solar_day(google, source, epsg, longitude, overpasses):
    """Overpasses at 10:30 solar time are about midnight UTC in the far east."""
    grid = worlds.over(Grid("EPSG:4326", longitude, 0.1, 1e-6, (1, 1)), f"EPSG:{epsg}", (6, 9))
    zone, tile = Zone("z", "far", "train", grid), f"{epsg % 100:02d}KGG"
    granules, days = [], {}
    for date, times in overpasses.items():
        of_day = [
            worlds.random(tile, when, grid, len(granules) + i, processed=-i)
            for i, when in enumerate(times)
        ]
        granules += of_day
        days.setdefault(date[:7], []).append(worlds.day([worlds.placed(g, grid) for g in of_day]))
    google.assets = worlds.collection(granules)
    assert differ(source(zone).composites(zone), days) <= 1


@needs(FLANDERS)
def test_real_scenes_agree_with_the_independent_median(google, source):
    granules, days, grid = flanders()
    google.assets = worlds.collection(granules)
    zone = Zone("whole", "flanders", "train", grid)
    cube = source(zone, Season.of(2018)).composites(zone)
    assert differ(cube, days) <= 1
    reference = np.load(FLANDERS / "reference_monthly_median.npy")  # (12, 4, 64, 64)
    found = cube.reflectance * 10_000.0
    np.testing.assert_array_equal(np.isnan(found), np.isnan(reference))
    assert np.nanmax(np.abs(found - reference)) <= 1


def test_a_season_without_a_clear_date_says_so(google, source):
    google.assets = worlds.collection([g for g in worlds.world()[0] if g.when.month == 6])
    with pytest.raises(InvalidScene, match="no clear observation of zone z in 2023"):
        source().composites(ZONE)
    assert google.asked("pixels") == 12  # an empty month is data and not an error


def test_one_request_a_month_a_few_at_a_time_with_project_and_token(google, source):
    google.assets, _ = worlds.served()
    source(at_once=5).composites(ZONE)
    assert google.asked("pixels") == 12
    assert 1 <= google.busiest <= 5
    for ask in google.log:
        if ask.kind != "pixels":
            continue
        body = json.loads(ask.body)
        assert ask.path.startswith("/v1alpha/projects/my-project/")
        assert ask.headers["x-goog-user-project"] == "my-project"
        assert body["fileFormat"] == "NPY"
        assert body["grid"]["crsCode"] == "EPSG:32631"
        assert body["grid"]["dimensions"] == {"width": 23, "height": 18}


def test_periods_that_are_kept_are_not_asked_for_again(google, source):
    google.assets, days = worlds.served()
    store = Kept()
    whole = source().composites(ZONE, kept=store)
    assert len(store) == 12
    for period in ("2023-03", "2023-08"):
        del store["z", period]
    store["z", "2023-05"]["clear_dates"] = store["z", "2023-05"]["clear_dates"][:-1]  # not whole
    store["z", "2023-07"]["made_of"] = np.array("another recipe")
    google.log.clear()
    again = source().composites(ZONE, kept=store)
    assert google.asked("pixels") == 4
    np.testing.assert_array_equal(again.reflectance, whole.reflectance)
    assert differ(again, days) <= 1
    google.log.clear()
    source().composites(ZONE, kept=store)
    assert not google.log


def test_a_period_of_another_grid_is_asked_for_again(google, source):
    google.assets, _ = worlds.served()
    store = Kept()
    source().composites(ZONE, kept=store)
    moved = Zone("z", "north", "train", Grid("EPSG:32631", 277_010, 5_330_000, 10, (18, 23)))
    google.log.clear()
    source(moved).composites(moved, kept=store)
    assert google.asked("pixels") == 12


def test_a_period_of_other_bands_is_asked_for_again(google, source):
    """As many of them, and so of the same shape: B11 must not pass for B12."""
    google.assets, _ = worlds.served(TEN)
    store = Kept()
    for bands in (("B4", "B8", "B11"), ("B4", "B8", "B12"), ("B8", "B4", "B12"), ("B4", "B8")):
        of_bands = source(season=SPRING, bands=bands)
        fresh = of_bands.composites(ZONE)
        google.log.clear()
        for _ in range(2):  # the second time, all is kept
            cube = of_bands.composites(ZONE, kept=store)
            np.testing.assert_array_equal(cube.reflectance, fresh.reflectance)
        assert google.asked("pixels") == 5


@pytest.mark.parametrize("most", [120, 30])
def test_a_request_that_is_too_much_is_split_until_it_is_not(google, source, most):
    google.assets, days = worlds.served()
    google.most_pixels = most  # "User memory limit exceeded."
    zone = Zone("z", "north", "train", worlds.GRID)
    if most == 30:  # tiles of 8 x 5 pixels would still be too large
        with pytest.raises(Exception, match="can't compute even"):
            source(season=SPRING).composites(zone)
        return
    assert differ(source(season=SPRING).composites(zone), days) <= 1
    assert google.asked("pixels") == 5 * (1 + 2 + 4)


def test_the_services_own_limit_splits_too(google, source):
    google.assets, days = worlds.served()
    google.limit = 18 * 23 * 15 - 1  # "Total request size (6210 bytes) must be less than …"
    assert differ(source(season=SPRING).composites(ZONE), days) <= 1
    assert google.asked("pixels") == 5 * 3


def test_a_zone_beyond_the_limit_is_asked_for_in_tiles(google, source, monkeypatch):
    google.assets, days = worlds.served()
    google.limit = 2500
    monkeypatch.setattr(tiling, "REQUEST_LIMIT", 2500)
    assert differ(source(season=SPRING).composites(ZONE), days) <= 1
    assert google.asked("pixels") == 5 * 3
    assert len(tiling.tiles(ZONE.grid, FOUR)) == 3


@pytest.mark.parametrize(("bands", "counted"), [(FOUR, 15), (TEN, 33), (("B4", "B8", "B11"), 12)])
@pytest.mark.parametrize("shape", [(1000, 1000), (2400, 1800), (1, 5_000_000), (3001, 2999)])
def test_tiles_cover_a_grid_once_below_the_limit(shape, bands, counted):
    """Of each pixel, two bytes and one of mask a band, and as many of the count."""
    grid = Grid("EPSG:32631", 300_000, 5_300_000, 10, shape)
    seen, found = 0, tiling.tiles(grid, bands)
    for tile in found:
        rows, columns = tiling.window(tile, grid)
        assert (rows.stop - rows.start, columns.stop - columns.start) == tile.shape
        size = tile.shape[0] * tile.shape[1]
        assert tiling.request_bytes(tile, bands) == size * counted <= 50_331_648
        seen += size
    assert seen == shape[0] * shape[1]
    assert len(found) >= seen * counted / 50_331_648
    assert (len(found) == 1) == (seen * counted <= 50_331_648)


def test_the_source_can_be_sent_to_other_processes(google, service):
    zone = ZONE
    source = EarthEngineSource("my-project", Path("no.gpkg"), (zone,), YEAR)
    assert pickle.loads(pickle.dumps(source)).season.periods == source.season.periods  # noqa: S301
    assert isinstance(source, CompositeSource)
    assert source.zones() == (zone,)
    with pytest.raises(ConfigError, match="composites"):
        source.scenes(zone)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"project": "My Project"}, "Cloud project 'My Project'"),
        ({"season": Season.of(2016)}, "choose a season that starts in 2017 or later"),
        ({"at_once": 41}, "use 1 to 40"),
        ({"at_once": 0}, "use 1 to 40"),
    ],
)
def test_settings_out_of_range_are_refused(changes, said):
    values = {"project": "my-project", "register": Path("r"), "chosen": (ZONE,)}
    values["season"] = YEAR
    with pytest.raises(ConfigError, match=said):
        EarthEngineSource(**{**values, **changes})


def test_a_kept_month_reads_as_it_was_fetched():
    numbers = np.array([[[0, 65535]], [[7, 65535]]], dtype=np.uint16)
    made = periods.Composite(numbers, np.array([[1, 0]], dtype=np.uint8))
    np.testing.assert_allclose(made.reflectance[:, 0, 0], [0, 7e-4])
    assert np.isnan(made.reflectance[:, 0, 1]).all()
