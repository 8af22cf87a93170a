"""Settings of searches and cross-validations: within limits, and the same when typed."""

from __future__ import annotations

import shlex

import pytest
from typer.testing import CliRunner

from cropdash.cli import app as main
from cropdash.cli import study as study_commands
from cropdash.domain.errors import ConfigError
from cropdash.settings import classifiers, command
from cropdash.settings import study as study_config
from cropdash.settings.classifiers import Between
from cropdash.storage import studies
from cropdash.ui.widgets import settings_form

KINDS = {kind.name: kind.settings for kind in classifiers.trainable()}
TRIED = [(k.name, s) for k in classifiers.trainable() for s in (*k.space, *k.grid)]


def parse(**values):
    return study_config.parse({"dataset": "demo", "classifier": "cnn", **values})


@pytest.mark.parametrize(("classifier", "setting"), TRIED)
def test_all_that_is_tried_is_within_the_limits_of_the_setting(classifier, setting):
    ends = (setting.low, setting.high) if isinstance(setting, Between) else setting.values
    for value in ends:
        name = setting.name
        is_whole = KINDS[classifier].model_fields[name].annotation is int
        typed = {"classifier": classifier, "dataset": "demo"}
        classifiers.parse(typed | {name: int(value) if is_whole else value})
    if isinstance(setting, Between):
        low, high = settings_form.limits(KINDS[classifier].model_fields[setting.name])
        assert (low or 0) <= setting.low < setting.high <= high


@pytest.mark.parametrize("classifier", list(KINDS))
def test_a_search_starts_from_the_defaults(classifier):
    study = parse(kind="optuna", classifier=classifier)
    first = study.first_point()
    assert first is not None
    assert study.training(**first) == study.training()


def test_a_start_outside_of_what_is_tried_is_left_out():
    assert parse(kind="grid", fixed={"temporal_kernel": 5}).first_point() == {"learning_rate": 2e-3}
    seed = classifiers.preset_values("cnn", "seed") | {"unet_channels": (8, 16)}
    assert "dropout" in parse(kind="optuna", fixed=seed).first_point()


def test_fixed_settings_are_checked_and_are_not_tried():
    study = parse(kind="grid", fixed={"learning_rate": "0.01"})
    assert study.grid() == [{"temporal_kernel": 3}, {"temporal_kernel": 5}]
    assert study.training(temporal_kernel=5).learning_rate == 0.01
    assert study.n_trials == 2
    with pytest.raises(ConfigError, match="epochs"):
        parse(kind="optuna", fixed={"epochs": -1})
    with pytest.raises(ConfigError, match="leave some free"):
        parse(kind="grid", fixed={"learning_rate": 0.01, "temporal_kernel": 3})


@pytest.mark.parametrize("classifier", ["cnn", "xgboost", "forest"])
def test_a_study_of_parcels_without_places_trains_as_a_run_of_them(classifier):
    """What lies around a pixel of a table is another place, and no setting that is tried."""
    study = parse(kind="optuna", classifier=classifier).by_itself()
    assert study.training() == parse(kind="optuna", classifier=classifier).training().by_itself()
    assert not study.training().smoothing
    assert not {"smoothing", "context"} & {tried.name for tried in study.space()}


@pytest.mark.parametrize(
    ("values", "word"),
    [
        ({"kind": "magic"}, "kind"),
        ({"kind": "optuna", "trials": 0}, "trials"),
        ({"kind": "crossvalidate", "folds": 1}, "folds"),
        ({"kind": "crossvalidate", "trials": 3}, "trials"),
        ({"kind": "optuna", "dataset": "../x"}, "dataset"),
    ],
)
def test_a_wrong_study_is_one_sentence(values, word):
    with pytest.raises(ConfigError, match=word):
        parse(**values)


@pytest.mark.parametrize(
    "values",
    [
        {"kind": "optuna", "classifier": "xgboost", "trials": 7, "minutes": 2.5, "prune": False},
        {"kind": "grid", "folds": 3, "draws": 11, "fixed": {"unet_channels": [8, 16]}},
        {"kind": "crossvalidate", "folds": 5, "fixed": {"location": False, "seed": 4}},
        {"kind": "crossvalidate"},
    ],
)
def test_command_line_says_the_same_study(values, monkeypatch):
    """What the page shows, typed, gives the very study it was made from."""
    study = parse(**values)
    words = shlex.split(command.command_line(study))
    assert words[:3] == ["python", "-m", "cropdash"]
    taken = []
    monkeypatch.setattr(studies, "queue", lambda folders, made: taken.append(made))
    monkeypatch.setattr(study_commands, "_work", lambda made, as_json: None)
    result = CliRunner().invoke(main.app, words[3:])
    assert result.exit_code == 0, result.output
    (made,) = taken
    assert made.training() == study.training()
    assert made.model_dump(exclude={"fixed"}) == study.model_dump(exclude={"fixed"})
