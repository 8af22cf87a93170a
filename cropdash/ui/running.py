"""Work under way, read from disk each second: state, progress, curves, log."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Literal, Protocol

import pandas as pd
import streamlit as st

from cropdash.ui import data, frame, scores, state

REFRESH_S = 1.0  # [s] between looks at a worker's folder
Colour = Literal["gray", "blue", "green", "red", "orange"]
_LOOKS: dict[str, tuple[Colour, str]] = {
    "queued": ("gray", ":material/schedule:"),
    "running": ("blue", ":material/play_arrow:"),
    "done": ("green", ":material/check:"),
    "failed": ("red", ":material/error:"),
    "stopped": ("orange", ":material/stop:"),
    "lost": ("red", ":material/link_off:"),
}
Curves = Callable[[pd.DataFrame], Any]  # epochs to a figure


class Jobs(Protocol):
    """What starts and stops workers; the page hands it in."""

    def stop(self, name: str) -> None: ...
    def is_stopping(self, name: str) -> bool: ...
    def may_end(self, name: str) -> bool: ...
    def end_now(self, name: str) -> bool: ...
    def resume(self, run_id: str) -> None: ...
    def log(self, name: str) -> str: ...
    def reap(self) -> None: ...


def badge(job_state: str) -> None:
    """The state as a coloured word."""
    colour, icon = _LOOKS.get(job_state, ("gray", ":material/help:"))
    st.badge(job_state, icon=icon, color=colour)


def duration(seconds: float) -> str:
    """Time for people: 45 s, 3:20 min, 2:05 h."""
    total = round(seconds)
    if total < 60:
        return f"{total} s"
    if total < 3600:
        return f"{total // 60}:{total % 60:02d} min"
    return f"{total // 3600}:{total % 3600 // 60:02d} h"


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


@frame.plainly()
def _run(run_id: str, jobs: Jobs, curves: Curves, live: bool) -> None:
    jobs.reap()
    run = data.store().run(run_id)
    if live and run.status.is_final:
        _say_end(run_id, run.status.state)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"**{run_id}**")
        badge(run.status.state)
    _progress(run.status)
    epochs = data.store().epochs(run_id)
    scores.row(_figures_of(run, epochs))
    if not epochs.empty:
        st.caption(f"Learning curves: training and validation zones of dataset {run.dataset}.")
        st.plotly_chart(curves(epochs), theme=None, width="stretch", key=f"curves:{run_id}")
    _actions(run_id, run.status.state, jobs)
    _files(run_id, epochs)


@frame.plainly()
def _build(dataset: str, jobs: Jobs) -> None:
    jobs.reap()
    status = data.store().build_status(dataset)
    if status is None or status.is_final:
        _say_end(f"Build of {dataset}", status.state if status else "lost")
        return
    _progress(status)
    _stop_button(dataset, "building", jobs)
    with st.expander("Log", icon=":material/terminal:"):
        _log(jobs.log(dataset))


@frame.plainly()
def _queue(run_ids: tuple[str, ...], jobs: Jobs) -> None:
    jobs.reap()
    for run_id in run_ids:
        status = data.store().run(run_id).status
        if status.is_final:
            _say_end(run_id, status.state)
        with st.container(horizontal=True, vertical_alignment="center"):
            st.page_link(
                "pages/2_Train.py", label=run_id, icon=":material/model_training:",
                query_params={"run": run_id},
            )  # fmt: skip
            badge(status.state)
        _progress(status)


def _say_end(name: str, job_state: str) -> None:
    """One toast and one full rerun when the watched work has ended."""
    frame.announce(f"{name}: {job_state}", _LOOKS.get(job_state, _LOOKS["lost"])[1])
    st.rerun()


def _progress(status: Any) -> None:
    if not status.is_final:
        spent = f" · {duration(status.seconds)}" if status.started else ""
        text = f"{status.stage or 'Starting'} · {status.progress:.0%}{spent}"
        st.progress(min(max(status.progress, 0.0), 1.0), text=text)
    if status.state == "queued":
        st.caption("One job works at a time; this one waits for its turn.")
    if status.error:
        show = st.warning if status.state == "stopped" else st.error
        show(status.error, icon=":material/error:")


def _figures_of(run: Any, epochs: pd.DataFrame) -> list[tuple[str, str, str]]:
    """Name, value and help of the numbers at the head: of the test if scored, else as it learns."""
    spent = ("Time", duration(run.status.seconds), "From the worker's start to now or its end.")
    if run.scores:
        return [spent, *scores.headline(run.scores)]
    if epochs.empty:
        return [spent]
    last = epochs.iloc[-1]
    about = "On the held-out validation zones, at the last look."
    return [
        spent,
        ("Epoch or tree", scores.count(last.get("epoch", last.get("iteration"))), ""),
        ("Validation accuracy", scores.share(last.get("validation_accuracy")), about),
        ("Validation macro F1", scores.share(last.get("validation_macro_f1")), about),
    ]


def _actions(run_id: str, job_state: str, jobs: Jobs) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        if job_state in ("queued", "running"):
            _stop_button(run_id, "training", jobs)
            return
        if job_state != "done":
            _resume_button(run_id, jobs)
        if st.button("Repeat with changes", icon=":material/tune:", key=f"repeat:{run_id}"):
            state.put("like", run_id)
            st.rerun()
        if job_state == "done":
            _links(run_id)


def _stop_button(name: str, what: str, jobs: Jobs) -> None:
    with frame.plainly():
        if jobs.may_end(name):
            about = "It did not stop by itself: end its process at once."
            if st.button("End now", icon=":material/dangerous:", help=about, key=f"end:{name}"):
                jobs.end_now(name)
                st.rerun()
        elif jobs.is_stopping(name):
            st.button(
                "Stopping …", icon=":material/hourglass_top:", disabled=True, key=f"wait:{name}"
            )
        elif st.button(f"Stop {what}", icon=":material/stop_circle:", key=f"stop:{name}"):
            jobs.stop(name)
            st.rerun()


def _resume_button(run_id: str, jobs: Jobs) -> None:
    about = "Go on from the last epoch that was finished, with the same settings."
    with frame.plainly():
        clicked = st.button("Resume", icon=":material/resume:", help=about, key=f"resume:{run_id}")
        if clicked:
            jobs.resume(run_id)
            st.rerun()


def _links(run_id: str) -> None:
    run = data.store().run(run_id)
    where = {"dataset": run.dataset, "run": run_id}
    st.page_link("pages/3_Map.py", label="Map", icon=":material/map:", query_params=where)
    st.page_link(
        "pages/4_Compare.py", label="Compare", icon=":material/compare:", query_params=where
    )


def _files(run_id: str, epochs: pd.DataFrame) -> None:
    with st.expander("Log, settings and downloads", icon=":material/terminal:"):
        _log(data.store().log(run_id))
        st.json(data.store().record(run_id), expanded=False)
        if not epochs.empty:
            st.download_button(
                "Learning curves (CSV)", data.csv(epochs), f"{run_id}_epochs.csv", "text/csv",
                icon=":material/download:", key=f"epochs:{run_id}", on_click="ignore",
            )  # fmt: skip


def _log(text: str) -> None:
    st.code(text or "Nothing was written yet.", language=None, height=240)
