"""`python -m cropdash runs`: all runs, and what people say of them and do with them."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table

from cropdash.cli.options import Json, Run
from cropdash.cli.terminal import console, errors, print_json, print_whole, score, scored
from cropdash.domain.errors import CropdashError
from cropdash.i18n import say
from cropdash.settings import folders

if TYPE_CHECKING:
    from cropdash.storage import notes
    from cropdash.storage.runs import RunFolder

app = typer.Typer(name="runs", no_args_is_help=False, rich_markup_mode="markdown")


@app.callback(invoke_without_command=True)
def runs(
    context: typer.Context,
    archived: Annotated[bool, typer.Option("--archived", help="Those put away as well.")] = False,
    as_json: Json = False,
) -> None:
    """List all runs with their state and scores; name, note, tag, archive or delete one.

    Example: `python -m cropdash runs`
    """
    if context.invoked_subcommand is None:
        print_list(archived=archived, as_json=as_json)


def print_list(*, archived: bool = False, as_json: bool = False) -> None:
    """The table of all runs, or JSON; `archived`: those put away as well."""
    from cropdash.storage import damaged, notes
    from cropdash.storage import runs as storage

    where = folders.folders()
    broken, said_of = list(damaged.of_runs(where.models)), dict[str, notes.Notes]()
    try:
        said_of = notes.read(where.data)
    except CropdashError as error:
        errors.print(str(error))
    listed = [(r, said_of.get(r.run_id, notes.Notes())) for r in storage.list_all(where.models)]
    listed = [(run, said) for run, said in listed if archived or not said.archived]
    if as_json:
        bad = {one.name for one in broken}
        known = [_facts(run) | {"notes": asdict(s)} for run, s in listed if run.run_id not in bad]
        print_json(known + [{"run": one.name, "damaged": one.reason} for one in broken])
        return
    table = Table(
        "Run", "Dataset", "Name", "State", "Accuracy", "Macro F1", "Parcel accuracy", "Tags"
    )
    for run, said in listed:
        table.add_row(run.run_id, *_row(run, said))
    print_whole(table)
    for one in broken:
        errors.print(f"{one.name}: {say(one.reason)}")


def _facts(run: RunFolder) -> dict[str, Any]:
    status = run.status
    told = {name: run.config[name] for name in ("dataset", "classifier")}
    return scored(run.run_id, run.scores()) | told | {"state": status.state if status else None}


def _row(run: RunFolder, said: notes.Notes) -> list[str]:
    """Dataset, name, state, scores and tags; of a run that can't be read that it is damaged."""
    try:
        found, status = run.scores(), run.status
        test, dataset = found.test if found else None, str(run.config["dataset"])
    except CropdashError:
        return ["–", said.name, "damaged", "–", "–", "–", ""]
    state = ("archived, " if said.archived else "") + (status.state if status else "?")
    figures = (("pixel", "accuracy"), ("pixel", "macro_f1"), ("parcel", "accuracy"))
    return [
        dataset,
        said.name,
        state,
        *(score(test, *which) for which in figures),
        ", ".join(said.tags),
    ]


@app.command()
def name(run: Run, text: Annotated[str, typer.Argument(help="Empty: none.")] = "") -> None:
    """Call a run by a name, which pages show instead of its model's.

    Example: `python -m cropdash runs name cnn-20230101-120000-ab12 "Light, ten bands"`
    """
    _act(run, "name", text, f"is called {text}" if text else "has no name any more")


@app.command()
def note(run: Run, text: Annotated[str, typer.Argument(help="Empty: none.")] = "") -> None:
    """Note something on a run.

    Example: `python -m cropdash runs note cnn-20230101-120000-ab12 "Before the register was mended"`
    """
    _act(run, "note", text, "has a note" if text else "has no note any more")


@app.command()
def tag(
    run: Run, tags: Annotated[list[str] | None, typer.Argument(help="None: no tag.")] = None
) -> None:
    """Tag a run; the tags that it had are replaced.

    Example: `python -m cropdash runs tag cnn-20230101-120000-ab12 paper ten-bands`
    """
    _act(
        run,
        "tag",
        ",".join(tags or ()),
        f"has the tags {', '.join(tags)}" if tags else "has no tags",
    )


@app.command()
def archive(run: Run) -> None:
    """Put a run away: lists and choices leave it out, nothing of it is lost.

    Example: `python -m cropdash runs archive cnn-20230101-120000-ab12`
    """
    _act(run, "archive", "", "is put away")


@app.command()
def restore(run: Run) -> None:
    """Bring a run back that was put away.

    Example: `python -m cropdash runs restore cnn-20230101-120000-ab12`
    """
    _act(run, "restore", "", "is back")


@app.command()
def delete(
    run: Run,
    yes: Annotated[bool, typer.Option("--yes", help="Ask nothing; for scripts.")] = False,
) -> None:
    """Delete a run with its model, predictions and scores; asked twice.

    Example: `python -m cropdash runs delete cnn-20230101-120000-ab12`
    """
    from cropdash.storage import runs as storage

    storage.find(folders.folders().models, run)  # before anything is asked
    if not yes:
        typer.confirm(f"Delete run {run} with its model, predictions and scores?", abort=True)
        again = typer.prompt("It can't be had back. Type its id once more")
        if again.strip() != run:
            raise typer.Abort
    _act(run, "delete", "", "is deleted")


def _act(run: str, action: notes.Action, value: str, done: str) -> None:
    from cropdash.storage import notes

    notes.act(folders.folders(), run, action, value)
    console.print(f"Run {run} {done}.")
