"""Compare: two runs on the same test zones, number by number and cell by cell."""

import streamlit as st

from cropdash.i18n import say
from cropdash.jobs import launch
from cropdash.ui.compare import archive, controls, counting, details, matrices, numbers
from cropdash.ui.shell import data, frame
from cropdash.ui.widgets import choices, damage, run_pair, run_reports

MENU_ICON = ":material/compare:"
MENU_NEEDS = "prediction"

head = frame.begin(
    "Compare", "Two runs on the same held-out zones: numbers, confusions, significance."
)
names = [n for n in data.datasets() if any(r.scores for r in data.usable_runs(n))]
if not names:
    damage.stop_with(
        say("There is no scored run yet: train both models, then compare them here."),
        "pages/2_Train.py",
        say("Train a model"),
    )
with head, frame.or_stop():
    dataset = choices.dataset_of(names)
    runs = run_pair.choose_runs([r for r in data.usable_runs(dataset) if r.scores])
if len(runs) < 2:
    damage.stop_with(
        say("There is only one scored run: train another one to compare it with."),
        "pages/2_Train.py",
        say("Train a model"),
    )
pair = (runs[0], runs[1])
zones = counting.common_zones(*pair)
if not zones:
    frame.stop_with(say("These runs were scored on different zones: choose two that share some."))
first, second = run_pair.names_of(pair)
labels = (first, second)

with frame.plainly():
    tools = frame.tools()
    with tools:
        choice = controls.choose(dataset, zones)
        scored = counting.score(*pair, choice)
    with st.container(key="compared"):  # a phone shows the matrices before the numbers
        with st.container():
            numbers.show(pair, labels, scored, choice)
            if controls.is_seed(choice):
                controls.published()
        with st.container():
            st.header(say("Confusion matrices"), anchor=False)
            matrices.show(pair, labels, scored, choice)
    with tools:  # once the matrices are seen
        archive.downloads(pair, labels, scored, choice)
        run_reports.offer(*pair, launch)

    details.show(pair, labels, scored, choice, launch)
