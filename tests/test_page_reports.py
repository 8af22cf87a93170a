"""Audits and reports from their pages: ordered, made by a real worker, taken back, taken home."""

from __future__ import annotations

import json
import time

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from cropdash.domain.errors import ConfigError
from cropdash.jobs import launch
from cropdash.settings import folders
from cropdash.settings.folders import Folders
from cropdash.settings.reports import parse
from cropdash.storage import layout, reports
from cropdash.storage.datasets import DatasetFolder
from cropdash.storage.reports import ReportInfo
from cropdash.ui.shell import data
from tests import factory

COMPARE, REVIEW = "pages/4_Compare.py", "pages/5_Review.py"


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Folders:
    folder = tmp_path_factory.mktemp("world")
    dataset = factory.write_dataset(folder / "data", zones=4, size=64)
    factory.write_run(folder / "models", dataset, classifier="xgboost", seed=2, accuracy=0.5)
    factory.write_run(folder / "models", dataset, classifier="cnn", seed=1, accuracy=0.8)
    return Folders(folder / "data", folder / "models")


@pytest.fixture(autouse=True)
def here(world: Folders, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("CROPDASH_DATA", str(world.data))
    monkeypatch.setenv("CROPDASH_MODELS", str(world.models))
    monkeypatch.setattr(data, "folders", lambda: world)
    data.store.clear()
    yield
    data.store.clear()


def show(page: str, **query: str) -> AppTest:
    app = AppTest.from_file(str(folders.PROJECT / "app.py"), default_timeout=60).run()
    app = app.switch_page(page)
    for name, value in query.items():
        app.query_params[name] = value
    return checked(app.run())


def checked(app: AppTest) -> AppTest:
    assert not app.exception, app.exception
    return app


def finished(world: Folders, report_id: str, seconds: float = 120) -> ReportInfo:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        launch.reap()
        info = reports.find(world.models, report_id).info()
        if info.status.is_final:
            return info
        time.sleep(0.1)
    raise AssertionError(info.status)


def said(app: AppTest) -> str:
    return " ".join(str(part.value) for part in (*app.markdown, *app.caption, *app.error))


def test_an_audit_from_its_page_to_its_numbers(world) -> None:
    app = show(COMPARE, part="audit")
    assert "No audit of these maps was drawn yet." in [i.value for i in app.info]
    (press,) = [b for b in app.button if b.label == "Draw a sample"]
    checked(press.click().run())
    (folder,) = reports.list_all(world.models)
    assert finished(world, folder.report_id).status.state == "done", folder.info().status
    dataset = DatasetFolder(world.data, "demo")
    crops = {
        (zone.zone_id, row.parcel_id): row.crop
        for zone in dataset.built_zones()
        for row in dataset.parcels(zone.zone_id).itertuples()
    }
    table = pd.read_csv(folder.path / layout.SAMPLE_CSV, dtype={"zone_id": str})
    classes = dataset.legend().classes
    keys = zip(table["zone_id"], table["parcel_id"], strict=True)
    table["truth"] = [classes[crops[key]].name for key in keys]
    with pytest.raises(ConfigError, match=r"\.csv or a \.gpkg"):
        launch.score_audit(folder.report_id, "sample.xlsx", b"")
    launch.score_audit(folder.report_id, "back.CSV", table.to_csv(index=False).encode())
    assert finished(world, folder.report_id).status.state == "done", folder.info().status
    app = show(COMPARE, part="audit")
    text = said(app)
    assert f"{len(table)} of {len(table)} drawn parcels are answered" in text
    assert "of the hectares are right" in text
    assert layout.CERTIFICATE_PAGE in folder.info().files
    path = layout.CERTIFICATE.of(folder.path)  # as a copied folder may have it
    name = json.loads(path.read_text())["results"]["maps"][0]["map"]
    path.write_text(path.read_text().replace(json.dumps(name), '"[id](http://evil.example)"'))
    text = said(show(COMPARE, part="audit"))
    assert "evil.example" in text
    assert "[id](http" not in text
    launch.score_audit(folder.report_id, "x.csv", b"zone_id,parcel_id,truth\nz,1,unicorn\n")
    failed = finished(world, folder.report_id).status
    assert failed.state == "failed"
    assert "answers no parcel of the sample" in failed.error


def test_a_dossier_is_ordered_where_the_parcel_is_reviewed(world) -> None:
    app = show(REVIEW, lights="red,amber,green")
    (switch,) = [t for t in app.toggle if t.key == "review:within"]
    app = checked(switch.set_value(True).run())
    assert "**NDVI**" in [m.value for m in app.markdown]
    presses = [b for b in app.button if b.key and b.key.startswith("order:dossier:")]
    checked(presses[0].click().run())
    order = reports.list_all(world.models)[0]
    info = finished(world, order.report_id)
    assert info.status.state == "done", info.status.error
    assert layout.REPORT_PAGE in info.files
    assert info.order.model_dump()["parcels"]


def test_whoever_may_not_make_reports_is_refused(world, monkeypatch) -> None:
    from cropdash.domain import access
    from cropdash.domain.errors import NotAllowed

    monkeypatch.setattr(access, "_ask", [lambda: access.Actor("vera", "viewer")])
    with pytest.raises(NotAllowed, match="may not make reports"):
        launch.order(parse({"kind": "report", "dataset": "demo", "run": "a"}))
