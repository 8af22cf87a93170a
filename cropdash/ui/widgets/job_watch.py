"""Work under way, read from disk each second: state, progress, curves, log."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import Any, Literal, Protocol

import pandas as pd
import streamlit as st

from cropdash.i18n import number, say, sentence
from cropdash.settings import classifiers, waits
from cropdash.storage.store import RunInfo
from cropdash.ui.shell import address, data, frame, identity
from cropdash.ui.shell.literal import literal, told
from cropdash.ui.widgets import chart, scores

REFRESH_S = 1.0  # [s] between looks at a worker's folder
Colour = Literal["gray", "blue", "green", "red", "orange"]
_LOOKS: dict[str, tuple[Colour, str, str]] = {
    "queued": ("gray", ":material/schedule:", sentence("queued")),
    "running": ("blue", ":material/play_arrow:", sentence("running")),
    "done": ("green", ":material/check:", sentence("done")),
    "failed": ("red", ":material/error:", sentence("failed")),
    "stopped": ("orange", ":material/stop:", sentence("stopped")),
    "lost": ("red", ":material/link_off:", sentence("lost")),
    "pruned": ("gray", ":material/content_cut:", sentence("ended early")),
}
Curves = Callable[[pd.DataFrame], Any]  # epochs to a figure


class Jobs(Protocol):
    """What starts and stops workers; the page hands it in."""

    def stop(self, name: str) -> None:
        """Ask a worker to stop."""

    def is_stopping(self, name: str) -> bool:
        """True while it was asked to stop and has not."""

    def may_end(self, name: str) -> bool:
        """True once it had time to stop and has not."""

    def end_now(self, name: str) -> bool:
        """End it at once; False if it is gone."""

    def resume(self, run_id: str) -> None:
        """Take up an unfinished run."""

    def resume_study(self, study_id: str) -> None:
        """Take up an unfinished study."""

    def resume_build(self, dataset: str) -> None:
        """Take up an unfinished build."""

    def log(self, name: str) -> str:
        """The end of what it printed."""

    def reap(self) -> None:
        """Note workers that have ended."""


def word(job_state: str) -> str:
    """A job's state in the reader's language."""
    return say(_LOOKS[job_state][2]) if job_state in _LOOKS else job_state


def badge(job_state: str) -> None:
    """The state as a coloured word."""
    colour, icon, _ = _LOOKS.get(job_state, ("gray", ":material/help:", ""))
    st.badge(word(job_state), icon=icon, color=colour)


def watch(run_id: str, jobs: Jobs, curves: Curves) -> None:
    """The run as it is now; while it works, look again each second, and rerun at its end."""
    jobs.reap()
    live = not data.store().run(run_id).status.is_final
    st.fragment(_run, run_every=REFRESH_S if live else None)(run_id, jobs, curves, live)


def watch_build(dataset: str, jobs: Jobs) -> None:
    """Progress of a dataset's build, until its end."""
    st.fragment(_build, run_every=REFRESH_S)(dataset, jobs)


def watch_queue(run_ids: Sequence[str], jobs: Jobs) -> None:
    """Progress of several runs, one line each, until one of them ends."""
    st.fragment(_queue, run_every=REFRESH_S)(tuple(run_ids), jobs)


def head(name: str, job_state: str) -> None:
    """The job's name and state."""
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"**{name}**")
        badge(job_state)


@frame.plainly()
def _run(run_id: str, jobs: Jobs, curves: Curves, live: bool) -> None:
    jobs.reap()
    run = data.store().run(run_id)
    if live and run.status.is_final:
        say_end(run_id, run.status.state)
    _titled(run)
    progress(run.status)
    epochs = data.store().epochs(run_id)
    scores.row(_figures_of(run, epochs), "run")
    if not epochs.empty:
        _curves(run, epochs, curves)
    _actions(run_id, run.status.state, jobs)
    _files(run_id)


def _titled(run: RunInfo) -> None:
    """Name and state, and what is noted on the run."""
    said = run.notes
    head(f"{literal(said.name)} · {run.run_id}" if said.name else run.run_id, run.status.state)
    words = [say("put away")] * said.archived + [f"#{tag}" for tag in said.tags]
    if words or said.note:
        st.caption(literal(" · ".join(filter(None, (" ".join(words), said.note)))))


def _curves(run: RunInfo, epochs: pd.DataFrame, curves: Curves) -> None:
    run_id = run.run_id
    title = say("Learning curves: training and validation zones of {dataset}", dataset=run.dataset)
    chart.draw(title, curves(epochs), f"curves:{run_id}", first=True)
    if hint := classifiers.hint_of_curve(run.classifier):
        st.caption(say(hint))
    chart.download(say("Learning curves (CSV)"), lambda: data.csv(epochs), f"{run_id}_epochs.csv")


@frame.plainly()
def _build(dataset: str, jobs: Jobs) -> None:
    jobs.reap()
    status = data.store().build_status(dataset)
    if status is None or status.is_final:
        name = say("Build of {dataset}", dataset=dataset)
        say_end(name, status.state if status else "lost")
        return
    progress(status)
    stop_button(dataset, say("Stop building"), jobs)
    with st.expander(say("Log"), icon=":material/terminal:"):
        show_log(jobs.log(dataset))


@frame.plainly()
def _queue(run_ids: tuple[str, ...], jobs: Jobs) -> None:
    jobs.reap()
    for run_id in run_ids:
        status = data.store().run(run_id).status
        if status.is_final:
            say_end(run_id, status.state)
        with st.container(horizontal=True, vertical_alignment="center"):
            frame.link("Train", {"run": run_id}, label=run_id)
            badge(status.state)
        progress(status)


def say_end(name: str, job_state: str) -> None:
    """One toast and one full rerun when the watched work has ended."""
    frame.announce(f"{name}: {word(job_state)}", _LOOKS.get(job_state, _LOOKS["lost"])[1])
    st.rerun()


def progress(status: Any) -> None:
    """The bar with what the worker is at, and why it ended if it failed."""
    if not status.is_final:
        spent = f" · {waits.duration(status.seconds)}" if status.started else ""
        stage = say(status.stage) or say("Starting")
        left = waits.left_told(status.remaining)
        text = f"{literal(stage)} · {number(status.progress, '.0%')}{spent}"
        text += f" · {left}" if left else ""
        st.progress(min(max(status.progress, 0.0), 1.0), text=text)
    if status.state == "queued":
        st.caption(say("One job works at a time; this one waits for its turn."))
    if status.error:
        show = st.warning if status.state == "stopped" else st.error
        show(told(status.error), icon=":material/error:")


def _figures_of(run: Any, epochs: pd.DataFrame) -> list[tuple[str, str, str]]:
    """Name, value and help of the numbers at the head: of the test if scored, else as it learns."""
    about = say("From the worker's start to now or its end.")
    spent = (say("Time"), waits.duration(run.status.seconds), about)
    if run.scores:
        return [spent, *scores.headline(run.scores)]
    if epochs.empty:
        return [spent]
    last = epochs.iloc[-1]
    about = say("On the held-out validation zones, at the last look.")
    return [
        spent,
        (say("Epoch or tree"), scores.count(last.get("epoch", last.get("iteration"))), ""),
        (say("Validation accuracy"), scores.share(last.get("validation_accuracy")), about),
        (say("Validation macro F1"), scores.share(last.get("validation_macro_f1")), about),
    ]


def _actions(run_id: str, job_state: str, jobs: Jobs) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        if job_state in ("queued", "running"):
            stop_button(run_id, say("Stop training"), jobs)
            return
        if job_state != "done":
            about = say("Go on from the last epoch that was finished, with the same settings.")
            resume_button(run_id, about, jobs.resume)
        if st.button(say("Repeat with changes"), icon=":material/tune:", key=f"repeat:{run_id}"):
            joins = classifiers.kind(data.store().run(run_id).classifier).joins
            address.put("do", "join" if joins else None)
            address.put("like", run_id)
            st.rerun()
        if job_state == "done":
            _links(run_id)


def stop_button(name: str, label: str, jobs: Jobs) -> None:
    """Ask the job to stop; once it had its time and did not, offer to end it."""
    with frame.plainly():
        if jobs.may_end(name):
            about = say("It did not stop by itself: end its process at once.")
            icon = ":material/dangerous:"
            if identity.button(say("End now"), "stop", icon=icon, help=about, key=f"end:{name}"):
                jobs.end_now(name)
                st.rerun()
        elif jobs.is_stopping(name):
            icon = ":material/hourglass_top:"
            st.button(say("Stopping …"), icon=icon, disabled=True, key=f"wait:{name}")
        elif identity.button(label, "stop", icon=":material/stop_circle:", key=f"stop:{name}"):
            jobs.stop(name)
            st.rerun()


def resume_button(name: str, about: str, resume: Callable[[str], None]) -> None:
    """Take the job up again."""
    with frame.plainly():
        icon = ":material/resume:"
        key = f"resume:{name}"
        if identity.button(say("Resume"), "start", icon=icon, help=about, key=key):
            resume(name)
            st.rerun()


def _links(run_id: str) -> None:
    run = data.store().run(run_id)
    where = {"dataset": run.dataset, "run": run_id, "left": run_id}
    for name in ("Map", "Compare", "Review"):
        frame.link(name, where)


def _files(run_id: str) -> None:
    with st.expander(say("Log and settings"), icon=":material/terminal:"):
        show_log(data.store().log(run_id))
        st.json(asdict(data.store().record(run_id)), expanded=False)
        if sides := data.store().sides(run_id):
            st.caption(
                say("Zones that it learned from, held out to judge by, and kept for the test.")
            )
            if others := sides.get("beside"):
                st.caption(
                    literal(
                        say("It also learned from zones of {datasets}.", datasets=", ".join(others))
                    )
                )
            st.json(sides, expanded=False)


def show_log(text: str) -> None:
    """What the worker printed."""
    st.code(text or say("Nothing was written yet."), language=None, height=240)
