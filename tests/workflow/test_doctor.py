from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from requests import Request

from cropdash.domain.errors import SourceUnavailable
from cropdash.ingest import http, registers, zones
from cropdash.ingest.earthengine.credentials import KEY as EE_KEY
from cropdash.settings import sources
from cropdash.settings.folders import Folders
from cropdash.storage.datasets import DatasetFolder
from cropdash.workflow import doctor
from cropdash.workflow.doctor import installation
from tests import worlds
from tests.ingest.earthengine.service import key_file


class Service(BaseHTTPRequestHandler):
    """Answers by the path it is asked for."""

    def do_GET(self) -> None:
        if self.path == "/silent":
            self.server.ended.wait(10)  # type: ignore[attr-defined]
            return
        code = int(self.path[1:]) if self.path[1:].isdigit() else 200
        self.send_response(code)
        self.end_headers()
        if self.path == "/drip":
            while not self.server.ended.wait(0.05):  # type: ignore[attr-defined]
                try:
                    self.wfile.write(b" ")
                    self.wfile.flush()
                except OSError:
                    return
        body = {"/stac": b'{"stac_version": "1.0.0"}', "/other": b"{}"}.get(self.path, b"<html>")
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def service() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Service)
    server.ended = threading.Event()  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.ended.set()  # type: ignore[attr-defined]
    server.shutdown()
    thread.join(10)
    server.server_close()


@pytest.fixture
def where(tmp_path, monkeypatch) -> Folders:
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.delenv(EE_KEY, raising=False)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name, raising=False)
    return Folders(tmp_path / "data", tmp_path / "models")


def found(where: Folders, **more: object) -> dict[str, doctor.Finding]:
    return {f.subject: f for f in doctor.examine(where, **more)}  # type: ignore[arg-type]


def begin(where: Folders, tmp_path, **more: object) -> None:
    """A build of STAC scenes that was begun and has built nothing."""
    register, squares = tmp_path / "register.gpkg", tmp_path / "zones.csv"
    registers.write_parcels(
        register, worlds.register([("1", "BTH", (5e5, 5.4e6, 5.001e5, 5.401e6))])
    )
    zones.write(squares, [worlds.zone("a", "test", worlds.grid((40, 20)))])
    values = {"source": "stac", "dataset": "d", "register_path": register, "zones_path": squares}
    folder = DatasetFolder(where.data, "d")
    folder.configure(sources.parse({**values, **more}))


def test_a_fresh_installation_asks_no_service_and_no_credentials(where, monkeypatch):
    monkeypatch.setattr(http, "fetch_json", None)
    subjects = set(found(where))
    assert {"torch", "earthengine-api", "distributed", "disk", "memory", "datasets"} <= subjects
    assert not any("credentials" in subject for subject in subjects)


def test_each_fault_has_a_way_out(where, monkeypatch):
    monkeypatch.setattr(installation, "_PACKAGES", ("no-such-package",))
    monkeypatch.setattr(installation, "_DISK_GB", 1e9)
    faults = {s: f for s, f in found(where).items() if not f.ok}
    assert "pip install" in faults["no-such-package"].text
    assert "make room" in faults["disk"].text


def test_files_of_an_unfinished_build_are_looked_at(where, tmp_path, service):
    begin(where, tmp_path, endpoint=f"{service}/stac")
    report = found(where)
    assert report["register"].text == "register.gpkg: 1 parcels"
    assert report["zones"].text == "zones.csv: 1 zones, 1 for the test"
    assert report[f"{service}/stac"].ok
    (tmp_path / "register.gpkg").unlink()
    (tmp_path / "zones.csv").write_text("zone_id\n1\n")
    report = found(where)
    assert not report["register"].ok
    assert not report["zones"].ok
    assert "row 1" in report["zones"].text


def test_columns_of_a_register_are_those_of_the_settings(where, tmp_path, service):
    begin(where, tmp_path, endpoint=f"{service}/stac", id_column="nothing")
    finding = found(where)["register"]
    assert not finding.ok
    assert "nothing" in finding.text


@pytest.mark.parametrize(
    ("path", "words"),
    [("/503", "status 503"), ("/html", "not|JSON"), ("/other", "not as such a service")],
)
def test_a_service_that_answers_wrongly_is_a_fault(where, service, path, words):
    finding = found(where, endpoint=service + path)[service + path]
    assert not finding.ok
    assert any(word in finding.text for word in words.split("|"))


def test_a_service_that_is_not_there_and_an_unknown_one_are_faults(where):
    assert (
        "connection broke off"
        in found(where, endpoint="http://127.0.0.1:9")["http://127.0.0.1:9"].text
    )
    assert "no source has a service" in found(where, endpoint="nobody")["endpoint"].text


@pytest.mark.parametrize("path", ["/silent", "/drip"])
def test_a_slow_service_is_not_waited_for(service, path):
    begun = time.monotonic()
    with pytest.raises(SourceUnavailable, match="did not answer"):
        http.fetch_json(Request("GET", service + path), answer_s=0.3)
    assert time.monotonic() - begun < 9  # the service itself would be silent for ten


def test_files_are_no_services():
    with pytest.raises(SourceUnavailable, match="not http"):
        http.fetch_json(Request("GET", "file:///etc/hostname"))


def test_credentials_are_checked_and_never_told(where, tmp_path, monkeypatch):
    monkeypatch.setattr(http, "fetch_json", lambda request, **_: '{"resources": {}}')
    ask = lambda: found(where, endpoint="earthengine")["Earth Engine credentials"]  # noqa: E731
    assert "earthengine authenticate" in ask().text
    login = tmp_path / "home" / ".config" / "earthengine" / "credentials"
    login.parent.mkdir(parents=True)
    login.write_text("hunter2")
    assert ask().ok
    key, whole = tmp_path / "hunter2.json", key_file("https://x")
    monkeypatch.setenv(EE_KEY, str(key))
    for content in (None, "{", "[]", json.dumps({**whole, "private_key": "hunter2"})):
        if content is not None:
            key.write_text(content)
        assert not ask().ok
        assert "hunter2" not in ask().text
    key.write_text(json.dumps(whole))
    key.chmod(0o644)
    assert "chmod 600" in ask().text
    key.chmod(0o600)
    assert (ask().ok, ask().text) == (True, "A service account's key is configured.")


def test_keys_of_a_provider_are_asked_for_by_name(where, monkeypatch):
    monkeypatch.setattr(http, "fetch_json", lambda request, **_: '{"stac_version": "1"}')
    finding = found(where, endpoint="copernicus")["copernicus credentials"]
    assert not finding.ok
    assert "AWS_ACCESS_KEY_ID" in finding.text
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setitem(os.environ, name, "hunter2")
    finding = found(where, endpoint="copernicus")["copernicus credentials"]
    assert (finding.ok, finding.text) == (True, "Credentials are configured.")
