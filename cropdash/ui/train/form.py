"""A new training: model, dataset and settings, as a form and as the command it stands for."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import streamlit as st

from cropdash.domain import indices
from cropdash.domain.errors import CropdashError
from cropdash.i18n import number, say, sentence
from cropdash.settings import classifiers, waits
from cropdash.settings.folders import DEMO
from cropdash.settings.train import TrainConfig
from cropdash.storage.store import RunInfo
from cropdash.ui.shell import address as state
from cropdash.ui.shell import data, frame, identity
from cropdash.ui.widgets import choices, settings_form

_SHARED = ("seed", "folds", "validation_fold", "threads")
_WEIGHTING = (
    "weighting", "logit_adjustment", "adjustment", "rare", "least_parcels",
)  # fmt: skip
TASKS = {
    "training": sentence("One training"),
    "join": sentence("Ensemble"),
    "search": sentence("Search"),
    "crossvalidation": sentence("Cross-validation"),
}


@dataclass(frozen=True)
class Model:
    """Settings that a form starts from: those of a run, or the best of a search."""

    name: str
    config: Mapping[str, Any]

    @property
    def classifier(self) -> str:
        """The name of its kind."""
        return str(self.config["classifier"])

    @property
    def dataset(self) -> str:
        """What it is trained on."""
        return str(self.config["dataset"])


def choose_task() -> str:
    """What the page is for now: a training, an ensemble, a search or a cross-validation."""
    return choices.one_of(say("What to do"), "do", TASKS)


@st.fragment
def new_training(
    datasets: Sequence[str],
    runs: Sequence[RunInfo],
    command_line: Callable[[TrainConfig], str],
    start: Callable[[TrainConfig], str],
) -> None:
    """The form; `start` is called with its settings and the page shows the new run."""
    with frame.plainly():
        config = choose(datasets, runs)
        show_command(command_line(config))
        st.caption(waits.told(data.store().expected_training(config)))
        if start_button(say("Start training"), runs):
            run_id = start(config)
            state.put("run", run_id)
            begun(run_id)


def choose(datasets: Sequence[str], runs: Sequence[RunInfo], title: str = "") -> TrainConfig:
    """The controls of a training; the settings that they say. Raises ConfigError.

    With `title` the settings are folded away under it.
    """
    like = _like(runs)
    classifier = _choose_classifier(like)
    st.caption(say(classifiers.kind(classifier).hint))
    default = like.dataset if like else DEMO
    dataset = state.choose(say("Dataset"), "dataset", datasets, default=default)
    base, key = _preset(classifier, like)
    if title:
        st.caption(title)
    chosen = _controls(classifier, base, key, _offered(dataset))
    config = classifiers.parse({**chosen, "classifier": classifier, "dataset": dataset})
    _warn_of_few_zones(config)
    return config


def show_command(line: str) -> None:
    """What a person would type instead of pressing the button."""
    st.caption(say("The same from a terminal:"))
    st.code(line, language=None, wrap_lines=True)


def start_button(label: str, runs: Sequence[RunInfo]) -> bool:
    """The button, and how many jobs are ahead of a new one."""
    states = [run.status for run in runs] + [study.status for study in data.store().studies()]
    ahead = sum(not state.is_final for state in states)
    if ahead == 1:
        st.caption(say("1 job is ahead of this one; it will wait for its turn."))
    elif ahead:
        said = say("{n} jobs are ahead of this one; it will wait for its turn.", n=number(ahead))
        st.caption(said)
    icon = ":material/play_arrow:"
    return identity.button(label, "start", type="primary", icon=icon)


def begun(name: str) -> None:
    """Say that a job was started, and show it."""
    state.put("like", None)
    text = say("{name} is started; you may close this page.", name=name)
    frame.announce(text, ":material/play_arrow:")
    st.rerun()


def _like(runs: Sequence[RunInfo]) -> Model | None:
    """What the address says that is to be repeated: a run's settings, or the best of a search."""
    wanted = st.query_params.get("like")
    for run in runs:
        if run.run_id == wanted:
            return Model(run.run_id, run.config)
    if wanted is None or all(study.study_id != wanted for study in data.store().studies()):
        return None
    try:
        best = data.store().best_settings(wanted)
    except CropdashError:
        return None  # of a version whose settings are no longer known
    return Model(wanted, best) if best else None


def _choose_classifier(like: Model | None) -> str:
    options = [kind.name for kind in classifiers.trainable()]
    default = like.classifier if like and like.classifier in options else options[0]
    key = f"classifier:{like.name if like else ''}"
    chosen = st.segmented_control(
        say("Model"), options, default=default, required=True,
        format_func=classifiers.label, key=key,
    )  # fmt: skip
    return str(chosen or default)


def _preset(classifier: str, like: Model | None) -> tuple[Mapping[str, Any], str]:
    """Starting values of the form, and a key that changes with them."""
    names = list(classifiers.kind(classifier).presets)
    if like and like.classifier == classifier:
        names = [like.name, *names]
    key = f"{classifier}:{like.name if like else ''}"
    hint = classifiers.kind(classifier).preset_hint
    about = say(hint) if hint else None
    chosen = st.segmented_control(
        say("Start from"), names, default=names[0], required=True, help=about, key=f"preset:{key}"
    )
    preset = str(chosen or names[0])
    if like and preset == like.name:
        return like.config, f"{key}:{preset}"
    return classifiers.preset_values(classifier, preset), f"{key}:{preset}"


def _controls(
    classifier: str, base: Mapping[str, Any], key: str, offered: Mapping[str, Sequence[str]]
) -> dict[str, Any]:
    kind = classifiers.kind(classifier).settings
    own = [
        n for n in kind.model_fields if n not in (*_SHARED, *_WEIGHTING, "classifier", "dataset")
    ]
    weighting = [n for n in _WEIGHTING if n in kind.model_fields]
    chosen: dict[str, Any] = {}
    for title, icon, names in (
        (say("Folds, seed and cores"), ":material/grid_view:", list(_SHARED)),
        (say("Class and pixel weighting"), ":material/balance:", weighting),
        (say("Hyper-parameters"), ":material/tune:", own),
    ):
        with st.expander(title, icon=icon):
            chosen |= settings_form.fields(kind, names, base, key, offered)
    return chosen


def _offered(dataset: str) -> dict[str, Sequence[str]]:
    """What of the dataset a model can be let see: indices of its bands, and further layers; and
    what else it can learn from."""
    store, zones = data.store(), data.zones(dataset)
    bands = store.dataset(dataset).description.bands
    layers = store.layer_names(dataset, zones[0].zone_id) if zones else ()
    return {
        "indices": [index.name for index in indices.of_bands(bands)], "layers": layers,
        "extra_datasets": [name for name in data.datasets() if name != dataset],
    }  # fmt: skip


def _warn_of_few_zones(config: TrainConfig) -> None:
    train = [z for z in data.zones(config.dataset) if z.split == "train"]
    if len(train) == 1:
        st.caption(say("The dataset has one training zone: there is none to validate on."))
    elif len(train) < config.folds:
        n = number(len(train))
        st.caption(say("The dataset has {n} training zones, so there will be as many folds.", n=n))
