"""What the decisions taken so far say of the lamps: errors by class, pixels and size, and a curve."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from cropdash.domain import Level
from cropdash.evaluate import lamps
from cropdash.figures import season as figures
from cropdash.i18n import number, probability, say
from cropdash.storage import decisions
from cropdash.ui.review import notes, words
from cropdash.ui.shell import frame
from cropdash.ui.widgets import chart
from cropdash.ui.widgets import table as widget

_WRONG = (decisions.DOUBTFUL, decisions.RELABEL)
_PIXELS = (0, 8, 20, 50, 200)  # least of each part
_HECTARES = (0.0, 0.25, 0.5, 1.0, 5.0)


def wrong(table: pd.DataFrame, dataset: str) -> pd.Series:
    """By (zone_id, parcel_id) which declarations were decided to be wrong, of those decided at all."""
    known = notes.added(table, dataset).set_index(lamps.KEYS)["decision"]
    known = known[known.isin([decisions.KEEP, *_WRONG])]
    return known.isin(_WRONG)


def show(table: pd.DataFrame, decided: pd.Series, dataset: str, level: Level) -> None:
    """`table` is the evidence of a day with its lamps as `light`."""
    st.caption(
        say(
            "By the {n} decisions on these declarations, of which {wrong} say that the declaration is "
            "doubtful or another class. Who decides where to look decides what is found: only an audit by "
            "lot tells it of all parcels.",
            n=number(len(decided)), wrong=number(int(decided.sum())),
        )
    )  # fmt: skip
    if decided.empty:
        return
    rows = table.set_index(lamps.KEYS).loc[decided.index]
    left, right = st.columns(2, gap="medium")
    with left:
        _curve(rows, decided)
    with right:
        names, lamp = words.names(dataset, level), rows["light"]
        by = {
            say("Class"): rows["declared"].map(lambda k: names[k]),
            say("Pixels"): _parts(rows["n_pixels"], _PIXELS, say("{n} pixels")),
            say("Size"): _parts(rows["area_ha"], _HECTARES, say("{n} ha")),
        }
        whole = pd.Series(say("All"), rows.index)
        for title, values in {say("All"): whole, **by}.items():
            with st.expander(title, expanded=title == say("All")):
                widget.show(_readable(lamps.errors(lamp, decided, values), title), width="stretch")


def _curve(rows: pd.DataFrame, decided: pd.Series) -> None:
    judged = rows["judged"].to_numpy(bool)
    truth, supported = decided.to_numpy(bool)[judged], rows["supported"].to_numpy()[judged]
    if not truth.any():
        return
    sure = rows.filter(regex=r"^sure_\d+$").mean(axis=1).to_numpy()[judged]
    curves = {
        say("By what was declared"): lamps.curve(-supported, truth),
        say("By the top probability"): lamps.curve(-sure, truth),
    }
    chart.draw(
        say("Found against visited, the most doubtful first"),
        figures.curve(curves, dark=frame.is_dark()), "chart:found",
    )  # fmt: skip


def _parts(values: pd.Series, least: Sequence[float], unit: str) -> pd.Series:
    """Each value's part, in words that sort as the parts do."""
    ends = [*least[1:], np.inf]
    told = [
        unit.replace(
            "{n}", f"≥ {number(low)}" if high == np.inf else f"{number(low)} – {number(high)}"
        )
        for low, high in zip(least, ends, strict=True)
    ]
    cut = pd.cut(values, [*least, np.inf], right=False, labels=told)
    return pd.Series(cut, values.index)


def _readable(table: pd.DataFrame, title: str) -> pd.DataFrame:
    def told(row: Mapping[Hashable, Any], name: str) -> str:
        if row[name] != row[name]:  # NaN: there are none
            return "–"
        ends = (probability(row[f"{name}_{end}"]) for end in ("low", "high"))
        return f"{probability(row[name])} ({' – '.join(ends)})"

    rows = table.to_dict("records")
    return pd.DataFrame(
        {
            title: [str(row["by"]) for row in rows],
            say("Parcels"): [number(row["parcels"]) for row in rows],
            say("Right, but opposed"): [told(row, "opposed") for row in rows],
            say("Wrong, not opposed"): [told(row, "missed") for row in rows],
        }
    )
