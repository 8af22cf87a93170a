"""`cropdash predict` and `evaluate`: maps of a trained run, and how right they are."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cropdash.cli.options import Json, Run, datasets
from cropdash.cli.terminal import (
    bar,
    console,
    print_areas,
    print_json,
    print_scores,
    scored,
)
from cropdash.domain.errors import ConfigError, CropdashError
from cropdash.files import tables
from cropdash.settings import folders
from cropdash.settings import scheduler as schedulers

if TYPE_CHECKING:
    from cropdash.storage.datasets import DatasetFolder
    from cropdash.storage.runs import RunFolder


On = Annotated[
    str | None,
    typer.Option(
        "--on", help="Another dataset of the same bands, periods and legend.",
        autocompletion=datasets,
    ),
]  # fmt: skip
Workers = Annotated[int, typer.Option(min=1, max=64, help="Processes at work at a time.")]
Scheduler = Annotated[
    str | None, typer.Option(help="Of dask: 'cluster' on this machine, or tls://host:port.")
]


def predict(
    run: Run,
    zone: Annotated[
        list[str] | None,
        typer.Option(help="Zone; repeatable. Default: test; of another dataset all."),
    ] = None,
    on: On = None,
    workers: Workers = 1,
    scheduler: Scheduler = None,
) -> None:
    """Predict zones with a trained run, as GeoTIFF and Parquet; what is whole is left as it is.

    Those of another dataset go into a folder of the run of that dataset's name.

    Examples: `python -m cropdash predict cnn-20230101-120000-ab12 --zone alsace_1`

    `python -m cropdash predict cnn-20230101-120000-ab12 --on spain --workers 2`
    """
    from cropdash.jobs.worker import heeding_signals
    from cropdash.storage import elsewhere, runs
    from cropdash.storage.datasets import DatasetFolder
    from cropdash.workflow import partition, predict

    where = folders.folders()
    folder = runs.find(where.models, run)
    predict.weights_path(folder)
    source = DatasetFolder(where.data, on or folder.config["dataset"])
    zones = _zones(source, zone, every=source.name != folder.config["dataset"])
    with bar() as progress, heeding_signals() as came:
        found = predict.predict_zones(
            folder, source, zones, progress, workers=workers, should_stop=came,
            scheduler=schedulers.chosen(scheduler),
        )  # fmt: skip
    kept = f", {len(found.kept)} were there" if found.kept else ""
    word = "Stopped: predicted" if found.stopped else "Predicted"
    where_to = elsewhere.at(folder, source.name).predictions
    console.print(f"{word} {len(found.done)} zones{kept}, in {where_to}")
    if found.failed:
        first, sentence = next(iter(found.failed.items()))
        raise CropdashError(
            "{a} of {b} zones failed; {c}: {d}",
            a=len(found.failed),
            b=len(zones),
            c=first,
            d=sentence,
        )
    if told := partition.undeclared(source, zones):
        console.print(told)


def evaluate(
    run: Run,
    on: On = None,
    workers: Workers = 1,
    checked: Annotated[
        Path | None,
        typer.Option(help="CSV of random points whose crop was checked: lon, lat, class."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Score a run's predictions of the test zones against the declared crops; of another dataset
    those of all zones but the ones it only maps, and those on ground that it learned from.

    With checked points the area of each class is told as well, corrected for the map's errors.

    Example: `python -m cropdash evaluate cnn-20230101-120000-ab12`
    """
    from cropdash.storage import elsewhere, runs
    from cropdash.storage.datasets import DatasetFolder
    from cropdash.workflow import score as scoring

    where = folders.folders()
    whole = runs.find(where.models, run)
    dataset = DatasetFolder(where.data, on or whole.config["dataset"])
    folder = elsewhere.at(whole, dataset.name)
    zones = scoring.to_score(whole, dataset)
    scores = scoring.score_run(folder, dataset, zones, trained=_trained(whole), workers=workers)
    areas = None
    if checked is not None:
        points = tables.frame(checked, texts=("class",))
        areas = scoring.checked_areas(folder, dataset, points)
    if as_json:
        told = {} if areas is None else {"areas": areas.to_dict("records")}
        print_json(scored(run, scores) | told)
        return
    print_scores(run, scores)
    if areas is not None:
        print_areas(areas, dataset.legend())


def _trained(run: RunFolder) -> tuple[int, ...] | None:
    """The classes that a run has seen, as its own scores say."""
    own = run.scores()
    return own.trained_classes if own else None


def _zones(dataset: DatasetFolder, wanted: list[str] | None, *, every: bool) -> list[Any]:
    built = {z.zone_id: z for z in dataset.built_zones()}
    unknown = [z for z in wanted or () if z not in built]
    if unknown or not built:
        dataset.check_damage(unknown or None)
    if unknown:
        raise ConfigError(
            "Dataset {a} has no built zone {b}.", a=dataset.name, b=", ".join(unknown)
        )
    if wanted:
        return [built[zone_id] for zone_id in dict.fromkeys(wanted)]
    return [z for z in built.values() if every or z.split == "test"]
