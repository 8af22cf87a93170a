"""A real place: chosen on a map, looked through, shown with its zones, and built."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import pandas as pd
import streamlit as st
from streamlit.delta_generator import DeltaGenerator
from streamlit_folium import st_folium

from cropdash.domain import Grid, Zone
from cropdash.domain.errors import ConfigError
from cropdash.figures import place_map
from cropdash.files import outlines
from cropdash.i18n import label, number, say
from cropdash.legend import load
from cropdash.settings import estimate, sources
from cropdash.settings.build import RESERVED, BuildConfig
from cropdash.ui.datasets import form, incoming, zone_choice, zone_lists
from cropdash.ui.shell import frame
from cropdash.ui.shell.literal import literal
from cropdash.ui.widgets import table as widget

RADIUS_KM = 10.0  # around the place
FIRST_YEAR = 2016  # of a whole season of images; the register's service begins a year before
_LAT, _LON = "place:lat", "place:lon"
_FOUND = "place:found"
_HEIGHT = 470
KM_A_DEGREE = 111.3
_SIZES = {128: "1.3 km", 256: "2.6 km", 512: "5.1 km"}  # sides of a zone


class Looking(Protocol):
    """What looks a place through; see `jobs.place`."""

    def look(self, name: str, lat: float, lon: float, **asked: Any) -> tuple[Any, Path, Path]:
        """Look through a place, and say what is there."""

    def command_line(self, name: str, lat: float, lon: float, **asked: Any) -> str:
        """What a person would type for the settings."""


class Asked(NamedTuple):
    """What was typed."""

    name: str
    lat: float
    lon: float
    season: str
    size: int
    number: int
    area: Path | None = None  # polygons that are looked through, in place of the surroundings
    service: Path | None = None  # settings of another country's register
    codes: tuple[Path, ...] = ()  # what its crop codes mean

    @property
    def options(self) -> Mapping[str, Any]:
        """What a person would type for it."""
        return {
            "season": self.season, "size": self.size, "number": self.number,
            "area": self.area, "service": self.service, "codes": self.codes,
        }  # fmt: skip


@st.fragment
def real_place(
    taken: Collection[str], looking: Looking, start: Callable[[BuildConfig], object]
) -> None:
    """The form and the map; `start` is called with the settings of what was found."""
    beside, left = st.columns([7, 5], gap="medium")
    with left, frame.plainly():
        area = _area()
    with beside, frame.plainly():
        _map(outlines.union(area) if area else None)
    with left, frame.plainly():
        asked = _ask(taken, area)
        _say_cost(asked)
        if st.button(say("Look for zones"), icon=":material/search:", type=_weight(asked)):
            with st.spinner(say("Fetching the parcels and proposing zones …")):
                found = looking.look(asked.name, asked.lat, asked.lon, **asked.options)
            st.session_state[_FOUND] = (tuple(asked), found)
        if _is_found(asked):
            _offer(asked, st.session_state[_FOUND][1], looking, start, beside)


def _area() -> Path | None:
    """Polygons of data/incoming in which zones are to lie; None: around a place."""
    areas = incoming.listed("area")
    if not areas:
        return None
    around = say("{n} km around a place", n=number(RADIUS_KM, ".0f"))
    return areas.get(st.selectbox(say("Where"), [around, *areas], key="place:area"))


def _map(outline: Any) -> None:
    dark = frame.is_dark()
    lat, lon = st.session_state.setdefault(_LAT, 48.45), st.session_state.setdefault(_LON, 1.49)
    around = say("Click the place, or type its coordinates.")
    st.caption(around if outline is None else say("Zones are proposed inside this area."))
    st_folium(
        place_map.draw(dark), key="place:map", height=_HEIGHT, use_container_width=True,
        returned_objects=["last_clicked"], on_change=_clicked,
        feature_group_to_add=place_map.mark(lat, lon, RADIUS_KM, dark, outline),
    )  # fmt: skip


def _clicked() -> None:
    place = (st.session_state.get("place:map") or {}).get("last_clicked")
    if place and st.session_state.get("place:click") != place:
        st.session_state["place:click"] = place
        st.session_state[_LAT] = round(min(max(float(place["lat"]), -80.0), 84.0), 4)
        st.session_state[_LON] = round((float(place["lng"]) + 180) % 360 - 180, 4)


def _ask(taken: Collection[str], area: Path | None) -> Asked:
    names = ["place", *(f"place_{n}" for n in range(2, 1000))]
    name = st.text_input(
        say("Dataset"), value=next(n for n in names if n not in taken), key="place:name",
        help=say("Name of the new dataset: lower-case letters, digits, '_' and '-'."),
    ).strip()  # fmt: skip
    north, east = st.columns(2)
    lat = north.number_input(
        say("Latitude"), -80.0, 84.0, step=0.01, format="%.4f", key=_LAT, disabled=bool(area),
        help=say("Degrees; France lies between 41 and 51."),
    )  # fmt: skip
    lon = east.number_input(
        say("Longitude"), -180.0, 180.0, step=0.01, format="%.4f", key=_LON, disabled=bool(area),
        help=say("Degrees; west of Greenwich is negative."),
    )  # fmt: skip
    one, two, three = st.columns(3)
    years = list(range(dt.datetime.now(dt.UTC).year - 1, FIRST_YEAR - 1, -1))
    known = years.index(2023) if 2023 in years else 0
    season = one.selectbox(say("Year"), years, index=known, key="place:year")
    size = two.selectbox(
        say("Zone size"), list(_SIZES), index=1, key="place:size",
        format_func=lambda side: _SIZES[side].replace(".", number(0.1, ".1f")[1]),
        help=say("Side of each square that is mapped."),
    )  # fmt: skip
    count = three.number_input(
        say("Zones"),
        2,
        20,
        5,
        key="place:number",
        help=say("One in five is held out for the test."),
    )
    if name in taken or name in RESERVED:
        raise ConfigError("There is a dataset {a} already: choose another name.", a=repr(name))
    service, codes = _register()
    return Asked(name, lat, lon, str(season), size, count, area, service, codes)


def _register() -> tuple[Path | None, tuple[Path, ...]]:
    """Another register than the French one, where settings of one lie in data/incoming."""
    services = incoming.listed("service")
    if not services:
        return None, ()
    french = say("France (RPG)")
    name = st.selectbox(say("Register"), [french, *services], key="place:service")
    if name == french:
        return None, ()
    tables = incoming.listed("codes")
    chosen = st.multiselect(say("Crop codes"), list(tables), key="place:codes")
    return services[name], tuple(tables[one] for one in chosen)


def _config(asked: Asked, register: Path, zones: Path) -> BuildConfig:
    return sources.parse(
        {
            "source": sources.fetching(), "dataset": asked.name, "season": asked.season,
            "register_path": register, "zones_path": zones, "codes": asked.codes,
        }
    )  # fmt: skip


def _say_cost(asked: Asked) -> None:
    """Requests, bytes and minutes, before anybody is asked."""
    nowhere = Path(f"{asked.name}.parquet")
    config = _config(asked, nowhere, nowhere)
    grid = Grid("EPSG:32631", 5e5, 5e6, 10.0, (asked.size, asked.size))
    zones = tuple(Zone(f"z{n}", "z", "train", grid) for n in range(asked.number))
    extent = _km2(outlines.union(asked.area)) if asked.area else (2 * RADIUS_KM) ** 2
    parcels = estimate.of_parcels(extent)
    st.caption(
        say(
            "Parcels of {extent} km²: some {requests} requests, {size}, no account.",
            extent=number(extent, ",.0f"),
            requests=number(parcels.requests),
            size=form.size(parcels.transfer),
        )
    )
    st.caption(literal(say("Images:") + " " + form.taking(config, zones)))


def _km2(outline: Any) -> float:
    """Of the box in degrees that holds a shape: that is what is asked for."""
    west, south, east, north = outline.bounds
    wide = (east - west) * math.cos(math.radians((south + north) / 2))
    return float(wide * (north - south) * KM_A_DEGREE**2)


def _weight(asked: Asked) -> Any:
    return "secondary" if _is_found(asked) else "primary"


def _is_found(asked: Asked) -> bool:
    kept = st.session_state.get(_FOUND)
    return kept is not None and kept[0] == tuple(asked)


def _offer(
    asked: Asked,
    found: tuple[Any, Path, Path],
    looking: Looking,
    start: Callable[[BuildConfig], object],
    beside: DeltaGenerator,
) -> None:
    about, register, listed = found
    zones = zone_lists.read(listed).zones
    with beside:
        zone_choice.preview(zones)
    st.markdown(
        say(
            "**{parcels} parcels.** {tested} classes stand on both sides of the split; {untested}"
            " cannot be tested.",
            parcels=number(about.parcels), tested=number(about.tested),
            untested=number(len(about.untested)),
        )
    )  # fmt: skip
    if about.untested:
        with st.expander(say("Classes that cannot be tested, and why"), icon=":material/block:"):
            classes = load(codes=asked.codes).classes
            rows = [(label(classes[crop]), say(why)) for crop, why in about.untested]
            table = pd.DataFrame(rows, columns=[say("Class"), say("Why")])
            widget.show(table, height=widget.fitting(len(table), 260))
    config = _config(asked, register, listed)
    st.caption(say("The same from a terminal:"))
    told = looking.command_line(asked.name, asked.lat, asked.lon, **asked.options)
    st.code(told, language=None, wrap_lines=True)
    if st.button(say("Start building"), type="primary", icon=":material/play_arrow:"):
        form.begin(config, start)
