"""The documentation beside the pages: built once, told about meanwhile, nothing else handed out."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from cropdash.domain.errors import NotInstalled
from cropdash.ui.shell import manual


class Slow:
    """A documentation that is built once it is let go."""

    def __init__(self, folder: Path, fault: Exception | None = None) -> None:
        self.folder, self.fault = folder, fault
        self.go, self.began, self.times = threading.Event(), threading.Event(), 0
        self.worker: threading.Thread | None = None

    def site(self) -> Path:
        return self.folder

    def is_current(self) -> bool:
        return (self.folder / "index.html").exists()

    def build(self) -> None:
        self.times, self.worker = self.times + 1, threading.current_thread()
        self.began.set()
        self.go.wait(60)
        if self.fault:
            raise self.fault
        (self.folder / "guide").mkdir()
        (self.folder / "guide" / "map.html").write_text("<h1>Map</h1>")
        (self.folder / "index.html").write_text("<h1>First</h1>")

    def ended(self) -> None:
        """Wait until the build that was begun is over."""
        assert self.began.wait(60)
        self.began.clear()
        assert self.worker is not None
        self.worker.join(60)
        assert not self.worker.is_alive()


def client(site: Slow) -> TestClient:
    return TestClient(Starlette(routes=manual.routes(site)))


def test_who_asks_first_waits_and_the_site_is_built_once(tmp_path: Path) -> None:
    (tmp_path / "secret.txt").write_text("no")
    site = Slow(tmp_path / "site")
    site.folder.mkdir()
    asked = client(site)
    for _ in range(3):
        answer = asked.get("/docs/guide/map.html", headers={"accept-language": "de"})
        assert (answer.status_code, 'http-equiv="refresh"' in answer.text) == (200, True)
        assert "Dokumentation" in answer.text
    assert site.times == 1
    site.go.set()
    site.ended()
    assert asked.get("/docs/guide/map.html").text == "<h1>Map</h1>"
    assert asked.get("/docs/").text == "<h1>First</h1>"
    assert asked.get("/docs/guide/nothing.html").status_code == 404
    for way in ("/docs/%2e%2e/secret.txt", "/docs/..%2fsecret.txt", "/docs//etc/passwd"):
        assert asked.get(way).status_code == 404
    assert site.times == 1


@pytest.mark.parametrize("language", ["fr", '">'])
def test_what_went_wrong_is_one_sentence_and_the_next_call_tries_again(
    tmp_path: Path, language: str
) -> None:
    site = Slow(tmp_path, NotInstalled("{a} is not installed <b>.", a="mkdocs"))
    site.go.set()
    asked = client(site)
    words = {"accept-language": language}
    asked.get("/docs/", headers=words)
    site.ended()
    answer = asked.get("/docs/", headers=words)
    assert answer.status_code == 503
    assert "mkdocs is not installed &lt;b&gt;." in answer.text
    assert f'lang="{"fr" if language == "fr" else "en"}"' in answer.text
    assert asked.get("/docs/", headers=words).status_code == 200
    site.ended()
    assert site.times == 2
