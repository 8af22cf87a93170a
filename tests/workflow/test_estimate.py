import math

import pytest

from cropdash.domain.sentinel2 import BAND_SETS
from cropdash.ingest import earthengine, zones
from cropdash.settings import build
from cropdash.workflow import estimate
from tests import worlds


def settings(tmp_path, source, shapes, **more):
    """Of a build of zones in a row, each with its own height and width."""
    path, left, made = tmp_path / "zones.csv", 500_000.0, []
    for i, shape in enumerate(shapes):
        at = worlds.grid(shape, left)
        made.append(worlds.zone(f"z{i}", "test" if i == 0 else "train", at))
        left = at.bounds[2] + 20
    zones.write(path, made)
    values = {"source": source, "dataset": "d", "zones_path": path, "register_path": "r.gpkg"}
    return build.parse({**values, **more})


def test_forty_zones_of_earth_engine(tmp_path):
    config = settings(tmp_path, "earthengine", [(1000, 1000)] * 40, project="my-project")
    found = estimate.of(config)
    assert (found.zones, found.requests) == (40, 480)
    assert found.largest_request == 1000 * 1000 * 5 * 3  # below the limit of 48 MB
    assert found.transfer == 480 * 1000 * 1000 * 5 * 2
    assert found.minutes[0] < found.minutes[1]
    text = " ".join(estimate.sentences(found))
    assert "480 requests" in text
    assert "4.8 GB" in text


def test_a_large_zone_is_counted_in_tiles_below_the_limit(tmp_path):
    config = settings(tmp_path, "earthengine", [(2400, 1800), (400, 300)], project="my-project")
    found = estimate.of(config)
    tiles = math.ceil(2400 * 1800 * 15 / (48 * 1024 * 1024)) + 1
    assert found.requests == 12 * tiles
    assert found.largest_request <= 48 * 1024 * 1024


def test_scenes_of_a_year(tmp_path):
    found = estimate.of(settings(tmp_path, "stac", [(1000, 500)] * 2))
    assert found.transfer == 2 * 73 * (1000 * 500 * 8 + 500 * 250)
    assert "every 5 days" in " ".join(estimate.sentences(found))


@pytest.mark.parametrize("source", ["simulated"])
def test_nothing_is_fetched_of_what_is_here(source):
    found = estimate.of(
        build.parse({"source": source, "dataset": "d", "size": 100, "zones_per_region": 2})
    )
    assert (found.zones, found.transfer) == (16, 0)
    assert found.disk == 16 * 100 * 100 * (12 * 9 + 8)
    assert list(estimate.sentences(found))[-1] == "Nothing is fetched."


def test_the_estimate_is_what_the_source_asks_for(tmp_path):
    """By the source's own tiles: a third of the first zone would be a row too much."""
    shapes = [(3172, 3172), (1832, 1834), (400, 300)]
    found = estimate.of(settings(tmp_path, "earthengine", shapes, project="my-project"))
    listed = zones.read(tmp_path / "zones.csv")
    tiles = [tile for zone in listed for tile in earthengine.tiles(zone.grid, BAND_SETS["10m"])]
    assert (
        found.requests
        == earthengine.requests(listed, BAND_SETS["10m"], 12)
        == 12 * len(tiles)
        == 12 * (4 + 2 + 1)
    )
    assert found.largest_request == max(
        earthengine.request_bytes(tile, BAND_SETS["10m"]) for tile in tiles
    )
    assert found.largest_request <= earthengine.REQUEST_LIMIT
    assert found.transfer == 12 * sum(height * width * 10 for height, width in shapes)
