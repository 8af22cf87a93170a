"""`python -m cropdash build …` and `demo`: datasets, from settings typed or saved."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from cropdash.cli.terminal import bar, both, console
from cropdash.domain.errors import CropdashError
from cropdash.files import atomic
from cropdash.settings import build as build_config
from cropdash.settings import folders
from cropdash.settings.build import BuildConfig
from cropdash.storage.datasets import DatasetFolder

_PATHS = (
    "folder",
    "register_path",
    "zones_path",
    "code_table",
    "elevation_path",
    "previous_register_path",
)
_RUNNING = ("workers", "scheduler")


def build(
    name: Annotated[str, typer.Argument(help="Name of the dataset.")],
    source: Annotated[
        str | None, typer.Option(help="simulated, local, earthengine or stac.")
    ] = None,
    season: Annotated[str | None, typer.Option(help="2023, or 2022-10..2023-09.")] = None,
    every: Annotated[str | None, typer.Option(help="month, dekad (ten days) or 16d.")] = None,
    bands: Annotated[
        str | None, typer.Option(help="10m (B2, B3, B4, B8), all (ten), or some by name.")
    ] = None,
    folder: Annotated[
        Path | None, typer.Option(help="local: scenes/*.tif, register, zones.")
    ] = None,
    register: Annotated[
        Path | None, typer.Option(help="earthengine, stac: an RPG edition, or another register.")
    ] = None,
    zones: Annotated[Path | None, typer.Option(help="earthengine, stac: CSV or GeoJSON.")] = None,
    project: Annotated[str | None, typer.Option(help="earthengine: Cloud project.")] = None,
    endpoint: Annotated[str | None, typer.Option(help="stac: provider, or address.")] = None,
    collection: Annotated[str | None, typer.Option(help="stac: collection.")] = None,
    id_column: Annotated[str | None, typer.Option(help="Of a register other than the RPG.")] = None,
    code_column: Annotated[
        str | None, typer.Option(help="Of a register other than the RPG.")
    ] = None,
    code_table: Annotated[Path | None, typer.Option(help="CSV: code, class of the legend.")] = None,
    elevation: Annotated[
        Path | None, typer.Option(help="GeoTIFF of heights [m], to train with.")
    ] = None,
    previous_register: Annotated[
        Path | None, typer.Option(help="Register of the year before, for the last crops.")
    ] = None,
    size: Annotated[int | None, typer.Option(help="simulated: pixels a side.")] = None,
    zones_per_region: Annotated[int | None, typer.Option(help="simulated: 2 to 5.")] = None,
    seed: Annotated[int | None, typer.Option(help="simulated: which landscape.")] = None,
    workers: Annotated[int | None, typer.Option(help="Zones built at the same time.")] = None,
    scheduler: Annotated[
        str | None, typer.Option(help="dask: 'cluster' on this machine, or tcp://host:port.")
    ] = None,
    estimate: Annotated[
        bool, typer.Option("--estimate", help="Say what it will take, and build nothing.")
    ] = False,
) -> None:
    """Build a dataset from parcels and images; what is whole is not built, nor fetched, again.

    Without a source, the build is taken up with the settings it was begun with.

    Examples: `python -m cropdash build flanders --folder landscape`

    `python -m cropdash build france2023 --source stac --register RPG_2023.7z --zones zones.csv`

    `python -m cropdash build france2023 --workers 4`
    """
    given: dict[str, Any] = {
        "source": source or ("local" if folder else None),
        "season": season, "every": every, "bands": bands, "folder": folder, "register_path": register, "zones_path": zones,
        "project": project, "endpoint": endpoint, "collection": collection,
        "id_column": id_column, "code_column": code_column, "code_table": code_table,
        "elevation_path": elevation, "previous_register_path": previous_register,
        "size": size, "zones_per_region": zones_per_region, "seed": seed,
        "workers": workers, "scheduler": scheduler,
    }  # fmt: skip
    settings = _settings(name, {key: value for key, value in given.items() if value is not None})
    if estimate:
        _estimate(settings)
    else:
        run(settings)


def demo_settings(
    size: int, zones_per_region: int, seed: int, workers: int
) -> build_config.SimulatedBuild:
    """Settings of the demo's dataset."""
    return build_config.SimulatedBuild(
        dataset=folders.DEMO,
        size=size,
        zones_per_region=zones_per_region,
        seed=seed,
        workers=workers,
    )


def run(settings: BuildConfig) -> None:
    """Build in this process and those it starts; a signal lets it finish what is under way."""
    from cropdash.jobs.worker import at_work, heeding_signals
    from cropdash.workflow import build as building

    folder = DatasetFolder(folders.folders().data, settings.dataset)
    with atomic.room_for(folder.path):
        folder.configure(settings)  # refused settings say nothing of what is built
    with atomic.room_for(folder.path), bar() as told, at_work(folder.path) as reporter:
        with heeding_signals() as came:
            outcome = building.build_configured(
                settings,
                folder,
                progress=both(told, reporter.update),
                should_stop=lambda: came() or reporter.should_stop(),
            )
        if outcome.failed:
            zone, sentence = next(iter(outcome.failed.items()))
            zones = len(outcome.failed) + len(outcome.built) + len(outcome.kept)
            raise CropdashError(
                f"{len(outcome.failed)} of {zones} zones failed; {zone}: {sentence}"
            )
    word = "stopped: " if outcome.stopped else ""
    console.print(
        f"Dataset {folder.name}: {word}{len(outcome.built)} zones built, {len(outcome.kept)} kept,"
        f" in {folder.path}"
    )


def _settings(name: str, given: dict[str, Any]) -> BuildConfig:
    """What was typed; without a source, what was saved, changed by what was typed."""
    for key in _PATHS:  # a worker of another folder is to find them too
        if key in given:
            given[key] = Path(given[key]).resolve()
    if "source" not in given:
        folder = DatasetFolder(folders.folders().data, name)
        given = folder.config().model_dump() | given
    return build_config.parse({**given, "dataset": name})


def _estimate(settings: BuildConfig) -> None:
    from cropdash.workflow import estimate

    for line in estimate.sentences(estimate.of(settings)):
        console.print(line, highlight=False, soft_wrap=True)
