"""`cropdash demo` and `train`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from cropdash.cli import build
from cropdash.cli.models import FIRST, Dataset, Settings, assignments, classifiers_named
from cropdash.cli.options import Json, RunOption, runs
from cropdash.cli.terminal import at_work, console, print_json, print_scores
from cropdash.domain.errors import ConfigError
from cropdash.settings import classifiers, folders, sources, waits

if TYPE_CHECKING:
    from cropdash.storage.runs import RunFolder

Workers = Annotated[int, typer.Option(min=1, max=64, help="Zones built at the same time.")]


def demo(
    build_only: Annotated[bool, typer.Option(help="Build the data, train nothing.")] = False,
    size: Annotated[int, typer.Option(min=32, max=1000, help="Pixels on a side of a zone.")] = 256,
    zones_per_region: Annotated[
        int, typer.Option(min=2, max=5, help="Zones in each of eight regions.")
    ] = 5,
    seed: Annotated[int, typer.Option(help="Fixes every random draw of the landscape.")] = 0,
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


def train(
    dataset: Dataset = None,
    classifier: Annotated[
        str | None,
        typer.Option(
            help=f"{classifiers.names()}; {FIRST} by default.", autocompletion=classifiers_named
        ),
    ] = None,
    others: Annotated[
        str | None,
        typer.Option("--and", help="Also learn from these datasets, such as other years: a,b."),
    ] = None,
    preset: Annotated[str | None, typer.Option(help=f"{classifiers.presets()}.")] = None,
    settings: Settings = None,
    like: Annotated[
        str | None,
        typer.Option(
            help="With the settings of this run, but for those given here.", autocompletion=runs
        ),
    ] = None,
    run: RunOption = None,
    devices: Annotated[
        int | None,
        typer.Option(min=1, help="Processes that train together; of a network also cards."),
    ] = None,
    nodes: Annotated[
        int | None, typer.Option(min=1, help="Machines, with the run started by torchrun.")
    ] = None,
    queue: Annotated[bool, typer.Option(help="Only write the run, for a --run of it.")] = False,
    as_json: Json = False,
) -> None:
    """Train a model, then predict and score the test zones.

    Examples: `python -m cropdash train demo --classifier cnn --set epochs=20`

    `python -m cropdash train place_2024 --and place_2022,place_2023`

    `python -m cropdash train --like cnn-20230101-120000-ab12 --set seed=1`

    `python -m cropdash train demo --devices 4 --set accelerator=gpu`

    On two machines that share their folders: `python -m cropdash train demo --devices 4 --nodes 2
    --set accelerator=gpu --queue`, then on each `torchrun --nnodes 2 --nproc-per-node 4
    --rdzv-backend c10d --rdzv-endpoint HOST:29500 -m -- cropdash train --run RUN`
    """
    from cropdash.storage import runs as storage

    if run is not None:
        _train(storage.find(folders.folders().models, run), as_json)
        return
    base = _like(like, classifier)
    flags = {"dataset": dataset, "extra_datasets": others, "devices": devices, "nodes": nodes}
    values = base | {name: value for name, value in flags.items() if value is not None}
    if "dataset" not in values:
        raise ConfigError("Name a dataset to train on, or a run with --like or --run.")
    _train_new(values | assignments(settings), preset, queue, as_json)


def _like(run: str | None, classifier: str | None) -> dict[str, Any]:
    """The settings of a run; raises ConfigError if they are another model's than is asked for."""
    from cropdash.storage import runs as storage

    if run is None:
        return {"classifier": classifier or FIRST}
    found = storage.find(folders.folders().models, run).config
    if classifier not in (None, found["classifier"]):
        raise ConfigError(
            "Run {a} is of model {b}: name no other with --classifier.",
            a=run,
            b=found["classifier"],
        )
    return found


def _train_new(
    values: dict[str, Any], preset: str | None = None, queue: bool = False, as_json: bool = False
) -> None:
    from cropdash.storage import runs as storage

    if preset is not None:
        values = classifiers.preset_values(values["classifier"], preset) | values
    run = storage.queue(folders.folders(), classifiers.parse(values))
    if queue and as_json:
        print_json({"run": run.run_id})
    elif queue:
        console.print(run.run_id)
    else:
        _train(run, as_json)


def _train(run: RunFolder, as_json: bool) -> None:
    from cropdash.storage import waiting
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
    print_scores(run.run_id, run.scores(), as_json)
