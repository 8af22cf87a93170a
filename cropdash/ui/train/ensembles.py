"""A new ensemble: finished runs joined into one model, as a form and as the command it stands for."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import streamlit as st

from cropdash.i18n import say
from cropdash.settings import classifiers, waits
from cropdash.settings.ensemble import EnsembleConfig, ensemble_of
from cropdash.storage.store import RunInfo
from cropdash.ui.shell import address, data, frame
from cropdash.ui.train import form
from cropdash.ui.widgets import damage, run_pair

_MOST = 8  # members
_OFFERED = 24  # newest runs
_HELD_OUT = ("seed", "folds", "validation_fold")  # alike in runs that held out the same zones


@st.fragment
def new_ensemble(
    datasets: Sequence[str],
    runs: Sequence[RunInfo],
    command_line: Callable[[EnsembleConfig], str],
    start: Callable[[EnsembleConfig], str],
) -> None:
    """The form; `start` is called with the members and the page shows the new run."""
    with frame.plainly():
        like = next((r for r in runs if r.run_id == st.query_params.get("like")), None)
        default = like.dataset if like else None
        dataset = address.choose(say("Dataset"), "dataset", datasets, default=default)
        able = {run.run_id: run for run in runs if _can_join(run, dataset)}
        if len(able) < 2:
            few = say("An ensemble joins finished runs of one dataset: train two models first.")
            st.info(damage.instead(few))
            return
        members = _choose(able, like)
        if not 2 <= len(members) <= _MOST:
            st.info(say("Choose two to {n} runs.", n=_MOST))
            return
        config = ensemble_of({m: able[m].config for m in members})
        form.show_command(command_line(config))
        st.caption(waits.told(data.store().expected_training(config)))
        if form.start_button(say("Join the runs"), runs):
            run_id = start(config)
            address.put("run", run_id)
            address.put("members", None)
            form.begun(run_id)


def _can_join(run: RunInfo, dataset: str) -> bool:
    joins = classifiers.kind(run.classifier).joins
    return run.status.state == "done" and not joins and run.dataset == dataset


def _choose(able: Mapping[str, RunInfo], like: RunInfo | None) -> list[str]:
    """The members; the address keeps them as `members`."""
    key, wanted = "address:members", st.query_params.get("members")
    named = (wanted or "").split(",") if wanted is not None else _usual(able, like)
    offered = [run for i, run in enumerate(able) if i < _OFFERED or run in named]
    st.session_state[key] = [run for run in offered if run in named][:_MOST]
    chosen = st.pills(
        say("Runs to join"), offered, key=key, on_change=address.follow(key, "members", ",".join), selection_mode="multi",
        format_func=run_pair.labels(list(able.values())).__getitem__,
        help=say(
            "How much each counts is fitted on the training zones that all of them held out, so "
            "they need the same seed, folds and held-out fold."
        ),
    )  # fmt: skip
    return list(chosen)


def _usual(able: Mapping[str, RunInfo], like: RunInfo | None) -> list[str]:
    """The members of the run to be repeated, else the newest run and the newest of another kind."""
    before: Any = like.config.get("members") if like else None
    if before:
        return list(map(str, before))
    first = next(iter(able.values()))
    for run in able.values():
        same = all(run.config.get(name) == first.config.get(name) for name in _HELD_OUT)
        if same and run.classifier != first.classifier:
            return [first.run_id, run.run_id]
    return [first.run_id]
