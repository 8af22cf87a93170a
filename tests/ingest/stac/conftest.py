"""One loopback API a test, and patience that does not wait."""

from __future__ import annotations

import dataclasses

import pytest

from cropdash.ingest.stac import Endpoint, Patience
from tests.ingest.stac.api import serve


@pytest.fixture
def api(tmp_path):
    folder = tmp_path / "files"
    folder.mkdir()
    with serve(folder) as server:
        yield server


@pytest.fixture
def endpoint(api):
    # GDAL's own repeats really wait, so the tests leave repeating to Patience.
    return Endpoint("loopback", api.url, local_assets=True, gdal=(("GDAL_HTTP_MAX_RETRY", "0"),))


@pytest.fixture
def pauses():
    """The pauses that a Patience of this test took [s]."""
    return []


@pytest.fixture
def patience(pauses):
    return dataclasses.replace(Patience(), sleep=pauses.append, jitter=lambda c: c, read=0.4)
