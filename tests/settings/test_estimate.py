import math

import pytest

from cropdash.domain.sentinel2 import BAND_SETS
from cropdash.ingest import zones
from cropdash.ingest.earthengine import tiling
from cropdash.settings import estimate, sources
from tests import worlds

FOUR = BAND_SETS["10m"]


def settings(tmp_path, source, shapes, **more):
    """Of a build of zones in a row, each with its own height and width."""
    path, left, made = tmp_path / "zones.csv", 500_000.0, []
    for i, shape in enumerate(shapes):
        at = worlds.grid(shape, left)
        made.append(worlds.zone(f"z{i}", "test" if i == 0 else "train", at))
        left = at.bounds[2] + 20
    zones.write(path, made)
    values = {"source": source, "dataset": "d", "zones_path": path, "register_path": "r.gpkg"}
    return sources.parse({**values, **more})


def test_forty_zones_of_earth_engine(tmp_path):
    config = settings(tmp_path, "earthengine", [(1000, 1000)] * 40, project="my-project")
    found = estimate.of(config)
    assert (found.zones, found.fetching.requests) == (40, 480)
    assert found.fetching.transfer == 480 * 1000 * 1000 * 5 * 2
    assert found.fetching.seconds[0] < found.fetching.seconds[1]
    text = " ".join(estimate.sentences(found))
    assert "480 requests" in text
    assert "4.8 GB" in text
    counts = 1000 * 1000 * 5 * 3 / 2**20  # 14.3 MiB, below the limit
    assert f"counts {counts:.1f} MiB; the limit is 48 MiB" in text


def test_a_large_zone_is_counted_in_tiles_below_the_limit(tmp_path):
    config = settings(tmp_path, "earthengine", [(2400, 1800), (400, 300)], project="my-project")
    tiles = math.ceil(2400 * 1800 * 15 / (48 * 1024 * 1024)) + 1
    assert estimate.of(config).fetching.requests == 12 * tiles


def test_scenes_of_a_year(tmp_path):
    found = estimate.of(settings(tmp_path, "stac", [(1000, 500)] * 2))
    assert found.fetching.transfer == 2 * 73 * (1000 * 500 * 8 + 500 * 250)
    assert found.fetching.requests == 2 * 73 * 5
    assert "every 5 days" in " ".join(estimate.sentences(found))


def test_bands_and_periods_count(tmp_path):
    """Four bands have 10 m; six have 20 m, so a quarter of the pixels travels."""
    more = {"season": "2022-10..2023-03", "every": "dekad", "bands": "all"}
    found = estimate.of(settings(tmp_path, "stac", [(1000, 500)], **more))
    pixels, dates = 1000 * 500, 182 // 5
    assert found.fetching.transfer == dates * (pixels * 8 + 6 * pixels // 2 + pixels // 4)
    assert found.fetching.requests == dates * 11
    assert found.disk == pixels * (18 * (2 * 10 + 1) + 8)
    assert "18 periods (2022-10-01 to 2023-03-31), 10 bands" in next(estimate.sentences(found))


def test_nothing_is_fetched_of_what_is_here():
    found = estimate.of(sources.demo(size=100, zones_per_region=2))
    assert (found.zones, found.fetching.transfer) == (16, 0)
    assert found.disk == 16 * 100 * 100 * (12 * 9 + 8)
    assert list(estimate.sentences(found))[-1] == "Nothing is fetched."


def test_zones_that_are_not_written_yet_are_counted_too(tmp_path):
    config = settings(tmp_path, "earthengine", [(60, 40), (30, 20)], project="my-project")
    listed = zones.read(tmp_path / "zones.csv")
    (tmp_path / "zones.csv").unlink()
    found = estimate.of(config, listed[:1])
    assert (found.zones, found.disk) == (1, 60 * 40 * (12 * 9 + 8))


def test_the_estimate_is_what_the_source_asks_for(tmp_path):
    """By the source's own tiles: a third of the first zone would be a row too much."""
    shapes = [(3172, 3172), (1832, 1834), (400, 300)]
    found = estimate.of(settings(tmp_path, "earthengine", shapes, project="my-project")).fetching
    listed = zones.read(tmp_path / "zones.csv")
    tiles = [tile for zone in listed for tile in tiling.tiles(zone.grid, FOUR)]
    assert found.requests == 12 * len(tiles) == 12 * 7
    assert max(tiling.request_bytes(tile, FOUR) for tile in tiles) <= tiling.REQUEST_LIMIT
    assert found.transfer == 12 * sum(height * width * 10 for height, width in shapes)


def test_more_bands_take_more_tiles_of_earth_engine(tmp_path):
    more = {"project": "my-project", "every": "dekad"}
    shape = [(2000, 1500)]
    four = estimate.of(settings(tmp_path, "earthengine", shape, **more)).fetching
    ten = estimate.of(settings(tmp_path, "earthengine", shape, bands="all", **more)).fetching
    assert (four.requests, ten.requests) == (36, 72)
    assert ten.transfer == 36 * 2000 * 1500 * 11 * 2


@pytest.mark.parametrize(("count", "text"), [(4.64e9, "4.6 GB"), (0.5e6, "0.5 MB")])
def test_bytes_for_people(count, text):
    assert estimate.size(count) == text


def test_files_of_further_layers_are_counted_as_a_band_each(tmp_path):
    for name in ("radar/2023-05.tif", "radar/2023-06.tif", "dem.tif"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"x")
    plain = settings(tmp_path, "stac", [(100, 60), (40, 30)])
    layers = f"{tmp_path}/radar,elevation={tmp_path}/dem.tif"
    found = estimate.of(settings(tmp_path, "stac", [(100, 60), (40, 30)], layers=layers))
    assert found.layers == 3
    assert found.disk - estimate.of(plain).disk == (100 * 60 + 40 * 30) * 3 * 4  # float32
    assert "3 files of further layers are counted as one band each" in " ".join(
        estimate.sentences(found)
    )
