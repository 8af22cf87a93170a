"""The same pixels by three ways: Earth Engine, STAC and local scenes give the same composite."""

from __future__ import annotations

import dataclasses
import datetime as dt
import itertools
import json
from collections.abc import Callable
from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import rasterio
from rasterio.transform import Affine
from shapely import box

from cropdash.domain import Cube, Grid, Season, Zone
from cropdash.domain.sentinel2 import BAND_SETS
from cropdash.files.retry import Retry
from cropdash.ingest.earthengine import connect
from cropdash.ingest.earthengine.service import Service
from cropdash.ingest.earthengine.source import EarthEngineSource
from cropdash.ingest.local.source import LocalSource
from cropdash.ingest.stac.endpoints import Endpoint
from cropdash.ingest.stac.source import StacSource
from cropdash.prepare import composite
from tests.ingest.earthengine import server as earthengine
from tests.ingest.earthengine import worlds
from tests.ingest.earthengine.flanders import flanders
from tests.ingest.earthengine.service import key_file
from tests.ingest.earthengine.worlds import Granule
from tests.ingest.stac import api as stac
from tests.ingest.stac.products import NAMES, Product
from tests.worlds import FLANDERS, needs

FOUR, TEN = BAND_SETS["10m"], BAND_SETS["all"]
SOME = ("B3", "B4", "B8", "B8A", "B12")
# The day by solar time, and the tiles that hold it: which, the clock, the number of processing.
WANTED = {
    "2022-06-30": [("west", "10:50:31", 1)],
    "2022-07-01": [("west", "10:50:31", 1)],
    "2022-09-30": [("east", "10:50:31", 1)],
    "2022-10-01": [("west", "10:50:31", 1)],
    "2022-10-11": [("east", "10:50:31", 1)],
    "2022-12-31": [("west", "10:50:31", 1)],
    "2023-01-01": [("east", "10:50:31", 1), ("west", "10:50:35", 0)],
    "2023-03-05": [("east", "10:50:35", 9), ("west", "10:50:31", 5)],
    "2023-03-08": [("west", "11:00:41", 7), ("west", "10:50:31", 6)],
    "2023-03-20": [("east", "10:50:31", 1)],
    "2023-03-31": [("west", "10:50:31", 1)],
    "2023-04-02": [("west", "10:50:31", 1)],
    "2023-04-12": [("west", "10:50:31", 1)],
    "2023-04-22": [("east", "10:50:31", 1)],
    "2023-06-30": [("west", "10:50:31", 1)],
    "2023-07-01": [("east", "10:50:31", 1)],
    "2023-09-14": [("east", "10:50:31", 2), ("west", "10:50:31", 1)],
    "2023-09-20": [("west", "10:50:31", 1)],
    "2023-10-01": [("west", "10:50:31", 1)],
}
Days = dict[dt.date, list[Granule]]  # by day, the preferred one first


@dataclasses.dataclass(frozen=True)
class World:
    """Overlapping tiles, two orbits on a day, even and odd numbers of days, empty periods."""

    crs: str = "EPSG:32631"
    tiles: tuple[tuple[str, str], ...] = (("west", "31UDQ"), ("east", "31UEQ"))
    behind: dt.timedelta = dt.timedelta(0)  # of UTC behind the clock of WANTED

    def zone(self) -> Zone:
        return Zone("z", "north", "train", Grid(self.crs, 277_000, 5_330_000, 10, (18, 23)))

    def frame(self) -> Grid:
        """What all tiles cover."""
        return Grid(self.crs, 276_900, 5_330_100, 10, (40, 48))

    def days(self, bands: tuple[str, ...]) -> Days:
        grids = {
            "west": Grid(self.crs, 276_900, 5_330_100, 10, (40, 24)),
            "east": Grid(self.crs, 277_080, 5_330_060, 10, (36, 30)),
        }
        days: Days = {}
        for i, (day, listed) in enumerate(WANTED.items()):
            days[dt.date.fromisoformat(day)] = [
                worlds.coarse(
                    worlds.random(
                        dict(self.tiles)[side],
                        (dt.datetime.fromisoformat(f"{day}T{time}") - self.behind).isoformat(),
                        grids[side], 10 * i + j, processed=processed, bands=bands,
                    )
                )
                for j, (side, time, processed) in enumerate(listed)
            ]  # fmt: skip
        return days


class Flanders(World):
    """All scenes of 2018 over fields in Flanders."""

    def zone(self) -> Zone:
        return Zone("z", "north", "train", flanders()[2])

    def frame(self) -> Grid:
        return self.zone().grid

    def days(self, bands: tuple[str, ...]) -> Days:
        return {g.when.date(): [g] for g in flanders()[0]}


NORTH = World()
# South of the equator and far east: at ten in the morning there it is the day before by UTC.
SOUTH = World("EPSG:32756", (("west", "56GKV"), ("east", "56GLV")), dt.timedelta(hours=11))


@dataclasses.dataclass(frozen=True)
class Case:
    """What is asked for, and the world that answers."""

    world: World
    season: Season
    bands: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.season.text}-{self.season.every}-{len(self.bands)}-{self.world.crs[-5:]}"


def by_earth_engine(case: Case, days: Days, folder: Path, monkeypatch) -> Cube:
    zone = case.world.zone()
    with earthengine.serve() as google:
        google.assets = worlds.collection([g for of_day in days.values() for g in of_day])
        key = folder / "key.json"
        key.write_text(json.dumps(key_file(google.url)))
        monkeypatch.setenv("CROPDASH_EE_KEY", str(key))
        service = Service(google.url, Retry(attempts=1))
        source = EarthEngineSource(
            "my-project", folder / "none", (zone,), case.season, service=service, bands=case.bands
        )
        try:
            return source.composites(zone)
        finally:
            connect.close()


def by_stac(case: Case, days: Days, folder: Path, monkeypatch) -> Cube:
    """Processed since 2022, so that 1000 has been added to every number."""
    zone, styles = case.world.zone(), itertools.cycle(NAMES)
    with stac.serve(folder) as api:
        for granule in (g for of_day in days.values() for g in of_day):
            name = f"S2A_{granule.when:%Y%m%dT%H%M%S}_T{granule.tile}"
            numbers = np.where(granule.numbers > 0, granule.numbers + 1000, 0).astype(np.uint16)
            product = Product(
                name, f"{granule.when.isoformat()}Z", granule.grid, numbers,
                granule.scl.astype(np.uint8), f"05.{granule.processed:02d}", granule.tile,
                next(styles), coarse=granule.coarse, bands=granule.bands,
            )  # fmt: skip
            api.items.append(product.write(api.folder))
        endpoint = Endpoint("loopback", api.url, local_assets=True, retry=Retry(attempts=1))
        source = StacSource(endpoint, folder / "none", (zone,), case.season, bands=case.bands)
        return composite.stream(source.scenes(zone, pytest.fail), source.season.periods)


def by_local_scenes(case: Case, days: Days, folder: Path, monkeypatch) -> Cube:
    """One file a day, of the pixels that the preferred tile holds whole; its last band first."""
    (folder / "scenes").mkdir()
    frame, zone = case.world.frame(), case.world.zone()
    names = ["SCL", *case.bands[::-1], "B1"]
    for day, granules in days.items():
        values = np.zeros((len(case.bands) + 1, *frame.shape), dtype=np.uint16)
        for granule in reversed(granules):
            canvas = worlds.placed(granule, frame)
            whole = (canvas > 0).all(axis=0)
            values[:, whole] = canvas[:, whole]
        profile = {
            "driver": "GTiff", "count": len(names), "dtype": "uint16", "crs": frame.crs,
            "height": frame.shape[0], "width": frame.shape[1],
            "transform": Affine(*frame.transform),
        }  # fmt: skip
        with rasterio.open(folder / "scenes" / f"{day:%Y%m%d}.tif", "w", **profile) as raster:
            raster.write(np.concatenate([values[::-1], values[:1] + 1]))
            raster.descriptions = names
    squares = {"zone_id": [zone.zone_id], "region": ["r"], "split": ["train"]}
    outline = gpd.GeoDataFrame(squares, geometry=[box(*zone.grid.bounds)], crs=zone.grid.crs)
    outline.to_crs(4326).to_file(folder / "zones.geojson", driver="GeoJSON")
    source = LocalSource(folder, case.season, case.bands)
    assert source.zones()[0].grid == zone.grid
    return composite.stream(source.scenes(zone, pytest.fail), source.season.periods)


WAYS: dict[str, Callable[..., Cube]] = {
    "Earth Engine": by_earth_engine,
    "STAC": by_stac,
    "local scenes": by_local_scenes,
}


@pytest.mark.parametrize(
    "case",
    [
        Case(NORTH, Season.of(2023), FOUR),
        Case(NORTH, Season.of(2023, "dekad"), TEN),
        Case(NORTH, Season.of("2022-10..2023-09"), TEN),
        Case(NORTH, Season.of("2022-10-11..2023-09-20", "16d"), SOME),
        Case(SOUTH, Season.of("2022-07..2023-06", "dekad"), TEN),
        pytest.param(Case(Flanders(), Season.of(2018), FOUR), marks=needs(FLANDERS)),
    ],
    ids=str,
)
def test_three_ways_give_one_composite(tmp_path, monkeypatch, case):
    days, grid = case.world.days(case.bands), case.world.zone().grid
    cubes, shape = {}, (len(case.bands), *grid.shape)
    for i, (name, way) in enumerate(WAYS.items()):
        (tmp_path / str(i)).mkdir()
        cubes[name] = way(case, days, tmp_path / str(i), monkeypatch)
        assert cubes[name].reflectance.shape == (len(case.season.periods), *shape)
        assert (cubes[name].periods, cubes[name].bands) == (case.season.periods, case.bands)
    used = 0
    for t, period in enumerate(case.season.periods):
        of_period = [
            worlds.day([worlds.placed(g, grid) for g in granules])
            for day, granules in days.items()
            if day in period
        ]
        used += len(of_period)
        median, count = worlds.composite(of_period, shape)
        for name, cube in cubes.items():
            np.testing.assert_array_equal(cube.clear_dates[t], count, err_msg=name)
            found = cube.reflectance[t] * 10_000.0
            np.testing.assert_array_equal(np.isnan(found), np.isnan(median), err_msg=name)
            assert not count.any() or np.nanmax(np.abs(found - median)) <= 1, name
    assert used == sum(day in case.season for day in days) > 8
    assert all((cube.clear_dates > 0).sum() > 900 for cube in cubes.values())
