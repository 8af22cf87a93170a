"""Map: truth, two models and where they disagree, on a zone that neither has seen."""

import streamlit as st

from cropdash.i18n import say
from cropdash.ui.map import answers, choices, downloads, view
from cropdash.ui.shell import data, frame
from cropdash.ui.widgets import choices as choices_of
from cropdash.ui.widgets import damage, run_pair
from cropdash.ui.widgets import parcel_map as component

MENU_ICON = ":material/map:"
MENU_NEEDS = "prediction"

head = frame.begin(
    "Map", "Truth, two models, and where they disagree, on zones that neither has seen."
)
names = [name for name in data.datasets() if data.usable_runs(name)]
if not names:
    damage.stop_with(
        say("There is no prediction yet: train a model, it then predicts the test zones."),
        "pages/2_Train.py",
        say("Train a model"),
    )

with head, frame.or_stop():
    dataset = choices_of.dataset_of(names)
    runs = data.usable_runs(dataset)
    zones = {z.zone_id: z for z in data.zones(dataset)}
    shown = [z for z in zones if any(z in run.zones for run in runs)]
    zone = choices_of.zone_of(zones, shown)
    component.keep_parcels_of(dataset, zone)
    two = run_pair.choose_runs([run for run in runs if zone in run.zones])

pair = run_pair.Pair(dataset, zones[zone], (two[0], two[-1]))
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
@frame.plainly()
def map_and_parcel() -> None:
    with frame.tools():
        chosen = choices.choose_view(pair)
        look, opacity = choices.choose_look(pair)
        downloads.downloads(pair)
        parcel = component.choose_parcel(dataset, zone)
    with st.container(key="work"):
        view.show(pair, chosen, look, opacity)
        if parcel is not None:
            with component.side():
                answers.parcel_panel(pair, parcel)


with frame.plainly():
    choices_of.say_if_no_map(dataset)
    map_and_parcel()
    if len(two) == 1:
        st.info(say("Only one run has predicted this zone: train another one to compare."))
