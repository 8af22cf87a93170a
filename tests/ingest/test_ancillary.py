"""Heights from a terrain model, and what the simulated landscape knows beside its year."""

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import rasterio
from pyproj import Transformer
from rasterio.transform import from_origin

from cropdash import legend
from cropdash.domain.errors import ConfigError
from cropdash.ingest.ancillary import Context, ContextFiles, read_elevation
from cropdash.prepare import parcels
from cropdash.simulate import SimulatedSource, ancillary
from tests import worlds

SHAPE = (23, 41)
SEQUENCES = worlds.SHARED / "data" / "rpg" / "rpg_boigneville_1200_sequences.gpkg"


def slope(longitude, latitude):
    """A height [m] that rises evenly, so that bilinear resampling is exact but for the warp."""
    return 200 + 900 * (longitude - 4) - 700 * (latitude - 48)


def terrain(path, west, north, step, shape, crs="EPSG:4326", hole=False):
    """A GeoTIFF of `slope`, in degrees."""
    rows, columns = np.mgrid[: shape[0], : shape[1]]
    heights = slope(west + (columns + 0.5) * step, north - (rows + 0.5) * step)
    if hole:
        heights[:, : shape[1] // 2] = -9999
    with rasterio.open(
        path, "w", driver="GTiff", height=shape[0], width=shape[1], count=1, dtype="float32",
        crs=crs, transform=from_origin(west, north, step, step), nodata=-9999,
    ) as file:  # fmt: skip
        file.write(heights.astype(np.float32), 1)
    return path


def centre_of(grid):
    left, bottom, right, top = grid.bounds
    to_degrees = Transformer.from_crs(grid.crs, "EPSG:4326", always_xy=True)
    return to_degrees.transform((left + right) / 2, (top + bottom) / 2)


def test_heights_are_warped_onto_the_zones_grid(tmp_path):
    grid = worlds.grid(SHAPE)
    longitude, latitude = centre_of(grid)
    path = terrain(tmp_path / "dem.tif", longitude - 0.05, latitude + 0.04, 0.001, (80, 100))
    found = read_elevation(path, grid)
    left, _, _, top = grid.bounds
    x = left + (np.arange(SHAPE[1]) + 0.5) * grid.pixel_size
    y = top - (np.arange(SHAPE[0]) + 0.5) * grid.pixel_size
    to_degrees = Transformer.from_crs(grid.crs, "EPSG:4326", always_xy=True)
    expected = slope(*to_degrees.transform(*np.meshgrid(x, y)))
    assert found.shape == SHAPE
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, expected, atol=0.1)


def test_what_the_terrain_does_not_know_is_nan_and_a_zone_outside_is_refused(tmp_path):
    grid = worlds.grid(SHAPE)
    longitude, latitude = centre_of(grid)
    half = terrain(
        tmp_path / "half.tif", longitude - 0.05, latitude + 0.04, 0.001, (80, 100), hole=True
    )
    known = ~np.isnan(read_elevation(half, grid))
    assert 0.2 < known.mean() < 0.8
    away = terrain(tmp_path / "away.tif", longitude + 3, latitude + 3, 0.001, (9, 8))
    with pytest.raises(ConfigError, match="no height"):
        read_elevation(away, grid)


def test_terrain_that_is_none_says_so(tmp_path):
    grid = worlds.grid(SHAPE)
    (tmp_path / "text.tif").write_text("no raster")
    with pytest.raises(ConfigError, match="GeoTIFF"):
        read_elevation(tmp_path / "text.tif", grid)
    bare = terrain(tmp_path / "bare.tif", 4, 48, 0.001, (5, 6), crs=None)
    with pytest.raises(ConfigError, match="reference system"):
        read_elevation(bare, grid)
    with pytest.raises(ConfigError, match="no file"):
        ContextFiles(terrain=tmp_path / "missing.tif")


def test_the_landscape_knows_its_heights_and_the_year_before():
    source = SimulatedSource(seed=3, size=96)
    assert isinstance(source, Context)
    zones = {zone.region: zone for zone in source.zones()}
    heights = {region: source.elevation(zone).mean() for region, zone in zones.items()}
    assert heights["massif_central"] > heights["nord_picardie"]
    zone = zones["mediterranean"]
    again = SimulatedSource(seed=3, size=96)
    np.testing.assert_array_equal(source.elevation(zone), again.elevation(zone))
    then, now = source.parcels_before(zone), source.parcels(zone)
    assert then.equals(again.parcels_before(zone))
    assert len(then) > 0
    assert then.columns.tolist() == now.columns.tolist()
    assert not then.equals(now)


def test_vines_stay_and_wheat_moves():
    source, codes = SimulatedSource(seed=0, size=256), legend.load()
    ids = {item.name: item.id for item in codes.classes}
    stayed: dict[str, list[bool]] = {"vineyard": [], "winter_wheat": []}
    for zone in source.zones():
        if zone.region not in ("mediterranean", "paris_basin"):
            continue
        now, then = (
            parcels.rasterize(
                parcels.clean(table, zone, codes, source.zones()).parcels, zone.grid
            ).crop
            for table in (source.parcels(zone), source.parcels_before(zone))
        )
        for name, found in stayed.items():
            known = (now == ids[name]) & (then > 0) & (then < 255)
            found += (then[known] == ids[name]).tolist()
    assert np.mean(stayed["vineyard"]) > 0.9
    assert np.mean(stayed["winter_wheat"]) < 0.3


def test_to_ask_for_them_changes_nothing_of_the_landscape():
    asked, plain = (SimulatedSource(seed=5, size=48) for _ in range(2))
    zone = asked.zones()[7]
    assert asked.elevation(zone).shape == zone.grid.shape
    assert len(asked.parcels_before(zone)) > 0
    assert asked.parcels(zone).equals(plain.parcels(zone))
    pairs = list(zip(asked.scenes(zone), plain.scenes(zone), strict=True))
    assert len(pairs) > 30
    for one, other in pairs:
        assert one.date == other.date
        np.testing.assert_array_equal(one.reflectance, other.reflectance)
        np.testing.assert_array_equal(one.scl, other.scl)


@worlds.needs(SEQUENCES)
@pytest.mark.parametrize(
    ("crop", "name", "most"), [("ble", "winter_wheat", 0.25), ("orge", "barley", 0.25),
                               ("colz", "rapeseed", 0.25), ("prot", "winter_pea", 0.4)],
)  # fmt: skip
def test_rotations_of_the_paris_basin_are_near_those_of_a_real_commune(crop, name, most):
    """Share of area by crop of the year before, five years of 1,200 plots: half the sum of differences."""
    ids = {item.name: item.id for item in legend.load().classes}
    groups = {"ble": ["winter_wheat", "winter_durum_wheat"], "orge": ["barley"],
              "colz": ["rapeseed"], "mais": ["maize"]}  # fmt: skip
    chances = ancillary._chances("paris_basin")[ids[name]]
    ours = np.array([chances[[ids[n] for n in names]].sum() for names in groups.values()])
    table = gpd.read_file(SEQUENCES, engine="pyogrio")
    years = [(table[f"y{n}"], table[f"y{n + 1}"]) for n in range(1, 5)]
    then = pd.concat([before[now == crop] for before, now in years])
    area = table["area_ha"].loc[then.index].to_numpy()
    real = np.array([area[then == group].sum() for group in groups]) / area.sum()
    rest = abs(ours.sum() - real.sum())
    assert (np.abs(ours - real).sum() + rest) / 2 < most
