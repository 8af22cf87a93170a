"""The legend of classes: colours and counts, whose rows choose what the map shows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd
import streamlit as st

from cropdash.i18n import label, number, say
from cropdash.ui.map import counts
from cropdash.ui.shell import address, data
from cropdash.ui.widgets import chart, choices
from cropdash.ui.widgets.run_pair import Pair

_HEIGHT = 320  # [px] of the table


def class_legend(pair: Pair, only: Sequence[int]) -> None:
    """Classes of the zone by declared area, with what each model says; rows can be chosen."""
    said = say("Classes inside declared crops, as declared and as each model names them")
    st.markdown(f"**{said}**")
    unit = choices.one_of(say("Count"), "unit", counts.UNITS)
    table, items = counts.of_classes(pair, unit), data.legend(pair.dataset).classes
    if table.empty:
        st.info(say("No mapped crop is declared in this zone."))
        return
    ids = table["class_id"].tolist()
    shown = pd.DataFrame({say("Class"): [label(items[k]) for k in ids]})
    words = (say("Declared"), *pair.names)
    for word, name in zip(words, counts.SOURCES, strict=True):
        shown[word] = table[name].to_numpy()
    _selectable(pair, shown, ids, only, words, unit, said)
    st.caption(say("Choose rows to see these classes alone."))
    file = (pair.zone.zone_id, "legend")
    chart.button(say("Legend and counts (CSV)"), lambda: whole_legend(pair), pair.dataset, *file)


def whole_legend(pair: Pair) -> pd.DataFrame:
    """class_id, labels by language, name, group, family, colour, and the counts in all units."""
    items, table = data.legend(pair.dataset).classes, counts.of_classes(pair)[["class_id"]].copy()
    rows = [items[k] for k in table["class_id"]]
    for language in data.legend(pair.dataset).languages:
        table[f"label_{language}"] = [item.labels.get(language, "") for item in rows]
    for field in ("name", "group", "family", "colour"):
        table[field] = [getattr(item, field) for item in rows]
    for unit in counts.UNITS:
        of_unit = counts.of_classes(pair, unit)
        named = {f"{source}_{unit}": of_unit[source].to_numpy() for source in counts.SOURCES}
        table = table.assign(**named)
    return table


def _selectable(
    pair: Pair,
    shown: pd.DataFrame,
    ids: Sequence[int],
    only: Sequence[int],
    words: Sequence[str],
    unit: str,
    said: str,
) -> None:
    """The table; its chosen rows and the classes of the address follow each other."""
    key, items = "map:legend", data.legend(pair.dataset).classes
    wanted = sorted(ids.index(k) for k in only if k in ids)
    kept = st.session_state.get(key)
    if sorted(kept["selection"]["rows"] if kept else []) != wanted:
        st.session_state[key] = {"selection": {"rows": wanted}}

    def follow() -> None:
        rows = st.session_state[key]["selection"]["rows"]
        address.put("classes", ",".join(items[ids[row]].name for row in rows) or None)

    form = ",.1f" if unit == "hectares" else ","

    def written(value: Any) -> str:
        return number(value, form)

    plain = [""] * len(words)
    styled = shown.style.apply(
        lambda row: [f"background-color: {items[ids[row.name]].colour}66", *plain], axis=1
    ).format(dict.fromkeys(words, written))
    st.dataframe(
        styled, hide_index=True, width="stretch", height=_HEIGHT, key=key, on_select=follow,
        selection_mode="multi-row", alt=said,
    )  # fmt: skip
