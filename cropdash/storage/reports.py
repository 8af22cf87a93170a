"""models/reports/<report>/: audits, dossiers and reports, each what was ordered and what came of it."""

from __future__ import annotations

import os
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cropdash.domain import NAME, access
from cropdash.domain.errors import ConfigError, CropdashError, RunNotFound
from cropdash.domain.message import Message
from cropdash.files import atomic
from cropdash.settings import reports as settings
from cropdash.settings.reports import Order
from cropdash.storage import layout, status, uploads

# What may be downloaded, in this order.
FILES = (
    layout.REPORT_PDF, layout.REPORT_PAGE, layout.SAMPLE_CSV, layout.SAMPLE_OUTLINES,
    layout.CERTIFICATE_PAGE, layout.CERTIFICATE.file, layout.AUDIT.file, layout.FRAME,
    layout.ANSWERS,
)  # fmt: skip

_MOST_BYTES = 50_000_000  # of a filled-in sample


@dataclass(frozen=True)
class ReportInfo:
    """A report at one glance."""

    report_id: str
    order: Order
    created: str  # ISO time, UTC
    by: str
    status: status.Status
    files: tuple[str, ...]

    @property
    def is_drawn(self) -> bool:
        """True for an audit whose sample can be sent out."""
        return layout.AUDIT.file in self.files


@dataclass(frozen=True)
class ReportFolder:
    """Reads and writes one report."""

    path: Path

    @property
    def report_id(self) -> str:
        """Its name: that of its folder."""
        return self.path.name

    @property
    def order(self) -> Order:
        """What was ordered. Raises RunNotFound, DamagedFile, ConfigError."""
        return settings.parse(self._written()["order"])

    def info(self) -> ReportInfo:
        """What pages show of it."""
        written = self._written()
        told = status.read(self.path) or status.Status(
            "failed", error=Message("It has no status file.")
        )
        return ReportInfo(
            self.report_id, settings.parse(written["order"]), str(written["created"]),
            str(written["by"]), told, self.files(),
        )  # fmt: skip

    def files(self) -> tuple[str, ...]:
        """Names of what is there to be downloaded."""
        return tuple(name for name in FILES if (self.path / name).is_file())

    def read(self, name: str) -> bytes:
        """Content of one of `files`. Raises RunNotFound."""
        if name not in self.files():
            raise RunNotFound("Report {a} has no file {b}.", a=self.report_id, b=repr(name[:40]))
        with atomic.opened(self.path / name) as file:
            return file.read()

    def take_back(self, data: Path, name: str, content: bytes) -> None:
        """Keep a filled-in sample beside the audit, in place of one that came before.

        Raises ConfigError for another kind of file, or as `uploads.admit`.
        """
        suffix = Path(name).suffix.lower()
        kept = next((each for each in layout.RETURNED if each.endswith(suffix)), None)
        if not suffix or kept is None:
            raise ConfigError("The filled-in sample is a .csv or a .gpkg: send it back as it came.")
        if len(content) > _MOST_BYTES:
            raise ConfigError(
                "The filled-in sample is larger than {a} MB.", a=f"{_MOST_BYTES / 1e6:.0f}"
            )
        uploads.admit(data, name, len(content))
        with atomic.replacing(self.path / kept) as part:
            part.write_bytes(content)
        for each in layout.RETURNED:
            if each != kept:
                (self.path / each).unlink(missing_ok=True)

    def certificate(self) -> dict[str, Any]:
        """What an audit found; empty until its answers are scored. Raises DamagedFile."""
        return layout.CERTIFICATE.find(self.path)

    def _written(self) -> dict[str, Any]:
        try:
            return layout.ORDER.read(self.path)
        except FileNotFoundError as error:
            raise RunNotFound(
                "Report {a} has no {b}.", a=self.report_id, b=layout.ORDER.file
            ) from error


def queue(models: Path, order: Order) -> ReportFolder:
    """A new report's folder with its order; its state is `queued`."""
    moment = datetime.now(UTC)
    name = f"{order.kind}-{moment:%Y%m%d-%H%M%S}-{secrets.token_hex(2)}"
    path = models / layout.REPORTS / name
    path.mkdir(parents=True)
    written: Mapping[str, Any] = {
        "order": order.model_dump(mode="json"),
        "created": moment.isoformat(timespec="seconds"),
        "by": access.actor().name,
    }
    layout.ORDER.write(path, written)
    status.write(
        path, status.Status("queued", stage=Message("Waiting to start"), created=time.time())
    )
    return ReportFolder(path)


def find(models: Path, report_id: str) -> ReportFolder:
    """The report of that id, looked up in the listing of all. Raises RunNotFound."""
    for report in list_all(models):
        if report.report_id == report_id:
            return report
    raise RunNotFound(
        "There is no report {a} in {b}.", a=repr(str(report_id)[:64]), b=models / layout.REPORTS
    )


def list_all(models: Path) -> tuple[ReportFolder, ...]:
    """All reports, newest first."""
    named = (p for p in (models / layout.REPORTS).glob("*") if NAME.fullmatch(p.name))
    there = [p for p in named if os.path.lexists(layout.ORDER.of(p))]
    return tuple(ReportFolder(p) for p in sorted(there, key=lambda p: p.name[-20:], reverse=True))


def infos(models: Path, dataset: str) -> tuple[ReportInfo, ...]:
    """Those of a dataset that can be read, newest first."""
    found = []
    for report in list_all(models):
        try:
            info = report.info()
        except (CropdashError, ConfigError):
            continue
        if info.order.dataset == dataset:
            found.append(info)
    return tuple(found)
