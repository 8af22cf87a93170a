"""The same pixels by three ways: Earth Engine, STAC and local scenes give the same composite."""

from __future__ import annotations

import dataclasses
import datetime as dt
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
from cropdash.ingest.earthengine import EarthEngineSource, Retry, Service, connect
from cropdash.ingest.local.source import LocalSource
from cropdash.ingest.stac import Endpoint, Patience, StacSource
from cropdash.prepare import composite
from tests.ingest.earthengine import server as earthengine
from tests.ingest.earthengine import worlds
from tests.ingest.earthengine.flanders import flanders
from tests.ingest.earthengine.service import key_file
from tests.ingest.earthengine.worlds import Granule
from tests.ingest.stac import api as stac
from tests.ingest.stac.products import Product
from tests.worlds import FLANDERS, needs

FRAME = Grid("EPSG:32631", 276_900, 5_330_100, 10, (40, 48))  # what all tiles cover
WEST = Grid("EPSG:32631", 276_900, 5_330_100, 10, (40, 24))
EAST = Grid("EPSG:32631", 277_080, 5_330_060, 10, (36, 30))
GRID = Grid("EPSG:32631", 277_000, 5_330_000, 10, (18, 23))
Days = dict[dt.date, list[Granule]]  # by day, the preferred one first


def generated() -> tuple[Days, Grid]:
    """Overlapping tiles, two orbits on a day, even and odd numbers of days, empty months."""
    wanted = {
        "2023-03-05": [("31UEQ", EAST, "10:50:35", 9), ("31UDQ", WEST, "10:50:31", 5)],
        "2023-03-08": [("31UDQ", WEST, "11:00:41", 7), ("31UDQ", WEST, "10:50:31", 6)],
        "2023-03-20": [("31UEQ", EAST, "10:50:31", 1)],
        "2023-03-31": [("31UDQ", WEST, "10:50:31", 1)],
        "2023-04-02": [("31UDQ", WEST, "10:50:31", 1)],
        "2023-04-12": [("31UDQ", WEST, "10:50:31", 1)],
        "2023-04-22": [("31UEQ", EAST, "10:50:31", 1)],
        "2023-09-14": [("31UEQ", EAST, "10:50:31", 2), ("31UDQ", WEST, "10:50:31", 1)],
    }
    days: Days = {}
    for i, (day, listed) in enumerate(wanted.items()):
        days[dt.date.fromisoformat(day)] = [
            coarse(worlds.random(tile, f"{day}T{time}", grid, 10 * i + j, processed=processed))
            for j, (tile, grid, time, processed) in enumerate(listed)
        ]
    return days, GRID


def coarse(granule: Granule) -> Granule:
    """With a scene classification of 20 m, as the real one has."""
    scl = np.kron(granule.scl[::2, ::2], np.ones((2, 2), dtype=int))
    return worlds.moved(granule, scl=scl, scl_size=2)


def real() -> tuple[Days, Grid]:
    """All scenes of 2018 over fields in Flanders."""
    granules, _, grid = flanders()
    return {g.when.date(): [g] for g in granules}, grid


def by_earth_engine(days: Days, zone: Zone, year: int, folder: Path, monkeypatch) -> Cube:
    with earthengine.serve() as google:
        google.assets = worlds.collection([g for of_day in days.values() for g in of_day])
        key = folder / "key.json"
        key.write_text(json.dumps(key_file(google.url)))
        monkeypatch.setenv("CROPDASH_EE_KEY", str(key))
        service = Service(google.url, Retry(attempts=1))
        source = EarthEngineSource(
            "my-project", folder / "none", (zone,), Season.of(year), service=service
        )
        try:
            return source.composites(zone)
        finally:
            connect.close()


def by_stac(days: Days, zone: Zone, year: int, folder: Path, monkeypatch) -> Cube:
    """Processed since 2022, so that 1000 has been added to every number."""
    with stac.serve(folder) as api:
        for granule in (g for of_day in days.values() for g in of_day):
            name = f"S2A_{granule.when:%Y%m%dT%H%M%S}_T{granule.tile}"
            numbers = np.where(granule.numbers > 0, granule.numbers + 1000, 0).astype(np.uint16)
            product = Product(
                name, f"{granule.when.isoformat()}Z", granule.grid, numbers,
                granule.scl.astype(np.uint8), f"05.{granule.processed:02d}", granule.tile,
                scl_size=granule.scl_size,
            )  # fmt: skip
            api.items.append(product.write(api.folder))
        endpoint = Endpoint("loopback", api.url, local_assets=True)
        patience = dataclasses.replace(Patience(), sleep=lambda seconds: None)
        source = StacSource(endpoint, folder / "none", (zone,), Season.of(year), patience=patience)
        return composite.stream(source.scenes(zone, pytest.fail), source.season.periods)


def by_local_scenes(days: Days, zone: Zone, year: int, folder: Path, monkeypatch) -> Cube:
    """One file a day, of the pixels that the preferred tile holds whole."""
    (folder / "scenes").mkdir()
    frame = FRAME if zone.grid == GRID else zone.grid
    for day, granules in days.items():
        values = np.zeros((5, *frame.shape), dtype=np.uint16)
        for granule in reversed(granules):
            canvas = worlds.placed(granule, frame)
            whole = (canvas > 0).all(axis=0)
            values[:, whole] = canvas[:, whole]
        profile = {
            "driver": "GTiff", "count": 5, "dtype": "uint16", "crs": frame.crs,
            "height": frame.shape[0], "width": frame.shape[1],
            "transform": Affine(*frame.transform),
        }  # fmt: skip
        with rasterio.open(folder / "scenes" / f"{day:%Y%m%d}.tif", "w", **profile) as raster:
            raster.write(values)
            raster.descriptions = (*BAND_SETS["10m"], "SCL")
    squares = {"zone_id": [zone.zone_id], "region": ["r"], "split": ["train"]}
    outline = gpd.GeoDataFrame(squares, geometry=[box(*zone.grid.bounds)], crs=zone.grid.crs)
    outline.to_file(folder / "zones.gpkg")
    source = LocalSource(folder, Season.of(year))
    assert source.zones()[0].grid == zone.grid
    return composite.stream(source.scenes(zone, pytest.fail), source.season.periods)


WAYS: dict[str, Callable[..., Cube]] = {
    "Earth Engine": by_earth_engine,
    "STAC": by_stac,
    "local scenes": by_local_scenes,
}


@pytest.mark.parametrize(
    ("world", "year"), [(generated, 2023), pytest.param(real, 2018, marks=needs(FLANDERS))]
)
def test_three_ways_give_one_composite(tmp_path, monkeypatch, world, year):
    days, grid = world()
    zone = Zone("z", "north", "train", grid)
    cubes = {}
    for i, (name, way) in enumerate(WAYS.items()):
        (tmp_path / str(i)).mkdir()
        cubes[name] = way(days, zone, year, tmp_path / str(i), monkeypatch)
    for t in range(12):
        of_month = [
            worlds.day([worlds.placed(g, grid) for g in granules])
            for day, granules in days.items()
            if day.month == t + 1
        ]
        median, count = worlds.composite(of_month, grid.shape)
        for name, cube in cubes.items():
            np.testing.assert_array_equal(cube.clear_dates[t], count, err_msg=name)
            found = cube.reflectance[t] * 10_000.0
            np.testing.assert_array_equal(np.isnan(found), np.isnan(median), err_msg=name)
            assert not count.any() or np.nanmax(np.abs(found - median)) <= 1, name
    assert all((cube.clear_dates > 0).sum() > 900 for cube in cubes.values())
