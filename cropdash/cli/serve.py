"""`cropdash dashboard` and `docs`: what a browser shows."""

from __future__ import annotations

import os
import subprocess
import sys
import webbrowser
from typing import Annotated

import typer

from cropdash.cli.terminal import console
from cropdash.jobs import documentation
from cropdash.settings import folders


def dashboard(
    port: Annotated[int, typer.Option(min=1, max=2**16 - 1, help="Where it listens.")] = 8501,
    options: Annotated[
        list[str] | None, typer.Argument(help="For Streamlit, behind two dashes.")
    ] = None,
) -> None:
    """Start the dashboard on this machine; Ctrl-C ends it.

    Example: `python -m cropdash dashboard --port 8600`
    """
    where = folders.folders()
    command = [sys.executable, "-m", "streamlit", "run", "app.py", f"--server.port={port}"]
    found = {"CROPDASH_DATA": str(where.data), "CROPDASH_MODELS": str(where.models)}
    try:
        ended = subprocess.call(
            [*command, *(options or ())], cwd=folders.unpack(), env=os.environ | found
        )
    except KeyboardInterrupt:
        ended = 0
    raise typer.Exit(ended)


def docs(
    show: Annotated[bool, typer.Option(help="Open it in the browser.")] = True,
) -> None:
    """Open the documentation, without the internet; the first time, and after a change, it is built.

    Example: `python -m cropdash docs`
    """
    if not documentation.is_current():
        console.print("Building the documentation, once …")
        documentation.build()
    page = documentation.site() / "index.html"
    console.print(f"The documentation lies at {page}")
    if show:
        webbrowser.open(page.as_uri())
