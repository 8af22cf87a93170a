"""`python -m cropdash simulate …`: the simulated landscape as files, and how real it is."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table

from cropdash.cli.options import Json, datasets
from cropdash.cli.terminal import bar, console, marked, print_json, print_whole
from cropdash.domain import Season, sentinel2
from cropdash.domain.errors import ConfigError
from cropdash.i18n import say
from cropdash.settings import folders, sources

if TYPE_CHECKING:
    from cropdash.storage.datasets import DatasetFolder

app = typer.Typer(
    name="simulate",
    no_args_is_help=True,
    rich_markup_mode="markdown",
)


@app.callback()
def simulate() -> None:
    """The simulated landscape: how real it is, and its files."""


@app.command()
def report(
    dataset: Annotated[
        str, typer.Option(help="A simulated dataset.", autocompletion=datasets)
    ] = folders.DEMO,
    build: Annotated[bool, typer.Option("--build", help="Build what is missing of it.")] = False,
    strict: Annotated[bool, typer.Option("--strict", help="Exit 1 if a check fails.")] = False,
    as_json: Json = False,
) -> None:
    """Compare a simulated dataset with real figures, check by check.

    Writes data/DATASET/realism.json, which the Data page shows.

    Example: `python -m cropdash simulate report --build`
    """
    from cropdash.storage.datasets import DatasetFolder
    from cropdash.workflow import realism

    folder = DatasetFolder(folders.folders().data, dataset)
    if build:
        _build(folder)
    with bar() as told:
        found = realism.report(folder, told)
    checks = found["checks"]
    if as_json:
        print_json(found)
    for group in () if as_json else dict.fromkeys(check["group"] for check in checks):
        print_whole(_table(group, [check for check in checks if check["group"] == group]))
    failed = [check for check in checks if not check["passed"]]
    for check in failed:
        console.print(marked("OUT", "red", f" {_sentence(check)}"))
    for reason in found["left_out"]:
        console.print(f"Left out: {say(reason)}")
    console.print(f"{len(checks) - len(failed)} of {len(checks)} checks lie in their band.")
    if failed and strict:
        raise typer.Exit(1)


@app.command()
def export(
    folder: Annotated[Path, typer.Argument(help="Where to write; made if missing.")],
    zone: Annotated[list[str], typer.Option(help="A zone's id; repeatable, one UTM zone.")],
    size: Annotated[int, typer.Option(min=32, max=1000, help="Pixels on a side.")] = 256,
    season: Annotated[str, typer.Option(help="2023, or 2022-10..2023-09.")] = "2023",
    bands: Annotated[str, typer.Option(help="10m, all, or by name: B2,B4,B8,B11.")] = "10m",
    seed: Annotated[int, typer.Option(min=0, help="Which landscape.")] = 0,
) -> None:
    """Write zones as real data come: an RPG GeoPackage, dated GeoTIFFs with SCL, zones.geojson.

    Example: `python -m cropdash simulate export landscape --zone brittany_1 --zone brittany_2`
    """
    from cropdash.simulate.source import SimulatedSource
    from cropdash.workflow.export import export as write

    source = SimulatedSource(
        seed=seed, size=size, season=Season.of(season), bands=sentinel2.bands_of(bands)
    )
    known = {z.zone_id: z for z in source.zones()}
    unknown = [name for name in zone if name not in known]
    if unknown:
        raise ConfigError(
            "There is no zone {a}; there are {b}.", a=", ".join(unknown), b=", ".join(known)
        )
    scenes = write(source, [known[name] for name in zone], folder)
    console.print(f"{scenes} scenes of {len(zone)} zones; build them with")
    chosen = f"--season {source.season.text} --bands {','.join(source.bands)}"
    console.print(f"  python -m cropdash build NAME --source local --folder {folder} {chosen}")


def _build(folder: DatasetFolder) -> None:
    """Build the dataset as it was begun, or else a landscape of the usual size."""
    from cropdash.cli import build as build_commands

    configured = folder.is_configured
    settings = folder.config() if configured else sources.demo(dataset=folder.name)
    build_commands.run(settings)


def _table(group: str, checks: list[dict[str, Any]]) -> Table:
    table = Table("", "Check", "Simulated", "Real", "Band", title=group, title_justify="left")
    for check in checks:
        table.add_row(
            marked("in", "green") if check["passed"] else marked("OUT", "red"), check["name"],
            _number(check["simulated"]), _number(check["real"]), f"{_band(check)} {check['unit']}",
        )  # fmt: skip
    return table


def _sentence(check: dict[str, Any]) -> str:
    """What a failed check found, and why its band is what it is."""
    off = f" Off: {check['detail']}." if check["detail"] else ""
    return (
        f"{check['group']}: {check['name']}: {_number(check['simulated']) or 'nothing to measure'},"
        f" wanted {_band(check)} {check['unit']} ({check['source']}).{off} {check['reason']}"
    )


def _band(check: dict[str, Any]) -> str:
    low, high = (_number(check[name]) for name in ("low", "high"))
    if low and high:
        return f"{low} to {high}"
    return f"at least {low}" if low else f"at most {high}"


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:,.3g}" if abs(value) < 1000 else f"{value:,.0f}"
