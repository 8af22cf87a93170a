"""A server to attack, on a small world."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests import factory
from tests.browser.conftest import Server, serve


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("attacked")
    dataset = factory.write_dataset(folder / "data", zones=2, size=64)
    factory.write_run(folder / "models", dataset, classifier="xgboost", seed=2, accuracy=0.6)
    yield from serve(folder)
