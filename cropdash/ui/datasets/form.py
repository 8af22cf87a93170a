"""A new dataset: source, season and zones, as a form and as the command it stands for."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import Any

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from cropdash.domain.errors import ConfigError
from cropdash.i18n import number, say, sentence
from cropdash.settings import build
from cropdash.settings.build import BuildConfig
from cropdash.ui.datasets import credentials, incoming, watch, zone_choice
from cropdash.ui.shell import address, frame
from cropdash.ui.widgets import settings_form

NAMES = {
    "simulated": sentence("Simulator"),
    "local": sentence("Local"),
    "earthengine": sentence("Earth Engine"),
    "stac": sentence("STAC"),
}
_ABOUT = {
    "simulated": sentence(
        "A made-up landscape with real crop shares and clouds: no account, no download."
    ),
    "local": sentence("Scenes, parcels and zones that are on this machine already."),
    "earthengine": sentence("Your register, and monthly medians computed by Google Earth Engine."),
    "stac": sentence("Your register, and scenes of a STAC catalogue; some need no account."),
}
_WHERE = ("workers", "scheduler")
_CONTEXT: dict[str, incoming.Kind] = {
    "elevation_path": "terrain",
    "previous_register_path": "register",
}
_FOREIGN = ("id_column", "code_column")
_PROVIDERS = ("planetary-computer", "copernicus", "earth-search")
_RESERVED = (incoming.FOLDER,)  # a folder beside the datasets

Start = Callable[[BuildConfig], object]


@st.fragment
def new_build(
    taken: Collection[str], command_line: Callable[[BuildConfig], str], start: Start
) -> None:
    """The form; `start` is called with its settings, and the page then shows the build."""
    form, beside = st.columns([5, 7], gap="large")
    with form, frame.plainly():
        _form(taken, command_line, start, beside)


def _form(
    taken: Collection[str],
    command_line: Callable[[BuildConfig], str],
    start: Start,
    beside: DeltaGenerator,
) -> None:
    source = _choose_source()
    st.caption(say(_ABOUT[source]))
    name = st.text_input(
        say("Dataset"), value=_free_name(source, taken), key=f"build:{source}:dataset",
        help=say("Name of the new dataset: lower-case letters, digits, '_' and '-'."),
    ).strip()  # fmt: skip
    chosen, zones, lacking = _CONTROLS[source](build.KINDS[source], beside)
    chosen |= _fields(source, say("Where it runs"), ":material/memory:", _WHERE)
    if lacking:
        st.caption(say("Still to give: {what}.", what=", ".join(lacking)))
        st.button(say("Start building"), icon=":material/play_arrow:", disabled=True)
        return
    if name in taken or name in _RESERVED:
        raise ConfigError(f"There is a dataset {name!r} already: choose another name.")
    _offer({**chosen, "source": source, "dataset": name}, zones, command_line, start)


def _choose_source() -> str:
    chosen = st.segmented_control(
        say("Source"), list(NAMES), default="simulated", required=True,
        format_func=lambda name: say(NAMES[name]),
        key="build:source",
    )  # fmt: skip
    return str(chosen or "simulated")


def _free_name(source: str, taken: Collection[str]) -> str:
    names = [source, *(f"{source}_{n}" for n in range(2, 1000))]
    return next(name for name in names if name not in taken)


def _offer(
    values: dict[str, Any],
    zones: zone_choice.Choice | None,
    command_line: Callable[[BuildConfig], str],
    start: Start,
) -> None:
    """The command, and the button that does the same; a list of zones is written only then."""
    if zones:
        values["zones_path"] = zones.path(values["dataset"])
    config = build.parse(values)
    once = say("The same from a terminal, once the zones are written:")
    st.caption(once if zones else say("The same from a terminal:"))
    st.code(command_line(config), language=None, wrap_lines=True)
    if not st.button(say("Start building"), type=frame.main_button(), icon=":material/play_arrow:"):
        return
    if zones:
        zones.save(values["dataset"])
    start(config)
    address.put("dataset", config.dataset)
    address.put(watch.VIEW, watch.ZONES)
    frame.announce(
        say("{dataset} is being built; you may close this page.", dataset=config.dataset)
    )
    st.rerun()


def _simulated(kind: type[BuildConfig], beside: DeltaGenerator) -> Any:
    names = ["season", "zones_per_region", "size", "seed"]
    chosen = settings_form.fields(kind, names, {}, "build:simulated")
    zones = int(chosen["zones_per_region"]) * 8
    side = int(chosen["size"]) / 100
    with beside:
        zone_choice.preview(int(chosen["zones_per_region"]))
        st.caption(
            say(
                "{n} zones of {side} x {side} km in eight regions, {year}.",
                n=zones,
                side=number(side, "g"),
                year=chosen["season"],
            )
        )
    return chosen, None, []


def _local(kind: type[BuildConfig], beside: DeltaGenerator) -> Any:
    what = say("a folder with `scenes/*.tif`, a register (`*.gpkg`) and `zones.geojson`")
    folder = _select(say("Folder"), incoming.listed("scenes"), what, "local:folder")
    chosen = settings_form.fields(kind, ["season"], {}, "build:local") | _context("local")
    return chosen | {"folder": folder}, None, [] if folder else [say("a folder")]


def _earthengine(kind: type[BuildConfig], beside: DeltaGenerator) -> Any:
    credentials.earthengine()
    chosen = settings_form.fields(kind, ["season", "project"], {"project": ""}, "build:earthengine")
    more, zones, lacking = _register("earthengine", beside)
    return chosen | more, zones, [*lacking, *([say("the Cloud project")] * (not chosen["project"]))]


def _stac(kind: type[BuildConfig], beside: DeltaGenerator) -> Any:
    provider = st.selectbox(
        say("Provider"), _PROVIDERS, accept_new_options=True, key="build:stac:endpoint",
        help=say("One of the list, or type the address of a STAC API (https://…)."),
    )  # fmt: skip
    credentials.stac(str(provider))
    chosen = settings_form.fields(kind, ["season", "collection"], {}, "build:stac")
    more, zones, lacking = _register("stac", beside)
    return chosen | more | {"endpoint": str(provider)}, zones, lacking


def _register(
    source: str, beside: DeltaGenerator
) -> tuple[dict[str, Any], zone_choice.Choice | None, list[str]]:
    """Parcels and zones: what the sources share that fetch images for them."""
    what = say("an RPG edition (folder, .7z, .gpkg or .parquet)")
    register = _select(say("Register"), incoming.listed("register"), what, f"{source}:register")
    with beside:
        zones = zone_choice.choose()
    chosen: dict[str, Any] = {"register_path": register} | _fields(
        source, say("A register of another country"), ":material/translate:", _FOREIGN, codes=True
    )
    chosen |= _context(source)
    lacking = [] if register else [say("a register")]
    return chosen, zones, lacking if zones else [*lacking, say("zones")]


def _select(label: str, files: Mapping[str, Path], what: str, key: str) -> Path | None:
    """One of the files, or a sentence on where to put one."""
    if not files:
        told = say(
            "**{label}:** put {what} into `{folder}`, then reload this page.",
            label=label, what=what, folder=incoming.folder(),
        )  # fmt: skip
        st.info(told, icon=":material/drive_folder_upload:")
        return None
    where = say("In {folder}.", folder=incoming.folder())
    name = st.selectbox(label, list(files), key=f"build:{key}", help=where)
    return files[name]


def _fields(
    source: str, title: str, icon: str, names: Collection[str], *, codes: bool = False
) -> dict[str, Any]:
    """Settings that few change, in a box that opens; those left empty are left out."""
    with st.expander(title, icon=icon):
        kind = build.KINDS[source]
        chosen = settings_form.fields(kind, list(names), {}, f"build:{source}")
        if codes:
            tables = incoming.listed("codes")
            name = st.selectbox(
                say("Code table"), list(tables), index=None, key=f"build:{source}:codes",
                placeholder=say("none: codes of the RPG"),
                help=say("A CSV with columns code and class, for another country's crop codes."),
            )  # fmt: skip
            chosen["code_table"] = tables.get(str(name))
    return {key: value for key, value in chosen.items() if value not in ("", None)}


def _context(source: str) -> dict[str, Any]:
    """Files that a model may be told of beside the year's images; those not chosen are left out."""
    chosen: dict[str, Any] = {}
    with st.expander(say("Heights and last year's crops"), icon=":material/landscape:"):
        st.caption(say("A model can learn from them too, where they are given."))
        for name, kind in _CONTEXT.items():
            field, files = build.KINDS[source].model_fields[name], incoming.listed(kind)
            none = say("none") if files else say("none in {folder}", folder=incoming.folder())
            picked = st.selectbox(
                say(str(field.title)), list(files), index=None, key=f"build:{source}:{name}",
                placeholder=none, help=say(str(field.description)),
            )  # fmt: skip
            if picked:
                chosen[name] = files[picked]
    return chosen


_CONTROLS: dict[str, Callable[[type[BuildConfig], DeltaGenerator], Any]] = {
    "simulated": _simulated,
    "local": _local,
    "earthengine": _earthengine,
    "stac": _stac,
}
