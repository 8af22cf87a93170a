"""Review: declared against predicted, parcel by parcel; which declarations deserve a second look."""

import streamlit as st

from cropdash.i18n import say
from cropdash.jobs import launch
from cropdash.ui.review import choices, dossier, listing, many, parcel, seasons
from cropdash.ui.review import rules as rules_of
from cropdash.ui.shell import data, frame
from cropdash.ui.widgets import cases, damage, run_pair
from cropdash.ui.widgets import choices as choices_of

MENU_ICON = ":material/fact_check:"
MENU_NEEDS = "prediction"

head = frame.begin("Review", "Declarations that deserve a second look, with the evidence.")
names = [name for name in data.datasets() if data.reviewable_runs(name)]
if not names:
    damage.stop_with(
        say("There is no prediction yet: train a model, it then predicts the test zones."),
        "pages/2_Train.py",
        say("Train a model"),
    )

with head, frame.or_stop():
    dataset = choices_of.dataset_of(names)
    chosen = choices.choose_runs(data.reviewable_runs(dataset))
    day = seasons.choose_day(chosen)
    runs = seasons.by(chosen, day)
if not cases.common_zones(runs):
    frame.stop_with(say("These runs predicted different zones: choose two that share some."))


@st.fragment
@frame.plainly()
def list_and_parcel() -> None:
    with frame.tools():
        with st.popover(say("How to judge"), icon=":material/tune:"):
            level = choices.choose_level()
            limits = choices.choose_limits()
            rules = None
            if day is not None:
                rules = rules_of.choose(
                    dataset, seasons.common_days(chosen), level, limits, cases.cases(runs, level)
                )
            st.caption(
                say(
                    "Judged are the held-out zones that {models} have predicted and never learned from: "
                    "{zones}. A light is a reason to look, not a verdict.",
                    models=", ".join(run_pair.names_of(runs)), zones=len(cases.common_zones(runs)),
                )
            )  # fmt: skip
        found = cases.cases(runs, level)
        if not len(found):
            frame.stop_with(say("No parcel with a mapped crop is declared in the predicted zones."))
        table = cases.judged(runs, level, limits)
        if rules is not None and day is not None:
            table = seasons.lit(found, chosen, level, rules, day)
        filters = choices.choose_filters(table, level, dataset)
        rows = choices.listed(table, filters, dataset)
        many.show(rows, runs)
        listing.downloads(rows, runs, level)
    with st.container(key="review"):
        left, middle, right = st.columns([6, 5, 5], gap="small")
        with left:
            listing.show_list(rows, runs, level, f"{dataset}:{level}:{limits}:{filters}")
        with right:
            case = parcel.choose(rows, table)
        if case is not None:
            with middle:
                parcel.place_and_year(case, runs, level)
            with right:
                parcel.evidence(case, rows, runs, level)
                dossier.offer(case, rows, runs, launch)
    if rules is not None and day is not None:
        with st.expander(say("The season so far"), icon=":material/timeline:"):
            seasons.show(chosen, level, rules, day, table)


list_and_parcel()
