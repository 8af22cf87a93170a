"""Overview and Train, run without a browser over a small world on disk."""

from __future__ import annotations

import re
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from cropdash.classify.cnn.settings import CnnConfig
from cropdash.domain.errors import RunBusy
from cropdash.jobs import launch
from cropdash.settings import classifiers, waits
from cropdash.settings import folders as config
from cropdash.settings.ensemble import EnsembleConfig
from cropdash.settings.folders import Folders
from cropdash.settings.train import TrainConfig
from cropdash.storage import layout, runs, status
from cropdash.storage.runs import RunFolder
from cropdash.storage.status import Status
from cropdash.storage.store import RunInfo
from cropdash.ui.overview import cards
from cropdash.ui.train import history
from cropdash.ui.widgets import scores
from tests import factory

ROOT = config.PROJECT
TRAIN = "pages/2_Train.py"
SCORES = factory.scores(("a_1", "b_1"), 17, accuracy=0.8123, macro_f1=0.4, n_scored=12345)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Folders:
    """A dataset with a finished run of each model."""
    folder = tmp_path_factory.mktemp("world")
    dataset = factory.write_dataset(folder / "data", zones=4, size=48)
    for classifier in ("cnn", "xgboost"):
        factory.write_run(folder / "models", dataset, classifier=classifier)
    return Folders(folder / "data", folder / "models")


@pytest.fixture
def empty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Folders]:
    yield from _install(Folders(tmp_path / "data", tmp_path / "models"), monkeypatch)


@pytest.fixture
def full(world: Folders, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Folders]:
    """The world's data, and a models folder of one's own with links to its runs."""
    models = tmp_path / "models"
    models.mkdir()
    for run in runs.list_all(world.models):
        (models / run.run_id).symlink_to(run.path)
    yield from _install(Folders(world.data, models), monkeypatch)


def _install(where: Folders, monkeypatch: pytest.MonkeyPatch) -> Iterator[Folders]:
    monkeypatch.setenv("CROPDASH_DATA", str(where.data))
    monkeypatch.setenv("CROPDASH_MODELS", str(where.models))
    _forget()
    yield where
    _forget()


def _forget() -> None:
    st.cache_data.clear()
    st.cache_resource.clear()


def _open(page: str = "app.py", **address: str) -> AppTest:
    """The page as a reader sees it who comes with this address."""
    app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=30)
    if page != "app.py":
        app.run().switch_page(page)
    app.query_params.update(address)
    app.run()
    assert not app.exception, app.exception
    return app


def _texts(app: AppTest) -> str:
    blocks = (app.markdown, app.caption, app.header, app.error, app.warning, app.info, app.code)
    return "\n".join(str(element.value) for block in blocks for element in block)


def _button(app: AppTest, label: str) -> Any:
    return next((b for b in app.button if b.label == label), None)


def _metrics(app: AppTest) -> dict[str, str]:
    return {metric.label: metric.value for metric in app.metric}


def _new_run(where: Folders, state: status.State, classifier: str = "cnn") -> RunFolder:
    """A run that says it is in `state` just now."""
    settings = classifiers.parse({"classifier": classifier, "dataset": "demo", "seed": 5})
    run = runs.create(where.models, settings.model_dump(mode="json"), {})
    now = time.time()
    ended = now if state in status.FINAL else 0.0
    status.write(
        run.path,
        Status(state, "Training, epoch 3", 0.4, "", now, now, now, ended),
    )
    return run


# Overview --------------------------------------------------------------------


def test_a_fresh_clone_offers_one_thing(empty: Folders, monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[bool] = []
    monkeypatch.setattr(launch, "start_build", lambda: started.append(True))
    app = _open()
    assert [b.label for b in app.button] == ["Build the demo"]
    _button(app, "Build the demo").click().run()
    assert started == [True]
    assert not app.exception


def test_a_refused_build_is_one_sentence(empty: Folders, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse() -> None:
        raise RunBusy("A worker is already at work on demo.")

    monkeypatch.setattr(launch, "start_build", refuse)
    app = _open()
    _button(app, "Build the demo").click().run()
    assert [e.value for e in app.error] == ["A worker is already at work on demo."]
    assert not app.exception


def test_a_build_under_way_is_shown_and_can_be_stopped(empty: Folders) -> None:
    now = time.time()
    status.write(empty.data / "demo", Status("running", "Built alsace_1", 0.25, "", now, now, now))
    app = _open()
    assert _button(app, "Build the demo") is None
    assert "Building the demo" in _texts(app)
    _button(app, "Stop building").click().run()
    assert (empty.data / "demo" / layout.STOP).exists()
    assert _button(app, "Stopping …").disabled


def test_a_lost_build_is_offered_again_with_its_reason(empty: Folders) -> None:
    status.write(empty.data / "demo", Status("running", heartbeat=1.0, created=1.0))
    app = _open()
    assert _button(app, "Continue the build") is not None
    assert any("without a word" in w.value for w in app.warning)


def test_a_built_dataset_offers_both_trainings(
    world: Folders, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[TrainConfig] = []
    monkeypatch.setattr(launch, "start", started.append)
    for _ in _install(Folders(world.data, tmp_path / "none"), monkeypatch):
        app = _open()
        _button(app, "Train both models").click().run()
        assert [c.classifier for c in started] == ["xgboost", "cnn"]
        assert {c.dataset for c in started} == {"demo"}


def test_key_figures_agree_with_the_tables(full: Folders) -> None:
    app = _open()
    shown = _metrics(app)
    counts = factory_counts(full)
    assert shown["Zones built"] == "4 / 4"
    assert shown["Parcels"] == f"{counts['parcels'].sum():,}"
    assert shown["Classes"] == str(counts["crop"].nunique())
    assert shown["Area [ha]"] == f"{counts['hectares'].sum():,.0f}"
    assert "crop pixels of 2 held-out test zones" in _texts(app)
    assert {b.label for b in app.button} == set()  # all is done: nothing to start


def factory_counts(where: Folders) -> Any:
    from cropdash.storage.store import Store

    counts = Store(where.data, where.models).class_counts("demo")
    return counts[counts["crop"].between(1, 254)]


def test_active_runs_are_shown(full: Folders) -> None:
    run = _new_run(full, "running")
    app = _open()
    assert "At work" in _texts(app)
    assert run.run_id in [link.proto.label for link in app.get("page_link")]


def test_a_damaged_description_is_one_sentence(empty: Folders) -> None:
    folder = empty.data / "broken"
    folder.mkdir(parents=True)
    (folder / "dataset.json").write_text("{")
    app = _open()
    assert len(app.error) == 1
    assert "dataset.json in broken can't be read" in app.error[0].value


def _info(run_id: str, state: status.State, classifier: str, f1: float | None) -> RunInfo:
    marks = factory.scores(macro_f1=f1) if f1 is not None else None
    settings = {"classifier": classifier, "dataset": "demo"}
    return RunInfo(run_id, settings, "2026-01-01T00:00:00+00:00", Status(state), marks, (), "")


def test_best_run_is_finished_scored_and_of_its_model() -> None:
    infos = [
        _info("a", "done", "cnn", 0.3),
        _info("b", "done", "cnn", 0.4),
        _info("c", "failed", "cnn", 0.9),
        _info("d", "done", "xgboost", 0.8),
        _info("e", "done", "cnn", None),
    ]
    best = cards.best_run(infos, "cnn", "demo")
    assert best is not None
    assert best.run_id == "b"
    assert cards.best_run(infos, "cnn", "other") is None


@pytest.mark.parametrize(
    ("infos", "missing"),
    [
        ([], ["xgboost", "cnn"]),
        ([_info("a", "queued", "cnn", None)], ["xgboost"]),
        ([_info("a", "failed", "cnn", None)], ["xgboost", "cnn"]),
        ([_info("a", "done", "cnn", 0.1), _info("b", "running", "xgboost", None)], []),
    ],
)
def test_missing_models(infos: list[RunInfo], missing: list[str]) -> None:
    assert cards.missing_models(infos) == missing


def test_denominators_are_named_and_absent_scores_are_dashes() -> None:
    shown = {name: (value, about) for name, value, about in scores.headline(SCORES)}
    assert shown["Pixel accuracy"][0] == "0.812"
    assert "12,345 crop pixels of 2 held-out test zones" in shown["Pixel accuracy"][1]
    assert "17 classes" in shown["Pixel macro F1"][1]
    assert shown["Parcel accuracy"][0] == "–"
    assert scores.share(float("nan")) == scores.share(None) == "–"


@pytest.mark.parametrize(
    ("seconds", "text"), [(0, "0 s"), (59.6, "1:00 min"), (200, "3:20 min"), (7500, "2:05 h")]
)
def test_duration(seconds: float, text: str) -> None:
    assert waits.duration(seconds) == text


# Train -----------------------------------------------------------------------


def test_train_without_a_dataset_says_what_to_do(empty: Folders) -> None:
    app = _open(TRAIN)
    assert "build one first" in app.info[0].value
    assert not app.button


def test_form_offers_every_setting_of_the_model(full: Folders) -> None:
    app = _open(TRAIN)
    typed = [*app.number_input, *app.selectbox, *app.toggle, *app.text_input]
    controls = [*typed, *app.multiselect]
    keys = {str(c.key).rsplit(":", 1)[-1] for c in controls}
    fields = set(CnnConfig.model_fields) - {"classifier", "dataset"}
    assert fields <= keys
    rate = next(c for c in app.number_input if str(c.key).endswith(":learning_rate"))
    assert (rate.min, rate.max, rate.value) == (1e-6, 1.0, 2e-3)
    offered = next(c for c in app.multiselect if str(c.key).endswith(":indices"))
    assert offered.options == ["NDVI", "GNDVI", "NDWI", "EVI2"]  # what four bands allow
    offered.set_value(["EVI2", "NDVI"]).run()
    assert "--set indices=NDVI,EVI2" in _texts(app)


def test_start_hands_over_the_settings_of_the_form(
    full: Folders, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[TrainConfig] = []

    def start(settings: TrainConfig) -> str:
        started.append(settings)
        return _new_run(full, "running").run_id

    monkeypatch.setattr(launch, "start", start)
    app = _open(TRAIN)
    seed = next(c for c in app.number_input if str(c.key).endswith(":seed"))
    seed.set_value(11).run()
    assert "--set seed=11" in _texts(app)
    _button(app, "Start training").click().run()
    assert started == [CnnConfig(dataset="demo", seed=11)]
    assert app.query_params["run"] == runs.list_all(full.models)[0].run_id
    assert _button(app, "Stop training") is not None


def test_preset_seed_fills_the_form(full: Folders) -> None:
    app = _open(TRAIN)
    preset = next(b for b in app.button_group if str(b.key).startswith("preset:"))
    preset.set_value("seed").run()
    batch = next(c for c in app.number_input if str(c.key).endswith(":batch_size"))
    assert batch.value == 64
    assert "network=seed" in _texts(app)
    assert "batch_size=64" in _texts(app)
    assert not app.error


@pytest.mark.parametrize("kind", [k.name for k in classifiers.trainable()])
def test_every_preset_that_the_form_names_can_be_chosen(kind: str, full: Folders) -> None:
    app = _open(TRAIN)
    next(b for b in app.button_group if b.label == "Model").set_value(kind).run()
    preset = next(b for b in app.button_group if str(b.key).startswith("preset:"))
    explained = re.findall(r"(?:^|\. )(\w+):", preset.proto.help)
    assert explained == list(preset.options)
    for name in explained:
        preset = next(b for b in app.button_group if str(b.key).startswith("preset:"))
        preset.set_value(name).run()
        assert not app.exception
        assert not app.error
        assert _button(app, "Start training") is not None


def test_wrong_setting_is_one_sentence_and_starts_nothing(full: Folders) -> None:
    app = _open(TRAIN)
    channels = next(c for c in app.text_input if str(c.key).endswith(":unet_channels"))
    channels.set_value("32, wide").run()
    assert len(app.error) == 1
    assert "unet_channels" in app.error[0].value
    assert _button(app, "Start training") is None


def test_a_running_run_is_found_again_by_its_address(full: Folders) -> None:
    run = _new_run(full, "running", "xgboost")
    _new_run(full, "failed")
    app = _open(TRAIN, run=run.run_id)
    assert app.query_params["run"] == run.run_id
    assert run.run_id in _texts(app)
    _button(app, "Stop training").click().run()
    assert (run.path / layout.STOP).exists()


def test_an_unknown_run_in_the_address_falls_back(full: Folders) -> None:
    app = _open(TRAIN, run="../../etc")
    assert not app.error
    assert runs.list_all(full.models)[0].run_id in _texts(app)


def test_a_stubborn_worker_can_be_ended(full: Folders, monkeypatch: pytest.MonkeyPatch) -> None:
    run = _new_run(full, "running")
    monkeypatch.setattr(launch, "may_end", lambda name: True)
    ended: list[str] = []
    monkeypatch.setattr(launch, "end_now", ended.append)
    app = _open(TRAIN, run=run.run_id)
    _button(app, "End now").click().run()
    assert ended == [run.run_id]


def test_a_failed_run_says_why_and_can_be_resumed(
    full: Folders, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = _new_run(full, "failed")
    status.write(run.path, Status("failed", error="The loss became infinite.", finished=1.0))
    resumed: list[str] = []
    monkeypatch.setattr(launch, "resume", resumed.append)
    app = _open(TRAIN, run=run.run_id)
    assert [e.value for e in app.error] == ["The loss became infinite."]
    _button(app, "Resume").click().run()
    assert resumed == [run.run_id]


def test_repeat_with_changes_fills_the_form_from_the_run(full: Folders) -> None:
    run = _new_run(full, "stopped", "xgboost")
    app = _open(TRAIN, run=run.run_id)
    _button(app, "Repeat with changes").click().run()
    assert app.query_params["like"] == run.run_id
    assert "--classifier xgboost --set seed=5" in _texts(app)


def test_a_finished_run_shows_scores_and_curves(full: Folders) -> None:
    run = next(r for r in runs.list_all(full.models) if r.config["classifier"] == "cnn")
    app = _open(TRAIN, run=run.run_id)
    assert _metrics(app)["Pixel accuracy"] == f"{run.scores().test.pixel.accuracy:.3f}"
    assert len(app.get("plotly_chart")) == 1
    assert _button(app, "Stop training") is None


@pytest.mark.parametrize("classifier", ["cnn", "xgboost"])
def test_a_finished_run_leads_to_itself_on_the_other_pages(full: Folders, classifier: str) -> None:
    run = next(r for r in runs.list_all(full.models) if r.config["classifier"] == classifier)
    app = _open(TRAIN, run=run.run_id, lang="fr")
    led = [
        link.proto.query_string for link in app.get("page_link") if link.proto.label == "Comparer"
    ]
    (query,) = [query for query in led if f"left={run.run_id}" in query]
    assert "lang=fr" in query


def test_an_ensemble_of_finished_runs_is_started_with_the_command_that_it_shows(
    full: Folders, monkeypatch: pytest.MonkeyPatch
) -> None:
    finished = {r.config["classifier"]: r for r in runs.list_all(full.models)}
    unfinished = _new_run(full, "failed", "xgboost")
    started: list[TrainConfig] = []

    def start(config: TrainConfig) -> str:
        started.append(config)
        return finished["cnn"].run_id

    monkeypatch.setattr(launch, "start", start)
    app = _open(TRAIN, do="join")
    box = next(b for b in app.button_group if b.label == "Runs to join")
    assert len(box.options) == 2  # the failed one is not offered
    box.set_value([r.run_id for r in finished.values()]).run()
    members = tuple(i for i in (r.run_id for r in runs.list_all(full.models)) if i in box.value)
    assert unfinished.run_id not in members
    _button(app, "Join the runs").click().run()
    (config,) = started
    assert isinstance(config, EnsembleConfig)
    assert set(config.members) == {r.run_id for r in finished.values()}
    assert launch.command_line(config).split()[-3:] == ["ensemble", *config.members]


def test_an_ensemble_is_repeated_with_its_own_members(full: Folders) -> None:
    members = [r.run_id for r in runs.list_all(full.models)]
    settings = {"classifier": "ensemble", "dataset": "demo", "members": members}
    joined = runs.create(full.models, settings, {})
    now = time.time()
    status.write(joined.path, Status("failed", "", 0.4, "It failed.", now, now, now, now))
    app = _open(TRAIN, run=joined.run_id)
    _button(app, "Repeat with changes").click().run()
    assert not app.exception
    box = next(b for b in app.button_group if b.label == "Runs to join")
    assert set(box.value) == set(members)
    _open(
        TRAIN, like=joined.run_id, do="training"
    )  # no setting of an ensemble fits: the usual form


def test_one_run_alone_makes_no_ensemble_and_says_so(full: Folders) -> None:
    run = runs.list_all(full.models)[0].run_id
    app = _open(TRAIN, do="join", members=run)
    assert [i.value for i in app.info] == ["Choose two to 8 runs."]
    assert _button(app, "Join the runs") is None


def test_history_filters(full: Folders) -> None:
    _new_run(full, "failed", "xgboost")
    app = _open(TRAIN)
    assert len(app.dataframe[0].value) == 3
    next(m for m in app.multiselect if m.label == "State").set_value(["failed"]).run()
    assert list(app.dataframe[0].value["Settings"]) == ["seed=5"]


def test_history_table_survives_settings_of_an_older_version() -> None:
    info = _info("a", "done", "cnn", 0.5)
    old = RunInfo(**{**vars(info), "config": {**info.config, "gone": 1}})
    assert history.changed_settings(old.config) == "gone=1"
    assert list(history.table([old])["Pixel macro F1"]) == [0.5]
    assert history.table([]).empty


def test_pages_load_no_heavy_package(full: Folders) -> None:
    """Training is another process: the web server never pays for its libraries."""
    import subprocess

    code = (
        "import sys\nfrom streamlit.testing.v1 import AppTest\n"
        "app = AppTest.from_file('app.py', default_timeout=30).run()\n"
        f"for page in ('app.py', {TRAIN!r}):\n"
        "    app.switch_page(page).run()\n"
        "    assert not app.exception, app.exception\n"
        "print(sorted({'torch', 'xgboost', 'sklearn', 'lightning', 'optuna'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip().endswith("[]")


def test_a_run_that_is_deleted_while_watched_is_one_sentence(
    full: Folders, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = _new_run(full, "running")
    app = _open(TRAIN, run=run.run_id)
    looks = iter([lambda: None, (run.path / layout.RUN.file).unlink])
    monkeypatch.setattr(launch, "reap", lambda: next(looks)())  # the second look is the fragment's
    app.run()
    assert not app.exception
    assert run.run_id in app.error[0].value
