"""A new dataset: source, season and zones, as a form and as the command it stands for."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any

import pandas as pd
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from cropdash.domain import Zone
from cropdash.domain.errors import ConfigError
from cropdash.i18n import number, say
from cropdash.legend import load
from cropdash.settings import estimate, sources, waits
from cropdash.settings.build import RESERVED, BuildConfig
from cropdash.settings.sources import SourceKind
from cropdash.ui.datasets import controls, drawing, watch, zone_choice
from cropdash.ui.shell import address, data, frame, identity
from cropdash.ui.shell.literal import literal
from cropdash.ui.widgets import table as widget

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
    kind = _choose_source()
    st.caption(say(kind.hint))
    name = st.text_input(
        say("Dataset"), value=_free_name(kind.name, taken), key=f"build:{kind.name}:dataset",
        help=say("Name of the new dataset: lower-case letters, digits, '_' and '-'."),
    ).strip()  # fmt: skip
    asked = controls.ask(kind, beside)
    if asked.lacking:
        st.caption(say("Still to give: {what}.", what=", ".join(asked.lacking)))
        st.button(say("Start building"), icon=":material/play_arrow:", disabled=True)
        return
    if name in taken or name in RESERVED:
        raise ConfigError("There is a dataset {a} already: choose another name.", a=repr(name))
    values = {**asked.values, "source": kind.name, "dataset": name}
    _offer(values, asked.zones, command_line, start, beside)


def _choose_source() -> SourceKind:
    kinds = {kind.name: kind for kind in sources.kinds()}
    first = next(iter(kinds))
    chosen = st.segmented_control(
        say("Source"), list(kinds), default=first, required=True,
        format_func=lambda name: say(kinds[name].label), key="build:source", wrap=True,
    )  # fmt: skip
    return kinds[str(chosen or first)]


def _free_name(source: str, taken: Collection[str]) -> str:
    names = [source, *(f"{source}_{n}" for n in range(2, 1000))]
    return next(name for name in names if name not in taken)


def _offer(
    values: dict[str, Any],
    chosen: zone_choice.Choice | None,
    command_line: Callable[[BuildConfig], str],
    start: Start,
    beside: DeltaGenerator,
) -> None:
    """The command, and the button that does the same; a list of zones is written only then."""
    if chosen:
        values["zones_path"] = chosen.path(values["dataset"])
    config = sources.parse(values)
    if config.legend_path or config.codes:
        st.caption(literal(_legend(config)))
    if chosen:
        zones = chosen.zones
    else:
        with beside:
            zones = _shown(config)
            _found(config)
        if drawing.is_begun():
            st.caption(say("Use the zones that you drew, or draw anew, before you build."))
            st.button(say("Start building"), icon=":material/play_arrow:", disabled=True)
            return
    st.caption(literal(taking(config, zones)))
    once = say("The same from a terminal, once the zones are written:")
    st.caption(once if chosen else say("The same from a terminal:"))
    st.code(command_line(config), language=None, wrap_lines=True)
    icon, label = ":material/play_arrow:", say("Start building")
    if not identity.button(label, "start", type="primary", icon=icon):
        return
    if chosen:
        chosen.save(values["dataset"])
    begin(config, start)


def _shown(config: BuildConfig) -> tuple[Zone, ...]:
    """The zones of a source that says itself which it covers, on a map: to draw on, where it may be."""
    kind, chooser = sources.of(config), f"build:{config.source}:zones_path"
    source, land, zones = kind.open(config), kind.covered(config), tuple[Zone, ...]()
    try:
        zones = source.zones()
    finally:  # where none can be proposed, they can be drawn
        if land:
            drawing.draw(land, zones, config.dataset, chooser)
    if not land:
        drawing.forget()
        zone_choice.preview(zones)
    return zones


def begin(config: BuildConfig, start: Start) -> None:
    """Start a build, and show how far it is."""
    start(config)
    address.put("dataset", config.dataset)
    address.put(watch.VIEW, watch.ZONES)
    frame.announce(
        say("{dataset} is being built; you may close this page.", dataset=config.dataset)
    )
    st.rerun()


def _found(config: BuildConfig) -> None:
    """What lies in the folder or the table, before anything is built."""
    legend = load(config.legend_path, codes=config.codes, level=config.legend_level)
    facts = list(sources.of(config).found(config, legend))
    if facts:
        table = pd.DataFrame(facts, columns=[say("What"), say("Found")])
        widget.show(table, width="stretch")


def _legend(config: BuildConfig) -> str:
    """What the legend of the settings holds; raises ConfigError for what can't be read in it."""
    found = load(config.legend_path, codes=config.codes, level=config.legend_level)
    return say(
        "Legend: {n} classes in {groups} groups of {families} families, {codes} codes.",
        n=found.n_classes - 1,
        groups=len({c.group for c in found.classes[1:]}),
        families=len({c.family for c in found.classes[1:]}),
        codes=number(len(found.codes)),
    )


def taking(config: BuildConfig, zones: tuple[Zone, ...]) -> str:
    """What the build will take, in a sentence or two."""
    found = estimate.of(config, zones)
    told = say(
        "{zones} zones, {periods} periods ({start} to {end}), {bands} bands: up to {size} on disk.",
        zones=number(found.zones),
        periods=len(found.season.periods),
        start=found.season.start,
        end=found.season.end,
        bands=len(found.bands),
        size=size(found.disk),
    )
    fetching = found.fetching
    if not fetching.transfer:
        expected = data.store().expected_build(config, zones, found.season)
        return f"{told} {waits.told(expected)}"
    low, high = estimate.minutes(fetching.seconds)
    return f"{told} " + say(
        "{requests} requests, up to {size} to fetch, some {low} to {high} minutes.",
        requests=number(fetching.requests),
        size=size(fetching.transfer),
        low=number(low),
        high=number(high),
    )


def size(count: float) -> str:
    """The size of files as readers say it."""
    if count >= 1e9:
        return say("{n} GB", n=number(count / 1e9, ",.1f"))
    return say("{n} MB", n=number(count / 1e6, ",.1f"))
