"""A real browser on a world of foreign words: it asks nobody but the server."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote, urljoin

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.conftest import HEADLESS, Server, serve, watched
from tests.security import foreign

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not Path(HEADLESS).exists(), reason="Chromium is not installed"),
]
PAGES = ("", "Explore", "Train", "Map", "Compare", "Review", "Data", "Data?dataset=broken")


@pytest.fixture(scope="module")
def poisoned(tmp_path_factory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("poisoned")
    foreign.write(folder)
    yield from serve(folder)


def test_no_page_makes_the_browser_ask_elsewhere(browser: Browser, poisoned: Server) -> None:
    """`watched` fails for each request that leaves, and for each complaint of the browser."""
    with watched(browser, poisoned) as page:
        for name in PAGES:
            page.goto(f"{poisoned.url}/{name}")
            expect(page.get_by_role("heading", level=1)).to_be_visible()
            expect(page.get_by_test_id("stStatusWidget")).to_have_count(0)
            assert page.locator("img[src*='evil']").count() == 0, name
            for link in page.locator("a[href*='evil']").all():  # addresses, as they stand
                address = urljoin(page.url, str(link.get_attribute("href")))
                if not address.startswith(poisoned.url):  # a page of ours may be asked for the id
                    assert unquote(address) == link.inner_text(), name
        page.goto(poisoned.url)
        expect(page.get_by_text("![title](http://evil.example/title.png)").first).to_be_visible()


def test_the_browser_is_told_to_ask_nobody_else(browser: Browser, poisoned: Server) -> None:
    """Even where a text should act after all: another place hears nothing."""
    with socket.create_server(("127.0.0.1", 0)) as elsewhere:
        url = f"http://127.0.0.1:{elsewhere.getsockname()[1]}/p.png"
        context = browser.new_context()
        page = context.new_page()
        page.goto(poisoned.url)
        refused = page.evaluate(
            """url => new Promise(done => {
                document.addEventListener("securitypolicyviolation", e => done(e.blockedURI));
                new Image().src = url;
            })""",
            url,
        )
        context.close()
        assert refused == url
        elsewhere.settimeout(0)
        with pytest.raises(BlockingIOError):
            elsewhere.accept()
