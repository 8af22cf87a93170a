"""Explore: what was declared, what was seen, one parcel's year."""

import streamlit as st

from cropdash.i18n import say
from cropdash.ui.explore import parcels, views, zone
from cropdash.ui.shell import address, data, frame
from cropdash.ui.shell.literal import literal
from cropdash.ui.widgets import names as names_of
from cropdash.ui.widgets import parcel_map as component

MENU_ICON = ":material/travel_explore:"

frame.begin("Explore", "What was declared, what the satellite saw, and one parcel's year.")
names = data.datasets()
if not names:
    frame.stop_with(
        say("There is no dataset yet: build one on the Overview page."), "app.py", say("Overview")
    )

with st.sidebar:
    dataset = address.choose(say("Dataset"), "dataset", names)
    zones = {z.zone_id: z for z in data.zones(dataset)}
    here = address.choose(say("Zone"), "zone", list(zones), format_func=names_of.zone_name(zones))
    component.keep_parcels_of(dataset, here)

title = data.store().dataset(dataset).description.title
st.subheader(literal(f"{names_of.zone_name(zones)(here)}, {title}"), anchor=False)


@st.fragment
def zone_and_parcel() -> None:
    left, right = st.columns([5, 4], gap="medium")
    with left, frame.plainly():
        zone.zone_box(dataset, zones[here])
    with right, frame.plainly():
        parcels.parcel_panel(dataset, here)


@st.fragment
def whole_dataset() -> None:
    with frame.plainly():
        views.show(dataset, here, tuple(zones.values()))


zone_and_parcel()
st.subheader(say("The whole dataset"), anchor=False)
whole_dataset()
st.caption(say(frame.CREDIT))
