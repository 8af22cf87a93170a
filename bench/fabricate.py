"""Pages over very many zones, or very many parcels, in a real Chromium.

    python -m bench.fabricate --zones 5500 [--size 32] [--opens 3] [--keep FOLDER]
    python -m bench.fabricate --parcels 1000000 [--size 320]

A few zones of the simulator's are built, two runs answer them, and their folders are copied under new
ids (rasters by links, tables with register ids of their own), with the runs' answers and scores, until
there are so many zones, or so many parcels. Copies lie where their originals lie, so a map of all draws
one over the other: what is measured are the pages, not the land. Each page is opened once unseen, which
joins the tables, then so many times; seconds are until it has run to its end. Of Review also a filter, an
order and the next parcel; of Explore a click on a parcel until its chart; and the server's memory.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pandas as pd
import psutil
import pyarrow as pa
import pyarrow.parquet as pq
from playwright.sync_api import Browser, Page

from bench import ui
from bench.ui_click import MAP, PLACE, READY, TO_CHART
from cropdash.domain import Zone
from cropdash.files import atomic
from cropdash.settings.folders import Folders
from cropdash.storage import events, layout
from cropdash.storage.datasets import DatasetFolder
from cropdash.storage.runs import RunFolder
from tests import factory
from tests.browser.conftest import Server, serve

BASE = 8  # zones that are simulated, half of them test zones
PAGE_S, CLICK_S, MEMORY_MB = 2.0, 0.5, 700  # what is aimed at; memory of very many zones


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--zones", type=int, default=5500)
    parser.add_argument("--parcels", type=int)
    parser.add_argument("--size", type=int)
    parser.add_argument("--opens", type=int, default=3)
    parser.add_argument("--keep", type=Path, help="folder that is made once and left")
    asked = parser.parse_args()
    size = asked.size or (320 if asked.parcels else 32)
    with tempfile.TemporaryDirectory() as temporary:
        folder = asked.keep or Path(temporary)
        if not (folder / "whole").exists():
            made = fabricate(
                Folders(folder / "data", folder / "models"), size, asked.zones, asked.parcels
            )
            (folder / "whole").write_text(made, encoding="utf-8")
        print((folder / "whole").read_text(encoding="utf-8"), flush=True)
        with ui.chromium() as browser:
            for server in serve(folder):
                measure(browser, server, asked.opens)


def fabricate(folders: Folders, size: int, zones: int, parcels: int | None) -> str:
    """Write the dataset and its two runs; what there is of it, in a line."""
    dataset = factory.write_dataset(folders.data, zones=BASE, size=size)
    made = [
        factory.write_run(folders.models, dataset, classifier=kind, seed=seed)
        for seed, kind in enumerate(("xgboost", "cnn"))
    ]
    base = dataset.description().zones
    if parcels is not None:  # of test zones alone, which runs have answers for
        base = tuple(zone for zone in base if zone.split == "test")
        each = sum(len(dataset.parcels(zone.zone_id)) for zone in base)
        zones = -(-parcels // each) * len(base) + BASE
    copies = [replace(base[i % len(base)], zone_id=f"copy_{i}") for i in range(zones - BASE)]
    of = {copy.zone_id: base[i % len(base)].zone_id for i, copy in enumerate(copies)}
    described, legend = dataset.description(), dataset.legend()
    layout.DATASET.of(dataset.path).unlink()
    dataset.describe(replace(described, zones=(*described.zones, *copies)), legend)
    for number, copy in enumerate(copies):
        _copy_zone(dataset, of[copy.zone_id], copy, number)
    for run in made:
        _copy_answers(run, dataset, of)
    n = sum(row[2] for known in dataset.look().values() for row in known.said.crops)
    return f"{zones:,} zones of {size} px with {n:,} parcels, two runs"


def _copy_zone(dataset: DatasetFolder, original: str, copy: Zone, number: int) -> None:
    mine, theirs = dataset.zone_folder(original), dataset.zone_folder(copy.zone_id)
    theirs.mkdir(parents=True)
    manifest = layout.MANIFEST.read(mine)
    for name in manifest["files"]:
        if name != layout.PARCELS:
            os.link(mine / name, theirs / name)
    table, path = pq.read_table(mine / layout.PARCELS), theirs / layout.PARCELS
    ids = [f"{own}-{number}" for own in table["register_id"].to_pylist()]
    for column, values in {"register_id": ids, "zone_id": [copy.zone_id] * len(ids)}.items():
        at = table.column_names.index(column)
        table = table.set_column(
            at, table.schema.field(at), pa.array(values, table.schema.field(at).type)
        )
    pq.write_table(table, path)
    manifest["files"][layout.PARCELS] = atomic.checksum(path)
    manifest["sizes"][layout.PARCELS] = path.stat().st_size
    layout.MANIFEST.write(theirs, manifest)


def _copy_answers(run: RunFolder, dataset: DatasetFolder, of: dict[str, str]) -> None:
    predicted = set(run.predicted_zones())
    mine = {copy: original for copy, original in of.items() if original in predicted}
    for copy, original in mine.items():
        for suffix in (".tif", ".parquet"):
            os.link(run.predictions / f"{original}{suffix}", run.predictions / f"{copy}{suffix}")
        events.append(run.predictions / layout.PREDICTED, copy, {"of": ""})
    scores = run.scores()
    assert scores is not None
    tables = [run.confusions(), run.calibration()]
    parts = {zone: [t[t["zone_id"] == zone] for t in tables] for zone in predicted}
    grown = [
        pd.concat(
            [table, *(parts[o][i].assign(zone_id=copy) for copy, o in mine.items())],
            ignore_index=True,
        )
        for i, table in enumerate(tables)
    ]
    every = (*scores.test.zones, *mine)
    told = replace(
        scores, test=replace(scores.test, zones=every), dataset_fingerprint=dataset.fingerprint()
    )
    run.write_scores(told, *grown)


def measure(browser: Browser, server: Server, opens: int) -> None:
    """Every page, then what is done on Review and Explore; a line each."""
    print(f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores", flush=True)
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    page, process = context.new_page(), psutil.Process(server.process.pid)
    page.set_default_timeout(300_000)
    for name in ui.PAGES:
        first = _open(page, server, name)
        before = process.cpu_times().user
        times = [_open(page, server, name) for _ in range(opens)]
        used = (process.cpu_times().user - before) / opens
        _tell(
            f"{name or 'Overview'} opened",
            times,
            PAGE_S,
            f"; unseen {first:.2f} s; server {used:.2f} s of a core",
        )
    _open(page, server, "Review")
    steps: dict[str, Callable[[], None]] = {
        "Review, filter": lambda: page.locator(".st-key-review-lights button").nth(2).click(),
        "Review, next parcel": lambda: page.locator(".st-key-review-next button").click(),
    }
    for name, act in steps.items():
        _tell(name, [_timed(page, act) for _ in range(opens)], PAGE_S)
    orders = ["largest", "likely", "doubt"]
    _tell("Review, order", [_open(page, server, "Review", f"&order={o}") for o in orders], PAGE_S)
    _tell("Explore, click to chart", _clicks(page, server, opens), CLICK_S)
    used = process.memory_info().rss / 2**20
    print(f"server's memory {used:.0f} MB ({MEMORY_MB} aimed at for zones)", flush=True)
    context.close()


def _clicks(page: Page, server: Server, times: int) -> list[float]:
    zone = server.store.zones("demo")[-1]
    parcels = server.store.parcels("demo", zone.zone_id).to_crs(4326).nlargest(times + 1, "area_ha")
    known = parcels["parcel_id"].iloc[0]  # its chart joins the series of all parcels, once
    where = f"Explore?dataset=demo&zone={zone.zone_id}&parcel={known}"
    page.goto(f"{server.url}/{where}", wait_until="commit")
    page.locator(".stMain .js-plotly-plot").first.wait_for()
    page.wait_for_function(READY, arg=MAP)
    holder = page.wait_for_selector(MAP)
    frame = holder.content_frame()
    page.wait_for_selector(ui.RUN_TO_ITS_END)
    found = []
    for row in parcels.iloc[1:].itertuples():
        point = row.geometry.representative_point()
        x, y = frame.evaluate(PLACE, [point.y, point.x])
        box = holder.bounding_box()
        waiting = page.evaluate_handle(f"[({TO_CHART})({json.dumps(str(row.register_id))})]")
        page.mouse.click(box["x"] + x, box["y"] + y)
        found.append(page.evaluate("held => held[0]", waiting) / 1000)
        page.wait_for_selector(ui.RUN_TO_ITS_END)
    return found


def _open(page: Page, server: Server, name: str, more: str = "") -> float:
    start = time.perf_counter()
    page.goto(f"{server.url}/{name}?dataset=demo{more}", wait_until="commit")
    page.locator("h1").wait_for()
    page.wait_for_selector(ui.RUN_TO_ITS_END)
    return time.perf_counter() - start


def _timed(page: Page, act: Callable[[], None]) -> float:
    """Until the page, which has begun to work by then, has run to its end again."""
    start = time.perf_counter()
    act()
    page.wait_for_selector("[data-testid='stApp'][data-test-script-state='running']")
    page.wait_for_selector(ui.RUN_TO_ITS_END)
    return time.perf_counter() - start


def _tell(name: str, times: list[float], aim: float, more: str = "") -> None:
    middle = statistics.median(times)
    print(
        f"{name:24} {middle:6.2f} s ({min(times):.2f} to {max(times):.2f}; {aim:g} aimed at){more}",
        flush=True,
    )


if __name__ == "__main__":
    main()
