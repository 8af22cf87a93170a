"""How long a person waits, in a real Chromium: cold start, pages, clicks, zone changes, two at once.

    python -m bench.ui [--parcels 1000 4000 10000] [--clicks 15] [--changes 7] [--starts 5] [--opens 5] [--only clicks]

Starts servers of its own on worlds made in a scratch folder: zones of fields on a lattice for
Explore, a small simulated landscape with two runs for the other pages. Prints medians, the worst,
what was sent, and the machine's load, since a busy machine makes everything slower.

Pages stand beside an empty one of Streamlit's (`bench.ui_pages`).

"up" is the time until the server's port answers, "first page" until its heading can be read and
"whole page" until it has run to its end; each counts from the start of the process, with a browser
that has never seen the server.
"""

from __future__ import annotations

import argparse
import os
import statistics
import tempfile
import time
from collections.abc import Sequence
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from bench import ui_click, ui_pages
from cropdash.ui.shell import frame
from tests import factory
from tests.browser.conftest import CHROMIUM, FLAGS, Server, serve

PAGES = tuple(page.address for page in frame.PAGES)
RUN_TO_ITS_END = "[data-testid='stApp'][data-test-script-state='notRunning']"
CLICK_S, CHANGE_S, COLD_S, MAP_MB = 0.4, 1.0, 3.0, 2.0  # what is aimed at


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--parcels", type=int, nargs="+", default=[1000, 4000, 10000])
    parser.add_argument("--clicks", type=int, default=15)
    parser.add_argument("--changes", type=int, default=7)
    parser.add_argument("--starts", type=int, default=5, help="cold starts")
    parser.add_argument("--opens", type=int, default=5, help="openings of each warm page")
    parser.add_argument("--only", choices=("pages", "clicks"), help="a part of it")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch, chromium() as browser:
        folder = Path(scratch)
        write_world(folder)
        ui_click.write_zones(folder / "data", given.parcels)
        load("before")
        if not given.only:
            report_starts(
                {page: cold_starts(browser, folder, page, given.starts) for page in PAGES[:2]}
            )
        for server in serve(folder):
            if given.only != "clicks":
                ui_pages.report(ui_pages.measure(browser, server, folder, given.opens))
            if given.only == "pages":
                return
            if not given.only:
                report_pages({page: openings(browser, server, page, given.opens) for page in PAGES})
            results = ui_click.measure(browser, server, given.parcels, given.clicks, given.changes)
            ui_click.report(results)
            report_two(ui_click.measure_two(browser, server, max(given.parcels), given.clicks))
        load("after")
    report_aims(results)


def write_world(folder: Path) -> None:
    """A small landscape with one run of each model."""
    dataset = factory.write_dataset(folder / "data", zones=8, size=128)
    for seed, kind in enumerate(("xgboost", "cnn")):
        factory.write_run(folder / "models", dataset, classifier=kind, seed=seed)


@contextmanager
def chromium():
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


def cold_starts(browser: Browser, folder: Path, name: str, times: int) -> list[list[float]]:
    """[up, first page, whole page] of fresh servers [s]."""
    found = []
    for _ in range(times):
        context = browser.new_context(viewport={"width": 1400, "height": 1000})
        page = context.new_page()
        start = time.perf_counter()
        for server in serve(folder):
            up = time.perf_counter() - start
            first, whole = open_page(page, server, name, start)
            found.append([up, first, whole])
        context.close()
    return found


def openings(browser: Browser, server: Server, name: str, times: int) -> list[list[float]]:
    """[first sight, whole page, MB over the socket and by URL] of a page of a warm server."""
    context = browser.new_context(viewport={"width": 1400, "height": 1000})
    found = []
    for _ in range(times + 1):
        page, sent = context.new_page(), {"socket": 0}
        page.on("websocket", lambda ws, s=sent: ws.on("framereceived", lambda f: _add(s, len(f))))
        first, whole = open_page(page, server, name, time.perf_counter())
        found.append([first, whole, sent["socket"] / 1e6])
        page.close()
    context.close()
    return found[1:]  # the first one warmed the server and the browser


def open_page(page: Page, server: Server, name: str, start: float) -> tuple[float, float]:
    """Seconds since `start` until the heading is there, and until the page has run to its end."""
    page.goto(f"{server.url}/{name}?dataset=demo", wait_until="commit")
    page.locator("h1").wait_for()
    first = time.perf_counter() - start
    page.wait_for_selector(RUN_TO_ITS_END)
    return first, time.perf_counter() - start


def _add(sent: dict[str, int], size: int) -> None:
    sent["socket"] += size


def load(when: str) -> None:
    one, five, _ = os.getloadavg()
    print(f"load {when}: {one:.1f} (five minutes: {five:.1f}) on {os.cpu_count()} cores")


def report_starts(found: dict[str, list[list[float]]]) -> None:
    print_row("cold start", "up", "worst", "first page", "worst", "whole page", "worst")
    for name, rows in found.items():
        print_row(name or "Overview", *_cells(rows, "{:.2f} s"))


def report_pages(found: dict[str, list[list[float]]]) -> None:
    print_row("warm page", "first sight", "worst", "whole page", "worst", "socket", "worst")
    for name, rows in found.items():
        print_row(
            name or "Overview", *_cells([r[:2] for r in rows], "{:.2f} s"),
            *_cells([r[2:] for r in rows], "{:.2f} MB"),
        )  # fmt: skip


def report_two(times: Sequence[float]) -> None:
    print(
        f"two readers click at once: median {statistics.median(times):.0f} ms, "
        f"slowest {max(times):.0f} ms of {len(times)} clicks"
    )


def report_aims(results: Sequence[ui_click.Measured]) -> None:
    last = results[-1]
    rows = (
        ("click to chart", last.median_ms / 1000, CLICK_S, "s"),
        ("zone change", statistics.median(last.changes_ms) / 1000, CHANGE_S, "s"),
        ("largest map", max(r.map_kb for r in results) / 1000, MAP_MB, "MB"),
    )
    for name, value, aim, unit in rows:
        print(f"{name}, {last.parcels:,} parcels: {value:.2f} {unit} of {aim:g} {unit} aimed at")


def _cells(rows: Sequence[Sequence[float]], how: str) -> list[str]:
    columns = list(zip(*rows, strict=True))
    return [how.format(f(column)) for column in columns for f in (statistics.median, max)]


def print_row(*cells: str) -> None:
    print("".join(f"{c:>13}" for c in cells))


if __name__ == "__main__":
    main()
