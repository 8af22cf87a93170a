"""What the stock client does that must be guarded against; each guard is taken away once."""

from __future__ import annotations

import contextlib
import json
import os

import ee
import pytest

from cropdash.domain import Period
from cropdash.domain.errors import SourceUnavailable
from cropdash.files.retry import Transient
from cropdash.ingest.earthengine import connect, faults, periods
from cropdash.ingest.earthengine.connect import Client
from tests.ingest.earthengine import worlds
from tests.ingest.earthengine.service import Fault

pytestmark = pytest.mark.usefixtures("fresh")


@pytest.fixture
def fetched(monkeypatch):
    """Addresses that `ee.deprecation` asks for on its own."""
    asked = []

    def urlopen(address, *args, **kwargs):
        asked.append((address, kwargs.get("timeout")))
        raise ee.deprecation.urllib.error.URLError("no network in tests")

    monkeypatch.setattr(ee.deprecation.urllib.request, "urlopen", urlopen)
    ee.deprecation.Reset()
    return asked


def test_opening_fetches_no_list_without_a_timeout(service, fetched):
    original = ee.deprecation._FetchDataCatalogStac
    Client("my-project", service).open()
    assert fetched == []
    assert ee.deprecation._FetchDataCatalogStac is original  # as it was for everyone else


def test_without_its_guard_it_would(service, fetched, monkeypatch):
    monkeypatch.setattr(connect, "_without_catalogue", contextlib.nullcontext)
    Client("my-project", service).open()
    ((address, timeout),) = fetched
    assert "storage.googleapis.com" in address
    assert timeout is None


def pixels(google, service, project="my-project"):
    client = Client(project, service)
    periods.fetch(client, worlds.GRID, Period.of("2023-03"), worlds.FINE, "March")
    return next(ask for ask in reversed(google.log) if ask.kind == "pixels")


@pytest.fixture
def world(google):
    google.assets, _ = worlds.served()


@pytest.mark.usefixtures("world")
def test_each_project_asks_in_its_own_name(google, service):
    for project in ("my-project", "another-project", "my-project"):
        ask = pixels(google, service, project)
        assert ask.path.split("/")[3] == project
        assert ask.headers["x-goog-user-project"] == project


@pytest.mark.usefixtures("world")
def test_it_is_opened_once(google, service):
    pixels(google, service)
    pixels(google, service)
    assert google.asked("algorithms") == 1


@pytest.mark.usefixtures("world")
def test_another_key_opens_it_anew(google, service, account, tmp_path, monkeypatch):
    pixels(google, service)
    other = tmp_path / "other.json"
    other.write_text(
        json.dumps(json.loads(account.read_text()) | {"client_email": "b@my-project.iam"})
    )
    monkeypatch.setenv("CROPDASH_EE_KEY", str(other))
    pixels(google, service)
    assert google.claims[-1]["iss"] == "b@my-project.iam"


@pytest.mark.usefixtures("world")
def test_a_child_process_opens_its_own(google, service, monkeypatch):
    """A fork takes the sockets along, and two processes on one would read each other's answers."""
    pixels(google, service)
    parent = ee._state.get_state().http_transport
    monkeypatch.setattr(os, "getpid", lambda: -1)
    pixels(google, service)
    assert ee._state.get_state().http_transport is not parent


@pytest.mark.usefixtures("world")
def test_a_reset_by_others_is_noticed(google, service, time):
    pixels(google, service)
    ee.Reset()
    pixels(google, service)
    assert time.pauses == []


@pytest.mark.usefixtures("world")
def test_what_failed_to_open_is_not_taken_for_ready(google, service):
    google.fault = lambda ask, n: Fault(403) if ask.kind == "algorithms" else None
    for _ in range(2):
        with pytest.raises(SourceUnavailable, match="status 403"):
            Client("my-project", service).open()
        assert not ee.data.is_initialized()
    google.fault = lambda ask, n: None
    pixels(google, service)


@pytest.mark.usefixtures("world")
def test_the_client_does_not_repeat_on_its_own(google, service, time):
    """Its own five repeats know no Retry-After, and would multiply with ours."""
    google.fault = lambda ask, n: Fault(500) if ask.kind == "pixels" else None
    with pytest.raises(SourceUnavailable, match="status 500"):
        pixels(google, service)
    assert google.asked("pixels") == service.retry.attempts
    assert ee._state.get_state().max_retries == 0


def _fault_of(google, service, status):
    """What the stock client raises at a status, with its cause and context."""
    Client("my-project", service).open()
    google.fault = lambda ask, n: Fault(status, message="No.") if ask.kind == "value" else None
    with pytest.raises(ee.EEException) as raised:
        ee.Number(1).getInfo()
    return raised.value


@pytest.mark.parametrize("status", [400, 401, 403, 404])
def test_the_status_is_found_in_the_context(google, service, status):
    error = _fault_of(google, service, status)
    assert str(status) not in str(error)
    assert error.__cause__ is None  # so that it can be in the context alone
    verdict = faults.judge(error)
    assert isinstance(verdict, SourceUnavailable)
    assert f"status {status}" in str(verdict)
    error.__context__ = None
    assert isinstance(faults.judge(error), Transient)  # without it, it would be asked for ever


@pytest.mark.usefixtures("world")
def test_a_password_of_netrc_does_not_replace_the_token(
    google, service, tmp_path, monkeypatch, time
):
    netrc = tmp_path / "netrc"
    netrc.write_text("default login somebody password something\n")
    monkeypatch.setenv("NETRC", str(netrc))
    ask = pixels(google, service)
    assert ask.headers["authorization"].startswith("Bearer ")
    assert time.pauses == []
