"""Make what was ordered, into its folder: HTML, and PDF where that can be set here."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from pathlib import Path

from cropdash import i18n
from cropdash.domain import Legend
from cropdash.domain.errors import NotInstalled
from cropdash.domain.message import Message
from cropdash.files import atomic
from cropdash.i18n import number, say, sentence
from cropdash.reports import audits, certificate, dossier, evidence, render, run_report
from cropdash.reports.document import Document
from cropdash.settings.folders import Folders
from cropdash.settings.reports import Dossiers, RunReport
from cropdash.storage import decisions, layout
from cropdash.storage.reports import ReportFolder
from cropdash.storage.store import Store

Progress = Callable[[str, float], None]
_WORDS = {
    decisions.KEEP: sentence("Keep as declared"),
    decisions.DOUBTFUL: sentence("Doubtful"),
    decisions.VISIT: sentence("Check on the ground"),
    decisions.RELABEL: sentence("Is in truth"),
    decisions.LEAVE_OUT: sentence("Leave out"),
}


def make(folder: ReportFolder, where: Folders, progress: Progress, by: str) -> str:
    """Write report.html, and report.pdf; returns why there is no PDF, or "".

    Raises ConfigError, InvalidRun or RunNotFound for what can't be ordered.
    """
    order, store, on = folder.order, Store(where.data, where.models), dt.datetime.now(dt.UTC).date()
    progress(Message("Reading"), 0.05)
    with i18n.speaking(order.language):
        if isinstance(order, Dossiers):
            document = of_parcels(store, order, on, by)
        elif isinstance(order, RunReport):
            document = run_report.document(store, order, on, by)
        else:
            raise TypeError(f"{order.kind} is made elsewhere")
        page = render.html(document)
    atomic.write_text(folder.path / layout.REPORT_PAGE, page)
    progress(Message("Setting the PDF"), 0.7)
    return write_pdf(folder.path / layout.REPORT_PDF, page)


def write_certificate(path: Path, language: str, legend: Legend) -> None:
    """Write the page of an audit's certificate beside it."""
    told, about = layout.CERTIFICATE.read(path), layout.AUDIT.read(path)
    digest = atomic.checksum(layout.CERTIFICATE.of(path))
    with i18n.speaking(language):
        page = render.html(certificate.document(told, about, digest, legend))
    atomic.write_text(path / layout.CERTIFICATE_PAGE, page)


def write_pdf(path: Path, page: str) -> str:
    """Write the page as PDF; returns in one sentence why that can't be done here, or ""."""
    try:
        content = render.pdf(page)
    except NotInstalled as error:
        return str(error)
    with atomic.replacing(path) as part:
        part.write_bytes(content)
    return ""


def of_parcels(store: Store, order: Dossiers, on: dt.date, by: str) -> Document:
    """The dossiers of an order."""
    cases = evidence.cases(store, order.dataset, order.parcels, order.runs)
    histories = [_history(store, order.dataset, case) for case in cases]
    told = [_checked(store, case) for case in cases]
    return dossier.document(cases, store.seasons(order.dataset), histories, told, on, by)


def _history(store: Store, dataset: str, case: evidence.Case) -> list[dossier.Decided]:
    """What was decided and noted of the parcel, the newest first."""
    labels = {crop.name: i18n.label(crop) for crop in case.legend.classes}
    events = decisions.history(store.data, dataset, str(case.row["register_id"]))
    return [
        dossier.Decided(e.time[:16].replace("T", " "), e.author, _said(e, labels), e.note or "")
        for e in reversed(events)
    ]


def _said(event: decisions.Event, labels: Mapping[str, str]) -> str:
    if event.undoes is not None:
        return say("took back the last word")
    if event.decision is None:
        return ""
    told = say(_WORDS[event.decision]) if event.decision in _WORDS else say("Undecided")
    if event.crop:
        told += f": {labels.get(event.crop, event.crop)}"
    return f"{told} ({say('taken back')})" if event.undone else told


def _checked(store: Store, case: evidence.Case) -> str:
    """How often such a confusion was right where somebody looked: in the audits of the runs."""
    declared, suggested = (
        case.legend.classes[int(case.found[key])] for key in ("declared", "suggested")
    )
    runs = {answer.run.run_id for answer in case.answers}
    looked, right = audits.confusion(
        store, case.description.name, runs, declared.id, suggested.id, case.legend
    )
    words = {
        "declared": i18n.inside(i18n.label(declared)),
        "other": i18n.inside(i18n.label(suggested)),
    }
    if not looked:
        return say(
            "No audit has looked at a parcel declared {declared} that these runs call {other}: how often "
            "they are right there is not known.", **words,
        )  # fmt: skip
    return say(
        "Of {n} such parcels that an audit has looked at (declared {declared}, called {other}), {hits} are "
        "in truth {other}.", n=number(looked), hits=number(right), **words,
    )  # fmt: skip
