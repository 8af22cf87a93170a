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
from cropdash.domain.errors import ConfigError
from cropdash.files import tables
from cropdash.settings import folders

if TYPE_CHECKING:
    from cropdash.storage.datasets import DatasetFolder


def predict(
    run: Run,
    zone: Annotated[list[str] | None, typer.Option(help="Zone; repeatable. Default: test.")] = None,
    dataset: Annotated[
        str | None,
        typer.Option(
            help="Another dataset of the same bands, periods and legend.", autocompletion=datasets
        ),
    ] = None,
) -> None:
    """Predict zones with a trained run, as GeoTIFF and Parquet.

    Those of another dataset go into a folder of the run of that dataset's name.

    Examples: `python -m cropdash predict cnn-20230101-120000-ab12 --zone alsace_1`

    `python -m cropdash predict cnn-20230101-120000-ab12 --dataset spain --zone spain_1`
    """
    from cropdash.storage import runs
    from cropdash.storage.datasets import DatasetFolder
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
    console.print(f"Predicted {len(zones)} zones into {where_to}")
    if told := partition.undeclared(source, zones):
        console.print(told)


def evaluate(
    run: Run,
    checked: Annotated[
        Path | None,
        typer.Option(help="CSV of random points whose crop was checked: lon, lat, class."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Score a run's predictions of the test zones against the declared crops.

    With checked points the area of each class is told as well, corrected for the map's errors.

    Example: `python -m cropdash evaluate cnn-20230101-120000-ab12`
    """
    from cropdash.storage import runs
    from cropdash.storage.datasets import DatasetFolder
    from cropdash.workflow import score as scoring

    where = folders.folders()
    folder = runs.find(where.models, run)
    dataset = DatasetFolder(where.data, folder.config["dataset"])
    predicted = set(folder.predicted_zones())
    zones = [z for z in dataset.built_zones() if z.split == "test" and z.zone_id in predicted]
    if not zones:
        raise ConfigError(f"Run {run} has predicted no test zone: predict first.")
    scores = scoring.score_run(folder, dataset, zones)
    areas = (
        None if checked is None else scoring.checked_areas(folder, dataset, tables.frame(checked))
    )
    if as_json:
        told = {} if areas is None else {"areas": areas.to_dict("records")}
        print_json(scored(run, scores) | told)
        return
    print_scores(run, scores)
    if areas is not None:
        print_areas(areas, dataset.legend())


def _zones(dataset: DatasetFolder, wanted: list[str] | None) -> list[Any]:
    built = {z.zone_id: z for z in dataset.built_zones()}
    unknown = [z for z in wanted or () if z not in built]
    if unknown:
        raise ConfigError(f"Dataset {dataset.name} has no built zone {', '.join(unknown)}.")
    return [z for z in built.values() if (z.zone_id in wanted if wanted else z.split == "test")]
