"""One loopback API a test, and an endpoint whose patience does not really wait."""

from __future__ import annotations

import dataclasses

import pytest

from cropdash.ingest.stac.endpoints import Endpoint
from tests.ingest.stac.api import serve


@pytest.fixture
def api(tmp_path):
    folder = tmp_path / "files"
    folder.mkdir()
    with serve(folder) as server:
        yield server


@pytest.fixture
def pauses():
    """The pauses that the endpoint of this test took [s]."""
    return []


@pytest.fixture
def endpoint(api, pauses):
    # GDAL's own repeats really wait, so the tests leave repeating to Retry.
    return Endpoint(
        "loopback",
        api.url,
        local_assets=True,
        gdal=(("GDAL_HTTP_MAX_RETRY", "0"),),
        retry=retry(pauses),
        answer_s=0.4,
    )


def retry(pauses, **changes):
    """An endpoint's bounds, with pauses that are written down and as long as they can be."""
    bounds = Endpoint("x", "https://stac.invalid/v1").retry
    writing = {"wait": lambda stop, seconds: pauses.append(seconds), "draw": lambda: 1.0}
    return dataclasses.replace(bounds, **writing, **changes)
