"""Dossiers on the Review page: of the parcel that is open, or of all that are listed."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from cropdash.i18n import number, say
from cropdash.settings.reports import MOST_PARCELS, Dossiers, Order
from cropdash.storage.store import RunInfo
from cropdash.ui.review import within
from cropdash.ui.shell.literal import said
from cropdash.ui.widgets import reports


def offer(
    case: pd.Series, rows: pd.DataFrame, runs: Sequence[RunInfo], orders: reports.Orders
) -> None:
    """Buttons for both, and what was made of the open parcel."""
    if runs[0].as_of is not None:
        return  # a dossier tells the whole season
    within.show(case, runs)
    dataset, own = runs[0].dataset, str(case["register_id"])
    ids = tuple(run.run_id for run in runs)
    with st.popover(say("Dossier"), icon=":material/description:"):
        st.caption(say("All evidence on a page or two, as PDF and HTML, to be printed or sent."))
        asked = {"kind": "dossier", "dataset": dataset, "runs": ids}
        with st.container(horizontal=True):
            label = said("Parcel {id}", id=own)
            reports.button(label, asked | {"parcels": (own,)}, orders, f"dossier:{own}")
            every = tuple(rows["register_id"].astype(str).drop_duplicates()[:MOST_PARCELS])
            if len(every) > 1:
                label = say("All {n} listed", n=number(len(every)))
                reports.button(label, asked | {"parcels": every}, orders, "dossier:all")

        def holds(order: Order) -> bool:
            return (
                isinstance(order, Dossiers) and own in order.parcels and set(order.runs) == set(ids)
            )

        reports.listed(dataset, holds, orders)
