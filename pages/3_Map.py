"""Map: truth, two models and where they disagree, on a zone that neither has seen."""

import streamlit as st

from cropdash.i18n import say
from cropdash.ui.map import answers, choices, downloads, legends, view
from cropdash.ui.shell import address, data, frame
from cropdash.ui.shell.literal import literal
from cropdash.ui.widgets import names as names_of
from cropdash.ui.widgets import parcel_map as component
from cropdash.ui.widgets import run_pair

MENU_ICON = ":material/map:"

frame.begin("Map", "Truth, two models, and where they disagree, on zones that neither has seen.")
names = [name for name in data.datasets() if data.usable_runs(name)]
if not names:
    frame.stop_with(
        say("There is no prediction yet: train a model, it then predicts the test zones."),
        "pages/2_Train.py",
        say("Train a model"),
    )

with st.sidebar:
    dataset = address.choose(say("Dataset"), "dataset", names)
    runs = data.usable_runs(dataset)
    zones = {z.zone_id: z for z in data.zones(dataset)}
    shown = [z for z in zones if any(z in run.zones for run in runs)]
    zone = address.choose(say("Zone"), "zone", shown, format_func=names_of.zone_name(zones))
    component.keep_parcels_of(dataset, zone)
    two = run_pair.choose_runs([run for run in runs if zone in run.zones])
    if len(two) == 1:
        st.info(say("Only one run has predicted this zone: train another one to compare."))

pair = run_pair.Pair(dataset, zones[zone], (two[0], two[-1]))
title = data.store().dataset(dataset).description.title
st.subheader(literal(f"{names_of.zone_name(zones)(zone)}, {title}"), anchor=False)


with frame.plainly():
    if not pair.fits:
        frame.stop_with(
            say(
                "A run predicted this zone before it was built anew: train again, or choose another."
            ),
            "pages/2_Train.py",
            say("Train a model"),
        )


@st.fragment
def map_and_parcel() -> None:
    chosen = choices.choose_view(pair)
    look, opacity = choices.choose_look(pair)
    wide, side = st.columns([7, 4], gap="medium")
    with wide:
        view.show(pair, chosen, look, opacity)
    with side:
        answers.parcel_panel(pair, component.choose_parcel(dataset, zone))
    with wide:  # after what a click is waiting for
        legends.class_legend(pair, look.classes)


with frame.plainly():
    map_and_parcel()
    downloads.downloads(pair)
st.caption(say(frame.CREDIT))
