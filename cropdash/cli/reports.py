"""`python -m cropdash dossier` and `report`: parcels and runs on paper."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from cropdash.cli.options import datasets, runs
from cropdash.cli.terminal import at_work, console
from cropdash.domain import access
from cropdash.domain.errors import ConfigError
from cropdash.settings import folders
from cropdash.settings import reports as settings

Language = Annotated[str, typer.Option(help="Of what is made: en, fr, …")]
Report = Annotated[str | None, typer.Option("--report", help="Make this queued one.")]


def dossier(
    dataset: Annotated[
        str | None, typer.Argument(help="A built dataset.", autocompletion=datasets)
    ] = None,
    parcels: Annotated[
        list[str] | None, typer.Argument(help="One or more of the register's own ids.")
    ] = None,
    run: Annotated[
        list[str] | None,
        typer.Option(
            "--run", help="One or two runs. Default: the newest of each kind.", autocompletion=runs
        ),
    ] = None,
    language: Language = "en",
    report: Report = None,
) -> None:
    """Write all that is known of parcels, a page or two each, as HTML and PDF.

    Example: `python -m cropdash dossier demo 484100001 484100002 --language fr`
    """
    if report is None:
        if dataset is None or not parcels:
            raise ConfigError("Name a dataset and the register's id of one or more parcels.")
        values = {"kind": "dossier", "dataset": dataset, "parcels": tuple(parcels)}
        _make(values | {"runs": tuple(run or _newest(dataset)), "language": language})
    else:
        _make(report)


def report(
    run: Annotated[str | None, typer.Argument(help="A scored run.", autocompletion=runs)] = None,
    against: Annotated[
        str | None, typer.Option(help="Another one, beside it.", autocompletion=runs)
    ] = None,
    language: Language = "en",
    report: Report = None,
) -> None:
    """Write a report of a run, or of two: data, scores, matrices, areas, pictures, manifest.

    Example: `python -m cropdash report cnn-20230101-120000-ab12 --against xgboost-20230101-110000-cd34`
    """
    from cropdash.storage import runs as storage

    if report is not None:
        _make(report)
        return
    if run is None:
        raise ConfigError("Name a run to report on.")
    dataset = storage.find(folders.folders().models, run).config["dataset"]
    _make(
        {"kind": "report", "dataset": dataset, "run": run, "against": against, "language": language}
    )


def _newest(dataset: str) -> list[str]:
    """The newest run with predictions of each of two kinds of model."""
    from cropdash.storage.store import Store

    where, found = folders.folders(), dict[str, str]()
    for info in Store(where.data, where.models).runs(dataset):
        if info.zones:
            found.setdefault(info.classifier, info.run_id)
    if not found:
        raise ConfigError("Dataset {a} has no run with predictions: train one first.", a=dataset)
    return list(found.values())[:2]


def _make(ordered: dict[str, Any] | str) -> None:
    from cropdash.reports import make
    from cropdash.storage import layout, reports

    where = folders.folders()
    if isinstance(ordered, str):
        folder = reports.find(where.models, ordered)
    else:
        folder = reports.queue(where.models, settings.parse(ordered))
    with at_work(folder.path) as told:
        missing = make.make(folder, where, told["progress"], access.actor().name)
    console.print(f"Written: {folder.path / layout.REPORT_PAGE}")
    console.print(missing or f"Written: {folder.path / layout.REPORT_PDF}")
