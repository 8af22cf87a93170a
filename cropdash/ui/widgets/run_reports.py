"""Reports of runs: of one on Train, of two on Compare."""

from __future__ import annotations

import streamlit as st

from cropdash.i18n import say
from cropdash.settings.reports import Order, RunReport
from cropdash.storage.store import RunInfo
from cropdash.ui.widgets import reports


def offer(run: RunInfo, other: RunInfo | None, orders: reports.Orders) -> None:
    """A button for the report of a run, or of two beside each other, and what was made."""
    if run.scores is None or run.as_of is not None:
        return
    against = None if other is None else other.run_id

    def is_of(order: Order) -> bool:
        return isinstance(order, RunReport) and (order.run, order.against) == (run.run_id, against)

    with st.popover(say("Report"), icon=":material/description:"):
        st.caption(say("Data, scores, matrices, areas, pictures and manifest, as PDF and HTML."))
        asked = {"kind": "report", "dataset": run.dataset, "run": run.run_id, "against": against}
        reports.button(say("Make the report"), asked, orders, f"report:{run.run_id}:{against}")
        reports.listed(run.dataset, is_of, orders)
