"""A new training: model, dataset and settings, as a form and as the command it stands for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, get_args

import streamlit as st

from cropdash import train_config
from cropdash.config import DEMO
from cropdash.storage.store import RunInfo
from cropdash.train_config import TrainConfig
from cropdash.ui import data, frame, settings, state

NAMES = {"cnn": "CNN", "xgboost": "XGBoost"}
_SHARED = ("seed", "folds", "validation_fold", "threads")
_WEIGHTING = (
    "weighting", "class_weighting", "logit_adjustment", "adjustment", "rare", "least_parcels",
    "focus", "group_loss",
)  # fmt: skip
_ABOUT = {
    "cnn": "Temporal convolution at each pixel, then a U-Net: sees the shape of fields.",
    "xgboost": "Boosted trees on each pixel's own year: quick, sees no neighbours.",
}


@st.fragment
def new_training(
    datasets: Sequence[str],
    runs: Sequence[RunInfo],
    command_line: Callable[[TrainConfig], str],
    start: Callable[[TrainConfig], str],
) -> None:
    """The form; `start` is called with its settings and the page shows the new run."""
    like = _like(runs)
    classifier = _choose_classifier(like)
    st.caption(_ABOUT[classifier])
    dataset = state.choose("Dataset", "dataset", datasets, default=like.dataset if like else DEMO)
    base, key = _preset(classifier, like)
    chosen = _controls(classifier, base, key)
    with frame.plainly():
        config = train_config.parse({**chosen, "classifier": classifier, "dataset": dataset})
        _warn_of_few_zones(config)
        st.caption("The same from a terminal:")
        st.code(command_line(config), language="bash", wrap_lines=True)
        if _start_button(runs):
            run_id = start(config)
            state.put("run", run_id)
            state.put("like", None)
            frame.announce(
                f"{run_id} is started; you may close this page.", ":material/play_arrow:"
            )
            st.rerun()


def _like(runs: Sequence[RunInfo]) -> RunInfo | None:
    """The run whose settings are to be repeated, if the address names one."""
    wanted = st.query_params.get("like")
    return next((run for run in runs if run.run_id == wanted), None)


def _choose_classifier(like: RunInfo | None) -> str:
    options = get_args(train_config.Classifier)
    default = like.classifier if like and like.classifier in options else options[0]
    key = f"classifier:{like.run_id if like else ''}"
    chosen = st.segmented_control(
        "Model", options, default=default, required=True, format_func=_name,
        key=key,
    )  # fmt: skip
    return str(chosen or default)


def _name(classifier: str) -> str:
    return NAMES.get(classifier, classifier)


def _preset(classifier: str, like: RunInfo | None) -> tuple[dict[str, Any], str]:
    """Starting values of the form, and a key that changes with them."""
    names = list(train_config.PRESETS[classifier])
    if like and like.classifier == classifier:
        names = [like.run_id, *names]
    key = f"{classifier}:{like.run_id if like else ''}"
    about = "light: minutes on two cores. seed: the model as first described, far slower."
    chosen = st.segmented_control(
        "Start from", names, default=names[0], required=True, help=about, key=f"preset:{key}"
    )
    preset = str(chosen or names[0])
    if like and preset == like.run_id:
        return like.config, f"{key}:{preset}"
    return train_config.preset_values(classifier, preset), f"{key}:{preset}"


def _controls(classifier: str, base: dict[str, Any], key: str) -> dict[str, Any]:
    kind = type(train_config.parse({"classifier": classifier, "dataset": DEMO}))
    own = [
        n for n in kind.model_fields if n not in (*_SHARED, *_WEIGHTING, "classifier", "dataset")
    ]
    weighting = [n for n in _WEIGHTING if n in kind.model_fields]
    chosen: dict[str, Any] = {}
    for title, icon, names in (
        ("Folds, seed and cores", ":material/grid_view:", list(_SHARED)),
        ("Class and pixel weighting", ":material/balance:", weighting),
        ("Hyper-parameters", ":material/tune:", own),
    ):
        with st.expander(title, icon=icon):
            chosen |= settings.fields(kind, names, base, key)
    return chosen


def _warn_of_few_zones(config: TrainConfig) -> None:
    train = [z for z in data.zones(config.dataset) if z.split == "train"]
    if len(train) == 1:
        st.caption("The dataset has one training zone: there is none to validate on.")
    elif len(train) < config.folds:
        st.caption(f"The dataset has {len(train)} training zones, so there will be as many folds.")


def _start_button(runs: Sequence[RunInfo]) -> bool:
    ahead = sum(not run.status.is_final for run in runs)
    if ahead:
        plural = "job is" if ahead == 1 else "jobs are"
        st.caption(f"{ahead} {plural} ahead of this one; it will wait for its turn.")
    return st.button("Start training", type="primary", icon=":material/play_arrow:")
