"""Zones drawn as boxes over the land of one's images, kept as a list that the form then names."""

from __future__ import annotations

import json
from collections.abc import Sequence
from itertools import count
from typing import Any

import pandas as pd
import streamlit as st

from cropdash.domain import Grid, Zone, longitude
from cropdash.domain.errors import CropdashError
from cropdash.figures import zone_map
from cropdash.i18n import number, say
from cropdash.ui.datasets import incoming
from cropdash.ui.shell import frame, identity
from cropdash.ui.shell.literal import told

_BOXES = "drawn:boxes"  # (zone_id, split, west, south, east, north) of each
_OF = "drawn:of"  # the land that they were drawn over
_LOOK, _FAULT = "drawn:look", "drawn:fault"
_COLUMNS = ("zone_id", "split", "west", "south", "east", "north")
_REGION = "drawn"
_SPLITS = ("train", "test", "map")
Box = tuple[str, str, float, float, float, float]


def draw(covered: Sequence[Grid], proposed: Sequence[Zone], dataset: str, chooser: str) -> None:
    """A map on which boxes are drawn as zones, and their table; `chooser` is the list's control.

    covered: the images' grids; proposed: what is built if nothing is drawn.
    """
    mark = zone_map.extent(covered)
    if st.session_state.get(_OF) != mark:
        st.session_state[_OF], st.session_state[_BOXES] = mark, []
    boxes: list[Box] = st.session_state.setdefault(_BOXES, [])
    look = st.session_state.setdefault(_LOOK, 0)
    st.caption(say("Draw a box on the map to have a zone of your own there, another for the next."))
    figure = zone_map.to_draw_on(covered, proposed, boxes, dark=frame.is_dark())
    st.plotly_chart(
        figure, theme=None, width="stretch", key=f"drawn:map:{look}", selection_mode="box",
        on_select=lambda: _drawn(f"drawn:map:{look}", covered),
        config={"modeBarButtonsToRemove": ["lasso2d", "toImage"]},
        alt=say("Land of the images, with the zones that are proposed or drawn"),
    )  # fmt: skip
    if not boxes:
        return
    table = pd.DataFrame(boxes, columns=list(_COLUMNS))
    columns: dict[str, Any] = {
        "zone_id": st.column_config.TextColumn(
            say("Zone"), required=True, validate=r"^[a-z0-9][a-z0-9_-]{0,63}$"
        ),
        "split": st.column_config.SelectboxColumn(
            say("Split"), options=list(_SPLITS), required=True,
            format_func=lambda split: say(str(split)),
        ),
        **dict.fromkeys(_COLUMNS[2:]),
    }  # fmt: skip
    st.data_editor(
        table, hide_index=True, num_rows="delete", key=f"drawn:table:{look}", width="stretch",
        on_change=lambda: _edited(f"drawn:table:{look}"), column_config=columns,
    )  # fmt: skip
    with st.container(horizontal=True):
        st.button(
            say("Use the drawn zones ({n})", n=number(len(boxes))), key="drawn:keep",
            icon=":material/check:", on_click=_keep, args=(dataset, chooser),
            disabled=identity.barred("upload") is not None, help=identity.barred("upload"),
        )  # fmt: skip
        st.button(
            say("Draw anew"), key="drawn:clear", icon=":material/undo:", on_click=_set, args=([],)
        )
    if fault := st.session_state.pop(_FAULT, None):
        st.error(told(fault), icon=":material/error:")


def is_begun() -> bool:
    """True if boxes were drawn that no list holds yet."""
    return bool(st.session_state.get(_BOXES))


def forget() -> None:
    """Leave what was drawn over other images."""
    st.session_state.pop(_BOXES, None)


def written(boxes: Sequence[Box]) -> bytes:
    """The boxes as a list of zones, GeoJSON in degrees."""
    features = [
        {
            "type": "Feature",
            "properties": {"zone_id": name, "region": _REGION, "split": split},
            "geometry": {"type": "Polygon", "coordinates": [_ring(west, south, east, north)]},
        }
        for name, split, west, south, east, north in boxes
    ]
    return json.dumps({"type": "FeatureCollection", "features": features}).encode()


def _ring(west: float, south: float, east: float, north: float) -> list[list[float]]:
    """Around a box; a map over the antimeridian goes on beyond 180 degrees."""
    corners = [(west, south), (east, south), (east, north), (west, north), (west, south)]
    return [[round(longitude.wrapped(x), 7), round(y, 7)] for x, y in corners]


def _drawn(key: str, covered: Sequence[Grid]) -> None:
    """Take a box that was drawn, as far as there are images."""
    selection: Any = st.session_state[key]["selection"]
    boxes = list(st.session_state[_BOXES])
    west, south, east, north = zone_map.extent(covered)
    for one in selection.get("box") or ():
        (x0, x1), (y0, y1) = sorted(map(float, one["x"])), sorted(map(float, one["y"]))
        left, right, low, high = max(x0, west), min(x1, east), max(y0, south), min(y1, north)
        is_new = (left, low, right, high) not in {box[2:] for box in boxes}  # it may be told twice
        if is_new and left < right and low < high:
            taken = {box[0] for box in boxes}
            name = next(n for i in count(1) if (n := f"zone_{i}") not in taken)
            # The second is held out, since one of each is what a model needs at least.
            boxes.append((name, "test" if len(boxes) == 1 else "train", left, low, right, high))
    _set(boxes)


def _edited(key: str) -> None:
    changed: Any = st.session_state[key]
    rows = [dict(zip(_COLUMNS, box, strict=True)) for box in st.session_state[_BOXES]]
    for row, cells in changed["edited_rows"].items():
        rows[int(row)] |= {name: cells[name] for name in ("zone_id", "split") if cells.get(name)}
    gone = set(changed["deleted_rows"])
    _set([tuple(row[name] for name in _COLUMNS) for i, row in enumerate(rows) if i not in gone])


def _set(boxes: Sequence[Any]) -> None:
    st.session_state[_BOXES] = list(boxes)
    st.session_state[_LOOK] += 1  # map and table are drawn anew, without the box just drawn


def _keep(dataset: str, chooser: str) -> None:
    """Write the list, and choose it in the form."""
    try:
        path = incoming.save(f"zones_{dataset}.geojson", written(st.session_state[_BOXES]))
    except CropdashError as error:
        st.session_state[_FAULT] = str(error)
        return
    st.session_state[chooser] = path.name
    _set([])
