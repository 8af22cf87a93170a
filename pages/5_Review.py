"""Review: declared against predicted, parcel by parcel; which declarations deserve a second look."""

import streamlit as st

from cropdash.i18n import say
from cropdash.ui.review import cases, choices, listing, notes, parcel
from cropdash.ui.shell import address, data, frame
from cropdash.ui.widgets import run_pair

MENU_ICON = ":material/fact_check:"

frame.begin("Review", "Declarations that deserve a second look, with the evidence.")
names = [name for name in data.datasets() if any(r.scores for r in data.usable_runs(name))]
if not names:
    frame.stop_with(
        say("There is no prediction yet: train a model, it then predicts the test zones."),
        "pages/2_Train.py",
        say("Train a model"),
    )

with st.sidebar:
    dataset = address.choose(say("Dataset"), "dataset", names)
    runs = choices.choose_runs([r for r in data.usable_runs(dataset) if r.scores])
    level = choices.choose_level()
    limits = choices.choose_limits()
if not cases.common_zones(runs):
    frame.stop_with(say("These runs predicted different zones: choose two that share some."))

with frame.plainly():
    found = cases.cases(runs, level)
    if not len(found):
        frame.stop_with(say("No parcel with a mapped crop is declared in the predicted zones."))
    table = cases.lit(found, limits)
    models = run_pair.names_of(runs)
    st.caption(
        say(
            "Judged are the held-out zones that {models} have predicted and never learned from: "
            "{zones}. A light is a reason to look, not a verdict.",
            models=", ".join(models),
            zones=len(table["zone_id"].unique()),
        )
    )
    listing.show_counts(table)

    @st.fragment
    @frame.plainly()
    def list_and_parcel() -> None:
        filters = choices.choose_filters(table, level, dataset)
        rows = notes.added(choices.shown(table, filters), dataset)
        left, right = st.columns([6, 5], gap="medium")
        with left:
            listing.show_list(rows, models, level, dataset, f"{dataset}:{level}:{limits}:{filters}")
            listing.downloads(rows, models, level, dataset)
        with right:
            parcel.show(rows, table, runs, level)

    list_and_parcel()
