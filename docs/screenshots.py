"""Pictures of every page, light and dark, into docs/screenshots.

    python -m docs.screenshots

Needs the demo dataset with both models (`python -m cropdash demo`) and Debian's chromium.
"""

from __future__ import annotations

import io
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

from cropdash.ui.shell import frame

ROOT = Path(__file__).resolve().parents[1]
OUT = ROOT / "docs" / "screenshots"
ZONE = "zone=southwest_1"
SELECTED = f"dataset=demo&{ZONE}&parcel=60"
ASIDE = {"Review": "dataset=demo"}  # opens with the most suspicious parcel instead
PAGES = {
    page.name.lower().replace(" ", "_"): f"{page.address}?{ASIDE.get(page.name, SELECTED)}"
    for page in frame.PAGES
}
MORE = {  # other looks: name, address, width, theme
    "explore_two_parcels": (
        f"Explore?{SELECTED}&other=61",
        1400,
        "light",
    ),
    "map_swipe": (f"Map?{SELECTED}&view=swipe", 1400, "light"),
    "review_french": ("Review?dataset=demo&lang=fr", 1400, "dark"),
    "explore_phone": (f"Explore?{SELECTED}", 420, "light"),
}
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking"]


def main() -> None:
    with serving() as url, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=FLAGS)
        pages(browser, url)
        browser.close()


@contextmanager
def serving() -> Iterator[str]:
    """The dashboard's address, while it runs."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{probe.getsockname()[1]}"
    port = url.rsplit(":", 1)[1]
    server = subprocess.Popen(
        [sys.executable, "-m", "streamlit", "run", "app.py", "--server.port", port], cwd=ROOT
    )
    try:
        wait_for(f"{url}/_stcore/health")
        yield url
    finally:
        server.terminate()
        server.wait(20)


def pages(browser: Browser, url: str) -> None:
    OUT.mkdir(parents=True, exist_ok=True)
    for theme in ("light", "dark"):
        context = browser.new_context(viewport={"width": 1400, "height": 1000}, color_scheme=theme)
        for name, path in PAGES.items():
            save(context.new_page(), f"{url}/{path}", OUT / f"{name}_{theme}.png")
    for name, (path, width, theme) in MORE.items():
        context = browser.new_context(viewport={"width": width, "height": 1000}, color_scheme=theme)
        save(context.new_page(), f"{url}/{path}", OUT / f"{name}.png")


def save(page: Page, url: str, path: Path) -> None:
    """Open, wait until nothing moves, write an 8-bit PNG."""
    page.goto(url)
    page.get_by_role("heading", level=1).wait_for()
    seen = Image.open(io.BytesIO(settled(page))).convert("RGB")
    seen.quantize(256).save(path, optimize=True)
    page.close()


def settled(page: Page) -> bytes:
    """A picture of the page, once two in a row are the same."""
    before = b""
    for _ in range(30):
        page.wait_for_timeout(700)
        now = page.screenshot()
        if now == before and page.get_by_test_id("stStatusWidget").count() == 0:
            break
        before = now
    return now


def wait_for(url: str) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(url, timeout=2):  # noqa: S310 (our own server)
                return
        except OSError:
            time.sleep(0.2)
    raise TimeoutError(f"No answer from {url}.")


if __name__ == "__main__":
    main()
