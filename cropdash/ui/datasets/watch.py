"""The build of a dataset: how far it is, what failed and why, as a map and as a table."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pandas as pd
import streamlit as st

from cropdash.figures import wording, zone_map
from cropdash.i18n import number, say, sentence
from cropdash.ui.shell import data, frame, identity
from cropdash.ui.shell.literal import literal, told
from cropdash.ui.widgets import chart, choices, job_watch
from cropdash.ui.widgets import table as widget

STATES = (sentence("built"), sentence("building"), sentence("failed"), sentence("missing"))
_COLOURS: dict[str, job_watch.Colour] = {
    "built": "green", "building": "blue", "failed": "red", "missing": "gray",
}  # fmt: skip
_COUNTED = {
    "built": sentence("{n} of {total} built"),
    "building": sentence("{n} of {total} building"),
    "failed": sentence("{n} of {total} failed"),
    "missing": sentence("{n} of {total} missing"),
}
_COLUMNS = {
    "zone_id": sentence("Zone"),
    "state": sentence("State"),
    "step": sentence("Step"),
    "reason": sentence("Reason"),
    "seconds": sentence("Time [s]"),
    "region": sentence("Region"),
    "split": sentence("Split"),
}
VIEW, PLACE, ZONES, NEW, REALISM = "view", "place", "datasets", "new", "realism"
_VIEWS = {
    PLACE: sentence("A real place"),
    ZONES: sentence("Datasets"),
    NEW: sentence("New dataset"),
    REALISM: sentence("How real is the simulation"),
}
_ALL = ""  # no region's name


def choose_view(*, empty: bool) -> str:
    """Which part of the page is shown, kept in the address; building first where nothing is."""
    return choices.one_of(say("Show"), VIEW, _VIEWS, PLACE if empty else ZONES)


def names() -> tuple[str, ...]:
    """Datasets that are built, or whose build was started."""
    return data.store().build_names()


def watch(dataset: str, jobs: job_watch.Jobs) -> None:
    """State of a build; while it works, look again each second."""
    jobs.reap()
    status = data.store().build_status(dataset)
    live = status is not None and not status.is_final
    every = job_watch.REFRESH_S if live else None
    st.fragment(_head, run_every=every)(dataset)
    if live:
        job_watch.watch_build(dataset, jobs)
    else:
        _ended(dataset, status, jobs)
    st.fragment(_zones, run_every=every)(dataset)


def table(dataset: str) -> pd.DataFrame:
    """Zones of the dataset with their state, step, reason and place; empty before they are known."""
    if dataset not in data.store().dataset_names():
        return pd.DataFrame(columns=[*_COLUMNS, "lon", "lat", "outline", "epsg"])
    states = data.store().zone_states(dataset)
    places = zone_map.places(data.store().dataset(dataset).description.zones)
    return states.merge(places.drop(columns=["region", "split"]), on="zone_id")


@frame.plainly()
def _head(dataset: str) -> None:
    """Name, state and counts."""
    known = dataset in data.store().dataset_names()
    status = data.store().build_status(dataset)
    zones = data.store().zone_states(dataset) if known else table(dataset)
    counts = zones["state"].value_counts()
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"**{dataset}**")
        if status:
            job_watch.badge(status.state)
        for name in STATES:
            if n := int(counts.get(name, 0)):
                told = say(_COUNTED[name], n=number(n), total=number(len(zones)))
                st.badge(told, color=_COLOURS[name])


@frame.plainly()
def _ended(dataset: str, status: Any, jobs: job_watch.Jobs) -> None:
    """Why the last build ended, and the button that takes it up again."""
    if status and status.error:
        show = st.warning if status.state == "stopped" else st.error
        show(told(status.error), icon=":material/error:")
    whole = dataset in data.store().dataset_names() and data.store().dataset(dataset).is_complete
    about = say("Build what is missing or damaged; zones that are whole are kept.")
    can_resume = not whole and data.store().build_config(dataset) is not None
    icon, label = ":material/resume:", say("Resume building")
    if can_resume and identity.button(label, "start", icon=icon, help=about, key="build:resume"):
        jobs.resume_build(dataset)
        st.rerun()
    if status and (log := jobs.log(dataset)):
        with st.expander(say("Log"), icon=":material/terminal:"):
            st.code(log, language=None, height=240)


@frame.plainly()
def _zones(dataset: str) -> None:
    """Map and table of the zones as they are now, and why some failed."""
    zones = table(dataset)
    if zones.empty:
        st.caption(say("Its zones are listed here once its source has been opened."))
        return
    left, right = st.columns(2, gap="large")
    with left:
        _map(dataset, zones)
    with right:
        _table(dataset, zones)
    failed = zones[zones["state"] == "failed"]
    if len(failed):
        with st.expander(
            say("Why {n} zones failed", n=number(len(failed))), icon=":material/error:"
        ):
            shown = _said(failed[["zone_id", "step", "reason"]])
            widget.show(shown, columns=_headings(), key=f"zones:failed:{dataset}")


def _map(dataset: str, zones: pd.DataFrame) -> None:
    regions = list(dict.fromkeys(zones["region"]))
    shown = st.selectbox(
        say("Show on the map"), [_ALL, *regions],
        format_func=lambda region: wording.place(region) if region else say("All regions"),
        key=f"zones:show:{dataset}",
    )  # fmt: skip
    figure = zone_map.by_state(
        zones.assign(note=_notes(zones)),
        region=None if shown == _ALL else shown,
        drag="pan",  # Streamlit hears no click on a point while a box is the pointer's tool
        dark=frame.is_dark(),
    )
    key = f"zones:states:{dataset}"
    chart.opening(
        figure, theme=None, width="stretch", key=key, on_select="rerun", selection_mode="points",
        alt=say("Zones of {dataset} by state", dataset=dataset),
        config={"modeBarButtonsToRemove": ["lasso2d", "select2d", "toImage"]},
    )  # fmt: skip
    _way_on(dataset, zones.set_index("zone_id"), key)


def _way_on(dataset: str, zones: pd.DataFrame, key: str) -> None:
    """From the zone that was clicked on the map to the pages that show it."""
    selection: Any = st.session_state[key]["selection"]
    ids = [str(point["customdata"][0]) for point in selection["points"] if "customdata" in point]
    if not ids or ids[0] not in zones.index:
        st.caption(say("Click a zone to go on to its pages."))
        return
    state, split = (str(zones.at[ids[0], column]) for column in ("state", "split"))
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"**{literal(wording.place(ids[0]))}** ({say(split)})")
        if state == "built":
            for page in ("Explore", "Map"):
                frame.link(page, {"dataset": dataset, "zone": ids[0]})
        else:
            st.badge(say(state), color=_COLOURS[state])


def _table(dataset: str, zones: pd.DataFrame) -> None:
    shown = _said(zones[list(_COLUMNS)])
    if not zones["reason"].fillna("").any():
        shown = shown.drop(columns="reason")
    first = zones["state"].map({"failed": 0, "building": 1, "missing": 2}).fillna(3)
    shown = shown.iloc[first.argsort(kind="stable")]
    widget.show(
        shown, {"seconds": ",.1f"}, height=widget.fitting(len(shown), 520), key=f"zones:list:{dataset}",
        columns={
            **_headings(),
            "zone_id": st.column_config.TextColumn(say("Zone"), pinned=True),
            "reason": st.column_config.TextColumn(say("Reason"), width="medium"),
        },
    )  # fmt: skip
    with st.container(horizontal=True):
        states = zones[list(_COLUMNS)]
        chart.download(say("States (CSV)"), lambda: data.csv(states), f"{dataset}_zones.csv")
        chart.download(
            say("Zones (GeoJSON)"), lambda: json.dumps(zone_map.geojson(zones)).encode(),
            f"{dataset}_zones.geojson", "application/geo+json",
        )  # fmt: skip


def _headings() -> dict[str, Any]:
    return {name: st.column_config.Column(say(heading)) for name, heading in _COLUMNS.items()}


def _said(zones: pd.DataFrame) -> pd.DataFrame:
    """The table with its states, splits and reasons in the reader's language."""
    words: dict[str, Callable[[Any], str]] = {
        "state": say,
        "split": say,
        "reason": lambda text: say(str(text or "")),
    }
    return zones.assign(**{n: _each(zones[n], word) for n, word in words.items() if n in zones})


def _notes(zones: pd.DataFrame) -> list[str]:
    """Texts under the pointer: state, step, and why it failed, in short lines."""
    places, said = _each(zones["region"], wording.place), _said(zones)
    return [
        "<br>".join(
            [
                f"{place}, {split}",
                f"{state}: {step}" if step else state,
                *(reason[i : i + 60] for i in range(0, min(len(reason), 300), 60)),
            ]
        )
        for place, split, state, step, reason in zip(
            places, said["split"], said["state"], said["step"], said["reason"], strict=True
        )
    ]


def _each(column: pd.Series, word: Callable[[Any], str]) -> list[str]:
    """A word for each value; it is asked for once for those of thousands of zones that are equal."""
    words = {value: word(value) for value in dict.fromkeys(column)}
    return [words[value] for value in column]
