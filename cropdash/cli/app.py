"""The command line: `python -m cropdash …`; one workflow call each."""

from __future__ import annotations

import logging
import os
import signal
import sys
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer

from cropdash.cli import build, model, place, season, simulate, study, team
from cropdash.cli import runs as run_commands
from cropdash.cli import zones as zone_commands
from cropdash.cli.terminal import (
    FIRST,
    Settings,
    assignments,
    at_work,
    bar,
    console,
    errors,
    marked,
    print_areas,
    print_scores,
)
from cropdash.domain.errors import ConfigError, CropdashError, of_memory
from cropdash.domain.secret import hidden
from cropdash.files import tables
from cropdash.settings import classifiers, folders, sources, waits
from cropdash.storage import runs, waiting
from cropdash.storage.datasets import DatasetFolder

app = typer.Typer(
    name="cropdash",
    help="Map crop types from a year of Sentinel-2, and judge the map.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
)
app.add_typer(simulate.app)
app.add_typer(zone_commands.app)
app.add_typer(run_commands.app)
app.add_typer(team.app)
app.command()(team.record)
app.command()(build.build)
app.command()(place.provenance)
app.command()(model.ensemble)
app.command()(model.optimism)
app.command()(study.crossvalidate)
app.command()(study.search)
app.command()(season.season)
Workers = Annotated[int, typer.Option(min=1, max=64, help="Zones built at the same time.")]


@app.command()
def demo(
    build_only: Annotated[bool, typer.Option(help="Build the data, train nothing.")] = False,
    size: Annotated[int, typer.Option(min=32, max=1000, help="Pixels on a side of a zone.")] = 256,
    zones_per_region: Annotated[int, typer.Option(min=2, max=5)] = 5,
    seed: int = 0,
    workers: Workers = 2,
) -> None:
    """Build the simulated landscape, train both models, predict and score its test zones.

    Example: `python -m cropdash demo`
    """
    settings = sources.demo(
        size=size, zones_per_region=zones_per_region, seed=seed, workers=workers
    )
    build.run(settings)
    if not build_only:
        for kind in classifiers.in_demo():
            _train_new({"classifier": kind.name, "dataset": folders.DEMO})


@app.command()
def train(
    dataset: Annotated[str | None, typer.Argument(help="Dataset to train on.")] = None,
    classifier: Annotated[
        str | None, typer.Option(help=f"{classifiers.names()}; {FIRST} by default.")
    ] = None,
    preset: Annotated[str | None, typer.Option(help=f"{classifiers.presets()}.")] = None,
    settings: Settings = None,
    like: Annotated[
        str | None, typer.Option(help="With the settings of this run, but for those given here.")
    ] = None,
    run: Annotated[str | None, typer.Option(help="Work on this queued or ended run.")] = None,
    devices: Annotated[
        int | None, typer.Option(min=1, help="Processes or cards that train a network together.")
    ] = None,
    nodes: Annotated[
        int | None, typer.Option(min=1, help="Machines, with the run started by torchrun.")
    ] = None,
    queue: Annotated[bool, typer.Option(help="Only write the run, for a --run of it.")] = False,
) -> None:
    """Train a model, then predict and score the test zones.

    Examples: `python -m cropdash train demo --classifier cnn --set epochs=20`

    `python -m cropdash train --like cnn-20230101-120000-ab12 --set seed=1`

    `python -m cropdash train demo --devices 4 --set accelerator=gpu`

    On two machines that share their folders: `python -m cropdash train demo --devices 4 --nodes 2
    --set accelerator=gpu --queue`, then on each `torchrun --nnodes 2 --nproc-per-node 4
    --rdzv-backend c10d --rdzv-endpoint HOST:29500 -m -- cropdash train --run RUN`
    """
    if run is not None:
        _train(runs.find(folders.folders().models, run))
        return
    base = _like(like, classifier)
    flags = {"dataset": dataset, "devices": devices, "nodes": nodes}
    values = base | {name: value for name, value in flags.items() if value is not None}
    if "dataset" not in values:
        raise ConfigError("Name a dataset to train on, or a run with --like or --run.")
    _train_new(values | assignments(settings), preset, queue)


@app.command()
def predict(
    run: Annotated[str, typer.Argument(help="A trained run.")],
    zone: Annotated[list[str] | None, typer.Option(help="Zone; repeatable. Default: test.")] = None,
    dataset: Annotated[
        str | None, typer.Option(help="Another dataset of the same bands, periods and legend.")
    ] = None,
) -> None:
    """Predict zones with a trained run, as GeoTIFF and Parquet.

    Those of another dataset go into a folder of the run of that dataset's name.

    Examples: `python -m cropdash predict cnn-20230101-120000-ab12 --zone alsace_1`

    `python -m cropdash predict cnn-20230101-120000-ab12 --dataset spain --zone spain_1`
    """
    from cropdash.workflow import partition
    from cropdash.workflow import score as scoring

    where = folders.folders()
    folder = runs.find(where.models, run)
    scoring.weights_path(folder)
    own = dataset in (None, folder.config["dataset"])
    source = DatasetFolder(where.data, dataset or folder.config["dataset"])
    zones = _zones(source, zone)
    with bar() as progress:
        scoring.predict_zones(folder, source, zones, progress)
    where_to = folder.predictions(None if own else source.name)
    console.print(f"Predicted {len(zones)} zones into {where_to}", soft_wrap=True)
    if told := partition.undeclared(source, zones):
        console.print(told, highlight=False, soft_wrap=True)


@app.command()
def evaluate(
    run: Annotated[str, typer.Argument(help="A run with predictions.")],
    checked: Annotated[
        Path | None,
        typer.Option(help="CSV of random points whose crop was checked: lon, lat, class."),
    ] = None,
) -> None:
    """Score a run's predictions of the test zones against the declared crops.

    With checked points the area of each class is told as well, corrected for the map's errors.

    Example: `python -m cropdash evaluate cnn-20230101-120000-ab12`
    """
    from cropdash.workflow import score as scoring

    where = folders.folders()
    folder = runs.find(where.models, run)
    dataset = DatasetFolder(where.data, folder.config["dataset"])
    predicted = set(folder.predicted_zones())
    zones = [z for z in dataset.built_zones() if z.split == "test" and z.zone_id in predicted]
    if not zones:
        raise ConfigError(f"Run {run} has predicted no test zone: predict first.")
    print_scores(run, scoring.score_run(folder, dataset, zones))
    if checked is not None:
        points = tables.frame(checked)
        print_areas(scoring.checked_areas(folder, dataset, points), dataset.legend())


@app.command()
def doctor(
    endpoint: Annotated[
        str | None,
        typer.Option(help="Ask 'earthengine', a STAC provider or an address whether it answers."),
    ] = None,
    register: Annotated[list[Path] | None, typer.Option(help="A register; repeatable.")] = None,
) -> None:
    """Check packages, folders, disk, memory, datasets, and what unfinished builds need.

    One line each, with a way out; ends with code 1 if something needed is broken.

    Examples: `python -m cropdash doctor`

    `python -m cropdash doctor --endpoint planetary-computer --register RPG.gpkg`
    """
    from cropdash.workflow.doctor import examine

    findings = examine(folders.folders(), endpoint=endpoint, registers=register or ())
    for finding in findings:
        word, style = ("ok", "green") if finding.ok else ("fault", "red")
        line = marked(f"{word:>5}", style, f"  {finding.subject}: {finding.text}")
        console.print(line, highlight=False, soft_wrap=True)
    if not all(finding.ok for finding in findings):
        raise typer.Exit(1)


def _like(run: str | None, classifier: str | None) -> dict[str, Any]:
    """The settings of a run; raises ConfigError if they are another model's than is asked for."""
    if run is None:
        return {"classifier": classifier or FIRST}
    found = runs.find(folders.folders().models, run).config
    if classifier not in (None, found["classifier"]):
        raise ConfigError(
            f"Run {run} is of model {found['classifier']}: name no other with --classifier."
        )
    return found


def _train_new(values: dict[str, Any], preset: str | None = None, queue: bool = False) -> None:
    if preset is not None:
        values = classifiers.preset_values(values["classifier"], preset) | values
    run = runs.queue(folders.folders(), classifiers.parse(values))
    if queue:
        console.print(run.run_id)
    else:
        _train(run)


def _train(run: runs.RunFolder) -> None:
    from cropdash.workflow import ranks
    from cropdash.workflow import train as training

    if ranks.is_assistant():
        training.assist_run(run, folders.folders())
        return
    console.print(f"Run {run.run_id}")
    where, config = folders.folders(), classifiers.parse(run.config)
    console.print(waits.told(waiting.training(where.data, where.models, config)))
    with at_work(run.path, in_turn=True) as told:
        training.train_run(run, folders.folders(), **told)
    print_scores(run.run_id, run.scores())


def _zones(dataset: DatasetFolder, wanted: list[str] | None) -> list[Any]:
    built = {z.zone_id: z for z in dataset.built_zones()}
    unknown = [z for z in wanted or () if z not in built]
    if unknown:
        raise ConfigError(f"Dataset {dataset.name} has no built zone {', '.join(unknown)}.")
    return [z for z in built.values() if (z.zone_id in wanted if wanted else z.split == "test")]


def main() -> None:
    """Run the command line; a fault of input ends with one sentence and exit code 2."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    if logging.lastResort:  # what libraries say of addresses that they asked
        logging.lastResort.addFilter(_without_keys)
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # idle threads sleep instead of spinning
    try:
        app()
    except CropdashError as error:
        _refuse(str(error))
    except OSError as error:
        if told := of_memory(error):
            _refuse(str(told))
        if error.filename is None:
            raise  # nothing that was typed
        _refuse(f"{error.filename} can't be used ({error.strerror}): check its path and rights.")
    except Exception as error:  # of libraries, each with a word of its own for it
        if told := of_memory(error):
            _refuse(str(told))
        raise


def _without_keys(record: logging.LogRecord) -> bool:
    record.msg, record.args = hidden(record.getMessage()), ()
    return True


def _refuse(sentence: str) -> NoReturn:
    errors.print(marked("Error:", "red", f" {sentence}"), highlight=False, soft_wrap=True)
    sys.exit(2)
