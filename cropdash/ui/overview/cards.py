"""What is ready, and what to do next."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal

import pandas as pd
import streamlit as st

from cropdash.domain.errors import CropdashError
from cropdash.figures import wording
from cropdash.i18n import headed, say, sentence
from cropdash.settings import classifiers, sources, waits
from cropdash.settings.folders import DEMO
from cropdash.settings.train import TrainConfig
from cropdash.storage.store import DatasetInfo, RunInfo
from cropdash.ui.shell import data, frame, identity
from cropdash.ui.shell.literal import literal, told
from cropdash.ui.widgets import first_look, job_watch, run_pair, scores
from cropdash.ui.widgets.names import dataset_title

Step = Literal["build", "building", "train", "training", "judge"]
_OF_A_RUN = ("Train", "Map", "Compare", "Review")  # pages that show a run
_STEPS = (
    (sentence("Build a dataset"), "build"),
    (sentence("Train both models"), "train"),
    (sentence("Judge the maps"), "judge"),
)


def next_step(building: bool, datasets: Sequence[DatasetInfo], runs: Sequence[RunInfo]) -> Step:
    """What a visitor does next, by what is on disk."""
    if building:
        return "building"
    if not any(info.built for info in datasets):
        return "build"
    if any(not run.status.is_final for run in runs):
        return "training"
    return "train" if missing_models(runs) else "judge"


def missing_models(runs: Sequence[RunInfo]) -> list[str]:
    """Models of which no run is done, nor queued, nor at work."""
    there = {run.classifier for run in runs if run.status.state in ("done", "running", "queued")}
    return [kind.name for kind in classifiers.in_demo() if kind.name not in there]


def best_run(runs: Sequence[RunInfo], classifier: str, dataset: str) -> RunInfo | None:
    """The model's finished run of the dataset with the highest pixel macro F1; newest of equals."""
    scored = [
        (value, run)
        for run in runs
        if run.classifier == classifier and run.dataset == dataset and run.status.state == "done"
        if (value := scores.value_of(run.scores, "pixel", "macro_f1")) is not None
    ]
    return max(scored, key=lambda pair: pair[0])[1] if scored else None


def is_building() -> bool:
    """True while a worker builds the demo, or is about to."""
    status = data.store().build_status(DEMO)
    return status is not None and not status.is_final


def is_unfinished() -> bool:
    """True if the last build of the demo ended before all was built."""
    status = data.store().build_status(DEMO)
    return status is not None and status.state in ("failed", "stopped", "lost")


def steps(current: Step) -> None:
    """The way from nothing to a judged map, and where the reader stands on it."""
    place = {"build": 0, "building": 0, "train": 1, "training": 1, "judge": 2}[current]
    with st.container(horizontal=True):
        for i, (step, _) in enumerate(_STEPS):
            label = say(step)
            if i < place:
                st.badge(label, icon=":material/check:", color="green")
            else:
                colour: Literal["primary", "gray"] = "primary" if i == place else "gray"
                st.badge(f"{i + 1} · {label}", color=colour)


def build_panel(jobs: job_watch.Jobs, start_build: Callable[[], None], *, first: bool) -> None:
    """Progress of the demo's build; or the button that starts it, or takes it up again."""
    if is_building():
        with st.container(border=True):
            frame.heading(say("Building the demo"))
            st.caption(
                say("Zones that are finished are kept, even if you close this page or stop.")
            )
            job_watch.watch_build(DEMO, jobs)
        return
    status = data.store().build_status(DEMO)
    unfinished = is_unfinished()
    if not (first or unfinished):
        return
    with st.container(border=True):
        frame.heading(say("Start here: build the demo") if first else say("The demo is unfinished"))
        if status and unfinished:
            st.warning(f"{_ended(status.state)} {told(status.error)}".strip())
        st.markdown(
            say(
                "A simulated landscape: **40 zones in eight French regions**, their parcels, and a "
                "year of cloudy Sentinel-2 scenes over each, made on this machine. No account and "
                "no download."
            )
        )
        st.caption(_build_takes())
        label = say("Continue the build") if unfinished else say("Build the demo")
        _act(label, ":material/construction:", start_build, primary=True)


def _build_takes() -> str:
    """How long the demo's build may take."""
    config = sources.demo()
    source = sources.of(config).open(config)
    return waits.told(data.store().expected_build(config, source.zones(), source.season))


def train_panel(
    dataset: str, runs: Sequence[RunInfo], start: Callable[[TrainConfig], str], *, first: bool
) -> None:
    """One button for the models that are not trained yet; `first` if that is what to do next."""
    missing = missing_models(runs)
    if not missing:
        return
    with st.container(border=True):
        frame.heading(say("Next: train the models") if first else say("Or train on what is built"))
        st.markdown(
            say(
                "On dataset **{dataset}** with the light settings, one after the other, in the "
                "background; each is scored on test zones that it never saw.",
                dataset=dataset,
            )
        )
        every = len(missing) == len(classifiers.in_demo())
        model = classifiers.label(missing[0])
        label = say("Train both models") if every else say("Train {model}", model=model)

        for name in missing:
            config = classifiers.parse({"classifier": name, "dataset": dataset})
            told = waits.told(data.store().expected_training(config))
            st.caption(headed(classifiers.label(name), told))

        def start_all() -> None:
            for name in missing:
                start(classifiers.parse({"classifier": name, "dataset": dataset}))

        _act(label, ":material/model_training:", start_all, primary=first)


def judge_panel(runs: Sequence[RunInfo]) -> None:
    """Where to go with two finished models: what to look at first, then the pages."""
    scored = [run for run in runs if run.status.state == "done" and run.scores and run.zones]
    with st.container(border=True), frame.plainly():
        frame.heading(say("Next: judge the maps"))
        if scored:
            first_look.show(scored[0])
        with st.container(horizontal=True):
            for name in ("Explore", *_OF_A_RUN):
                frame.link(name, {})


def dataset_card(info: DatasetInfo) -> None:
    """Key figures of a dataset."""
    with st.container(border=True):
        st.markdown(f"**{literal(dataset_title(info.description))}**  ·  `{info.name}`")
        if not info.built:
            st.caption(say("0 of {n} zones built.", n=len(info.description.zones)))
            return
        held = info.description
        cut = (wording.season(held.season), wording.cut(held.season), ", ".join(held.bands))
        st.caption(" · ".join(cut))
        with frame.plainly():
            scores.row(figures_of(info), info.name)


def figures_of(info: DatasetInfo) -> list[tuple[str, str, str]]:
    """Name, value and meaning of a dataset's key figures."""
    counts = data.class_counts(info.name)
    crops = counts[counts["crop"].between(1, 254)]
    split = pd.Series([zone.split for zone in info.built]).value_counts()
    zones = say(
        "{train} to train on, {test} held out for the test.",
        train=split.get("train", 0),
        test=split.get("test", 0),
    )
    return [
        (say("Zones built"), f"{len(info.built)} / {len(info.description.zones)}", zones),
        (
            say("Parcels"),
            scores.count(crops["parcels"].sum()),
            say("With a crop that is mapped."),
        ),
        (say("Area [ha]"), scores.count(crops["hectares"].sum()), say("Of these parcels.")),
        (say("Classes"), scores.count(crops["crop"].nunique()), say("Mapped crops that occur.")),
    ]


def model_card(run: RunInfo) -> None:
    """A model's best run with its four scores and what they were counted over."""
    with st.container(border=True):
        st.markdown(f"**{run_pair.model_name(run)}**  ·  `{run.run_id}`")
        scores.row(scores.headline(run.scores), run.run_id)
        for unit in ("pixel", "parcel"):
            name = say("Pixel scores: {what}") if unit == "pixel" else say("Parcel scores: {what}")
            st.caption(name.format(what=scores.denominator(run.scores, unit)))
        where = {"dataset": run.dataset, "run": run.run_id}
        with st.container(horizontal=True):
            for name in _OF_A_RUN:
                frame.link(name, where)


def _act(label: str, icon: str, action: Callable[[], object], *, primary: bool) -> None:
    look = "primary" if primary else "secondary"
    if identity.button(label, "start", type=look, icon=icon):
        try:
            action()
        except CropdashError as error:
            st.error(told(error), icon=":material/error:")
        else:
            st.rerun()


def _ended(job_state: str) -> str:
    said = {"failed": say("The last build failed."), "stopped": say("The last build was stopped.")}
    return said.get(job_state, say("The last build ended without a word."))
