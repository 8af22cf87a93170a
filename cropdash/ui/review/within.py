"""The open parcel's months from above and what its pixels are named, as in its dossier."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from cropdash.evaluate import within
from cropdash.figures import chips, imagery, wording
from cropdash.i18n import label, number, probability, say
from cropdash.storage.store import RunInfo
from cropdash.ui.shell import data
from cropdash.ui.widgets import run_pair, table


def show(case: pd.Series, runs: Sequence[RunInfo]) -> None:
    """Drawn once a switch is pressed: the whole zone's season is read for it."""
    if not st.toggle(say("Within the parcel"), key="review:within"):
        return
    dataset, zone, parcel = runs[0].dataset, str(case["zone_id"]), int(case["parcel_id"])
    cube, legend = data.cube(dataset, zone, True), data.legend(dataset)  # with its margin
    outline = data.parcels(dataset, zone).set_index("parcel_id").loc[parcel, "geometry"]
    inside = data.labels(dataset, zone, True).parcel_id == parcel
    seen = chips.window(outline, cube.grid)
    for mode in [m for m in ("true_colour", "NDVI") if m in imagery.modes(cube.bands)]:
        periods = chips.monthly(data.periods(dataset))
        drawn = chips.strip(cube, periods, mode, outline, seen)
        st.markdown(f"**{imagery.title(mode)}**")
        st.image(drawn, [wording.period(p, with_year=False) for p in periods], width=72)
    for run, name in zip(runs, run_pair.names_of(runs), strict=True):
        named, _ = data.store().around(run.run_id, zone)
        told, found = say("What {model} names each pixel", model=name), within.shares(named, inside)
        st.image(chips.answers(named, inside, outline, cube.grid, legend, seen), told, width=200)
        rows = [
            [label(legend.classes[int(r["class_id"])]), number(int(r["pixels"])), probability(float(r["share"]))]
            for r in found.head(5).to_dict("records")
        ]  # fmt: skip
        columns = [say("Class"), say("Pixels"), say("Share")]
        table.show(pd.DataFrame(rows, columns=columns), width="stretch")
        if within.is_split(found):
            st.caption(
                say("A second answer has so many pixels that the parcel may hold two crops.")
            )
