"""Visiting pages without a browser: a small world, what the address and the page hold."""

from __future__ import annotations

import json
import re

import pytest
from streamlit.testing.v1 import AppTest

from cropdash.settings import folders
from cropdash.settings.folders import Folders
from cropdash.ui.shell import data
from tests import factory

EXPLORE, MAP = "pages/1_Explore.py", "pages/3_Map.py"


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Folders:
    folder = tmp_path_factory.mktemp("world")
    dataset = factory.write_dataset(folder / "data", zones=4, size=48)
    factory.write_run(folder / "models", dataset, classifier="xgboost", seed=2, accuracy=0.5)
    factory.write_run(folder / "models", dataset, classifier="cnn", seed=1, accuracy=0.8)
    return Folders(folder / "data", folder / "models")


@pytest.fixture(autouse=True)
def here(world: Folders, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(data, "folders", lambda: world)
    data.store.clear()
    yield
    data.store.clear()


def show(page: str, **query: str) -> AppTest:
    app = (
        AppTest.from_file(str(folders.PROJECT / "app.py"), default_timeout=60)
        .run()
        .switch_page(page)
    )
    for name, value in query.items():
        app.query_params[name] = value
    return checked(app.run())


def checked(app: AppTest) -> AppTest:
    assert not app.exception, app.exception
    return app


def address(app: AppTest, name: str) -> str | None:
    """Value of `name` in the address; AppTest gives lists for what the test itself has set."""
    value = app.query_params.get(name)
    return value[0] if isinstance(value, list) else value


def box(app: AppTest, label: str):
    (found,) = [b for b in app.selectbox if b.label == label]
    return found


def a_test_zone() -> str:
    return next(z.zone_id for z in data.zones("demo") if z.split == "test")


def charts(app: AppTest) -> list[dict]:
    return [json.loads(c.proto.spec) for c in app.get("plotly_chart")]


def text(app: AppTest) -> str:
    return " ".join(e.value for e in [*app.markdown, *app.caption, *app.info, *app.header])


def sent(app: AppTest) -> dict:
    """What the page tells its map to show."""
    (component,) = app.get("component_instance") or [None]
    arguments = json.loads(component.proto.json_args)
    return json.loads(re.search(r"cropdash\.show\((.*)\);", arguments["feature_group"]).group(1))
