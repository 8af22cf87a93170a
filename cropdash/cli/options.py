"""Options that several commands have, and what a shell completes for them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cropdash.cli.terminal import console
from cropdash.settings import folders


def runs(incomplete: str) -> list[str]:
    """Names of runs that begin so, for a shell; no file is opened."""
    return _in(folders.folders().models, incomplete)


def datasets(incomplete: str) -> list[str]:
    """Names of datasets that begin so, for a shell; no file is opened."""
    return _in(folders.folders().data, incomplete)


def _in(folder: Path, begun: str) -> list[str]:
    return sorted(
        p.name for p in folder.glob("[a-z0-9]*") if p.is_dir() and p.name.startswith(begun)
    )


def _apart(context: typer.Context, wanted: bool) -> bool:
    """Words for people go to the other stream while an answer is for a program."""
    if wanted:
        console.stderr = True
        context.call_on_close(_together)  # one process may run many commands
    return wanted


def _together() -> None:
    console.stderr = False


Json = Annotated[
    bool, typer.Option("--json", callback=_apart, help="Answer as JSON; the rest goes to stderr.")
]
Run = Annotated[str, typer.Argument(help="A trained run.", autocompletion=runs)]
RunOption = Annotated[
    str | None,
    typer.Option("--run", help="Work on this queued or ended run.", autocompletion=runs),
]
