"""A real server on a small world, and a real Chromium."""

from __future__ import annotations

import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from cropdash.storage.store import Store
from tests import factory, worlds

ROOT = Path(__file__).resolve().parents[2]
CHROMIUM = shutil.which("chromium") or "/usr/bin/chromium"
# The same engine without windows: its pages cost a third less of the processor.
HEADLESS = shutil.which("chromium-headless-shell") or CHROMIUM
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]

# As long as everything else may take: a busy machine is no fault of the page.
expect.set_options(timeout=30_000)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.browser)
            # Chromium, a server and its workers share two cores with other tests: a step may pass its
            # bound. A fault of a page fails twice; what needed a second try is listed at the end.
            item.add_marker(pytest.mark.flaky(reruns=1))
            if not Path(HEADLESS).exists():
                item.add_marker(pytest.mark.skip(reason="Chromium is not installed"))


@dataclass
class Server:
    """A running dashboard."""

    url: str
    folder: Path
    process: subprocess.Popen[bytes]

    @property
    def store(self) -> Store:
        return Store(self.folder / "data", self.folder / "models")


@pytest.fixture(scope="session")
def world_of_all(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("world")
    dataset = factory.write_dataset(folder / "data", zones=4, size=64)
    factory.write_run(folder / "models", dataset, classifier="xgboost", seed=2, accuracy=0.6)
    factory.write_run(folder / "models", dataset, classifier="cnn", seed=1, accuracy=0.8)
    return folder


def serve(
    folder: Path,
    environment: Mapping[str, str] | None = None,
    port: int | None = None,
    script: Path | str = "app.py",
) -> Iterator[Server]:
    """Start a fresh server of a script on a port of the loopback, a free one by default; end it
    afterwards."""
    port = port or free_port()
    command = [sys.executable, "-m", "streamlit", "run", str(script), "--server.port", str(port)]
    with (folder / f"server-{port}.log").open("w") as log:
        process = subprocess.Popen(
            command, cwd=ROOT, env=worlds.environment(folder) | dict(environment or {}),
            stdout=log, stderr=log,
        )  # fmt: skip
        try:
            url = f"http://127.0.0.1:{port}"
            _wait_for(f"{url}/_stcore/health", process)
            yield Server(url, folder, process)
        finally:
            process.terminate()
            process.wait(20)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_for(url: str, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise RuntimeError(f"The server ended with code {process.returncode}.")
        try:
            with urllib.request.urlopen(url, timeout=2) as answer:  # noqa: S310 (our own server)
                if answer.status == 200:
                    return
        except OSError:
            time.sleep(0.1)
    raise TimeoutError(f"No answer from {url}.")


@pytest.fixture(scope="session")
def shared_server(world_of_all: Path) -> Iterator[Server]:
    yield from serve(world_of_all)


@pytest.fixture
def world(world_of_all: Path) -> Path:
    """What tests read; those that write have a world of their own."""
    return world_of_all


@pytest.fixture
def server(request: pytest.FixtureRequest, world: Path) -> Iterator[Server]:
    """The server of all tests; a fresh one for those that write, or are marked `cold`."""
    is_read = world == request.getfixturevalue("world_of_all")
    if is_read and not request.node.get_closest_marker("cold"):
        yield request.getfixturevalue("shared_server")
    else:
        yield from serve(world)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=HEADLESS, args=FLAGS)
        yield chromium
        chromium.close()


@dataclass
class Watch:
    """What a page asked for and complained about."""

    foreign: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)


@contextmanager
def watched(browser: Browser, server: Server, **options: Any) -> Iterator[Page]:
    """A page that fails its test if it leaves this machine or logs an error."""
    size = {"width": 1400, "height": 1000}
    context = browser.new_context(**{"viewport": size, "locale": "en-GB"} | options)
    context.set_default_timeout(30_000)
    page, watch = context.new_page(), Watch()
    page.on("request", lambda r: _note_request(r.url, server.url, watch))
    page.on("pageerror", lambda e: watch.errors.append(str(e)))
    page.on("console", lambda m: _note_message(m.type, m.text, watch))
    page.on("response", lambda r: _note_answer(r.status, r.url, watch))
    yield page
    context.close()
    assert not watch.foreign, f"requests that left this machine: {watch.foreign}"
    assert not watch.errors, watch.errors


@pytest.fixture
def page(browser: Browser, server: Server) -> Iterator[Page]:
    """A page that fails its test if it leaves this machine or logs an error."""
    with watched(browser, server) as page:
        yield page


def _note_request(url: str, origin: str, watch: Watch) -> None:
    if not url.startswith((origin, "data:", "blob:", origin.replace("http", "ws"))):
        watch.foreign.append(url)


def _note_message(kind: str, text: str, watch: Watch) -> None:
    if kind == "error":
        watch.errors.append(text)


def _note_answer(status: int, url: str, watch: Watch) -> None:
    if status >= 400:
        watch.errors.append(f"{status} {url}")
