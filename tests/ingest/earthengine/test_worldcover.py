"""Cropland shares of the loopback WorldCover against plain numpy."""

from __future__ import annotations

import numpy as np
import pytest
from typer.testing import CliRunner

from cropdash.cli import app as command_line
from cropdash.domain import Grid
from cropdash.domain.errors import ConfigError, SourceUnavailable
from cropdash.ingest import solar, zones
from cropdash.ingest.earthengine import cropland_share, worldcover
from tests.ingest.earthengine.images import asset
from tests.ingest.earthengine.service import Fault, loaded, saved
from tests.ingest.earthengine.worlds import over

NAME = "ESA/WorldCover/v200"
MAP = Grid("EPSG:32631", 500_000, 5_500_000, 10, (300, 420))  # 3 x 4.2 km


def world(google, classes, grid=MAP):
    google.assets = {NAME: [asset({"Map": (grid, classes, classes > 0)}, {})]}


def square(row, column, height, width):
    """By pixels of the map."""
    return Grid(MAP.crs, MAP.left + 10 * column, MAP.top - 10 * row, 10, (height, width))


@pytest.fixture
def share(service):
    return cropland_share("my-project", service)


def test_shares_of_blocks_are_exact_wherever_the_squares_lie(google, share):
    """Blocks of 100 m, as shares are flat within them; squares stand on the 20 m grid."""
    rng = np.random.default_rng(0)
    blocks = rng.choice([10, 30, 40, 50, 80], (30, 42)).astype(np.uint8)
    classes = np.kron(blocks, np.ones((10, 10), dtype=np.uint8))
    world(google, classes)
    places = [(0, 0, 300, 420), (7, 13, 100, 64), (120, 200, 33, 77), (299, 419, 1, 1)]
    found = share([square(*place) for place in places])
    for (row, column, height, width), value in zip(places, found, strict=True):
        part = classes[row : row + height, column : column + width]
        assert value == pytest.approx((part == 40).mean(), abs=2e-4)
    assert google.asked("pixels") == 1


def test_shares_within_a_block_are_means(google, share):
    rng = np.random.default_rng(1)
    classes = rng.choice([10, 40], MAP.shape, p=[0.3, 0.7]).astype(np.uint8)
    world(google, classes)
    found = share([square(100, 100, 100, 200), square(0, 0, 10, 10)])
    expected = [(classes[100:200, 100:300] == 40).mean(), (classes[:10, :10] == 40).mean()]
    np.testing.assert_allclose(found, expected, atol=2e-4)


def test_a_map_in_degrees_is_read_too(google, share):
    """As the real one is: pixels of 1/12000 degree."""
    (west, south, east, north) = solar.degrees(MAP)
    pixel = 1 / 12_000
    shape = (round((north - south) / pixel) + 40, round((east - west) / pixel) + 40)
    grid = Grid("EPSG:4326", west - 20 * pixel, north + 20 * pixel, pixel, shape)
    classes = np.full(shape, 10, dtype=np.uint8)
    classes[:, shape[1] // 2 :] = 40
    world(google, classes, grid)
    middle = grid.left + pixel * (shape[1] // 2)
    at = over(Grid("EPSG:4326", middle, (north + south) / 2, 1e-9, (1, 1)), MAP.crs, (100, 100))
    assert share([at])[0] == pytest.approx(0.5, abs=0.02)


def test_the_sea_is_no_cropland(google, share):
    classes = np.full(MAP.shape, 40, dtype=np.uint8)
    classes[:, :200] = 0  # the map ends
    world(google, classes)
    assert share([square(0, 0, 200, 200), square(0, 100, 200, 200)]).tolist() == [0, 0.5]


def test_squares_of_two_utm_zones_are_asked_for_apart(google, share):
    world(google, np.full(MAP.shape, 40, dtype=np.uint8))
    far = over(square(100, 100, 20, 20), "EPSG:32632", (10, 14))
    found = share([square(0, 0, 50, 50), far, square(20, 30, 50, 60)])
    np.testing.assert_allclose(found, [1, 1, 1], atol=1e-9)
    assert google.asked("pixels") == 2
    assert share([]).shape == (0,)


def test_too_much_is_split(google, share):
    rng = np.random.default_rng(2)
    blocks = rng.choice([10, 40], (30, 42)).astype(np.uint8)
    classes = np.kron(blocks, np.ones((10, 10), dtype=np.uint8))
    world(google, classes)
    google.most_pixels = 30 * 42 // 3
    whole = share([square(0, 0, 300, 420)])
    assert google.asked("pixels") == 1 + 2 + 4
    assert whole[0] == pytest.approx((classes == 40).mean(), abs=2e-4)


def above_one(body):
    answer = loaded(body)
    answer["cropland"][0, 0] = worldcover.WHOLE + 1
    return saved(answer)


def turned(body):
    return saved(loaded(body).T)


def bare(body):
    return saved(loaded(body)["cropland"])


@pytest.mark.parametrize("change", [above_one, turned, bare])
def test_an_answer_that_is_not_what_was_asked_for_is_asked_again(google, share, time, change):
    world(google, np.full(MAP.shape, 40, dtype=np.uint8))
    google.fault = lambda ask, n: (
        Fault(how="change", change=change) if (ask.kind, n) == ("pixels", 0) else None
    )
    assert share([square(0, 0, 100, 200)]).tolist() == [1]
    assert len(time.pauses) == 1


def test_a_refusal_says_what_to_do(google, share):
    google.fault = lambda ask, n: Fault(403) if ask.kind == "pixels" else None
    with pytest.raises(SourceUnavailable, match="register the Cloud project"):
        share([square(0, 0, 100, 200)])
    with pytest.raises(ConfigError, match="Cloud project"):
        cropland_share("Not a Project")


def test_zones_are_proposed_where_the_cropland_is(google, share):
    """Around a town in a forest with two fields, the larger field's square comes first."""
    grid = Grid("EPSG:32631", 490_000, 5_510_000, 10, (2000, 2000))
    classes = np.full(grid.shape, 10, dtype=np.uint8)
    classes[600:820, 600:820] = 40
    classes[1300:1420, 1400:1520] = 40
    world(google, classes, grid)
    found = zones.propose((3.0, 49.65), n=2, size_px=200, radius_km=9, share=share, region="wood")
    shares = []
    for zone in found:
        left, _, _, top = zone.grid.bounds
        row, column = round((grid.top - top) / 10), round((left - grid.left) / 10)
        shares.append((classes[row : row + 200, column : column + 200] == 40).mean())
    assert shares[0] > 0.9
    assert shares[0] > shares[1] > 0.2
    assert google.asked("pixels") == 1


@pytest.fixture
def propose(service, monkeypatch, tmp_path):
    """The command `zones propose` with Earth Engine on the loopback device."""
    monkeypatch.setattr(worldcover, "Service", lambda: service)
    words = ["zones", "propose", "wood", "--lon", "3.02", "--lat", "49.64", "-n", "1"]
    words += ["--size", "40", "--radius", "1", "--out", str(tmp_path / "zones.csv")]

    def call(*more):
        return CliRunner().invoke(command_line.app, [*words, *more])

    return call


def test_the_command_asks_earth_engine_if_told_so(google, propose, tmp_path):
    world(google, np.full(MAP.shape, 40, dtype=np.uint8))
    result = propose("--project", "my-project")
    assert result.exit_code == 0, result.output
    assert google.asked("pixels") == 1
    (zone,) = zones.read(tmp_path / "zones.csv")
    assert zone.zone_id == "wood_1"


@pytest.mark.parametrize("more", [(), ("--project", "my-project", "--register", "parcels.gpkg")])
def test_the_command_wants_one_of_register_and_project(google, propose, more):
    result = propose(*more)
    assert result.exit_code != 0
    assert isinstance(result.exception, ConfigError)
    assert "either --register or, for Earth Engine, --project" in str(result.exception)
    assert google.log == []
