"""The Data page, run without a browser: forms, states of builds, coverage, realism."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pytest
import rasterio
import streamlit as st
from rasterio.transform import Affine
from shapely import box
from streamlit.testing.v1 import AppTest

from cropdash.domain import sentinel2
from cropdash.domain.errors import CropdashError, RunBusy
from cropdash.domain.message import Message
from cropdash.ingest import zones as zone_files
from cropdash.ingest.earthengine.credentials import KEY as EE_KEY
from cropdash.jobs import launch
from cropdash.jobs import report as reports
from cropdash.settings import folders as config
from cropdash.settings import sources
from cropdash.settings.build import BuildConfig
from cropdash.settings.folders import Folders
from cropdash.storage import catalogue, layout, status
from cropdash.storage.datasets import DatasetFolder
from cropdash.storage.status import Status
from cropdash.ui.datasets import coverage, origin, watch
from tests import factory, worlds
from tests.ingest.earthengine.service import key_file

ROOT = config.PROJECT
PAGE = "pages/6_Data.py"
CHECKS = [
    {"group": "Classes", "name": "that occur", "simulated": 49, "real": 49, "low": 49, "high": None,
     "unit": "", "passed": True, "source": "RPG"},
    {"group": "Weather", "name": "empty months", "simulated": 0.2, "real": None, "low": 0,
     "high": 0.1, "unit": "share", "passed": False, "source": "scenes"},
]  # fmt: skip


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    data = tmp_path_factory.mktemp("world") / "data"
    factory.write_dataset(data, zones=4, size=48)
    return data


@pytest.fixture
def empty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Folders]:
    yield from _install(Folders(tmp_path / "data", tmp_path / "models"), monkeypatch)


@pytest.fixture
def full(built: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Folders]:
    """The dataset under a folder of one's own, its zones by links."""
    mine = tmp_path / "data" / "demo"
    (mine / "zones").mkdir(parents=True)
    for name in ("dataset.json", "legend.json"):
        (mine / name).write_bytes((built / "demo" / name).read_bytes())
    for zone in (built / "demo" / "zones").iterdir():
        (mine / "zones" / zone.name).symlink_to(zone)
    yield from _install(Folders(tmp_path / "data", tmp_path / "models"), monkeypatch)


def _install(where: Folders, monkeypatch: pytest.MonkeyPatch) -> Iterator[Folders]:
    monkeypatch.setenv("CROPDASH_DATA", str(where.data))
    monkeypatch.setenv("CROPDASH_MODELS", str(where.models))
    _forget()
    yield where
    _forget()


def _forget() -> None:
    st.cache_data.clear()
    st.cache_resource.clear()


def _open(**address: str) -> AppTest:
    app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=30).run().switch_page(PAGE)
    if not watch.names():  # where nothing is, the page opens with a real place
        address = {"view": "new", **address}
    app.query_params.update(address)
    app.run()
    assert not app.exception, app.exception
    return app


def _texts(app: AppTest) -> str:
    blocks = (app.markdown, app.caption, app.error, app.warning, app.info, app.code)
    return "\n".join(str(element.value) for block in blocks for element in block)


def _button(app: AppTest, label: str) -> Any:
    return next((b for b in app.button if b.label == label), None)


def _control(app: AppTest, key: str) -> Any:
    found = [
        *app.number_input,
        *app.text_input,
        *app.selectbox,
        *app.button_group,
        *app.multiselect,
    ]
    return next(c for c in found if c.key == key)


def _source(app: AppTest, name: str) -> AppTest:
    _control(app, "build:source").set_value(name).run()
    assert not app.exception, app.exception
    return app


def _put(where: Folders, *names: str) -> Path:
    for name in names:
        path = where.data / "incoming" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")
    return where.data / "incoming"


def _scenes(folder: Path) -> None:
    """A folder for the local source: a scene and a zone within it."""
    (folder / "scenes").mkdir(parents=True)
    at = worlds.grid((30, 40))
    with rasterio.open(
        folder / "scenes" / "20230511.tif", "w", driver="GTiff", height=30, width=40, count=5,
        dtype="uint16", crs=at.crs, transform=Affine(*at.transform),
    ) as file:  # fmt: skip
        file.write(np.ones((5, 30, 40), np.uint16))
    gpd.GeoDataFrame(
        {"zone_id": ["a"], "region": ["r"], "split": ["train"]}, geometry=[box(*at.bounds)],
        crs=at.crs,
    ).to_crs(4326).to_file(folder / "zones.geojson")  # fmt: skip
    parcels = gpd.GeoDataFrame(
        {"ID_PARCEL": ["1", "2"], "CODE_CULTU": ["BTH", "XYZ"]},
        geometry=[box(*at.bounds).buffer(-20), box(*at.bounds).buffer(-90)], crs=at.crs,
    )  # fmt: skip
    parcels.to_file(folder / "register.gpkg", layer="PARCELLES_GRAPHIQUES")


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[BuildConfig]:
    """Settings that builds were started with; none is started."""
    found: list[BuildConfig] = []
    monkeypatch.setattr(launch, "start_build", found.append)
    return found


# new dataset -------------------------------------------------------------------


def test_an_empty_installation_begins_with_a_place_and_the_form(empty: Folders) -> None:
    app = _open(view="place")
    assert _button(app, "Look for zones") is not None
    app = _open()
    assert _button(app, "Start building") is not None
    app = _open(view="datasets")
    assert "no dataset yet" in app.info[0].value
    app = _open(view="realism")
    assert "no simulated dataset yet" in app.info[0].value


def test_the_form_starts_what_it_and_its_command_say(
    empty: Folders, started: list[BuildConfig]
) -> None:
    app = _open()
    _control(app, "build:simulated:seed").set_value(7).run()
    _control(app, "build:simulated:dataset").set_value("mine").run()
    assert "build mine --source simulated --seed 7" in _texts(app)
    _button(app, "Start building").click().run()
    assert started == [sources.demo(dataset="mine", seed=7)]
    assert (app.query_params["dataset"], app.query_params["view"]) == ("mine", "datasets")


def _pills(app: AppTest, source: str) -> Any:
    return next(b for b in app.button_group if b.key == f"build:{source}:bands")


@pytest.mark.parametrize("source", sources.MODULES)
def test_every_source_asks_for_season_periods_and_bands(empty: Folders, source: str) -> None:
    app = _source(_open(), source)
    usual = sources.kind(source).settings.model_fields["season"].default or ""
    assert _control(app, f"build:{source}:season").value == usual
    assert list(_control(app, f"build:{source}:every").options) == [
        "months", "ten days", "sixteen days",
    ]  # fmt: skip
    assert _pills(app, source).value == ["B2", "B3", "B4", "B8"]


def test_season_periods_and_bands_go_into_command_estimate_and_build(
    empty: Folders, started: list[BuildConfig]
) -> None:
    app = _open()
    assert "40 zones, 12 periods (2023-01-01 to 2023-12-31), 4 bands" in _texts(app)
    _control(app, "build:simulated:season").set_value("2022-10..2023-09").run()
    _control(app, "build:simulated:every").set_value("dekad").run()
    _pills(app, "simulated").set_value(list(sentinel2.TABLE)).run()
    assert "40 zones, 36 periods (2022-10-01 to 2023-09-30), 10 bands" in _texts(app)
    disk = 40 * 256**2 * (36 * 21 + 8) / 1e9
    assert f"up to {disk:.1f} GB on disk" in _texts(app)
    assert "--season 2022-10..2023-09 --every dekad --bands B2,B3," in app.code[0].value
    _button(app, "Start building").click().run()
    assert started == [
        sources.demo(dataset="simulated", season="2022-10..2023-09", every="dekad", bands="all")
    ]


def test_what_is_fetched_grows_with_the_periods(empty: Folders) -> None:
    _put(empty, "rpg.gpkg")
    app = _source(_open(), "earthengine")
    _control(app, "build:earthengine:project").set_value("my-project").run()
    assert "480 requests, up to 4.8 GB to fetch" in _texts(app)
    _control(app, "build:earthengine:every").set_value("dekad").run()
    assert "1,440 requests, up to 14.4 GB to fetch" in _texts(app)


@pytest.mark.parametrize(
    ("season", "words"),
    [
        ("2023-13..2024-02", "holds no day"),
        ("2012", "flies since"),
        ("last year", "neither a year"),
    ],
)
def test_a_season_that_is_none_is_one_sentence_and_starts_nothing(
    empty: Folders, season: str, words: str
) -> None:
    app = _open()
    _control(app, "build:simulated:season").set_value(season).run()
    assert len(app.error) == 1
    assert words in app.error[0].value
    assert _button(app, "Start building") is None


def test_bands_without_those_of_ndvi_are_one_sentence(empty: Folders) -> None:
    app = _open()
    _pills(app, "simulated").set_value(["B2", "B11"]).run()
    assert "NDVI is made of B4 and B8" in app.error[0].value
    assert _button(app, "Start building") is None


def test_the_zones_of_a_folder_are_shown_before_it_is_built(empty: Folders) -> None:
    _scenes(empty.data / "incoming" / "flanders")
    (empty.data / "incoming" / "broken" / "scenes").mkdir(parents=True)
    app = _source(_open(), "local")
    assert "broken" in app.error[0].value
    assert _button(app, "Start building") is None
    _control(app, "build:local:folder").set_value("flanders").run()
    assert not app.error, app.error[0].value
    assert "1 zones, 12 periods (2023-01-01 to 2023-12-31), 4 bands" in _texts(app)
    assert len(app.get("plotly_chart")) == 1
    found = dict(app.dataframe[0].value.to_numpy().tolist())
    assert found["Images"] == "1 scenes, 2023-05-11 to 2023-05-11"
    assert found["Pixels"] == "30 x 40 of 10 m in EPSG:32631"
    assert found["Register"] == "register.gpkg, 2 rows; id ID_PARCEL, crop CODE_CULTU"
    assert (found["Classes"], found["Unknown codes"]) == ("winter_wheat 1", "XYZ 1")
    assert found["Zones"] == "1, of which 0 for the test (zones.geojson); 30 x 40 to 30 x 40 pixels"


@pytest.mark.parametrize("name", ["demo", "incoming", "../up", "Capital", ""])
def test_a_name_that_is_taken_or_no_name_starts_nothing(full: Folders, name: str) -> None:
    app = _open(view="new")
    _control(app, "build:simulated:dataset").set_value(name).run()
    assert len(app.error) == 1
    assert _button(app, "Start building") is None


def test_a_busy_dataset_is_one_sentence(empty: Folders, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(config: BuildConfig) -> None:
        raise RunBusy("Another worker is at it: wait.")

    monkeypatch.setattr(launch, "start_build", refuse)
    app = _open()
    _button(app, "Start building").click().run()
    assert [e.value for e in app.error] == ["Another worker is at it: wait."]


@pytest.mark.parametrize("source", ["local", "earthengine", "stac"])
def test_without_files_each_source_says_where_to_put_them(empty: Folders, source: str) -> None:
    app = _source(_open(), source)
    assert str(empty.data / "incoming") in app.info[0].value
    assert "Still to give" in _texts(app)
    assert _button(app, "Start building").disabled


def test_files_are_chosen_from_the_listing_and_zones_written_at_the_start(
    empty: Folders, started: list[BuildConfig]
) -> None:
    incoming = _put(empty, "rpg.gpkg", "codes.csv", "other.7z")
    app = _source(_open(), "stac")
    assert list(_control(app, "build:stac:register_path").options) == ["other.7z", "rpg.gpkg"]
    _control(app, "build:stac:register_path").set_value("rpg.gpkg").run()
    regions = next(b for b in app.button_group if b.label == "Regions")
    regions.set_value(["alsace", "brittany"]).run()
    assert "10 zones, 8 to train on and 2 held out for the test; regions: 2" in _texts(app)
    assert not (incoming / "zones_stac.csv").exists()
    _button(app, "Start building").click().run()
    (config,) = started
    given = config.model_dump()
    assert given["source"] == "stac"
    assert given["register_path"] == incoming / "rpg.gpkg"
    assert given["endpoint"] == "planetary-computer"
    zones = zone_files.read(given["zones_path"])
    assert {zone.region for zone in zones} == {"alsace", "brittany"}
    assert len(zones) == 10


def test_further_layers_and_last_year_s_register_are_chosen_from_the_listing_too(
    empty: Folders, started: list[BuildConfig]
) -> None:
    incoming = _put(empty, "rpg_2022.gpkg", "dem.tif", "radar/2023-05.tif")
    _scenes(incoming / "flanders")
    app = _source(_open(), "local")
    layers = _control(app, "build:local:layers")
    assert list(layers.options) == ["dem.tif", "radar"]
    before = _control(app, "build:local:previous_register_path")
    assert list(before.options) == ["rpg_2022.gpkg"]
    before.set_value("rpg_2022.gpkg").run()
    assert "--previous-register" in app.code[0].value
    assert "--layers" not in app.code[0].value
    layers.set_value(["radar", "dem.tif"]).run()
    assert f"--layers {incoming}/radar,{incoming}/dem.tif" in app.code[0].value
    _button(app, "Start building").click().run()
    (config,) = started
    assert config.model_dump()["previous_register_path"] == incoming / "rpg_2022.gpkg"
    assert config.layers == (str(incoming / "radar"), str(incoming / "dem.tif"))


def test_a_list_of_one_s_own_is_built_as_it_is(empty: Folders, started: list[BuildConfig]) -> None:
    incoming = _put(empty, "rpg.gpkg")
    text = "zone_id,region,split,lon,lat\na,r,train,3,49\nb,r,test,4,49\n"
    (incoming / "own.csv").write_text(text, encoding="utf-8")
    app = _source(_open(), "earthengine")
    _control(app, "zones:list").set_value("own.csv").run()
    assert "2 zones, 1 to train on and 1 held out for the test; regions: 1" in _texts(app)
    _control(app, "build:earthengine:project").set_value("my-project").run()
    _button(app, "Start building").click().run()
    assert started[0].model_dump()["zones_path"] == incoming / "own.csv"
    assert {p.name for p in incoming.iterdir()} == {"rpg.gpkg", "own.csv"}


def test_a_bad_list_of_zones_is_one_sentence(empty: Folders) -> None:
    incoming = _put(empty, "rpg.gpkg")
    (incoming / "bad.csv").write_text("zone_id,region\na,b\n", encoding="utf-8")
    app = _source(_open(), "stac")
    _control(app, "zones:list").set_value("bad.csv").run()
    assert not app.exception
    assert "bad.csv, zone 1: split is not given" in app.error[0].value
    assert _button(app, "Start building") is None


def test_credentials_are_spoken_of_and_never_shown(
    empty: Folders, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = tmp_path / "secret-key.json"
    key.write_text(json.dumps(key_file("https://x")), encoding="utf-8")
    key.chmod(0o600)
    monkeypatch.setattr(Path, "home", lambda: tmp_path)
    monkeypatch.delenv(EE_KEY, raising=False)
    assert "No credentials" in _texts(_source(_open(), "earthengine"))
    monkeypatch.setenv(EE_KEY, str(key))
    said = _texts(_source(_open(), "earthengine"))
    assert "key is configured" in said
    assert "PRIVATE KEY" not in said
    assert "secret-key" not in said
    key.unlink()
    assert "can't be read" in _texts(_source(_open(), "earthengine"))


# datasets ----------------------------------------------------------------------


def test_a_whole_dataset_shows_its_zones_and_coverage(full: Folders) -> None:
    app = _open(dataset="demo")
    states, zones = (table.value for table in app.dataframe)
    assert set(states["state"]) == {"built"}
    assert len(zones) == 4
    assert len(app.get("plotly_chart")) == 1
    assert _button(app, "Resume building") is None
    assert {b.label for b in app.get("download_button")} == {
        "States (CSV)", "Zones (GeoJSON)", "Coverage (CSV)", "Provenance (JSON)",
    }  # fmt: skip


def test_what_failed_says_why_and_can_be_resumed(
    full: Folders, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = DatasetFolder(full.data, "demo")
    lost, wrong = [z.zone_id for z in folder.built_zones()][:2]
    for zone in (lost, wrong):
        (folder.path / "zones" / zone).unlink()
    (folder.path / "zones" / wrong).mkdir()
    entry = catalogue.Entry("failed", "reading", "It holds no parcel.")
    catalogue.say(folder.path, wrong, entry)
    folder.configure(sources.demo())
    status.write(folder.path, Status("failed", error="1 of 4 zones failed."))
    resumed: list[str] = []
    monkeypatch.setattr(launch, "resume_build", resumed.append)
    app = _open(dataset="demo")
    rows = app.dataframe[0].value.set_index("zone_id")
    assert list(rows["state"]) == ["failed", "missing", "built", "built"]
    assert rows.loc[wrong, "reason"] == "It holds no parcel."
    assert [e.value for e in app.error] == ["1 of 4 zones failed."]
    _button(app, "Resume building").click().run()
    assert resumed == ["demo"]


def test_a_build_that_failed_before_its_zones_were_known_is_shown(empty: Folders) -> None:
    folder = empty.data / "early"
    folder.mkdir(parents=True)
    status.write(folder, Status("failed", error="There is no register."))
    app = _open()
    assert [e.value for e in app.error] == ["There is no register."]
    assert not app.dataframe


def test_what_a_dataset_was_made_of_is_told_each_thing_once() -> None:
    register = {"service": "https://a.example/wfs", "parcels": 1256, "digest": "ab" * 32,
                "fetched": "2023-11-02T10:11:12+00:00"}  # fmt: skip
    assert origin._said(register) == (
        f"1,256 parcels of https://a.example/wfs, fetched 2023-11-02 10:11 (UTC); SHA-256 {'ab' * 32}."
    )
    late = {"date": "2023-05-15", "name": "S2B", "offsets": [-1000, -1000], "why": "baseline 05.09"}
    early = {"date": "2021-05-15", "name": "S2A", "offsets": [0, 0], "why": "baseline 03.01"}
    zones = [
        {"scenes": {"scenes": [late, early]}},
        {"scenes": None},
        {"scenes": {"scenes": [late]}},
    ]
    assert origin._scenes(zones).to_numpy().tolist() == [
        ["2021-05-15", "S2A", 0, "baseline 03.01", 1], ["2023-05-15", "S2B", -1000, "baseline 05.09", 2],
    ]  # fmt: skip


def test_coverage_counts_what_a_report_names() -> None:
    report = {
        "parcels": 9, "filled_share": 0.25, "periods_without_observation": ["2023-01", "2023-12"],
        "unknown_codes": {"X99": 2, "(empty)": 1}, "mended_geometry": 4, "without_geometry": 1,
        "without_area": 2, "repeated_geometry": 3, "repeated_id": 5, "warnings": ["w1", "w2"],
    }  # fmt: skip
    row = coverage.row_of("a_1", "a", "test", report)
    assert (row["Periods not seen"], row["Which periods"]) == (2, "2023-01, 2023-12")
    assert (row["Unknown codes"], row["Which codes"]) == (3, "X99 (2), (empty) (1)")
    assert (row["Mended"], row["Dropped"], row["Repeated ids"], row["Warnings"]) == (4, 6, 5, 2)
    assert row["Layers known"] is None
    known = coverage.row_of("a", "r", "train", {"layers_known": {"dem": 1.0, "VV": 0.4}})
    assert known["Layers known"] == 0.4
    assert coverage.row_of("a_1", "a", "test", {})["Dropped"] == 0


# realism -----------------------------------------------------------------------


def test_without_a_report_a_button_and_a_command_are_given(full: Folders) -> None:
    app = _open(view="realism")
    assert app.code[0].value == "python -m cropdash simulate report --dataset demo"
    app.button(key="realism:make:demo").click().run()
    assert not app.exception
    report = json.loads((full.data / "demo" / "realism.json").read_text(encoding="utf-8"))
    assert f"of {len(report['checks'])} checks" in " ".join(m.value for m in app.markdown)


def test_a_report_that_fails_says_what_the_process_said(full: Folders) -> None:
    app = _open(view="realism")
    for path in (full.data / "demo" / "zones").iterdir():
        path.unlink()
    app.button(key="realism:make:demo").click().run()
    assert not app.exception
    assert "zone" in app.error[0].value
    assert not (full.data / "demo" / "realism.json").exists()


def test_a_report_that_crashes_or_hangs_says_how_to_see_why(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with pytest.raises(CropdashError, match="see why by the command"):
        reports.make("demo", command=[sys.executable, "-c", "1 / 0"])
    monkeypatch.setattr(reports, "WAIT_S", 0.1)
    with pytest.raises(CropdashError, match="took too long"):
        reports.make("demo", command=[sys.executable, "-c", "import time; time.sleep(60)"])


def test_a_report_shows_its_verdicts_and_the_worst_first(full: Folders) -> None:
    report = {"dataset": "demo", "seed": 0, "checks": CHECKS, "tables": {}}
    report["left_out"] = ["Reflectance in B5, B6: no real figures are known."]
    layout.REALISM.write(full.data / "demo", report)
    app = _open(view="realism")
    assert "1 of 2 checks" in _texts(app)
    assert "Left out: Reflectance in B5, B6: no real figures" in _texts(app)
    assert list(app.dataframe[0].value["Check"]) == ["empty months", "that occur"]


@pytest.mark.parametrize("text", ["{", "[]", "{}", "\xff"])
def test_a_damaged_report_is_one_sentence(full: Folders, text: str) -> None:
    (full.data / "demo" / "realism.json").write_text(text, encoding="latin-1")
    app = _open(view="realism")
    assert "make it anew" in app.error[0].value


def test_a_report_without_checks_is_shown(full: Folders) -> None:
    report = {"checks": [], "left_out": [], "tables": {}}
    layout.REALISM.write(full.data / "demo", report)
    assert "0 of 0 checks" in _texts(_open(view="realism"))


def test_a_wrong_view_falls_back(full: Folders) -> None:
    assert _open(view="../x", dataset="nowhere").query_params["dataset"] == "demo"


def test_a_build_stopped_before_its_worker_began_can_be_resumed(
    empty: Folders, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow = [sys.executable, "-c", "import time; time.sleep(60)"]
    launch.start_build(sources.demo(dataset="early"), command=slow)
    app = _open(dataset="early")
    assert _button(app, "Resume building") is None
    _button(app, "Stop building").click().run()
    assert not app.exception
    resumed: list[str] = []
    monkeypatch.setattr(launch, "resume_build", resumed.append)
    _button(app, "Resume building").click().run()
    assert resumed == ["early"]


# in French ---------------------------------------------------------------------

ENGLISH = (
    "Zone by", "Show on", "Resume", "Coverage", "What the zones", "Parcels put", "Start building",
    "A made-up", "to train on", "checks", "Not", "Still to give", "Name of the new", "Dataset",
)  # fmt: skip


def _labels(app: AppTest) -> str:
    kinds = ("button", "download_button", "selectbox", "text_input", "number_input", "expander")
    parts = [str(element.label) for kind in kinds for element in app.get(kind)]
    headings = [str(h.value) for h in app.header]
    return "\n".join([_texts(app), *headings, *parts, *(str(m.label) for m in app.metric)])


@pytest.mark.parametrize(
    ("view", "french"),
    [
        ("datasets", ("Ce que contiennent les zones", "4 sur 4 construites", "États (CSV)")),
        ("new", ("Lancer la construction", "Un paysage inventé", "Où cela tourne")),
        ("realism", ("Pas encore de rapport",)),
    ],
)
def test_the_page_speaks_french(full: Folders, view: str, french: tuple[str, ...]) -> None:
    app = _open(dataset="demo", view=view, lang="fr")
    assert app.title[0].value == "Données"
    shown = _labels(app)
    assert [text for text in french if text not in shown] == []
    assert [text for text in ENGLISH if text in shown] == []


def test_why_a_build_failed_is_told_in_french(full: Folders) -> None:
    folder = DatasetFolder(full.data, "demo")
    folder.configure(sources.demo())
    status.write(
        folder.path,
        Status(
            "failed",
            error=Message("Zone {a} holds no parcel: check its place and the register.", a="a_1"),
        ),
    )
    shown = [e.value for e in _open(dataset="demo", lang="fr").error]
    assert shown == [
        "La zone a_1 ne contient aucune parcelle\u00a0: vérifiez son lieu et le registre."
    ]
