"""`python -m cropdash decisions`: what was decided on parcels, out to a file and in from the field."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Annotated

import typer

from cropdash.cli.options import datasets
from cropdash.cli.terminal import console
from cropdash.files import atomic, tables
from cropdash.settings import folders

app = typer.Typer(name="decisions", no_args_is_help=True, rich_markup_mode="markdown")
Dataset = Annotated[str, typer.Argument(help="A built dataset.", autocompletion=datasets)]
_COLUMNS = (
    "register_id", "decision", "crop", "note", "decided", "decided_by", "zone_id", "parcel_id",
)  # fmt: skip


@app.callback()
def decisions() -> None:
    """What people decided on parcels: write it into a file, or take a file from the field in."""


@app.command()
def export(
    dataset: Dataset,
    file: Annotated[Path, typer.Argument(help="CSV to write.")],
) -> None:
    """Write what holds of each parcel now, by the register's id, into a CSV.

    Example: `python -m cropdash decisions export demo decided.csv`
    """
    from cropdash.storage import decisions as storage
    from cropdash.storage.datasets import DatasetFolder

    data = folders.folders().data
    DatasetFolder(data, dataset).description()  # raises DatasetNotFound
    held = storage.current(data, dataset)
    with atomic.replacing(file.resolve()) as temporary, temporary.open("w", newline="") as handle:
        writer = csv.writer(handle)
        writer.writerow(_COLUMNS)
        for own, one in held.items():
            told = (one.decision, one.crop, one.note, one.time, one.author)
            row = (own, *told, one.parcel.zone_id, one.parcel.parcel_id)
            writer.writerow([f"'{c}" if str(c)[:1] in tuple("=+-@") else c for c in row])
    console.print(f"{file} holds what was decided on {len(held):,} parcels of {dataset}.")


@app.command()
def clean(
    study: Annotated[str, typer.Argument(help="A finished cross-validation, by its name.")],
    file: Annotated[Path, typer.Argument(help="CSV to write.")],
    n: Annotated[int, typer.Option("-n", "--number", min=1, help="Parcels at most.")] = 100,
) -> None:
    """Write the training parcels that are most likely declared wrongly, told by models that never saw them.

    Each is proposed to be left out of training: look at them, change the decision where it is wrong, then
    import the file. Of no class more than a tenth is proposed, and of rare ones none.

    Example: `python -m cropdash decisions clean folds-xgboost-20230101-120000-ab12 doubtful.csv`
    """
    from cropdash.storage import studies
    from cropdash.storage.datasets import DatasetFolder
    from cropdash.workflow import cleaning

    where = folders.folders()
    found = studies.find(where.models, study)
    dataset = DatasetFolder(where.data, found.config.dataset)
    table = cleaning.proposed(found, dataset, n)
    with atomic.replacing(file.resolve()) as temporary:
        temporary.write_bytes(tables.to_csv(table))
    console.print(
        f"{file} proposes to leave {len(table):,} parcels of {dataset.name} out of training."
    )
    console.print(
        f"Once they are looked at: python -m cropdash decisions import {dataset.name} {file}"
    )


@app.command("import")
def take_in(
    dataset: Dataset,
    file: Annotated[Path, typer.Argument(help="CSV or GeoPackage to read.")],
    take: Annotated[
        bool, typer.Option("--take", help="Where another decision holds already, take the file's.")
    ] = False,
) -> None:
    """Take in a CSV or GeoPackage: columns register_id and decision, and if wanted crop and note.

    What contradicts a decision that holds is listed and left as it is, unless `--take` is said.

    Example: `python -m cropdash decisions import demo field.gpkg`
    """
    from cropdash.storage import decisions as storage
    from cropdash.storage import field
    from cropdash.storage.store import Store

    where = folders.folders()
    store = Store(where.data, where.models)
    classes = [c.name for c in store.legend(dataset).classes if c.id]
    held = storage.current(where.data, dataset)
    found = field.compare(field.read(file), held, store.parcel_places(dataset), classes)
    told = [*found.new, *(new for new, _ in found.conflicts if take)]
    storage.decide(where.data, dataset, told, source=file.name)
    for new, old in found.conflicts:
        kept = "taken" if take else "left"
        console.print(
            f"{new.parcel.register_id}: {old.decision} {old.crop} by {old.author}, the file says"
            f" {new.decision} {new.crop}: {kept}."
        )
    if found.unknown:
        console.print(f"Of no parcel of {dataset}: {', '.join(found.unknown[:20])}.")
    console.print(f"Taken in: {len(told):,}. As they were: {found.same:,}.")
