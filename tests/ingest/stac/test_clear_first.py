"""What shows no clear pixel is left after its scene classification, and nothing is lost by it."""

from __future__ import annotations

import numpy as np
import pytest
import rasterio
from hypothesis import given, settings
from hypothesis import strategies as st
from rasterio.windows import Window

from cropdash.domain import Season
from cropdash.ingest.local import scenes
from cropdash.ingest.stac import load
from cropdash.prepare import composite
from tests.ingest.stac.products import product
from tests.ingest.stac.test_source import WEST, ZONE, stac

CLOUD, LAND = 9, 5


def fetched(api) -> int:
    """[bytes] of the files that the server was asked for."""
    names = {path.removeprefix("/files/").split("?")[0] for _, path, _ in api.log}
    return sum((api.folder / name).stat().st_size for name in names if "day" in name)


def test_a_day_of_clouds_costs_its_classification_alone_and_the_composite_is_the_same(
    api, endpoint, monkeypatch
):
    items = []
    for n, day in enumerate(("2023-05-03", "2023-05-08", "2023-05-13", "2023-06-02", "2023-06-12")):
        item = product(f"day{n}", day, WEST, n)
        item.scl[:] = LAND if n in (0, 3) else CLOUD
        item.scl[:2] = CLOUD
        items.append(item.write(api.folder, f"{api.url}/files"))
    api.items = items
    season = Season.of("2023-05..2023-06")

    def made():
        api.log.clear()
        source = stac(endpoint)
        cube = composite.stream(source.scenes(ZONE), season.periods)
        return cube, fetched(api)

    cube, some = made()
    every = sum(path.stat().st_size for path in api.folder.iterdir())
    asked = [path for _, path, _ in api.log if "day1" in path]
    assert asked
    assert all("SCL" in path for path in asked)
    monkeypatch.setattr(load, "_unclear", lambda groups, reader: None)
    whole, _ = made()
    assert cube.reflectance.tobytes() == whole.reflectance.tobytes()
    assert cube.clear_dates.tobytes() == whole.clear_dates.tobytes()
    assert some < 0.62 * every  # two of five days whole, of three one layer in five


def test_a_clear_pixel_of_one_of_two_tiles_has_both_read(api, endpoint):
    cloudy, clear = product("a", "2023-05-03", WEST, 1), product("b", "2023-05-03", WEST, 2)
    cloudy.scl[:], clear.scl[:] = CLOUD, CLOUD
    clear.tile, clear.scl[3:] = "31UEQ", LAND
    api.items = [item.write(api.folder, f"{api.url}/files") for item in (cloudy, clear)]
    (scene,) = stac(endpoint).scenes(ZONE, pytest.fail)
    assert not np.isnan(scene.reflectance).all()
    assert api.asked("/files/a_B")
    assert api.asked("/files/b_B")


@settings(max_examples=40, deadline=None)
@given(st.integers(-9, 14), st.integers(-9, 12), st.integers(1, 20), st.integers(1, 20))
def test_a_window_over_the_edge_is_what_boundless_reads(column, row, width, height):
    values = np.arange(1, 2 * 11 * 14 + 1, dtype=np.uint16).reshape(2, 11, 14)
    with rasterio.MemoryFile() as memory:
        with memory.open(driver="GTiff", count=2, height=11, width=14, dtype="uint16") as raster:
            raster.write(values)
        with memory.open() as raster:
            window = Window(column, row, width, height)
            if not scenes._overlaps(window, 11, 14):
                return
            expected = raster.read([2, 1], window=window, boundless=True, fill_value=0)
            found, hidden = scenes._read(raster, (2, 1), window)
            np.testing.assert_array_equal(found, expected)
            rows, columns = np.ogrid[row : row + height, column : column + width]
            beyond = (rows < 0) | (rows >= 11) | (columns < 0) | (columns >= 14)
            np.testing.assert_array_equal(hidden, beyond)
