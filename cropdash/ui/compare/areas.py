"""How much of each crop: what the maps show, and what is left when their errors are taken out."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import streamlit as st

from cropdash.evaluate.area import estimate_area_by_zone
from cropdash.figures import standing
from cropdash.i18n import number, say
from cropdash.ui.compare.controls import group_labels, test_zones
from cropdash.ui.compare.counting import Choice, Names, Runs, Scored, score
from cropdash.ui.shell import frame
from cropdash.ui.widgets import chart

_SHOWN = 20  # classes of the chart; the CSV has all


def show(runs: Runs, names: Names, choice: Choice) -> None:
    """Mapped and corrected hectares of each class by both runs, with intervals."""
    scored = score(*runs, replace(choice, unit="hectare", background=False))
    table = areas_of(scored, choice)
    largest = table.groupby("class_id")["estimated_ha"].max().nlargest(_SHOWN).index
    title = say(
        "Hectares by class as mapped, and corrected for the map's errors: parcels of {zones}",
        zones=test_zones(len(choice.zones)),
    )
    if table["class_id"].nunique() > len(largest):
        title += say("; the {n} largest", n=number(len(largest)))
    figure = standing.areas(
        table[table["class_id"].isin(largest)], names, group_labels(runs[0].dataset, choice.level),
        dark=frame.is_dark(),
    )  # fmt: skip
    chart.show(title, figure, lambda: table, runs[0].dataset, "areas", "areas", choice.level)
    st.caption(
        say(
            "Filled: the area that the model's answers add up to. Open, with a line: the area "
            "that is left when what it confuses is moved back, and how far that would vary if "
            "other zones had been drawn (95 %). Over the zones that were scored the corrected "
            "area is the declared one; the line says how much to trust the same correction "
            "elsewhere."
        )
    )


def areas_of(scored: Scored, choice: Choice) -> pd.DataFrame:
    """side, and the columns of `evaluate.area.estimate_area_by_zone`, for both runs.

    The hectares of the scored parcels are both what was mapped and what was sampled.
    """
    tables = []
    for side, zones in zip(("left", "right"), scored.at(choice.level), strict=True):
        counts = np.stack([c.counts for c in zones.values()])  # (Z, K, K)
        table = estimate_area_by_zone(counts, counts.sum(axis=(0, 1)))
        tables.append(table.assign(side=side))
    return pd.concat(tables, ignore_index=True)
