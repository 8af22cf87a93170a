"""A new search or cross-validation, as a form and as the command it stands for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import streamlit as st

from cropdash.i18n import number, say
from cropdash.settings import classifiers, waits
from cropdash.settings import study as study_config
from cropdash.settings.classifiers import Between, OneOf
from cropdash.settings.study import CrossValidation, Search
from cropdash.settings.train import TrainConfig
from cropdash.storage.store import RunInfo
from cropdash.ui.shell import address, data, frame
from cropdash.ui.train import form
from cropdash.ui.widgets import settings_form

_OWN = ("kind", "trials", "minutes", "folds", "prune", "draws")
Offer = Callable[[Search | CrossValidation], str]


@st.fragment
def new_search(
    datasets: Sequence[str],
    runs: Sequence[RunInfo],
    command_line: Offer,
    start: Offer,
) -> None:
    """The form of a search; `start` is called with its settings."""
    with frame.plainly():
        own = settings_form.fields(Search, _OWN, {}, "search")
        about = say("A setting that is changed here is fixed, and no longer searched:")
        config = form.choose(datasets, runs, about)
        study = study_config.parse({**own, **_fixed(config)})
        if isinstance(study, Search):
            st.caption(say("Tried:") + " " + "; ".join(_tried(study, config)) + ".")
        _offer(study, say("Start the search"), runs, command_line, start)


@st.fragment
def new_crossvalidation(
    datasets: Sequence[str],
    runs: Sequence[RunInfo],
    command_line: Offer,
    start: Offer,
) -> None:
    """The form of a cross-validation; `start` is called with its settings."""
    with frame.plainly():
        own = settings_form.fields(CrossValidation, ("folds", "steps"), {}, "crossvalidate")
        config = form.choose(datasets, runs)
        study = study_config.parse({"kind": "crossvalidate", **own, **_fixed(config)})
        _offer(study, say("Start the cross-validation"), runs, command_line, start)


def _offer(
    study: Search | CrossValidation,
    label: str,
    runs: Sequence[RunInfo],
    command_line: Offer,
    start: Offer,
) -> None:
    form.show_command(command_line(study))
    st.caption(waits.told(data.store().expected_study(study)))
    if form.start_button(label, runs):
        study_id = start(study)
        address.put("study", study_id)
        form.begun(study_id)


def _fixed(config: TrainConfig) -> dict[str, Any]:
    """Model, dataset, and the settings that are not the default."""
    own = {"classifier": config.classifier, "dataset": config.dataset}
    usual, values = classifiers.parse(own).model_dump(), config.model_dump()
    changed = {name: value for name, value in values.items() if value != usual[name]}
    return {**own, "fixed": changed}


def _tried(study: Search, config: TrainConfig) -> list[str]:
    """Each setting that is searched, with its range."""
    fields = type(config).model_fields
    return [f"{settings_form.title(s.name, fields[s.name])} {_range(s)}" for s in study.space()]


def _range(setting: Between | OneOf) -> str:
    if isinstance(setting, OneOf):
        return ", ".join(str(value).replace(",", "/") for value in setting.values)
    return f"{number(setting.low, '.3g')}–{number(setting.high, '.3g')}"
