"""Every page, run as the server runs it, on an empty installation and on a small world."""

import subprocess
import sys
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from cropdash import i18n
from cropdash.settings import folders as config
from cropdash.ui.shell import data, frame, serving
from tests import factory, worlds

ROOT = Path(__file__).resolve().parents[1]
PAGES = sorted(str(p.relative_to(ROOT)) for p in (ROOT / "pages").glob("*.py"))


@pytest.fixture(scope="module")
def world(tmp_path_factory) -> config.Folders:
    folder = tmp_path_factory.mktemp("world")
    folders = config.Folders(folder / "data", folder / "models")
    dataset = factory.write_dataset(folders.data)
    factory.write_run(folders.models, dataset, classifier="xgboost", seed=2, accuracy=0.6)
    factory.write_run(folders.models, dataset, classifier="cnn", seed=1, accuracy=0.8)
    return folders


@pytest.fixture
def at(monkeypatch):
    def use(folders: config.Folders) -> None:
        for module in (config, data):
            monkeypatch.setattr(module, "folders", lambda: folders)
        data.store.clear()

    yield use
    data.store.clear()


def show(page: str, **query: str) -> AppTest:
    app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=60)
    if page != "app.py":
        app.run().switch_page(page)
    for name, value in query.items():
        app.query_params[name] = value
    app.run()
    assert not app.exception, app.exception
    return app


@pytest.mark.parametrize("page", ["app.py", *PAGES])
def test_an_empty_installation_says_what_to_do_next(page, at, tmp_path):
    at(config.Folders(tmp_path / "data", tmp_path / "models"))
    app = show(page)
    assert len(app.title) == 1
    assert app.info or app.button


def test_the_menu_says_what_cannot_be_used_yet(at, tmp_path, world):
    def closed(folders: config.Folders) -> set[str]:
        at(folders)
        links = [link.proto for link in show("app.py").get("page_link")]
        assert all(bool(link.help) for link in links if link.disabled)
        return {link.label for link in links if link.disabled}

    empty = config.Folders(tmp_path / "data", tmp_path / "models")
    predicting = {"Map", "Compare", "Review"}
    assert closed(empty) == {"Explore", "Train"} | predicting
    factory.write_dataset(empty.data)
    assert closed(empty) == predicting
    assert closed(world) == set()


@pytest.mark.parametrize("page", ["app.py", *PAGES])
def test_every_page_shows_the_small_world(page, at, world):
    at(world)
    app = show(page)
    assert len(app.title) == 1
    assert not app.error


@pytest.mark.parametrize(
    "query",
    [
        {"dataset": "nowhere", "zone": "nowhere", "parcel": "x", "run": "../up"},
        {"dataset": "demo", "zone": "nord_picardie_1", "parcel": "999999"},
        {"parcel": "-1", "left": "nothing", "right": ""},
    ],
)
@pytest.mark.parametrize("page", ["app.py", *PAGES])
def test_a_wrong_address_falls_back_quietly(page, query, at, world):
    at(world)
    show(page, **query)


@pytest.mark.parametrize("page", ["app.py", *PAGES])
def test_every_page_speaks_french_and_keeps_its_selection(page, at, world):
    at(world)
    zone = data.store().zones("demo")[0].zone_id
    app = show(page, lang="fr", dataset="demo", zone=zone)
    name = next(listed.name for listed in frame.PAGES if listed.path == page)
    assert name in i18n.catalogue("fr"), "run python -m docs.words"
    assert app.title[0].value == i18n.catalogue("fr")[name]
    assert not app.error
    assert app.query_params["zone"] in (zone, [zone])
    english = show(page, lang="en", dataset="demo", zone=zone)
    assert english.title[0].value == name != app.title[0].value


def test_explore_opens_the_parcel_of_the_address(at, world):
    at(world)
    zone = data.store().zones("demo")[0].zone_id
    parcel = int(data.store().series("demo", zone)["parcel_id"].iloc[0])
    app = show("pages/1_Explore.py", dataset="demo", zone=zone, parcel=str(parcel))
    own = data.parcels("demo", zone).set_index("parcel_id").loc[parcel, "register_id"]
    assert f"parcel {own}" in " ".join(m.value for m in app.markdown)


def test_the_web_process_loads_no_model_library():
    code = (
        "import sys, runpy\n"
        "import cropdash.jobs.launch, cropdash.storage.store, cropdash.ui.shell.data, cropdash.ui.explore\n"
        "import cropdash.ui.widgets.run_pair\n"
        "heavy = {'torch', 'xgboost', 'sklearn', 'lightning'} & set(sys.modules)\n"
        "print(sorted(heavy)); sys.exit(bool(heavy))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env=worlds.environment(ROOT),
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_menu_is_what_lies_in_the_folder_of_pages_in_the_order_of_its_numbers(
    tmp_path, monkeypatch
):
    """A page that is put there stands in the menu, is served, and is tested above."""
    assert [page.path for page in frame.PAGES] == ["app.py", *PAGES]
    assert all(page.icon != frame._PLAIN for page in frame.PAGES)
    assert len({page.icon for page in frame.PAGES}) == len(frame.PAGES)
    (tmp_path / "pages").mkdir()
    for name, text in (
        ("10_Water_use.py", 'MENU_ICON = ":material/water_drop:"\nMENU_NEEDS = "dataset"\n'),
        ("9_Soil.py", "x = 1\n"),
        ("notes.py", ""),
    ):
        (tmp_path / "pages" / name).write_text(text, encoding="utf-8")
    monkeypatch.setattr(frame, "_ROOT", tmp_path)
    found = frame._listed()
    assert [tuple(page) for page in found[1:]] == [
        ("pages/9_Soil.py", "Soil", frame._PLAIN, ""),
        ("pages/10_Water_use.py", "Water use", ":material/water_drop:", "dataset"),
    ]
    monkeypatch.setattr(frame, "PAGES", found)
    assert [route.path for route in serving.routes()][:3] == ["/", "/Soil", "/Water_use"]
