"""Pictures of every page, light and dark, into docs/screenshots; or of all that a reader may see.

    python -m docs.screenshots
    python -m docs.screenshots --all FOLDER [--pages map review] [--sizes 390x844]

The second writes each page at five sizes, light and dark, in every language, and sheets of all
pictures of one size: to be looked at, not to be kept. Needs the demo dataset with both models
(`python -m cropdash demo`) and Debian's chromium.
"""

from __future__ import annotations

import argparse
import io
import itertools
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

from cropdash import i18n
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
        1440,
        "light",
    ),
    "map_swipe": (f"Map?{SELECTED}&view=swipe", 1440, "light"),
    "review_french": ("Review?dataset=demo&lang=fr", 1440, "dark"),
    "explore_phone": (f"Explore?{SELECTED}", 390, "light"),
}
SIZES = {  # width, height, pixels of the screen to one of the page: the last one is zoomed
    "1440x900": (1440, 900, 1),
    "1920x1080": (1920, 1080, 1),
    "2560x1440": (2560, 1440, 1),
    "390x844": (390, 844, 1),
    "zoom_200": (720, 450, 2),
}
EXACT = 200  # colours that a picture keeps as they are, of 256: those of legends are among them
PATIENCE_MS = 180_000  # a busy machine is no fault of a page
MAP = "iframe[title='streamlit_folium.st_folium']"
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking"]


def main() -> None:
    parser = argparse.ArgumentParser(description="Pictures of every page.")
    parser.add_argument("--all", type=Path, metavar="FOLDER", help="every size, theme, language")
    parser.add_argument("--pages", nargs="+", choices=PAGES, default=list(PAGES))
    parser.add_argument("--sizes", nargs="+", choices=SIZES, default=list(SIZES))
    given = parser.parse_args()
    with serving() as url, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=FLAGS)
        if given.all:
            everything(browser, url, given.all, given.pages, given.sizes)
        else:
            pages(browser, url)
        browser.close()


def everything(
    browser: Browser, url: str, folder: Path, names: Sequence[str], sizes: Sequence[str]
) -> None:
    """One picture for each page, size, theme and language; a sheet of small ones for each size."""
    folder.mkdir(parents=True, exist_ok=True)
    for size in sizes:
        width, height, scale = SIZES[size]
        looks = []
        for theme, language in itertools.product(("light", "dark"), i18n.LANGUAGES):
            context = browser.new_context(
                viewport={"width": width, "height": height},
                device_scale_factor=scale,
                color_scheme=theme,
            )
            for name in names:
                path = folder / f"{name}_{size}_{theme}_{language}.png"
                path.write_bytes(opened(context.new_page(), f"{url}/{PAGES[name]}&lang={language}"))
                looks.append(path)
            context.close()
        sheet(looks, len(names)).save(folder / f"sheet_{size}.png")


def sheet(paths: Sequence[Path], columns: int, width: int = 640) -> Image.Image:
    """Pictures of one size beside and below each other, each `width` wide."""
    seen = [Image.open(path).convert("RGB") for path in paths]
    height = round(seen[0].height * width / seen[0].width)
    whole = Image.new("RGB", (columns * width, -(-len(seen) // columns) * height), "#777777")
    for i, picture in enumerate(seen):
        at = (i % columns * width, i // columns * height)
        whole.paste(picture.resize((width, height), Image.Resampling.LANCZOS), at)
    return whole


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
        context = browser.new_context(viewport={"width": 1440, "height": 900}, color_scheme=theme)
        for name, path in PAGES.items():
            save(context.new_page(), f"{url}/{path}", OUT / f"{name}_{theme}.png")
    for name, (path, width, theme) in MORE.items():
        context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=theme)
        save(context.new_page(), f"{url}/{path}", OUT / f"{name}.png")


def save(page: Page, url: str, path: Path) -> None:
    """Open, wait until nothing moves, write an 8-bit PNG."""
    reduced(Image.open(io.BytesIO(opened(page, url))).convert("RGB")).save(path, optimize=True)


def opened(page: Page, url: str) -> bytes:
    """A picture of a page once nothing moves."""
    page.set_default_timeout(PATIENCE_MS)
    page.goto(url)
    page.get_by_role("heading", level=1).wait_for()
    seen = settled(page)
    page.close()
    return seen


def reduced(seen: Image.Image) -> Image.Image:
    """The picture in 256 colours: the most frequent ones as they are, the others near.

    Plain surfaces are frequent, and a legend's among them; a quantizer alone would mix those of a
    legend, which are few pixels each, with the ground of the map.
    """
    counted = sorted(seen.getcolors(seen.width * seen.height), reverse=True)
    exact = [colour for _, colour in counted[:EXACT]]
    near = seen.quantize(256 - len(exact)).getpalette() or []
    palette = Image.new("P", (1, 1))
    palette.putpalette([*itertools.chain(*exact), *near][: 3 * 256])
    return seen.quantize(palette=palette, dither=Image.Dither.NONE)


def settled(page: Page) -> bytes:
    """A picture of the page, once it has run, its maps are drawn, and two in a row are the same."""
    page.wait_for_selector("[data-testid='stApp'][data-test-script-state='notRunning']")
    for at in range(page.locator(MAP).count()):
        inner = page.locator(MAP).nth(at).element_handle().content_frame()
        inner.wait_for_function("window.parcelsReady === true")
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
