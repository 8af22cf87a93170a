"""An audit of the compared maps: drawn, sent out, taken back, and what it found."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd
import streamlit as st

from cropdash.i18n import number, say, sentence
from cropdash.reports import certificate
from cropdash.settings.reports import DECLARED, Audit, Order
from cropdash.storage import reports as storage
from cropdash.storage.reports import ReportInfo
from cropdash.ui.compare.counting import Names, Runs
from cropdash.ui.shell import data, frame
from cropdash.ui.shell.literal import literal
from cropdash.ui.widgets import choices, reports, table

_DESIGNS = {
    "class": sentence("By mapped class"),
    "disagreement": sentence("By disagreement"),
    "simple": sentence("None"),
}
_NONE = "none"


def show(pair: Runs, names: Names, orders: reports.Orders) -> None:
    """What is drawn anew on the left, what was drawn on the right."""
    dataset, ids = pair[0].dataset, {run.run_id for run in pair}
    st.caption(
        say(
            "Somebody looks at a random sample of parcels, without knowing what the map says; from their "
            "answers follow accuracy and area with intervals, and which map is better."
        )
    )
    left, right = st.columns([4, 8], gap="large")
    with left:
        _draw(pair, names, orders)

    def is_of(order: Order) -> bool:
        return isinstance(order, Audit) and order.run in ids

    with right:
        found = reports.newest(dataset, is_of)
        if not found:
            st.info(say("No audit of these maps was drawn yet."), icon=":material/info:")
            return
        reports.listed(dataset, is_of, orders)
        by_id = {info.report_id: info for info in found if info.is_drawn}
        if by_id:
            chosen = choices.box_of(
                say("Audit"), "audit", {i: _called(x) for i, x in by_id.items()}
            )
            _taken_back(by_id[chosen], orders)


def _draw(pair: Runs, names: Names, orders: reports.Orders) -> None:
    labels = {run.run_id: name for run, name in zip(pair, names, strict=True)}
    run = choices.box_of(say("Map to judge"), "judge", labels)
    others = {k: v for k, v in labels.items() if k != run}
    beside = {**others, DECLARED: say("What is declared"), _NONE: say("No second map")}
    against = choices.box_of(say("Beside it"), "beside", beside)
    designs = {k: say(text) for k, text in _DESIGNS.items()}
    design = choices.box_of(say("Strata"), "strata", designs)
    error = st.number_input(
        say("Standard error of accuracy, in points"), 0.5, 20.0, 2.0, 0.5, key="audit:error",
        help=say("The smaller, the more parcels: half of it asks for four times as many."),
    )  # fmt: skip
    least = st.number_input(say("Parcels of each stratum at least"), 2, 1000, 10, key="audit:least")
    drawn = choices.toggle(
        say("Decided parcels too"), "targeted",
        say(
            "Unasked, parcels on which somebody has decided are not drawn, and the estimates are of all "
            "others: they were chosen because they were doubtful."
        ),
    )  # fmt: skip
    asked = {
        "kind": "audit", "dataset": pair[0].dataset, "run": run, "design": design,
        "against": None if against == _NONE else against, "standard_error": error / 100,
        "least": int(least), "decided": "drawn" if drawn else "left_out",
    }  # fmt: skip
    reports.button(say("Draw a sample"), asked, orders, "audit")


def _called(info: ReportInfo) -> str:
    order = info.order
    assert isinstance(order, Audit)  # noqa: S101 (so they were chosen)
    return f"{info.created[:16].replace('T', ' ')} · {say(_DESIGNS[order.design])}"


def _taken_back(info: ReportInfo, orders: reports.Orders) -> None:
    """A place for the filled-in sample, and what the answers say."""
    key = f"audit:file:{info.report_id}"
    given = st.file_uploader(
        say("The sample, filled in"), ("csv", "gpkg"), key=key,
        help=say("Column truth holds a class or a code of the legend; what stands empty is not answered."),
    )  # fmt: skip
    if given is not None and st.session_state.get(f"{key}:read") != given.file_id:
        with frame.plainly():
            st.session_state[f"{key}:read"] = given.file_id
            orders.score_audit(info.report_id, given.name, given.getvalue())
            st.rerun()
    with frame.plainly():
        told = storage.find(data.store().models, info.report_id).certificate()
        if told:
            _found(told, info.order.dataset)


def _found(told: Mapping[str, Any], dataset: str) -> None:
    counts, results = told["counts"], told["results"]
    st.caption(
        say(
            "{n} of {all} drawn parcels are answered; {others} answers on others are left out. In brackets "
            "95 % intervals.",
            n=number(counts["answered"]), all=number(counts["drawn"]), others=number(counts["not_sampled"]),
        )
    )  # fmt: skip
    if results["paired"]:
        names = [m["map"] for m in results["maps"]]
        st.markdown(literal(certificate.better(results["paired"], names)))
    legend = data.legend(dataset)
    head = [
        say("Class"),
        say("User's accuracy"),
        say("Producer's accuracy"),
        say("Mapped [ha]"),
        say("Area [ha]"),
    ]
    for each in results["maps"]:
        st.markdown(f"**{literal(certificate.heading(each))}**")
        table.show(
            pd.DataFrame(certificate.class_rows(each, legend), columns=head), width="stretch"
        )
