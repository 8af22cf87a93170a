"""What to look at first in a run, and what people say of it and do with it."""

from __future__ import annotations

import streamlit as st

from cropdash.i18n import say
from cropdash.storage import notes
from cropdash.storage.store import RunInfo
from cropdash.ui.shell import address, data, frame, identity
from cropdash.ui.widgets import first_look, run_pair

_ASKED = "curation:asked"  # the run whose deletion was asked for once


def choose(runs: tuple[RunInfo, ...]) -> str:
    """The run that the page shows: one of those given, or one put away that the address names."""
    wanted = st.query_params.get("run")
    away = data.store().runs(archived=True) if all(r.run_id != wanted for r in runs) else ()
    said = run_pair.labels([*runs, *(run for run in away if run.run_id == wanted)])
    return address.choose(say("Run"), "run", list(said), format_func=said.__getitem__)


def show(run_id: str) -> None:
    """The controls, below the run."""
    with frame.plainly():
        run = data.store().run(run_id)
        if run.status.state == "done" and run.scores and run.zones:
            first_look.show(run)
        with st.container(horizontal=True, vertical_alignment="center"):
            _words(run)
            _put_away(run)
            if identity.button(
                say("Delete"), "delete", icon=":material/delete:", key=f"delete:{run_id}"
            ):
                st.session_state[_ASKED] = run_id
        if st.session_state.get(_ASKED) == run_id:
            _ask_again(run)


def _words(run: RunInfo) -> None:
    now = run.notes
    with (
        st.popover(say("Name, note, tags"), icon=":material/edit:"),
        st.form(f"notes:{run.run_id}", border=False),
    ):
        name = st.text_input(say("Name"), now.name, help=say("Shown instead of the model's."))
        note = st.text_area(say("Note"), now.note)
        tags = st.text_input(say("Tags"), ", ".join(now.tags), help=say("Apart by commas."))
        if st.form_submit_button(say("Save")):
            said: dict[notes.Action, str] = {"name": name, "note": note, "tag": tags}
            for action, value in said.items():
                notes.act(data.store(), run.run_id, action, value)
            st.rerun()


def _put_away(run: RunInfo) -> None:
    about = say("Lists and choices leave it out; nothing of it is lost.")
    label = say("Bring back") if run.notes.archived else say("Archive")
    icon = ":material/unarchive:" if run.notes.archived else ":material/archive:"
    if identity.button(label, "name", icon=icon, help=about, key=f"archive:{run.run_id}"):
        action: notes.Action = "restore" if run.notes.archived else "archive"
        notes.act(data.store(), run.run_id, action)
        st.rerun()


def _ask_again(run: RunInfo) -> None:
    called = run_pair.title(run)
    told = say(
        "Delete {run} with its model, predictions and scores? It can't be had back.", run=called
    )
    st.warning(told, icon=":material/delete_forever:")
    with st.container(horizontal=True):
        if st.button(say("Delete for good"), type="primary", key=f"sure:{run.run_id}"):
            del st.session_state[_ASKED]
            notes.act(data.store(), run.run_id, "delete")
            address.put("run", None)
            frame.announce(say("{run} is deleted.", run=called), ":material/delete:")
            st.rerun()
        if st.button(say("Keep it"), key=f"keep:{run.run_id}"):
            del st.session_state[_ASKED]
            st.rerun()
