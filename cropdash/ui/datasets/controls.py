"""The controls of a source's settings, made from their fields: one form for every source."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any

import streamlit as st
from pydantic.fields import FieldInfo
from streamlit.delta_generator import DeltaGenerator

from cropdash.domain import sentinel2
from cropdash.domain.errors import ConfigError
from cropdash.i18n import say, sentence
from cropdash.settings.build import BESIDE, FOREIGN, RUNNING, BuildConfig, hint
from cropdash.settings.sources import SourceKind
from cropdash.ui.datasets import incoming, zone_choice
from cropdash.ui.shell.literal import told
from cropdash.ui.widgets import settings_form

_APART = ("source", "dataset")  # asked for by the form itself
_BOXES = {  # icon, and a sentence on what is inside
    FOREIGN: (":material/translate:", ""),
    BESIDE: (
        ":material/layers:",
        sentence("A model can learn from them too, where they are given."),
    ),
    RUNNING: (":material/memory:", ""),
}
_WHAT = {  # to put into data/incoming
    "register": sentence("an RPG edition (folder, .7z, .gpkg or .parquet)"),
    "scenes": sentence("a folder with `scenes/` or `composites/` and a register (`*.gpkg`)"),
    "rows": sentence("a CSV or Parquet with a row for each parcel and date"),
}


@dataclass
class Answers:
    """What the controls say."""

    values: dict[str, Any] = field(default_factory=dict)  # by setting; those left empty are not in
    zones: zone_choice.Choice | None = None  # where the source is given its zones
    lacking: list[str] = field(default_factory=list)  # what must still be given


def ask(kind: SourceKind, beside: DeltaGenerator) -> Answers:
    """Show a control for each setting: the source's own first, then all sources', then boxes."""
    found, fields = Answers(), kind.settings.model_fields
    by_box = sorted(_in_order(kind.settings), key=lambda name: _place(fields[name]))
    for place, names in groupby(by_box, key=lambda name: _place(fields[name])):
        if place == 0:
            _show(kind, list(names), found, beside)
            continue
        title = list(_BOXES)[place - 1]
        icon, about = _BOXES[title]
        with st.expander(say(title), icon=icon):
            if about:
                st.caption(say(about))
            _show(kind, list(names), found, beside)
    return found


def _in_order(settings: type[BuildConfig]) -> list[str]:
    """Names of the settings, those of the source itself before those that it shares."""
    classes = [c for c in settings.__mro__ if issubclass(c, BuildConfig)]
    names = dict.fromkeys(n for c in classes for n in c.__annotations__ if n in c.model_fields)
    return sorted((n for n in names if n not in _APART), key=_is_of_all)


def _is_of_all(name: str) -> bool:
    return name in BuildConfig.model_fields


def _place(setting: FieldInfo) -> int:
    box = hint(setting, "box")
    return 0 if box is None else 1 + list(_BOXES).index(box)


def _show(kind: SourceKind, names: list[str], found: Answers, beside: DeltaGenerator) -> None:
    """Settings that the type decides two in a row, the others as wide as there is room."""
    fields, key = kind.settings.model_fields, f"build:{kind.name}"
    # Settings of all sources begin a row of their own: season and periods stand side by side.
    for (is_typed, _), run in groupby(
        names, key=lambda name: (_is_typed(fields[name]), _is_of_all(name))
    ):
        group = list(run)
        if is_typed:
            values = settings_form.fields(kind.settings, group, {}, key)
        else:
            values = {
                name: _control(fields[name], f"{key}:{name}", found, beside) for name in group
            }
        found.values |= {n: v for n, v in values.items() if v not in (None, "", ())}
        found.lacking += list(_missing(fields, group, found))
        if any(name in kind.settings.__annotations__ for name in group):
            _say_credentials(kind, values)


def _is_typed(setting: FieldInfo) -> bool:
    """True if the type of a setting says which control suits it."""
    return hint(setting, "widget") is None


def _missing(fields: Mapping[str, FieldInfo], names: list[str], found: Answers) -> Iterator[str]:
    for name in names:
        is_given = name in found.values or (hint(fields[name], "widget") == "zones" and found.zones)
        if _is_needed(fields[name]) and not is_given:
            yield settings_form.title(name, fields[name])


def _control(setting: FieldInfo, key: str, found: Answers, beside: DeltaGenerator) -> Any:
    widget, label, about = hint(setting, "widget"), say(setting.title or ""), _about(setting)
    if widget == "zones":
        with beside:
            found.zones = zone_choice.choose()
        return None
    if widget == "bands":
        return st.pills(
            label, list(sentinel2.TABLE), default=list(setting.default), selection_mode="multi",
            wrap=True, key=key, help=about,
        )  # fmt: skip
    if widget == "choices":
        return st.selectbox(
            label, list(hint(setting, "labels")), accept_new_options=True, key=key, help=about
        )
    return _file(setting, widget, key)


def _is_needed(setting: FieldInfo) -> bool:
    """True if the form asks for it: a list of zones that are only mapped is for the command line."""
    return setting.is_required() or hint(setting, "needed") is True


def _file(setting: FieldInfo, widget: Any, key: str) -> Any:
    """One of the files in data/incoming, or several; or a sentence on where to put one."""
    label, files = say(setting.title or ""), incoming.listed(widget)
    if _is_needed(setting) and not files:
        told = say(
            "**{label}:** put {what} into `{folder}`, then reload this page.",
            label=label, what=say(_WHAT[widget]), folder=incoming.folder(),
        )  # fmt: skip
        st.info(told, icon=":material/drive_folder_upload:")
        return None
    none = say("none") if files else say("none in {folder}", folder=incoming.folder())
    if isinstance(setting.default, tuple):
        names = st.multiselect(label, list(files), key=key, placeholder=none, help=_about(setting))
        return tuple(str(files[name]) for name in names)
    name = st.selectbox(
        label, list(files), index=0 if _is_needed(setting) else None, key=key,
        placeholder=none, help=_about(setting),
    )  # fmt: skip
    return files.get(str(name))


def _about(setting: FieldInfo) -> str:
    return say(setting.description or "")


def _say_credentials(kind: SourceKind, values: Mapping[str, Any]) -> None:
    """Whether the service will let us in; credentials are never shown or written here."""
    try:
        service = kind.service(values)
    except ConfigError:  # an address that is not typed to its end
        return
    if service is None or service.credentials is None:
        return
    held = service.credentials()
    if held.ok:
        st.caption(f":material/key: {told(held.text)}")
    else:
        st.warning(told(held.text), icon=":material/key_off:")
