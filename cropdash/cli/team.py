"""`python -m cropdash users` and `record`: who may come in, and who did what."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from cropdash.cli.options import Json
from cropdash.cli.terminal import console, print_json, print_whole
from cropdash.domain.access import ROLES
from cropdash.domain.errors import ConfigError
from cropdash.settings import access as settings
from cropdash.settings import folders
from cropdash.storage import record as records
from cropdash.storage import users as storage

app = typer.Typer(name="users", no_args_is_help=True, rich_markup_mode="markdown")
Name = Annotated[str, typer.Argument(help="Small letters; for a provider the e-mail or subject.")]


@app.callback()
def users() -> None:
    """Who may sign in, and as what."""


@app.command("set")
def set_user(
    name: Name,
    role: Annotated[str | None, typer.Option(help=f"{', '.join(ROLES)}.")] = None,
    provider: Annotated[
        bool, typer.Option("--provider", help="No password: signs in with the team's provider.")
    ] = False,
) -> None:
    """Add a user, or change role or password of one; the password is asked for, twice.

    Examples: `CROPDASH_USERS=users.json python -m cropdash users set anna --role analyst`

    `CROPDASH_USERS=users.json python -m cropdash users set bob@example.org --role viewer --provider`
    """
    path = _file()
    known = storage.read(path).get(name) if path.exists() else None
    as_what = role or (known.role if known else "viewer")
    if as_what not in ROLES:
        raise ConfigError(
            "There is no role {a}: choose from {b}.", a=repr(as_what[:40]), b=", ".join(ROLES)
        )
    storage.check_name(name)
    keeps = known is not None and role is not None and not provider
    if provider:
        password = None
        if known is not None and known.password:
            storage.remove(path, name)
    elif keeps and not typer.confirm("A new password as well?", default=False):
        password = None
    else:
        text = f"Password of {name} (at least {storage.SHORTEST} letters)"
        password = typer.prompt(text, hide_input=True, confirmation_prompt=True)
    storage.put(path, name, as_what, password)
    records.note(folders.folders().data, "set user", f"{name}: {as_what}")
    console.print(f"{name} is {as_what} in {path}.")


@app.command("remove")
def remove_user(name: Name) -> None:
    """Take a user away: the next click on a page of theirs is refused.

    Example: `CROPDASH_USERS=users.json python -m cropdash users remove anna`
    """
    storage.remove(_file(), name)
    records.note(folders.folders().data, "remove user", name)
    console.print(f"{name} is removed.")


@app.command("list")
def list_users(as_json: Json = False) -> None:
    """List users with their role and how they sign in.

    Example: `CROPDASH_USERS=users.json python -m cropdash users list`
    """
    told = [
        (name, user.role, "a password" if user.password else "the provider")
        for name, user in storage.read(_file()).items()
    ]
    if as_json:
        print_json([dict(zip(("name", "role", "signs_in_with"), row, strict=True)) for row in told])
        return
    table = Table("Name", "Role", "Signs in with")
    for row in told:
        table.add_row(*row)
    print_whole(table)


def record(
    by: Annotated[str | None, typer.Option(help="Of this person alone.")] = None,
    last: Annotated[int, typer.Option(min=1, help="Rows at most, the newest.")] = 50,
    as_json: Json = False,
) -> None:
    """Show who started, stopped, decided, uploaded or deleted what; times are UTC.

    Example: `python -m cropdash record --by anna`
    """
    told = records.read(folders.folders().data, by=by)[-last:]
    if as_json:
        print_json([asdict(event) for event in told])
        return
    table = Table("Time (UTC)", "Name", "Role", "Action", "Object")
    for event in told:
        table.add_row(event.time[:19], event.name, event.role, event.action, event.object)
    print_whole(table)


def _file() -> Path:
    path = settings.users_file()
    if path is None:
        raise ConfigError(
            "Name the file of users in the environment: {a}=users.json.", a=settings.USERS
        )
    return path
