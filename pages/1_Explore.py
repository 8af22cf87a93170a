"""Explore: what was declared, what was seen, one parcel's year."""

import streamlit as st

from cropdash.i18n import say, sentence
from cropdash.ui.explore import parcels, views, zone
from cropdash.ui.shell import data, frame
from cropdash.ui.widgets import choices, damage, pictures
from cropdash.ui.widgets import parcel_map as component

MENU_ICON = ":material/travel_explore:"
MENU_NEEDS = "dataset"
PARTS = {"zone": sentence("Zone"), "dataset": sentence("The whole dataset")}

head = frame.begin("Explore", "What was declared, what the satellite saw, and one parcel's year.")
names = data.datasets()
if not names:
    damage.stop_with(
        say("There is no dataset yet: build one on the Overview page."), "app.py", say("Overview")
    )

with head, frame.or_stop():
    dataset = choices.dataset_of(names)
    zones = {z.zone_id: z for z in data.zones(dataset)}
    here = choices.zone_of(zones, list(zones))
    component.keep_parcels_of(dataset, here)


@st.fragment
@frame.plainly()
def zone_and_parcel() -> None:
    with frame.tools():
        usual = "dataset" if "view" in st.query_params else "zone"
        part = choices.one_of(say("Show"), "part", PARTS, usual, bare=True)
        if part == "zone":
            mode, fill = zone.choose_look(dataset)
            with st.popover(say("Download"), icon=":material/download:"):
                pictures.years(dataset, zones[here])
            chosen = component.choose_parcel(dataset, here)
    if part == "dataset":
        views.show(dataset, here, tuple(zones.values()))
        return
    with st.container(key="work"), frame.plainly():
        zone.zone_map(dataset, zones[here], mode, fill)
        if chosen is not None:
            with component.side():
                parcels.parcel_panel(dataset, here, chosen)


with frame.plainly():
    choices.say_if_no_map(dataset)
    zone_and_parcel()
