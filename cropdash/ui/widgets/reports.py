"""Reports, dossiers and audits: ordered by a click, made by a worker, downloaded here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol

import streamlit as st

from cropdash import i18n
from cropdash.i18n import say, sentence
from cropdash.settings import reports as settings
from cropdash.settings.reports import Order
from cropdash.storage import reports
from cropdash.storage.reports import ReportInfo
from cropdash.ui.shell import data, frame, identity
from cropdash.ui.shell.literal import literal
from cropdash.ui.widgets import chart, job_watch

_LATEST = 3  # that are listed
_FILES = dict(  # what each file is called on its button, and its kind; the rest is in the ZIP alone
    zip(
        reports.FILES,
        (
            (sentence("PDF"), "application/pdf"),
            (sentence("HTML"), "text/html"),
            (sentence("Sample (CSV)"), "text/csv"),
            (sentence("Sample (GeoPackage)"), "application/geopackage+sqlite3"),
            (sentence("Certificate (HTML)"), "text/html"),
            (sentence("Certificate (JSON)"), "application/json"),
        ),
        strict=False,
    )
)
Wanted = Callable[[Order], bool]


class Orders(Protocol):
    """What starts the workers; the page hands it in."""

    def order(self, asked: Order) -> str:
        """Order something; its id."""

    def score_audit(self, audit_id: str, name: str, content: bytes) -> None:
        """Take the answers of an audit back."""

    def reap(self) -> None:
        """Note workers that have ended."""


def button(label: str, values: Mapping[str, Any], orders: Orders, key: str) -> None:
    """A button that orders something, in the reader's language."""
    with frame.plainly():
        icon = ":material/description:"
        if identity.button(label, "report", icon=icon, key=f"order:{key}"):
            orders.order(settings.parse(dict(values) | {"language": i18n.current()}))
            st.rerun()


def listed(dataset: str, wanted: Wanted, orders: Orders) -> None:
    """The newest of what was ordered, with their files; looked at each second while one is made."""
    live = any(not info.status.is_final for info in newest(dataset, wanted))
    every = job_watch.REFRESH_S if live else None
    st.fragment(_listed, run_every=every)(dataset, wanted, orders, live)


def newest(dataset: str, wanted: Wanted) -> list[ReportInfo]:
    """The newest of a dataset that are wanted."""
    found = reports.infos(data.store().models, dataset)
    return [info for info in found if wanted(info.order)][:_LATEST]


@frame.plainly()
def _listed(dataset: str, wanted: Wanted, orders: Orders, live: bool) -> None:
    orders.reap()
    found = newest(dataset, wanted)
    if live and all(info.status.is_final for info in found):
        job_watch.say_end(found[0].report_id, found[0].status.state)
    for info in found:
        with st.container(horizontal=True, vertical_alignment="center"):
            st.caption(f"{info.created[:16].replace('T', ' ')} · {literal(info.by)}")
            job_watch.badge(info.status.state)
            files(info)
        job_watch.progress(info.status)


def files(info: ReportInfo) -> None:
    """A button for each file that is there to be downloaded."""
    folder = reports.find(data.store().models, info.report_id)
    for name, (label, mime) in _FILES.items():
        if name in info.files:
            file = f"{info.report_id}-{name}"
            chart.download(say(label), lambda n=name: folder.read(n), file, mime)  # type: ignore[misc]
    if folder.certificate():
        about = say("All that python -m cropdash audit verify needs.")
        chart.download(
            say("Whole audit (ZIP)"), lambda: chart.zipped({n: folder.read(n) for n in info.files}),
            f"{info.report_id}.zip", "application/zip", about,
        )  # fmt: skip
