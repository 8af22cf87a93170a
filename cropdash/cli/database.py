"""`python -m cropdash database`: where decisions, names of runs and the record live; backup, restore."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from cropdash.cli.options import Json
from cropdash.cli.terminal import console, print_json
from cropdash.settings import folders

app = typer.Typer(name="database", no_args_is_help=False, rich_markup_mode="markdown")


@app.callback(invoke_without_command=True)
def database(context: typer.Context, as_json: Json = False) -> None:
    """Say where decisions, names of runs and the record live, and how much; backup and restore.

    Example: `python -m cropdash database`
    """
    if context.invoked_subcommand is not None:
        return
    from cropdash.storage import database as storage
    from cropdash.storage.database import backup as backups

    data = folders.folders().data
    place, held = storage.where(data), backups.counts(data)
    if as_json:
        print_json({"database": place, "rows": held})
        return
    console.print(f"{place}: {_told(held)}.")


@app.command()
def backup(
    file: Annotated[
        Path | None, typer.Argument(help="New file; by default named by the day.")
    ] = None,
) -> None:
    """Write all rows into one file; people may go on deciding meanwhile.

    Example: `python -m cropdash database backup before-the-campaign.db`
    """
    from cropdash.storage.database import backup as backups

    target = file or Path(f"cropdash-{datetime.now(UTC):%Y%m%d-%H%M%S}.db")
    held = backups.backup(folders.folders().data, target)
    console.print(f"{target} holds {_told(held)}.")


@app.command()
def restore(
    file: Annotated[Path, typer.Argument(help="A file that backup wrote.")],
    replace: Annotated[
        bool, typer.Option("--replace", help="In the place of the rows that are there now.")
    ] = False,
) -> None:
    """Bring the rows of a backup back, all or none, into the file or the team's PostgreSQL.

    Example: `python -m cropdash database restore before-the-campaign.db`
    """
    from cropdash.storage.database import backup as backups

    data = folders.folders().data
    if replace and any(backups.counts(data).values()):
        before = data / f"cropdash-before-{datetime.now(UTC):%Y%m%d-%H%M%S-%f}.db"
        backups.backup(data, before)
        console.print(f"What was there is kept in {before}.")
    held = backups.restore(data, file, replace=replace)
    console.print(f"Brought back: {_told(held)}.")


def _told(held: dict[str, int]) -> str:
    names = {
        "decisions": "events of decisions",
        "events": "rows of the record",
        "run_notes": "words on runs",
    }
    return ", ".join(f"{held[table]:,} {name}" for table, name in names.items())
