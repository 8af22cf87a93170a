"""Searches and cross-validations on the Train page, and runs compared, without a browser."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from cropdash.domain.message import Message
from cropdash.i18n import say, speaking
from cropdash.jobs import launch
from cropdash.settings import folders
from cropdash.settings import study as study_config
from cropdash.settings.folders import Folders
from cropdash.storage import layout, status, studies
from cropdash.storage.status import Status
from cropdash.storage.store import RunInfo
from cropdash.storage.studies import StudyFolder, Trial
from cropdash.ui.train import run_comparison, study_watch
from tests import factory

FOLD = {"accuracy": 0.75, "macro_f1": 0.25, "n_scored": 100, "n_classes_averaged": 9}
SPREAD = {
    "accuracy": {"mean": 0.75, "deviation": 0.02},
    "macro_f1": {"mean": 0.2, "deviation": None},
}


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("world")
    factory.write_dataset(folder / "data", zones=2, size=32)
    return folder / "data"


@pytest.fixture
def where(data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Folders]:
    monkeypatch.setenv("CROPDASH_DATA", str(data))
    monkeypatch.setenv("CROPDASH_MODELS", str(tmp_path / "models"))
    for forget in (st.cache_data.clear, st.cache_resource.clear):
        forget()
    yield Folders(data, tmp_path / "models")
    for forget in (st.cache_data.clear, st.cache_resource.clear):
        forget()


def _open(**address: str) -> AppTest:
    app = AppTest.from_file(str(folders.PROJECT / "app.py"), default_timeout=30)
    app.run().switch_page("pages/2_Train.py")
    app.query_params.update(address)
    app.run()
    assert not app.exception, app.exception
    return app


def _texts(app: AppTest) -> str:
    blocks = (app.markdown, app.caption, app.header, app.error, app.info, app.code)
    return "\n".join(str(element.value) for block in blocks for element in block)


def _button(app: AppTest, label: str) -> Any:
    return next((b for b in app.button if b.label == label), None)


def _study(where: Folders, state: status.State, **values: Any) -> StudyFolder:
    own = {"dataset": "demo", "classifier": "xgboost", "kind": "optuna", **values}
    study = studies.queue(where, study_config.parse(own))
    now = time.time()
    ended = now if state in status.FINAL else 0.0
    status.write(study.path, Status(state, "Trial 2 of 20", 0.1, "", now, now, now, ended))
    return study


def _search(where: Folders, state: status.State) -> StudyFolder:
    study = _study(where, state)
    study.write_trial(Trial(0, "done", {"trees": 80, "inputs": "raw"}, 0.5, 0.75, 0.25, 3.0))
    study.write_trial(Trial(1, "pruned", {"trees": 55, "inputs": "ndvi"}, 0.4, 0.7, 0.1, 2.0))
    study.write_trial(Trial(2, "running", {"trees": 99, "inputs": "ndvi"}))
    return study


@pytest.mark.parametrize(("do", "word"), [("search", "No search"), ("crossvalidation", "No cross")])
def test_nothing_yet_says_what_it_is_for(where: Folders, do: str, word: str) -> None:
    app = _open(do=do)
    assert word in app.info[0].value
    assert "python -m cropdash" in _texts(app)


def test_a_wrong_task_in_the_address_is_a_training(where: Folders) -> None:
    assert "New training" in _texts(_open(do="everything"))


def test_the_form_of_a_search_hands_over_what_it_says(
    where: Folders, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[Any] = []

    def start(study: Any) -> str:
        started.append(study)
        return _search(where, "running").study_id

    monkeypatch.setattr(launch, "start", start)
    app = _open(do="search")
    next(c for c in app.number_input if c.key == "search:trials").set_value(7).run()
    next(c for c in app.number_input if str(c.key).endswith(":dropout")).set_value(0.25).run()
    assert "search demo --classifier cnn --trials 7 --set dropout=0.25" in _texts(app)
    tried = next(c.value for c in app.caption if c.value.startswith("Tried:"))
    assert "Weight decay 0.001–0.3" in tried
    assert "Dropout" not in tried
    _button(app, "Start the search").click().run()
    assert not app.exception
    assert [(s.trials, s.fixed) for s in started] == [(7, {"dropout": 0.25})]
    assert app.query_params["study"] == studies.list_all(where.models)[0].study_id
    assert _button(app, "Stop the search") is not None


def test_a_search_shows_its_trials_and_stops(where: Folders) -> None:
    study = _search(where, "running")
    app = _open(do="search", study=study.study_id)
    shown = {m.label: m.value for m in app.metric}
    assert shown == {
        "Trials": "2 / 20", "Best score": "0.500", "Accuracy": "0.750", "Macro F1": "0.250",
    }  # fmt: skip
    table = app.dataframe[0].value
    assert table["trial"].tolist() == [3, 1, 2]  # under way, then best first
    assert table["state"].tolist() == ["running", "done", "ended early"]
    assert len(app.get("plotly_chart")) == 1
    _button(app, "Stop the search").click().run()
    assert (study.path / layout.STOP).exists()
    assert _button(app, "Stopping …").disabled


def test_a_stopped_search_goes_on(where: Folders, monkeypatch: pytest.MonkeyPatch) -> None:
    study = _search(where, "stopped")
    resumed: list[str] = []
    monkeypatch.setattr(launch, "resume", resumed.append)
    app = _open(do="search", study=study.study_id)
    assert app.dataframe[0].value["state"].tolist()[0] == "stopped"
    _button(app, "Resume").click().run()
    assert resumed == [study.study_id]


def test_the_best_settings_fill_the_form_of_a_training(where: Folders) -> None:
    study = _search(where, "done")
    app = _open(do="search", study=study.study_id)
    _button(app, "Train with the best settings").click().run()
    assert (app.query_params["do"], app.query_params["like"]) == ("training", study.study_id)
    assert "train demo --classifier xgboost --set inputs=raw" in _texts(app)


def test_a_crossvalidation_shows_its_folds(where: Folders) -> None:
    study = _study(where, "done", kind="crossvalidate")
    units = ("pixel", "parcel")
    folds = [{"fold": i, "zones": ["a", "b"], **dict.fromkeys(units, FOLD)} for i in range(3)]
    mean = dict.fromkeys(units, SPREAD)
    study.write_scores({"folds": folds, "mean": mean, "seconds": 3.0})
    app = _open(do="crossvalidation", study=study.study_id)
    shown = {m.label: m.value for m in app.metric}
    assert shown["Pixel accuracy"] == "0.750 ± 0.020"
    assert shown["Parcel macro F1"] == "0.200"
    assert app.dataframe[0].value["fold"].tolist() == [1, 2, 3]
    assert len(app.get("plotly_chart")) == 1
    assert _button(app, "Train with the best settings") is None


def test_the_page_speaks_french_and_keeps_its_values(where: Folders) -> None:
    app = _open(do="search", study=_search(where, "done").study_id, lang="fr")
    assert "Nouvelle recherche" in _texts(app)
    assert app.dataframe[0].value["state"].tolist().count("terminé") == 1
    assert next(c for c in app.number_input if c.key == "search:trials").label == "Essais"
    assert "--classifier cnn" in _texts(app)


def _run(run_id: str, accuracy: float | None = None, **settings: Any) -> RunInfo:
    own = {"classifier": "xgboost", "dataset": "demo", **settings}
    marks = factory.scores(accuracy=accuracy) if accuracy else None
    return RunInfo(run_id, own, "2026-01-01T00:00:00+00:00", Status("done"), marks, (), "")


def test_only_settings_that_differ_are_compared() -> None:
    runs = [_run("a", 0.81, trees=4, seed=1, gone=[1, 2]), _run("b", trees=9, seed=1, gone=[1, 3])]
    assert run_comparison.differing(runs) == ["trees", "gone"]
    table = run_comparison.side_by_side(runs).set_index("What")
    assert table.loc["Pixel accuracy"].tolist() == ["0.810", "–"]
    assert table.loc["gone"].tolist() == ["1, 2", "1, 3"]


def test_a_setting_that_one_run_lacks_is_a_difference() -> None:
    runs = [_run("a", trees=4), _run("b", classifier="cnn")]
    assert run_comparison.differing(runs) == ["classifier", "trees"]


SCORING = Message("Scoring")


@pytest.mark.parametrize(
    ("stage", "french"),
    [
        (Message("Training, epoch {n}", n=12), "Entraînement, époque 12"),
        (Message("Predicted {zone}", zone="alsace_1"), "alsace_1 prédite"),
        (
            Message("Fold {n} of {total}: {stage}", n=1, total=3, stage=SCORING),
            "Pli 1 sur 3\u00a0: Évaluation",
        ),
        ("Something new", "Something new"),
    ],
)
def test_stages_of_workers_are_said_in_the_readers_language(
    tmp_path: Path, stage: str, french: str
) -> None:
    status.write(tmp_path, Status("running", stage=stage))
    read = status.load(tmp_path)
    assert read.stage == stage
    with speaking("fr"):
        assert say(read.stage) == french


def test_the_table_of_folds_has_a_row_a_fold() -> None:
    found = {"folds": [{"fold": 1, "zones": ["a"], "pixel": FOLD, "parcel": FOLD}]}
    row = study_watch.fold_table(found).iloc[0]
    assert (row["fold"], row["zones"], row["pixel_macro_f1"]) == (2, "a", 0.25)
