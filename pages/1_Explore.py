"""Explore: what was declared, what was seen, one parcel's year."""

import streamlit as st

from cropdash import legend
from cropdash.figures import classes
from cropdash.ui import data, explore, frame, state
from cropdash.ui import maps as component

frame.begin("Explore", "What was declared, what the satellite saw, and one parcel's year.")
table = legend.load()
names = data.datasets()
if not names:
    frame.stop_with(
        "There is no dataset yet: build one on the Overview page.", "app.py", "Overview"
    )

with st.sidebar:
    dataset = state.choose("Dataset", "dataset", names)
    zones = {z.zone_id: z for z in data.zones(dataset)}
    zone = state.choose("Zone", "zone", list(zones), format_func=explore.zone_name(zones))
    component.keep_parcel_of(dataset, zone)

where = f"{explore.zone_name(zones)(zone)}, {data.store().dataset(dataset).description.title}"
st.subheader(f"Parcels and imagery: {where}", anchor=False)


@st.fragment
def zone_and_parcel() -> None:
    left, right = st.columns([5, 4], gap="medium")
    with left:
        choice = explore.controls(dataset, zone)
        explore.zone_map(dataset, zones[zone], choice)
    with right:
        parcel = component.choose_parcel(dataset, zone)
        explore.parcel_panel(dataset, zone, parcel)


zone_and_parcel()

st.subheader("Class imbalance", anchor=False)


@st.fragment
def imbalance() -> None:
    counts, unit, said = explore.filter_counts(data.class_counts(dataset))
    st.caption(f"{said}. Background and unmapped crops are left out.")
    figure = classes.imbalance(counts, unit, table, dark=frame.is_dark())
    st.plotly_chart(figure, theme=None, width="stretch", key="imbalance", alt=said)
    st.download_button(
        "Class counts (CSV)",
        data.csv(classes.ranked(counts, unit, table).drop(columns="colour")),
        f"{dataset}_classes_{unit}.csv",
        "text/csv",
        icon=":material/download:",
    )


imbalance()

st.subheader("Clear dates by zone and month", anchor=False)
dates = data.clear_dates(dataset)
st.caption("Mean number of cloud-free observations per pixel; months without any are filled in.")
figure = classes.clear_dates(dates, dark=frame.is_dark())
st.plotly_chart(figure, theme=None, width="stretch", alt="Clear dates by zone and month")
st.download_button(
    "Clear dates (CSV)", data.csv(dates), f"{dataset}_clear_dates.csv", "text/csv",
    icon=":material/download:",
)  # fmt: skip
st.caption(frame.CREDIT)
