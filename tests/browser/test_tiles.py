"""A background map: asked for by a reader alone, and of the host alone that the operator named."""

from __future__ import annotations

import http.server
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from cropdash.settings.tiles import CREDIT, VARIABLE
from tests.browser.conftest import Server, serve
from tests.browser.test_explore import map_frame

PIXEL = (Path(__file__).parents[2] / "cropdash" / "ui" / "icon.png").read_bytes()


@pytest.fixture
def tile_server() -> Iterator[tuple[str, list[str]]]:
    """An address of tiles on this machine, and the paths that were asked for."""
    asked: list[str] = []

    class Tiles(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(200)
            self.send_header("Content-Type", "image/png")
            self.end_headers()
            self.wfile.write(PIXEL)

        def log_message(self, *_: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Tiles) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}", asked
        server.shutdown()


def test_no_tile_is_asked_for_until_the_reader_switches_it_on(
    browser, world_of_all: Path, monkeypatch, tile_server: tuple[str, list[str]]
) -> None:
    host, asked = tile_server
    monkeypatch.setenv(VARIABLE, f"{host}/{{z}}/{{x}}/{{y}}.png")
    monkeypatch.setenv(CREDIT, "© Here")
    for server in serve(world_of_all):
        page = browser.new_page(viewport={"width": 1440, "height": 900}, locale="en-GB")
        try:
            _switch(page, server, asked)
        finally:
            page.close()


def _switch(page: Page, server: Server, asked: list[str]) -> None:
    page.goto(f"{server.url}/Explore?dataset=demo&background=1")
    _, inner = map_frame(page)
    assert not asked
    page.get_by_role("button", name="Layers").click()
    page.get_by_text("Background map", exact=True).click()
    inner.wait_for_function("document.querySelectorAll('img.leaflet-tile-loaded').length > 0")
    assert asked
    assert all(len(path.strip("/").split("/")) == 3 for path in asked)
    expect(inner.get_by_text("© Here")).to_be_visible()
    assert inner.evaluate("document.querySelector('img.zone-image').style.opacity") == "0"
    page.get_by_text("Background map", exact=True).click()
    inner.wait_for_function("document.querySelectorAll('img.leaflet-tile').length === 0")
    assert inner.evaluate("document.querySelector('img.zone-image').style.opacity") == "1"
