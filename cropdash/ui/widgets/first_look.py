"""What to look at first in a scored run: three places in the data, each one click away."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd
import streamlit as st

from cropdash import i18n
from cropdash.figures import wording
from cropdash.i18n import number, probability, say
from cropdash.storage.store import RunInfo
from cropdash.ui.shell import data, frame
from cropdash.ui.shell.literal import literal
from cropdash.ui.widgets import cases, parcel, run_pair
from cropdash.ui.widgets.names import crop_name


def show(run: RunInfo) -> None:
    """Links to the most doubtful parcel, the largest confusion, and the zone where models differ most.

    Beside the run stands its partner on the same zones, if there is one.
    """
    scored = [
        r for r in data.usable_runs(run.dataset) if r.scores and r.legend_hash == run.legend_hash
    ]
    other = run_pair.partner(run, scored)
    pair = [run, other] if other is not None and cases.common_zones([run, other]) else [run]
    sides = ("left", "right")
    where = {side: one.run_id for side, one in zip(sides, pair, strict=False)}
    where["dataset"] = run.dataset
    if len(pair) == 1:
        where["right"] = run_pair.NONE
    st.markdown(f"**{say('Look at this first')}**")
    with st.container(key="first_look"):  # below each other: page.css keeps their place
        _doubtful(pair, where)
        _confusion(run, pair, where)
        _zone(pair, where)


def _doubtful(pair: Sequence[RunInfo], where: dict[str, str]) -> None:
    found = cases.cases(pair, "class")
    if not len(found):
        return
    case = found.iloc[0]
    zone, own = str(case["zone_id"]), int(case["parcel_id"])
    label = say(
        "The most doubtful parcel: {id} in {zone}, declared {crop}, which is {p} probable",
        id=literal(parcel.named(pair[0].dataset, zone, own)), zone=wording.place(zone),
        crop=literal(i18n.inside(crop_name(pair[0].dataset, int(case["declared"])))),
        p=probability(float(case["supported"])),
    )  # fmt: skip
    frame.link("Review", where | {"zone": zone, "parcel": str(case["register_id"])}, label)


def _confusion(run: RunInfo, pair: Sequence[RunInfo], where: dict[str, str]) -> None:
    """Of pixels, as Compare counts unasked; with one run there is nothing to compare it with."""
    table = data.store().confusions(run.run_id)
    wrong = table[
        (table["unit"] == "pixel") & (table["truth"] != table["predicted"]) & (table["truth"] > 0)
    ]
    summed = wrong.groupby(["truth", "predicted"])["value"].sum()
    if len(pair) < 2 or summed.empty:
        return
    largest: Any = summed.idxmax()
    truth, predicted = int(largest[0]), int(largest[1])
    label = say(
        "The largest confusion of {model}: {declared} called {named} ({n} pixels)",
        model=run_pair.model_name(run), n=number(float(summed.max()), ",.0f"),
        declared=literal(i18n.inside(crop_name(run.dataset, truth))),
        named=literal(i18n.inside(crop_name(run.dataset, predicted))),
    )  # fmt: skip
    frame.link("Compare", where | {"cell": f"{truth}-{predicted}"}, label)


def _zone(pair: Sequence[RunInfo], where: dict[str, str]) -> None:
    """Where the two name the most parcels differently; with one run, where it errs most."""
    said = [data.store().calibration(one.run_id) for one in pair]
    keys = ["zone_id", "parcel_id"]
    if len(pair) == 2:
        both = said[0].merge(said[1][[*keys, "predicted"]], on=keys, suffixes=("", "_other"))
        apart = both["predicted"] != both["predicted_other"]
        text = say("The zone where the models differ most: {zone} ({share} of the parcels)")
    else:
        both, apart = said[0], ~said[0]["correct"].astype(bool)
        text = say("The zone where it errs most: {zone} ({share} of the parcels)")
    if both.empty:
        return
    shares: pd.Series = apart.groupby(both["zone_id"]).mean()
    zone = str(shares.idxmax())
    label = text.format(zone=wording.place(zone), share=probability(float(shares.max())))
    frame.link("Map", where | {"zone": zone}, label)
