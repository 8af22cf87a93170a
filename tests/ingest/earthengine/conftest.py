"""One loopback service for all tests of the folder, so that `ee` opens it once."""

from __future__ import annotations

import json
import random
import threading
from dataclasses import dataclass, field

import pytest

from cropdash.files.retry import Retry
from cropdash.ingest.earthengine import connect, credentials
from cropdash.ingest.earthengine.service import Service
from tests.ingest.earthengine.server import serve
from tests.ingest.earthengine.service import key_file


@dataclass
class Time:
    """A clock that only waiting moves."""

    now: float = 0.0
    pauses: list[float] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def clock(self) -> float:
        return self.now

    def wait(self, stop: threading.Event, seconds: float) -> None:
        with self.lock:
            self.pauses.append(seconds)
            self.now += seconds


@pytest.fixture(scope="session")
def _service():
    with serve() as google:
        yield google
    connect.close()


@pytest.fixture(scope="session")
def account(_service, tmp_path_factory):
    path = tmp_path_factory.mktemp("secret-place") / "key.json"
    path.write_text(json.dumps(key_file(_service.url)))
    return path


@pytest.fixture
def google(_service, account, monkeypatch, tmp_path):
    """The service without assets or faults, and an environment that knows its key alone."""
    monkeypatch.setenv(credentials.KEY, str(account))
    monkeypatch.setenv("HOME", str(tmp_path))  # no login of whoever runs the tests
    monkeypatch.setenv("NO_GCE_CHECK", "true")
    for name in ("GOOGLE_APPLICATION_CREDENTIALS", "CLOUDSDK_CONFIG"):
        monkeypatch.delenv(name, raising=False)
    _service.reset()
    return _service


@pytest.fixture
def fresh():
    """The process has not spoken to Earth Engine yet, and forgets that it did."""
    connect.close()
    yield
    connect.close()


@pytest.fixture
def time():
    return Time()


@pytest.fixture
def service(google, time):
    """The loopback address, and patience that does not really wait."""
    retry = Retry(clock=time.clock, wait=time.wait, draw=random.Random(1).random)
    return Service(google.url, retry, connect_s=10.0, silence_s=20.0, answer_s=30.0)
