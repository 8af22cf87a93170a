"""Which zones to build: a list, and squares of it chosen on a map or in a table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import streamlit as st

from cropdash.domain import Zone
from cropdash.figures import wording, zone_map
from cropdash.i18n import number, say
from cropdash.ui.datasets import incoming, zone_lists
from cropdash.ui.datasets.zone_lists import PROPOSED, ZoneList
from cropdash.ui.shell import frame, identity
from cropdash.ui.shell.literal import literal

_CHOSEN = "zones:chosen"  # ids, by the list's name in _OF
_OF = "zones:of"
_LOOK = "zones:look"  # counts changes, so that map and table are drawn anew from the choice


@dataclass(frozen=True)
class Choice:
    """The zones chosen, and the file that holds them or will."""

    zones: tuple[Zone, ...]
    file: Path | None  # there already, whole
    suffix: str = ""
    content: bytes = b""  # what is to be written otherwise

    def path(self, dataset: str) -> Path:
        """Where the file is, or will be written for a dataset."""
        return self.file or incoming.place(f"zones_{dataset}{self.suffix}", self.content)

    def save(self, dataset: str) -> Path:
        """The path, with the file written."""
        return self.file or incoming.save(f"zones_{dataset}{self.suffix}", self.content)


def choose() -> Choice | None:
    """The zones chosen; None if there are none."""
    _upload()
    files = incoming.listed("zones")
    name = st.selectbox(
        say("Zones"), [PROPOSED, *files], key="zones:list", format_func=say,
        help=say(
            "A CSV or GeoJSON with zone_id, region, split (train or test) and each zone's place."
        ),
    )  # fmt: skip
    path = files.get(name)
    listed = zone_lists.read(path) if path else zone_lists.proposed()
    chosen = _chosen(name, listed)
    _map(listed, chosen)
    _buttons(listed, chosen)
    _table(listed, chosen)
    places = listed.places[listed.places["zone_id"].isin(chosen)]
    if places.empty:
        st.caption(say("No zone is chosen."))
        return None
    st.caption(literal(_said(places)))
    if path and len(places) == len(listed.places):
        return Choice(listed.zones, path)
    zones = tuple(zone for zone in listed.zones if zone.zone_id in set(chosen))
    return Choice(zones, None, listed.suffix, listed.written(chosen))


def preview(zones: Sequence[Zone]) -> None:
    """The zones of a source that says itself which it covers, on the map."""
    places = zone_map.places(zones)
    figure = _figure(places.assign(state=zone_map.CHOSEN))
    st.plotly_chart(figure, theme=None, width="stretch", key="zones:preview", alt=_said(places))
    st.caption(literal(_said(places)))


def _figure(places: pd.DataFrame, drag: str = "zoom") -> Any:
    note = places["region"].map(wording.place) + ", " + places["split"].map(say)
    return zone_map.by_state(places.assign(note=note), drag=drag, dark=frame.is_dark())


def _upload() -> None:
    with st.popover(say("Upload a list of zones"), icon=":material/upload:"):
        if why_not := identity.barred("upload"):
            st.caption(literal(why_not))
            return
        given = st.file_uploader(say("CSV or GeoJSON"), ["csv", "geojson"], key="zones:upload")
        if given is None or not st.button(say("Keep it"), key="zones:keep"):
            return
        with frame.plainly():
            content = given.getvalue()
            zone_lists.parse(content, given.name)  # what can't be read is not kept
            path = incoming.save(given.name, content)
            told = say("{name} can be chosen below.", name=literal(path.name))
            st.success(told, icon=":material/check:")


def _chosen(name: str, listed: ZoneList) -> list[str]:
    """Ids chosen of this list; all of a list that is shown for the first time."""
    if st.session_state.get(_OF) != (mark := f"{name}:{len(listed.places)}"):
        st.session_state[_OF] = mark
        _set([str(i) for i in listed.places["zone_id"]])
    return list(st.session_state[_CHOSEN])


def _set(ids: list[str]) -> None:
    st.session_state[_CHOSEN] = ids
    st.session_state[_LOOK] = st.session_state.get(_LOOK, 0) + 1


def _map(listed: ZoneList, chosen: list[str]) -> None:
    is_in = listed.places["zone_id"].isin(chosen)
    figure = _figure(
        listed.places.assign(state=is_in.map({True: zone_map.CHOSEN, False: zone_map.LEFT_OUT})),
        drag="pan",  # Streamlit hears no click on a point while a box is the pointer's tool
    )
    key = f"zones:map:{st.session_state[_LOOK]}"
    st.caption(
        say(
            "Click a square to take it or leave it. Box select, among the buttons above the map, "
            "takes only what is inside."
        )
    )
    st.plotly_chart(
        figure, theme=None, width="stretch", key=key, on_select=lambda: _clicked(key),
        alt=_said(listed.places[is_in]),
        selection_mode=("points", "box"),
        config={"modeBarButtonsToRemove": ["lasso2d", "toImage"]},
    )  # fmt: skip


def _clicked(key: str) -> None:
    selection: Any = st.session_state[key]["selection"]
    ids = [str(point["customdata"][0]) for point in selection["points"] if "customdata" in point]
    if selection.get("box"):
        _set(ids)
    elif ids:
        before = st.session_state[_CHOSEN]
        _set([i for i in before if i not in ids] + [i for i in ids if i not in before])


def _buttons(listed: ZoneList, chosen: list[str]) -> None:
    regions = list(dict.fromkeys(listed.places["region"]))
    is_in = listed.places["zone_id"].isin(chosen)
    left_out = set(listed.places.loc[~is_in, "region"])
    whole = [region for region in regions if region not in left_out]
    key = f"zones:regions:{st.session_state[_LOOK]}"

    def follow() -> None:
        # Only the region that was clicked changes: those chosen in part stay as they are.
        changed = set(whole) ^ set(st.session_state[key])
        of_changed = listed.places["region"].isin(changed)
        kept = is_in & ~of_changed | of_changed & ~listed.places["region"].isin(whole)
        _set([str(i) for i in listed.places.loc[kept, "zone_id"]])

    st.pills(
        say("Regions"), regions, default=whole, selection_mode="multi", wrap=True,
        format_func=wording.place, key=key, on_change=follow,
        help=say("A click takes all zones of a region, or leaves them all."),
    )  # fmt: skip


def _table(listed: ZoneList, chosen: list[str]) -> None:
    key = f"zones:table:{st.session_state[_LOOK]}"
    shown = listed.places[["zone_id", "region", "split"]]
    shown.insert(0, "Use", listed.places["zone_id"].isin(chosen))

    def follow() -> None:
        use = shown["Use"].copy()
        for row, cells in st.session_state[key]["edited_rows"].items():
            use.iloc[int(row)] = bool(cells.get("Use", use.iloc[int(row)]))
        _set([str(i) for i in shown.loc[use, "zone_id"]])

    told = say(
        "Zones as a table ({n} of {total} chosen)", n=number(len(chosen)), total=number(len(shown))
    )
    with st.expander(told):
        st.data_editor(
            shown, hide_index=True, disabled=["zone_id", "region", "split"], key=key, height=260,
            on_change=follow,
            column_config={
                "Use": say("Use"), "zone_id": say("Zone"), "region": say("Region"),
                "split": say("Split"),
            },
        )  # fmt: skip


def _said(places: pd.DataFrame) -> str:
    split = places["split"].value_counts()
    train, test = split.get("train", 0), split.get("test", 0)
    return say(
        "{n} zones, {train} to train on and {test} held out for the test; regions: {regions}.",
        n=number(len(places)),
        regions=places["region"].nunique(),
        train=number(train),
        test=number(test),
    )
