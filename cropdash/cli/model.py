"""`python -m cropdash ensemble` and `optimism`: models together, and splits that flatter."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.table import Table

from cropdash.cli.models import QUICK, Model, Settings, assignments
from cropdash.cli.options import Json, datasets, runs
from cropdash.cli.terminal import at_work, bar, console, print_json, print_scores, print_whole
from cropdash.domain.errors import ConfigError
from cropdash.settings import classifiers, folders


def ensemble(
    members: Annotated[
        list[str], typer.Argument(help="Two or more trained runs.", autocompletion=runs)
    ],
    as_json: Json = False,
) -> None:
    """Join trained runs into one model, predict and score the test zones.

    How much each counts is fitted on the training zones that all of them held out.

    Example: `python -m cropdash ensemble cnn-20230101-120000-ab12 xgboost-20230101-110000-cd34`
    """
    from cropdash.settings.ensemble import ensemble_of
    from cropdash.storage import runs
    from cropdash.workflow import predict, train

    if len(set(members)) < 2:
        raise ConfigError("An ensemble needs at least two different runs.")
    where = folders.folders()
    found = [runs.find(where.models, member) for member in members]
    for member in found:
        predict.weights_path(member)
    run = runs.queue(where, ensemble_of({member.run_id: member.config for member in found}))
    console.print(f"Run {run.run_id}")
    with at_work(run.path, in_turn=True) as told:
        train.train_run(run, where, **told)
    print_scores(run.run_id, run.scores(), as_json)


def optimism(
    dataset: Annotated[
        str, typer.Argument(help="A built dataset.", autocompletion=datasets)
    ] = folders.DEMO,
    classifier: Model = QUICK,
    settings: Settings = None,
    year: Annotated[
        str | None,
        typer.Option(
            help="A dataset of the same zones in another year: the last line scores there."
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Score one model under five splits: how much a wrong one flatters.

    Random pixels, parcels and patches lie beside what was learned; whole zones and whole regions
    do not. Writes optimism.json into the models folder.

    Example: `python -m cropdash optimism demo --classifier xgboost`
    """
    from cropdash.storage.datasets import DatasetFolder
    from cropdash.workflow import optimism as meter

    where = folders.folders()
    values = {"classifier": classifier, "dataset": dataset, **assignments(settings)}
    source, config = DatasetFolder(where.data, dataset), classifiers.parse(values)
    with bar() as progress:
        other = None if year is None else DatasetFolder(where.data, year)
        found = meter.measure(source, config, progress=progress, models=where.models, year=other)
    if as_json:
        print_json(found.to_dict("records"))
        return
    heads = ("Accuracy", "Macro F1", "Parcel accuracy", "Parcel macro F1")
    table = Table("Split by", *heads, "Flatters accuracy", "Flatters macro F1")
    for row in found.to_dict("records"):
        scores = ("accuracy", "macro_f1", "parcel_accuracy", "parcel_macro_f1")
        cells = ["–" if row[s] != row[s] else f"{row[s]:.3f}" for s in scores]
        flatters = [f"{row[name]:+.3f}" for name in ("flatters_by", "flatters_f1_by")]
        table.add_row(row["split"], *cells, *flatters)
    print_whole(table)
    console.print(
        "Crop pixels and crop parcels, all zones of the dataset; macro F1 over the classes that "
        "occur in what is scored; flattery is against whole zones."
    )
