"""From a click on a parcel to its chart, and from one zone to the next; part of bench.ui.

Clicks parcels of a warm page, alone and two readers at once, goes to the zone and back, and plays
its year, on made-up zones of fields on a lattice. "zone first" is a zone that nobody has opened
since it was built. The ratio of the largest zone to the smallest is 1 if the number of parcels
costs nothing.
"""

from __future__ import annotations

import math
import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import geopandas as gpd
import numpy as np
from playwright.sync_api import Browser, ElementHandle, Frame, Page
from shapely import box

from cropdash import legend
from cropdash.domain import Cube, Grid, Labels, Legend, Season, Zone
from cropdash.domain.sentinel2 import BAND_SETS
from cropdash.prepare.series import parcel_series
from cropdash.storage.datasets import DatasetFolder
from cropdash.storage.description import Description
from tests.browser.conftest import Server

MAP = "iframe[title='streamlit_folium.st_folium']"
# Asked of the page: a frame that is asked as it is put in may never answer.
READY = "map => document.querySelector(map)?.contentWindow.parcelsReady === true"
OTHER = 100  # parcels of the zone that one comes from
FIELD = 4  # [pixels] side of a field; a pixel of margin is left between two

# Resolves with the milliseconds from the mouse button's release to the first frame in which the
# chart shows the parcel; armed before the click, so that the browser's own clock is used.
TO_CHART = """
id => new Promise((resolve, reject) => {
  const start = performance.now();
  (function look() {
    for (const plot of document.querySelectorAll('.js-plotly-plot')) {
      if ((plot._fullData || []).some(t => (t.name || '').split(':')[0] === `Parcel ${id}`)) {
        return resolve(performance.now() - start);
      }
    }
    if (performance.now() - start > 20000) return reject(new Error(`no chart of ${id}`));
    requestAnimationFrame(look);
  })();
})
"""
FETCHED = """
performance.getEntriesByType('resource').filter(e => e.name.includes('/app/static/'))
  .reduce((sum, e) => sum + e.encodedBodySize, 0)
"""
PLACE = """
([lat, lon]) => {
  const p = window.map.latLngToContainerPoint([lat, lon]);
  const r = window.map.getContainer().getBoundingClientRect();
  return [r.left + p.x, r.top + p.y];
}
"""


@dataclass(frozen=True)
class Measured:
    """One zone's numbers."""

    parcels: int
    shown_s: float  # address to parcels on the map
    clicks_ms: list[float]
    socket_kb: float  # all the page needed before the first click
    per_click_kb: float
    map_kb: float  # Leaflet, picture and parcels
    year_kb: float  # pictures of all months
    play_s: float  # from the first press of play until it runs
    first_change_s: float  # to the zone, its files not drawn yet
    changes_ms: list[float]  # to the zone, from another one

    @property
    def median_ms(self) -> float:
        return statistics.median(self.clicks_ms)


def write_zones(data: Path, counts: Sequence[int]) -> None:
    """One zone per number of parcels, all of one size on the map."""
    side = math.ceil(math.sqrt(max(counts))) * (FIELD + 1)
    grid = Grid("EPSG:32631", 500_000.0, 5_500_000.0, 10.0, (side, side))
    zones = tuple(Zone(f"n{n}", "lattice", "test", grid) for n in (*counts, OTHER))
    dataset = DatasetFolder(data, "lattice")
    table = legend.load()
    dataset.describe(
        Description(
            "lattice",
            "Fields on a lattice",
            "bench",
            Season.of(2023),
            BAND_SETS["10m"],
            table.hash,
            zones,
        )
    )
    cube = _cube(grid)
    for zone, n in zip(zones, (*counts, OTHER), strict=True):
        labels, parcels = _lattice(grid, n, zone.zone_id, table)
        dataset.write_zone(zone, cube, labels, parcels, parcel_series(cube, labels), {})


def measure(
    browser: Browser, server: Server, counts: Sequence[int], clicks: int, changes: int
) -> list[Measured]:
    context = browser.new_context(viewport={"width": 1400, "height": 1000})
    moves = [_change_zone(context.new_page(), server, n, changes) for n in counts]
    results = [
        _measure_zone(context.new_page(), server, n, clicks, times)
        for n, times in zip(counts, moves, strict=True)
    ]
    context.close()
    return results


def measure_two(browser: Browser, server: Server, n: int, clicks: int) -> list[float]:
    """Milliseconds from click to chart of two readers who click at the same moment."""
    contexts = [browser.new_context(viewport={"width": 1400, "height": 1000}) for _ in range(2)]
    pages = [context.new_page() for context in contexts]
    opened = [_open(page, server, n) for page in pages]
    places = _places(server, n, 2 * clicks + 2)
    times = []
    for one, two in zip(places[::2], places[1::2], strict=True):
        for page, (handle, frame), (parcel, at) in zip(pages, opened, (one, two), strict=True):
            _aim(page, handle.bounding_box(), frame, parcel, at)
        for page in pages:
            page.mouse.up()
        times.append([float(page.evaluate("window.waited")) for page in pages])
        pages[0].wait_for_timeout(700)
    for context in contexts:
        context.close()
    return [t for pair in times[1:] for t in pair]


def report(results: Sequence[Measured]) -> None:
    head = (
        "parcels", "map shown", "click to chart", "slowest", "zone change", "slowest", "zone first",
        "before click", "a click", "map", "play after", "year",
    )  # fmt: skip
    print("".join(f"{h:>15}" for h in head))
    for r in results:
        cells = (
            f"{r.parcels:,}",
            f"{r.shown_s:.2f} s",
            f"{r.median_ms:.0f} ms",
            f"{max(r.clicks_ms):.0f} ms",
            f"{statistics.median(r.changes_ms):.0f} ms",
            f"{max(r.changes_ms):.0f} ms",
            f"{r.first_change_s:.2f} s",
            f"{r.socket_kb:,.0f} kB",
            f"{r.per_click_kb:,.0f} kB",
            f"{r.map_kb:,.0f} kB",
            f"{r.play_s:.2f} s",
            f"{r.year_kb:,.0f} kB",
        )
        print("".join(f"{c:>15}" for c in cells))
    ratio = results[-1].median_ms / results[0].median_ms
    print(f"{results[-1].parcels:,} against {results[0].parcels:,} parcels: {ratio:.2f} times")


def _measure_zone(
    page: Page, server: Server, n: int, clicks: int, changes_ms: list[float]
) -> Measured:
    sent = {"socket": 0}
    page.on("websocket", lambda ws: ws.on("framereceived", lambda f: _add(sent, len(f))))
    page.goto(f"{server.url}/_stcore/health")  # the browser is awake
    start = page.evaluate("performance.timeOrigin + performance.now()")
    handle, frame = _go(page, server, n)
    shown = (page.evaluate("performance.timeOrigin + performance.now()") - start) / 1000
    _settle(page, handle)
    before, drawn = sent["socket"], frame.evaluate(FETCHED) / 1000
    places = _places(server, n, clicks + 1)
    times = [_click(page, handle.bounding_box(), frame, i, at) for i, at in places]
    per_click = (sent["socket"] - before) / len(times) / 1000
    play_s = _play(frame)
    year = frame.evaluate(FETCHED) / 1000 - drawn
    page.close()
    # The first click also loads the chart's code where no chart was on the page before.
    return Measured(
        n, shown, times[1:], before / 1000, per_click, drawn, year, play_s,
        changes_ms[0] / 1000, changes_ms[1:],
    )  # fmt: skip


def _play(frame: Frame) -> float:
    """Seconds from the first press of play until the year runs."""
    start = time.perf_counter()
    frame.get_by_role("button", name="Play the season").click()
    frame.get_by_role("button", name="Pause").wait_for()
    elapsed = time.perf_counter() - start
    frame.get_by_role("button", name="Pause").click()
    return elapsed


def _change_zone(page: Page, server: Server, n: int, changes: int) -> list[float]:
    """Milliseconds to the zone from another one; the first time its files are not drawn yet."""
    page.goto(f"{server.url}/Explore?dataset=lattice&zone=n{OTHER}")
    _parcels_of(page)
    page.wait_for_timeout(2000)
    times = []
    for _ in range(changes + 1):
        times.append(_go_to(page, n))
        page.wait_for_timeout(1500)
        _go_to(page, OTHER)
        page.wait_for_timeout(1500)
    page.close()
    return times


def _go_to(page: Page, n: int) -> float:
    """Milliseconds from the choice of a zone until its parcels are on the map."""
    page.evaluate(f"document.querySelector(`{MAP}`).dataset.old = 'yes'")
    choice = page.get_by_role("combobox", name="Zone")
    choice.click()
    choice.fill(f"N{n} ")
    page.get_by_role("option", name=f"N{n} (test)").wait_for()
    start = time.perf_counter()
    choice.press("Enter")
    _parcels_of(page)
    return 1000 * (time.perf_counter() - start)


def _parcels_of(page: Page) -> None:
    """Until a map that was not there before shows its parcels."""
    page.wait_for_function(READY, arg=f"{MAP}:not([data-old])")


def _click(
    page: Page, frame_box: dict[str, float], frame: Frame, parcel: int, at: list[float]
) -> float:
    _aim(page, frame_box, frame, parcel, at)
    page.mouse.up()
    elapsed: float = page.evaluate("window.waited")
    page.wait_for_timeout(700)  # what the click set off has come to rest
    return elapsed


def _aim(
    page: Page, frame_box: dict[str, float], frame: Frame, parcel: int, at: list[float]
) -> None:
    """Press the mouse's button on the parcel and start the clock."""
    x, y = frame.evaluate(PLACE, at)
    page.mouse.move(frame_box["x"] + x, frame_box["y"] + y)
    page.mouse.down()
    page.evaluate(f"() => {{ window.waited = ({TO_CHART})({parcel}); }}")


def _open(page: Page, server: Server, n: int) -> tuple[ElementHandle, Frame]:
    handle, frame = _go(page, server, n)
    _settle(page, handle)
    return handle, frame


def _go(page: Page, server: Server, n: int) -> tuple[ElementHandle, Frame]:
    page.goto(f"{server.url}/Explore?dataset=lattice&zone=n{n}")
    page.wait_for_function(READY, arg=MAP)
    handle = page.wait_for_selector(MAP)
    return handle, handle.content_frame()


def _settle(page: Page, handle: ElementHandle) -> None:
    page.wait_for_timeout(2000)  # the rest of the page has settled
    handle.scroll_into_view_if_needed()


def _places(server: Server, n: int, count: int) -> list[tuple[int, list[float]]]:
    table = server.store.parcels("lattice", f"n{n}")
    chosen = table.iloc[np.linspace(len(table) * 0.3, len(table) * 0.7, count).astype(int)]
    points = chosen.geometry.representative_point().to_crs(4326)
    rows = zip(chosen["parcel_id"], points.y, points.x, strict=True)
    return [(int(i), [lat, lon]) for i, lat, lon in rows]


def _add(sent: dict[str, int], size: int) -> None:
    sent["socket"] += size


def _cube(grid: Grid) -> Cube:
    rng = np.random.default_rng(0)
    months = np.arange(12)
    green = 0.5 - 0.4 * np.cos(2 * np.pi * (months - 1) / 12)[:, None, None]
    noise = rng.normal(0, 0.02, (12, *grid.shape))
    dark, bright = 0.14 - 0.1 * green + noise / 4, 0.2 + 0.25 * green + noise
    values = np.stack([dark * 0.8, dark, dark, bright], axis=1).clip(0.01, 1).astype(np.float32)
    clear = rng.integers(1, 5, (12, *grid.shape)).astype(np.uint8)
    clear[0] = 0
    return Cube(values, clear, Season.of(2023).periods, BAND_SETS["10m"], grid)


def _lattice(grid: Grid, n: int, zone: str, table: Legend) -> tuple[Labels, gpd.GeoDataFrame]:
    """The first n cells of a square lattice that fills the zone."""
    across = math.ceil(math.sqrt(n))
    step = grid.shape[0] / across  # [pixels]
    rows, columns = np.mgrid[: grid.shape[0], : grid.shape[1]]
    cell = (rows // step).astype(int) * across + (columns // step).astype(int)
    margin = (rows % step < 1) | (columns % step < 1)
    ids = np.where(margin | (cell >= n), 0, cell + 1).astype(np.int32)
    crops = np.random.default_rng(1).integers(1, table.n_classes, n)
    labels = Labels(np.concatenate([[0], crops]).astype(np.uint8)[ids], ids, grid)
    j, i = np.arange(n) % across, np.arange(n) // across
    west, north = grid.left + (j * step + 1) * 10, grid.top - (i * step + 1) * 10
    shapes = box(west, north - (step - 1) * 10, west + (step - 1) * 10, north)
    parcels = gpd.GeoDataFrame(
        {
            "parcel_id": np.arange(1, n + 1, dtype=np.int32),
            "zone_id": zone,
            "register_id": [str(k) for k in range(1, n + 1)],
            "code": "BTH",
            "crop": crops.astype(np.uint8),
            "area_ha": shapes_area(step),
            "n_pixels": np.bincount(ids.ravel(), minlength=n + 1)[1:].astype(np.int32),
        },
        geometry=shapes,
        crs=grid.crs,
    )
    return labels, parcels


def shapes_area(step: float) -> float:
    """Hectares of one field."""
    return ((step - 1) * 10) ** 2 / 10_000
