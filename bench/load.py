"""Many hands: browser sessions over all pages while a build and trainings are under way.

    python -m bench.load [--sessions 20] [--minutes 5] [--browsers 20]

Starts a server of its own where people sign in, on a small landscape with two runs, and as many
sessions of one Chromium, each with its own cookies. They come one after the other, ARRIVE_S apart; each
opens a page, waits until it has run to its end, and after a moment goes on to another by the menu. The
minutes are counted from when all are there. With fewer `--browsers` the other sessions sign in and speak
to the page's socket as a browser does, but draw nothing: what twenty browsers draw would otherwise
take the processors that the server and its jobs are measured on. Prints the times of pages (median, 95th percentile,
slowest), errors (of the browser's console, answers from 400 on, faults shown), and the server's
memory, which may not pass MEMORY_MB. Ends with code 1 if something is missed.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import statistics
import sys
import tempfile
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import psutil
from playwright.async_api import Browser, Locator, Page, async_playwright
from playwright.async_api import Error as BrowserError
from websockets.exceptions import WebSocketException

from bench.ui import RUN_TO_ITS_END, load
from cropdash.domain.errors import CropdashError
from cropdash.jobs import launch
from cropdash.settings import classifiers, folders, sources
from cropdash.storage import runs, status, users
from cropdash.ui.shell import frame
from tests import factory
from tests.browser.conftest import FLAGS, HEADLESS, Server, serve
from tests.security import talking

MEMORY_MB = 1500  # that the server may take
ARRIVE_S = 3.0  # between one person and the next
THINK_S = (2.0, 6.0)  # between two pages of a session
PASSWORD = "many hands at once"  # noqa: S105 (of this bench alone)
ROLES = ("viewer", "analyst", "operator")


@dataclass
class Seen:
    """What the sessions saw."""

    seconds: dict[str, list[float]] = field(default_factory=dict)
    errors: Counter[str] = field(default_factory=Counter)
    memory_mb: list[float] = field(default_factory=list)
    jobs: Counter[str] = field(default_factory=Counter)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sessions", type=int, default=20)
    parser.add_argument("--minutes", type=float, default=5.0)
    parser.add_argument("--browsers", type=int, help="how many of them are; all by default")
    given = parser.parse_args()
    browsers = given.sessions if given.browsers is None else given.browsers
    with tempfile.TemporaryDirectory() as scratch:
        folder, seen, over = Path(scratch), Seen(), threading.Event()
        said = write_world(folder, given.sessions)
        os.environ.update(
            CROPDASH_DATA=str(folder / "data"), CROPDASH_MODELS=str(folder / "models")
        )
        load("before")
        for server in serve(folder, said):
            besides = [
                threading.Thread(target=work, args=(seen, over)),
                threading.Thread(target=weigh, args=(server, seen, over)),
            ]
            for thread in besides:
                thread.start()
            try:
                asyncio.run(visit(server, given.sessions, browsers, given.minutes * 60, seen))
            finally:
                over.set()
                for thread in besides:
                    thread.join()
        load("after")
    sys.exit(0 if report(seen, given.sessions, given.minutes) else 1)


def write_world(folder: Path, sessions: int) -> dict[str, str]:
    """A landscape with two runs, and a user for each session; the environment of its server."""
    dataset = factory.write_dataset(folder / "data", zones=8, size=128)
    for seed, kind in enumerate(("xgboost", "cnn")):
        factory.write_run(folder / "models", dataset, classifier=kind, seed=seed)
    for n in range(sessions):
        users.put(folder / "users.json", f"person{n}", ROLES[n % 3], PASSWORD)
    return {"CROPDASH_USERS": str(folder / "users.json")}


def work(seen: Seen, over: threading.Event) -> None:
    """Keep a build and a training under way until the end, then stop what is left."""
    where, n = folders.folders(), 0
    while not over.wait(1.0):
        launch.reap()
        live = [name for name in (*_runs(where), "more") if _is_live(where, name)]
        n += 1
        try:
            if "more" not in live:
                build = {"source": "simulated", "dataset": "more", "seed": n, "size": 64}
                launch.start_build(sources.parse(build | {"zones_per_region": 2, "workers": 1}))
                seen.jobs["builds"] += 1
            if not [name for name in live if name != "more"]:
                kind = classifiers.in_demo()[n % 2].name
                launch.start(
                    classifiers.parse({"classifier": kind, "dataset": "demo", "threads": 1})
                )
                seen.jobs["trainings"] += 1
        except CropdashError as error:
            if "other settings" not in str(error):
                seen.errors[f"job: {error}"] += 1
            else:
                _forget(where.data / "more")
    for name in (*_runs(where), "more"):
        if _is_live(where, name):
            launch.end_now(name)


def _forget(folder: Path) -> None:
    """Let the next build begin anew."""
    for path in (folder / "dataset.json", folder / "build.json"):
        path.unlink(missing_ok=True)


def _runs(where: folders.Folders) -> list[str]:
    return [run.run_id for run in runs.list_all(where.models)]


def _is_live(where: folders.Folders, name: str) -> bool:
    told = status.read(where.data / name if name == "more" else where.models / name)
    return told is not None and not told.is_final


def weigh(server: Server, seen: Seen, over: threading.Event) -> None:
    """The server's memory, each second."""
    port = server.url.rpartition(":")[2]
    (process,) = [p for p in psutil.Process().children() if port in p.cmdline()]
    while not over.wait(1.0):
        seen.memory_mb.append(process.memory_info().rss / 1e6)


async def visit(server: Server, sessions: int, browsers: int, seconds: float, seen: Seen) -> None:
    """All sessions at once, until the time is over."""
    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(sessions))
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=HEADLESS, args=FLAGS)
        end = time.monotonic() + seconds + ARRIVE_S * sessions
        await asyncio.gather(
            *(session(browser, server, n, end, seen) for n in range(browsers)),
            *(asyncio.to_thread(speak, server, n, end, seen) for n in range(browsers, sessions)),
        )
        await browser.close()


def speak(server: Server, n: int, end: float, seen: Seen) -> None:
    """One person whose browser draws nothing: the same messages, read to the end of each page."""
    chance = np.random.default_rng(n)
    time.sleep(ARRIVE_S * n)
    try:
        _, cookie, _ = talking.sign_in(server.url, f"person{n}", PASSWORD)
        with talking.socket(server.url, cookie) as link:
            while time.monotonic() < end:
                page, start = frame.PAGES[chance.integers(len(frame.PAGES))], time.perf_counter()
                got = talking.press(link, page=page.address, query="dataset=demo")
                seen.seconds.setdefault(f"{page.name} (socket)", []).append(
                    time.perf_counter() - start
                )
                faults = [m for m in got if m.delta.new_element.WhichOneof("type") == "exception"]
                seen.errors.update({f"fault on {page.name}": len(faults)} if faults else {})
                time.sleep(chance.uniform(*THINK_S))
    except (OSError, WebSocketException) as error:
        seen.errors[f"socket: {error!r}"] += 1


async def session(browser: Browser, server: Server, n: int, end: float, seen: Seen) -> None:
    """One person: signs in, then goes from page to page."""
    chance = np.random.default_rng(n)
    await asyncio.sleep(ARRIVE_S * n)
    context = await browser.new_context(viewport={"width": 1200, "height": 800})
    context.set_default_timeout(120_000)
    page = await context.new_page()
    page.on("pageerror", lambda error: seen.errors.update([f"page: {error}"]))
    page.on("console", lambda m: m.type == "error" and seen.errors.update([f"console: {m.text}"]))
    page.on("response", lambda a: a.status >= 400 and seen.errors.update([f"{a.status} {a.url}"]))
    try:
        await page.goto(server.url)
        await page.fill("[name=name]", f"person{n}")
        await page.fill("[name=password]", PASSWORD)
        await page.click("button")
        await page.wait_for_selector("h1:has-text('Overview')")
        start, now = time.perf_counter(), frame.PAGES[chance.integers(len(frame.PAGES))]
        await page.goto(f"{server.url}/{now.address}?dataset=demo", wait_until="commit")
        await shown(page, now, start, seen)
        while time.monotonic() < end:
            await asyncio.sleep(chance.uniform(*THINK_S))
            others = [other for other in frame.PAGES if other != now]
            start, now = time.perf_counter(), others[chance.integers(len(others))]
            await _link(page, now.name).click()
            await shown(page, now, start, seen)
    except BrowserError as error:
        seen.errors[f"session: {str(error).splitlines()[0]}"] += 1
    await context.close()


def _link(page: Page, name: str) -> Locator:
    return page.get_by_test_id("stSidebar").get_by_role("link", name=name, exact=True)


async def shown(page: Page, now: frame.Listed, start: float, seen: Seen) -> None:
    """Wait until a page has run to its end, and note how long it took."""
    await page.get_by_role("heading", level=1, name=now.name).wait_for()
    await page.wait_for_selector(RUN_TO_ITS_END)
    seen.seconds.setdefault(now.name, []).append(time.perf_counter() - start)
    if faults := await page.locator("[data-testid='stException']").count():
        seen.errors[f"fault on {now.name}"] += faults


def report(seen: Seen, sessions: int, minutes: float) -> bool:
    """Print what was seen; True if all of it is as it should be."""
    every = [s for times in seen.seconds.values() for s in times]
    drawn = [s for name, times in seen.seconds.items() for s in times if "socket" not in name]
    for name, times in (*sorted(seen.seconds.items()), ("drawn", drawn), ("all", every)):
        if not times:
            continue
        cuts = (
            statistics.quantiles(times, n=20, method="inclusive") if len(times) > 1 else times * 19
        )
        print(
            f"{name:18} {len(times):5} opened  median {statistics.median(times):6.2f} s"
            f"  95 % {cuts[-1]:6.2f} s  slowest {max(times):6.2f} s"
        )
    first, most = statistics.median(seen.memory_mb[:10]), max(seen.memory_mb)
    jobs = ", ".join(f"{n} {what}" for what, n in sorted(seen.jobs.items()))
    print(f"{sessions} sessions, {minutes:g} minutes; beside them {jobs} started")
    print(f"server's memory: {first:.0f} MB at first, {most:.0f} MB at most, {MEMORY_MB} allowed")
    print(f"errors: {sum(seen.errors.values())}")
    for text, count in seen.errors.most_common(10):
        print(f"  {count} x {text}")
    return bool(every) and not seen.errors and most <= MEMORY_MB


if __name__ == "__main__":
    main()
