"""Damaged files: listed as damaged, with a way out, while everything else works.

`python -m bench.damage` damages every kind of file in every way; here is a sample of it.
"""

from __future__ import annotations

import ast
import copy
import datetime as dt
import itertools
import json
import os
import random
import re
import shutil
import time
from dataclasses import asdict, replace

import pytest
from streamlit.testing.v1 import AppTest

from bench import damage, damages
from bench.typed import run as typed
from cropdash.domain.errors import DamagedFile
from cropdash.files import atomic, records
from cropdash.reports import certificate, run_report
from cropdash.settings.folders import PROJECT, Folders
from cropdash.settings.reports import parse
from cropdash.storage import curves, events, layout, status
from cropdash.storage.datasets import DatasetFolder
from cropdash.storage.store import Store
from tests import factory

# File and damage; some kind of page or command broke on each of them before.
SAMPLE = (
    ("status.json of a run", "not UTF-8"),
    ("scores.json", "text for numbers"),
    ("confusions.parquet", "table cut short"),
    ("prediction .parquet", "NaN"),
    ("cropdash.db", "not UTF-8"),
    ("labels.tif", "old version"),
    ("prediction of a day", "unreadable"),
    ("clear_dates.tif", "old version"),
)
# After which a run's settings say something else, and can still be shown.
READABLE = {"replaced while read", "text for numbers", "numbers far out"}


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    folder = tmp_path_factory.mktemp("world")
    dataset = factory.write_dataset(folder / "data", zones=4, size=48)
    factory.write_run(folder / "models", dataset, classifier="xgboost", seed=1)
    factory.write_run(folder / "models", dataset, classifier="cnn", seed=2)
    return Folders(folder / "data", folder / "models")


@pytest.fixture
def here(world, tmp_path):
    """A copy that may be damaged."""
    shutil.copytree(world.data, tmp_path / "data")
    shutil.copytree(world.models, tmp_path / "models")
    return Store(tmp_path / "data", tmp_path / "models")


@pytest.mark.parametrize("how", sorted(set(damages.DAMAGES) - READABLE))
def test_one_damaged_run_is_listed_and_the_rest_stays(here, how):
    one, other = (run.run_id for run in here.runs())
    path = layout.RUN.of(here.models / one)
    damages.DAMAGES[how](path, random.Random(0))
    assert [run.run_id for run in here.runs()] == [other]
    (found,) = here.damaged()
    assert found.name == one
    assert found.reason.endswith(".")
    assert "config.json" in found.reason


@pytest.mark.parametrize(
    ("how", "name"),
    zip(
        [how for how in damages.DAMAGES if how != "replaced while read"],
        itertools.cycle(["composite.tif", "labels.tif", "series.parquet", "parcels.parquet"]),
        strict=False,
    ),
)
def test_a_zone_that_was_changed_is_listed_and_left_out(here, name, how):
    zones = [zone.zone_id for zone in here.zones("demo")]
    path = here.data / "demo" / layout.ZONES / zones[1] / name
    damages.DAMAGES[how](path, random.Random(0))
    assert [z.zone_id for z in here.zones("demo")] == [zones[0], *zones[2:]]
    (found,) = here.damaged()
    assert found.name == f"demo, {zones[1]}"
    assert name in found.reason
    assert "build the zone again" in found.reason
    assert here.class_counts("demo")["zone_id"].nunique() == len(zones) - 1
    states = here.zone_states("demo").set_index("zone_id")
    assert states.loc[zones[1], "state"] == "failed"
    assert name in states.loc[zones[1], "reason"]


def test_a_dataset_that_is_replaced_while_it_is_looked_through_is_listed(here, monkeypatch):
    seen = DatasetFolder.look

    def look(folder):
        layout.DATASET.of(folder.path).write_text("")
        return seen(folder)

    monkeypatch.setattr(DatasetFolder, "look", look)
    (found,) = here.damaged()
    assert found.name == "demo"


@pytest.mark.timeout(60)
@pytest.mark.parametrize("put", [os.mkfifo, os.mkdir])
def test_what_is_no_file_in_place_of_the_catalogue_is_listed_and_waited_for_by_nobody(here, put):
    zones = here.zones("demo")
    path = here.data / "demo" / layout.CATALOGUE
    path.unlink()
    put(path)
    fresh = Store(here.data, here.models)
    assert fresh.zones("demo") == zones
    (found,) = fresh.damaged()
    assert found.name == "demo"
    assert "catalogue.jsonl" in found.reason


def test_a_byte_that_was_changed_in_place_is_seen(here):
    """Of a file of the same size, by its digest: the size alone would not tell."""
    zones = [zone.zone_id for zone in here.zones("demo")]
    path = here.data / "demo" / layout.ZONES / zones[1] / "labels.tif"
    raw = bytearray(path.read_bytes())
    raw[len(raw) // 2] ^= 1
    path.write_bytes(raw)
    assert [z.zone_id for z in here.zones("demo")] == [zones[0], *zones[2:]]


def test_an_unchanged_zone_costs_no_reading(here, monkeypatch):
    """Files that were not touched since their manifest was written are believed."""
    zone = here.zones("demo")[0].zone_id
    folder = here.data / "demo" / layout.ZONES / zone
    os.utime(layout.MANIFEST.of(folder))  # the copy's manifest is then the last
    monkeypatch.setattr(atomic, "checksum", lambda path: pytest.fail(f"{path} was read"))
    assert DatasetFolder(here.data, "demo").is_built(zone)


def test_data_that_is_a_file_is_said(tmp_path):
    (tmp_path / "data").write_text("")
    (tmp_path / "models").write_text("")
    store = Store(tmp_path / "data", tmp_path / "models")
    assert store.dataset_names() == store.runs() == store.studies() == ()
    assert {found.name for found in store.damaged()} == {"data", "models"}


@pytest.mark.parametrize("ahead", [3600.0, 1e9])
def test_a_heartbeat_from_the_future_is_nobody_s(tmp_path, ahead):
    now = time.time() + ahead
    alive = status.Status("running", heartbeat=now, created=now, started=now)
    status.write(tmp_path, alive)
    assert status.read(tmp_path).state == "lost"
    status.write(tmp_path, replace(alive, heartbeat=time.time(), created=time.time()))
    assert status.read(tmp_path).state == "running"


def test_a_worker_that_is_gone_is_lost_at_once(tmp_path):
    now = time.time()
    gone = status.Status("running", heartbeat=now, started=now, pid=2**22 + 1, process_created=1.0)
    status.write(tmp_path, gone)
    assert status.read(tmp_path).state == "lost"
    with status.lock(tmp_path):
        assert status.read(tmp_path).state == "running"


@pytest.mark.parametrize(
    "changed",
    [{"progress": "half"}, {"progress": 7}, {"pid": -1}, {"heartbeat": "now"}, {"state": 1}],
)
def test_a_status_of_other_things_is_damaged(tmp_path, changed):
    layout.STATUS.write(tmp_path, {**asdict(status.Status("done")), **changed})
    found = status.read(tmp_path)
    assert found.state == "failed"
    assert "damaged: resume or repeat it" in found.error


@pytest.mark.parametrize(
    "line",
    [b"\xff\xfe", b"[1]", b'{"epoch": "1"}', b'{"epoch": 1, "loss": "x"}', b'{"epoch": true}', b"[" * 99_999,
     b'{"epoch": 1e400}', b'{"epoch": 2, "los', b'{"epoch": 3, "loss": -1e30}'],
)  # fmt: skip
def test_a_learning_curve_keeps_its_whole_lines(tmp_path, line):
    path = tmp_path / layout.EPOCHS
    curves.append(path, {"epoch": 1, "loss": 0.5})
    with path.open("ab") as file:
        file.write(line + b"\n")
    curves.append(path, {"epoch": 2, "loss": float("nan")})
    whole = [{"epoch": 1, "loss": 0.5}, {"epoch": 2, "loss": None}]
    assert curves.read(path) == whole
    curves.cut(path, 2)
    assert curves.read(path) == whole[:1]


def test_a_folder_in_the_place_of_a_file_that_is_written_is_said(tmp_path):
    (tmp_path / layout.STATUS.file).mkdir()
    with pytest.raises(DamagedFile, match="is a folder: move it away"):
        status.write(tmp_path, status.Status("done"))
    (tmp_path / layout.EPOCHS).mkdir()
    with pytest.raises(DamagedFile, match="move it away"):
        curves.append(tmp_path / layout.EPOCHS, {"epoch": 1})


def test_a_place_that_takes_no_file_is_said(tmp_path):
    loop = tmp_path / "loop.jsonl"
    loop.symlink_to(loop)
    (tmp_path / "file").touch()
    for act in (
        lambda: events.append(loop, "a", {}),
        lambda: curves.append(loop, {"epoch": 1}),
        lambda: events.append(tmp_path / "file" / "x.jsonl", "a", {}),
        lambda: atomic.write_text(tmp_path / "file" / "x.txt", ""),
    ):
        with pytest.raises(DamagedFile, match=r"move it away|can't be written"):
            act()


def test_a_certificate_of_other_things_is_damaged(here, small):
    folder = next((small[0] / "models" / "reports").glob("audit-*"))
    whole = layout.CERTIFICATE.read(folder)
    legend = here.legend("demo")
    for spoil in (
        lambda d: d["counts"].update(answered="many"),
        lambda d: d["results"]["maps"][0]["parcel"].update(value=2.0),
        lambda d: d["results"].update(paired=[]),
        lambda d: d["results"]["maps"][0]["classes"][0].update(area_low=None),
    ):
        bad = copy.deepcopy(whole)
        spoil(bad)
        with pytest.raises(DamagedFile, match=r"certificate.json in .* make it anew"):
            records.typed(layout.CERTIFICATE.kind, bad, f"certificate.json in {folder.name}")
    found = copy.deepcopy(whole["results"]["maps"][0])
    found["classes"][0]["class_id"] = legend.n_classes
    with pytest.raises(DamagedFile, match="score the audit again"):
        certificate.class_rows(found, legend)


def test_a_table_of_other_things_is_damaged(here):
    run = here.runs()[0].run_id
    path = here.models / run / layout.SCORES_FOLDER / layout.CONFUSIONS
    whole = here.confusions(run)
    for column, value in (("truth", 999), ("value", float("nan")), ("unit", 3), ("value", -1.0)):
        whole.assign(**{column: value}).to_parquet(path)
        with pytest.raises(DamagedFile, match=rf"column {column} .*evaluate the run again"):
            here.confusions(run)
    whole.drop(columns="predicted").to_parquet(path)
    with pytest.raises(DamagedFile, match="no column predicted"):
        here.confusions(run)


def test_a_prediction_of_classes_that_are_not_there_is_damaged(here):
    info = here.runs()[0]
    path = here.models / info.run_id / layout.PREDICTIONS / f"{info.zones[0]}.tif"
    damages.DAMAGES["numbers far out"](path, random.Random(0))
    with pytest.raises(DamagedFile, match="names classes that the run does not know"):
        here.prediction(info.run_id, info.zones[0])


def test_half_a_letter_is_no_text(tmp_path):
    path = tmp_path / "x.json"
    path.write_text(json.dumps({"a": "\ud800"}))
    with pytest.raises(UnicodeEncodeError):
        atomic.read_json(path)


def test_every_part_of_a_page_that_runs_by_itself_says_its_errors():
    """Streamlit shows what a fragment raises before the page around it hears of it."""
    bare = []
    for path in [*(PROJECT / "cropdash" / "ui").rglob("*.py"), *(PROJECT / "pages").glob("*.py")]:
        functions = {
            n.name: n
            for n in ast.walk(ast.parse(path.read_text()))
            if isinstance(n, ast.FunctionDef)
        }
        called = {
            node.args[0].id
            for node in ast.walk(ast.parse(path.read_text()))
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "st.fragment"
            if isinstance(node.args[0], ast.Name)
        }
        for name, function in functions.items():
            told = [ast.unparse(d) for d in function.decorator_list]
            heads = [ast.unparse(part).splitlines()[0] for part in function.body]
            said = "frame.plainly()" in told or any("frame.plainly()" in head for head in heads)
            if ("st.fragment" in told or name in called) and not said:
                bare.append(f"{path.name}: {name}")
    assert not bare


@pytest.mark.parametrize(("kind", "how"), SAMPLE)
def test_a_sample_of_damaged_files(kind, how, small, tmp_path, monkeypatch):
    world, before = small
    monkeypatch.setattr(damage, "LONG", ())  # what computes: the bench types it
    result = damage.Result()
    damage.try_one(world, tmp_path / "copy", kind, how, 0, before, {}, result)
    assert not result.faults, "\n".join(result.faults)
    assert sum(result.visits.values()) > 15


# Kinds whose damage was once shown by nothing, while what needs the file was left out.
LISTED = (
    "order.json of an audit", "audit.json", "certificate.json", "order.json of a report",
    "status.json of a report", "scores.json of a day", "calibration.json of a day", "without.json",
    "decisions.json", "zones.json", "optimism.json", "realism.json", "config.json of a study",
)  # fmt: skip


def test_what_is_damaged_is_listed_with_a_way_out(small, tmp_path):
    here = shutil.copytree(small[0], tmp_path / "copy")
    store = Store(here / "data", here / "models")
    assert not store.damaged()
    for kind in LISTED:
        path = damages.place(here, kind)
        whole = path.read_bytes()
        damages.DAMAGES["cut"](path, random.Random(kind))
        (found,) = store.damaged()
        path.write_bytes(whole)
        assert path.name in found.reason, kind
        assert ":" in found.reason, kind
        assert found.name in (*path.parts, "demo", path.name), kind


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    """The bench's installation, and what its pages show of what nothing befalls."""
    world = tmp_path_factory.mktemp("small") / "world"
    damages.write(world)
    return world, damage.apart(world)


def test_a_report_goes_without_pictures_of_a_damaged_zone(here):
    run = here.runs()[0]
    order = parse({"kind": "report", "dataset": "demo", "run": run.run_id})
    day = dt.date(2026, 11, 30)
    whole = run_report.document(here, order, day, "a")
    zone = run.scores.test.zones[0]
    damages.DAMAGES["cut"](
        here.data / "demo" / layout.ZONES / zone / "labels.tif", random.Random(0)
    )
    less = run_report.document(Store(here.data, here.models), order, day, "a")
    assert len(less.parts) == len(whole.parts) - 1


def test_what_optimism_json_holds_is_checked(here):
    names = ("accuracy", "macro_f1", "parcel_accuracy", "parcel_macro_f1")
    row = {"split": "zones", **dict.fromkeys((*names, "flatters_by", "flatters_f1_by"), 0.5)}
    config = {"classifier": "xgboost", "dataset": "demo"}
    layout.OPTIMISM.write(here.models, {"config": config, "splits": [row]})
    assert here.optimism("demo")["splits"] == [row]
    assert here.optimism("other") is None
    for bad in (
        {"config": [config], "splits": [row]},
        {"config": config, "splits": [row | {"accuracy": "high"}]},
        {"config": config},
    ):
        layout.OPTIMISM.write(here.models, bad)
        with pytest.raises(DamagedFile, match=r"optimism.json in .* make it anew"):
            here.optimism("demo")


EVERY = ("1_Explore", "2_Train", "3_Map", "4_Compare", "5_Review", "6_Data")


@pytest.mark.parametrize(
    ("pattern", "pages", "commands"),
    [
        (
            "data/demo/zones/*/labels.tif",
            EVERY,
            ("evaluate RUN", "crossvalidate demo --folds=2", "audit draw RUN",
             "mosaic RUN --out=mosaic", "search demo", "simulate report --dataset=demo"),
        ),
        ("models/*/config.json", ("2_Train", "3_Map", "4_Compare", "5_Review"), ()),
        ("data/demo/dataset.json", EVERY, ()),
    ],
)  # fmt: skip
def test_what_is_damaged_as_a_whole_is_not_called_missing(here, tmp_path, pattern, pages, commands):
    run = here.runs()[0].run_id
    for path in tmp_path.glob(pattern):
        damages.DAMAGES["cut"](path, random.Random(0))
    name, found = pattern.rpartition("/")[2], damage.Result()
    with damage.here(tmp_path):
        for page in pages:
            said = damage.try_page(f"pages/{page}.py", {}, "cut", found)
            assert name in said, page
            assert not re.search("There is (no|only)|No model|is built yet", said), page
        for words in commands:
            code, said = typed(words.replace("RUN", run).split())
            assert code == 2, said
            assert name in " ".join(said.split()), said
            assert "build the zone again" in " ".join(said.split()), said
    assert not found.faults


def test_a_page_says_why_it_shows_another_dataset_than_its_address_names(here, tmp_path):
    shutil.copytree(here.data / "demo", here.data / "whole")
    damages.DAMAGES["cut"](here.data / "demo" / "dataset.json", random.Random(0))
    with damage.here(tmp_path):
        app = AppTest.from_file(str(PROJECT / "app.py"), default_timeout=300)
        app.switch_page("pages/1_Explore.py").query_params["dataset"] = "demo"
        app.run()
    (said,) = app.toast
    assert "dataset.json" in said.value
