"""`python -m cropdash audit`: a map judged by a sample that somebody looked at, and its certificate."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from cropdash.cli.options import Json, runs
from cropdash.cli.terminal import at_work, console, marked, print_json, print_whole
from cropdash.domain import access
from cropdash.domain.errors import ConfigError
from cropdash.settings import folders
from cropdash.settings import reports as settings

app = typer.Typer(name="audit", no_args_is_help=True, rich_markup_mode="markdown")
Name = Annotated[str, typer.Argument(help="An audit, as draw names it, or its folder.")]


@app.callback()
def audit() -> None:
    """Judge a map by a random sample of parcels: draw, send out, take back, certify, verify."""


@app.command("draw")
def draw(
    run: Annotated[
        str | None, typer.Argument(help="A run whose map is judged.", autocompletion=runs)
    ] = None,
    against: Annotated[
        str | None,
        typer.Option(help="A second run, or 'declared': which of the two is better?"),
    ] = None,
    by: Annotated[str, typer.Option(help="Strata: simple, class, disagreement.")] = "class",
    standard_error: Annotated[float, typer.Option(help="Of overall accuracy.")] = 0.02,
    expected: Annotated[
        float | None,
        typer.Option(help="Accuracy expected of every stratum. Default: the map's confidence."),
    ] = None,
    least: Annotated[int, typer.Option(help="Parcels of each stratum at least.")] = 10,
    allocation: Annotated[
        str, typer.Option(help="The rest: proportional, neyman, equal.")
    ] = "proportional",
    decided: Annotated[
        str, typer.Option(help="Parcels on which somebody has decided: left_out, drawn.")
    ] = "left_out",
    seed: Annotated[str, typer.Option(help="Of the draw. Default: one that nobody chose.")] = "",
    report: Annotated[str | None, typer.Option("--report", help="Draw this queued audit.")] = None,
    as_json: Json = False,
) -> None:
    """Draw a probability sample of the predicted parcels, as CSV and GeoPackage to be filled in.

    Its size is that of Olofsson 2014, equation 13. The files do not say what the map says.

    Example: `python -m cropdash audit draw cnn-20230101-120000-ab12 --against declared --by disagreement`
    """
    from cropdash.storage import reports
    from cropdash.storage import runs as storage
    from cropdash.workflow.audit import draw as drawing

    where = folders.folders()
    if report is None:
        if run is None:
            raise ConfigError("Name a run whose map is to be audited.")
        values: dict[str, Any] = {
            "kind": "audit", "dataset": storage.find(where.models, run).config["dataset"],
            "run": run, "against": against, "design": by, "standard_error": standard_error,
            "expected": expected, "least": least, "allocation": allocation,
            "decided": decided, "seed": seed,
        }  # fmt: skip
        folder = reports.queue(where.models, settings.parse(values))
    else:
        folder = reports.find(where.models, report)
    with at_work(folder.path) as told:
        told["progress"]("Drawing the sample", 0.1)
        found = drawing.draw(folder, where, _order(folder))
    if as_json:
        print_json({"audit": folder.report_id, "folder": str(folder.path), **found})
        return
    table = Table("Stratum", "Parcels", "Hectares", "Expected", "Drawn", title=folder.report_id)
    for row in found["strata"]:
        table.add_row(
            row["name"], f"{row['parcels']:,}", f"{row['hectares']:,.0f}",
            f"{row['expected']:.0%}", f"{row['drawn']:,}",
        )  # fmt: skip
    print_whole(table)
    if found["decided"] and (targeted := found["decided"]["parcels"]):
        console.print(
            f"Left out: {targeted:,} parcels that were decided before, of which the audit says nothing."
        )
    drawn = sum(row["drawn"] for row in found["strata"])
    console.print(f"{drawn} parcels drawn (equation 13 asks for {found['wanted']}).")
    console.print(f"Fill in column truth of sample.csv or sample.gpkg in {folder.path}")


@app.command("score")
def score(
    name: Name,
    answers: Annotated[Path | None, typer.Argument(help="The filled-in CSV or GeoPackage.")] = None,
    as_json: Json = False,
) -> None:
    """Take the answers back: accuracy and area by class with intervals, and a certificate.

    Example: `python -m cropdash audit score audit-20230101-120000-ab12 sample.csv`
    """
    from cropdash.reports import make
    from cropdash.storage import layout
    from cropdash.storage.datasets import DatasetFolder
    from cropdash.storage.reports import ReportFolder
    from cropdash.workflow.audit import score as scoring

    where, path = folders.folders(), _folder(name)
    legend = DatasetFolder(where.data, _order(ReportFolder(path)).dataset).legend()
    given = [path / each for each in layout.RETURNED if (path / each).is_file()]
    file = answers or next(iter(given), path / layout.RETURNED[0])
    if not file.is_file():
        raise ConfigError("There is no file {a}: name the filled-in sample.", a=file)
    with at_work(path) as told:
        told["progress"]("Scoring the answers", 0.1)
        counts = scoring.take_back(path, file, legend)
        on = datetime.now(UTC).date().isoformat()
        found = scoring.certify(path, counts, access.actor().name, on)
        make.write_certificate(path, _order(ReportFolder(path)).language, legend)
    if as_json:
        print_json(found)
        return
    _print(found, {crop.id: crop.label() for crop in legend.classes})
    console.print(f"Certificate: {path / layout.CERTIFICATE.file}")


@app.command("verify")
def verify(name: Name, as_json: Json = False) -> None:
    """Do again what a certificate says: digests, the draw, the estimates; the map's where it is here.

    Example: `python -m cropdash audit verify audit-20230101-120000-ab12`
    """
    from cropdash.workflow.audit import verify as verifying

    checks = verifying.verify(_folder(name), folders.folders().models)
    if as_json:
        print_json([vars(check) for check in checks])
    else:
        for check in checks:
            word, style = _SAID[check.holds]
            detail = f" ({check.detail})" if check.detail else ""
            console.print(marked(f"{word:>11}", style, f"  {check.what}{detail}"))
    if any(check.holds is False for check in checks):
        sys.exit(1)


def _folder(name: str) -> Path:
    """An audit's folder: one that is named, or found among those of the models' folder."""
    from cropdash.storage import layout, reports

    path = Path(name)
    if layout.AUDIT.of(path).is_file():
        return path.resolve()
    return reports.find(folders.folders().models, name).path


def _order(folder: Any) -> settings.Audit:
    order = folder.order
    if not isinstance(order, settings.Audit):
        raise ConfigError("{a} is no audit: name one that audit draw has made.", a=folder.report_id)
    return order


def _print(found: dict[str, Any], labels: dict[int, str]) -> None:
    counts = found["counts"]
    console.print(f"{counts['answered']} of {counts['drawn']} sampled parcels are answered.")
    if counts["not_sampled"]:
        console.print(f"{counts['not_sampled']} rows are of parcels that were not drawn: left out.")
    for each in found["results"]["maps"]:
        table = Table(
            "Class", "User's accuracy", "Producer's accuracy", "Mapped [ha]", "Area [ha]",
            title=f"{each['map']}: {_share(each['parcel'])} of the parcels, "
            f"{_share(each['hectare'])} of the hectares are right",
        )  # fmt: skip
        for row in each["classes"]:
            of = {n: {f: row[f"{n}_{f}"] for f in ("value", "low", "high")} for n in _SHOWN}
            area = of["area"]
            table.add_row(
                labels[row["class_id"]], _share(of["users"]), _share(of["producers"]),
                f"{row['mapped_ha']:,.1f}",
                f"{area['value']:,.1f} ({area['low']:,.1f} – {area['high']:,.1f})",
            )  # fmt: skip
        print_whole(table)
    if both := found["results"]["paired"]:
        console.print(
            f"Only the first map is right on {both['only_a']} sampled parcels, only the second on "
            f"{both['only_b']}: {100 * both['difference']:+.1f} points ({100 * both['low']:+.1f} to "
            f"{100 * both['high']:+.1f}); sign test p = {both['p_value']:.3g}."
        )


_SAID = {True: ("holds", "green"), False: ("FAILS", "red"), None: ("not checked", "yellow")}
_SHOWN = ("users", "producers", "area")


def _share(found: dict[str, Any]) -> str:
    if found["value"] is None:
        return "–"
    return f"{found['value']:.1%} ({found['low']:.1%} – {found['high']:.1%})"
