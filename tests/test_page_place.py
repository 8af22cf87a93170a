"""A real place on the Data page: typed, looked through against loopback services, and begun."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import shapely
import streamlit as st
from streamlit.testing.v1 import AppTest
from typer.testing import CliRunner

from cropdash import i18n
from cropdash.cli import app as command_line
from cropdash.domain.errors import CropdashError
from cropdash.figures import place_map
from cropdash.ingest import zones
from cropdash.ingest.registers import catalogue
from cropdash.jobs import asked, launch, place
from cropdash.settings.build import BuildConfig
from cropdash.settings.folders import PROJECT
from tests.ingest import places
from tests.ingest.places import LAT, LON
from tests.ingest.stac.api import serve


@pytest.fixture
def api(tmp_path, monkeypatch):
    (tmp_path / "served").mkdir()
    with serve(tmp_path / "served") as server:
        server.register = places.World(places.few(), most=5_000)
        service = places.replace(places.service(server.url, places.quick()), page=5_000)
        monkeypatch.setattr(catalogue, "FRANCE", service)
        yield server


@pytest.fixture
def page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AppTest:
    """The Data page of an empty installation, whose commands run in this process."""
    monkeypatch.setenv("CROPDASH_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("CROPDASH_MODELS", str(tmp_path / "models"))
    monkeypatch.setattr(asked, "run", here)
    st.cache_data.clear()
    st.cache_resource.clear()
    app = AppTest.from_file(str(PROJECT / "app.py"), default_timeout=60).run()
    return app.switch_page("pages/6_Data.py").run()


def here(words: list[str], wait_s: float, *, command: Any = None) -> None:
    said = CliRunner().invoke(command_line.app, words)
    if said.exception is not None and not isinstance(said.exception, SystemExit):
        raise CropdashError(str(said.exception))


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[BuildConfig]:
    found: list[BuildConfig] = []
    monkeypatch.setattr(launch, "start_build", found.append)
    return found


def texts(app: AppTest) -> str:
    blocks = (app.markdown, app.caption, app.error, app.code)
    return "\n".join(str(element.value) for block in blocks for element in block)


def press(app: AppTest, label: str) -> AppTest:
    next(b for b in app.button if b.label == label).click().run()
    assert not app.exception, app.exception
    return app


def test_a_place_is_typed_looked_through_and_begun(api, page, started, tmp_path):
    app = page
    assert not app.exception, app.exception
    assert "requests" in texts(app)  # before anybody is asked
    assert "minutes" in texts(app)
    assert api.log == []
    app.text_input(key="place:name").set_value("beauce").run()
    app.number_input(key="place:lat").set_value(LAT).run()
    app.number_input(key="place:lon").set_value(LON).run()
    app.selectbox(key="place:size").set_value(128).run()
    app.number_input(key="place:number").set_value(2).run()
    press(app, "Look for zones")
    said = texts(app)
    assert f"{len(places.few())} parcels" in said
    assert "2 zones, 1 to train on and 1 held out" in said
    assert "build beauce --near 48.45000,1.49000 --season 2023 --size 128 --number 2" in said
    press(app, "Start building")
    (config,) = started
    folder = tmp_path / "data" / "incoming" / "beauce"
    values = config.model_dump()
    assert values["register_path"] == folder / "register.parquet"
    assert values["zones_path"] == folder / "zones.csv"
    assert (config.source, config.season) == ("stac", "2023")
    assert app.query_params["dataset"] == "beauce"


def test_zones_are_looked_for_inside_polygons_of_one_s_own(api, page, started, tmp_path):
    incoming = tmp_path / "data" / "incoming"
    incoming.mkdir(parents=True)
    inside = shapely.box(LON - 0.04, LAT - 0.026, LON + 0.04, LAT + 0.026)
    (incoming / "mine.geojson").write_text(shapely.to_geojson(inside))
    (incoming / "bad.geojson").write_text("{}")
    app = page.run()
    app.selectbox(key="place:area").set_value("bad.geojson").run()
    assert "bad.geojson" in app.error[0].value
    assert not any(b.label == "Look for zones" for b in app.button)
    app.selectbox(key="place:area").set_value("mine.geojson").run()
    assert "Parcels of 34 km²" in texts(app)  # 5.91 by 5.79 km
    assert app.number_input(key="place:lat").disabled
    app.selectbox(key="place:size").set_value(128).run()
    app.number_input(key="place:number").set_value(2).run()
    app = press(app, "Look for zones")
    assert f"--area {incoming / 'mine.geojson'}" in texts(app)
    folder = incoming / "place"
    for zone in zones.read(folder / "zones.csv"):
        lon, lat = zones.squares.centres([zone.grid])[0]
        assert abs(lon - LON) < 0.04
        assert abs(lat - LAT) < 0.026


def test_another_place_is_looked_through_anew(api, page, started):
    app = page
    app.number_input(key="place:number").set_value(2).run()
    app.selectbox(key="place:size").set_value(128).run()
    press(app, "Look for zones")
    assert any(b.label == "Start building" for b in app.button)
    app.number_input(key="place:lon").set_value(1.6).run()
    assert not any(b.label == "Start building" for b in app.button)


def test_a_service_that_is_down_is_one_sentence(api, page):
    api.fault = lambda path: "404"
    app = press(page, "Look for zones")
    assert "refuses the request (status 404" in app.error[0].value
    assert not any(b.label == "Start building" for b in app.button)


def test_a_country_s_register_can_be_chosen(api, page, tmp_path):
    incoming = tmp_path / "data" / "incoming"
    incoming.mkdir(parents=True)
    (incoming / "dutch.toml").write_text("x")
    app = page.run()
    app.selectbox(key="place:service").set_value("dutch.toml").run()
    app = press(app, "Look for zones")
    assert "dutch.toml" in app.error[0].value


def test_the_page_speaks_french(api, page):
    page.query_params["lang"] = "fr"
    app = page.run()
    assert not app.exception, app.exception
    assert "Cliquez sur le lieu" in texts(app)
    assert any(b.label == "Chercher des zones" for b in app.button)


def test_the_map_shows_france_and_its_neighbours_from_files_of_our_own():
    names = {one["properties"]["name"] for one in place_map.outlines()["features"]}
    assert {"France", "Belgium", "Spain", "Germany", "Italy", "Switzerland"} <= names
    kinds = {one["geometry"]["type"] for one in place_map.outlines()["features"]}
    assert kinds <= {"Polygon", "MultiPolygon"}
    html = place_map.draw(dark=False).get_root().render()
    assert "cdn" not in html
    assert "https://" not in html.replace("https://www.w3.org", "")


def test_what_is_typed_is_one_command():
    said = place.command_line("b", 48.5, -1.25, season="2023", size=256, number=5)
    assert said == (
        "python -m cropdash build b --near 48.50000,-1.25000 --season 2023 --size 256 --number 5"
    )
    assert i18n.current() == "en"
