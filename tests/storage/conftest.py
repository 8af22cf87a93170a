"""The database that tests of what lives in it ask: a file beside the data, and a PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest

from cropdash.settings import database as settings
from cropdash.storage.database import connect
from tests import postgres


@pytest.fixture(scope="session")
def team_address() -> Iterator[str]:
    if not postgres.FOLDERS:
        pytest.skip(postgres.NEEDS)
    with postgres.running() as address:
        yield address


@pytest.fixture
def team(team_address: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """An empty database of PostgreSQL, named in the environment."""
    name = f"t{uuid4().hex[:12]}"
    with psycopg.connect(f"{team_address}/postgres", autocommit=True) as admin:
        admin.execute(f"CREATE DATABASE {name}")
    monkeypatch.setenv("CROPDASH_DATABASE", f"{team_address}/{name}")
    address = settings.address()
    assert address is not None
    yield name
    connect._of_team(address).dispose()
    connect._of_team.cache_clear()


@pytest.fixture(params=["a file", "PostgreSQL"])
def data(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A folder of datasets whose database is of either kind."""
    if request.param == "PostgreSQL":
        request.getfixturevalue("team")
    return tmp_path / "data"
