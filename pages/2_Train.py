"""Train: start a model in the background, watch it learn, look back at all runs."""

from typing import Any

import pandas as pd
import streamlit as st

from cropdash import jobs
from cropdash.figures import metrics
from cropdash.ui import data, frame, history, running, state, training

frame.begin(
    "Train", "Start a model in the background and watch it learn; a closed page loses nothing."
)
names = data.datasets()
if not names:
    frame.stop_with("There is no dataset yet: build one first.", "app.py", "Overview")


def curves(epochs: pd.DataFrame) -> Any:
    return metrics.learning_curves(epochs, dark=frame.is_dark())


runs = data.store().runs()
left, right = st.columns([5, 7], gap="large")

with left:
    st.subheader("New training", anchor=False)
    training.new_training(names, runs, jobs.command_line, jobs.start_training)

with right:
    st.subheader("Run", anchor=False)
    if runs:
        with frame.plainly():
            chosen = state.choose("Run", "run", [run.run_id for run in runs])
            running.watch(chosen, jobs, curves)
    else:
        st.info("No model was trained yet: start the first one.", icon=":material/info:")

if runs:
    st.subheader("All runs", anchor=False)
    with frame.plainly():
        history.show(runs)
