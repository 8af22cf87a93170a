"""Train: start models and searches in the background, watch them, look back at all runs."""

from typing import Any

import pandas as pd
import streamlit as st

from cropdash.figures import metrics
from cropdash.i18n import say, sentence
from cropdash.jobs import launch
from cropdash.ui.shell import address, data, frame
from cropdash.ui.train import (
    curation,
    ensembles,
    form,
    history,
    run_comparison,
    study_form,
    study_watch,
)
from cropdash.ui.widgets import damage, job_watch, run_reports

MENU_ICON = ":material/model_training:"
MENU_NEEDS = "dataset"

frame.begin(
    sentence("Train"),
    sentence("Start a model in the background and watch it learn; a closed page loses nothing."),
)
names = data.datasets()
if not names:
    damage.stop_with(say("There is no dataset yet: build one first."), "app.py", say("Overview"))


def curves(epochs: pd.DataFrame) -> Any:
    return metrics.learning_curves(epochs, dark=frame.is_dark())


do = form.choose_task()
is_run = do in ("training", "join")
runs = data.store().runs()
studies = study_watch.of_task(do)
with st.container(key="train"):  # a phone shows the run before the form
    left, right = st.columns([5, 7], gap="large")

with right, frame.plainly():  # the picture first: forms take their time
    if is_run and runs:
        st.header(say("Run"), anchor=False)
        run_id = curation.choose(runs)
        job_watch.watch(run_id, launch, curves)
        curation.show(run_id)
        run_reports.offer(data.store().run(run_id), None, launch)
    elif is_run:
        none = say("No model was trained yet: start the first one.")
        st.info(damage.instead(none), icon=":material/info:")
    elif studies:
        st.header(say(form.TASKS[do]), anchor=False)
        study_watch.watch(address.choose(say("Name"), "study", studies), launch)
    else:
        st.info(damage.instead(study_watch.empty(do)), icon=":material/info:")

with left:
    if do == "training":
        st.header(say("New training"), anchor=False)
        form.new_training(names, runs, launch.command_line, launch.start)
    elif do == "join":
        st.header(say("New ensemble"), anchor=False)
        ensembles.new_ensemble(names, runs, launch.command_line, launch.start)
    elif do == "search":
        st.header(say("New search"), anchor=False)
        study_form.new_search(names, runs, launch.command_line, launch.start)
    else:
        st.header(say("New cross-validation"), anchor=False)
        study_form.new_crossvalidation(names, runs, launch.command_line, launch.start)

damage.show()
if is_run and runs:
    st.header(say("All runs"), anchor=False)
    with frame.plainly():
        run_comparison.show(history.show(runs))
