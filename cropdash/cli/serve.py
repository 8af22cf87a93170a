"""`cropdash dashboard` and `docs`: what a browser shows."""

from __future__ import annotations

import os
import subprocess
import sys
import webbrowser
from importlib import import_module
from pathlib import Path
from typing import Annotated

import typer

from cropdash.cli.terminal import console
from cropdash.domain.errors import CropdashError, needing
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
    source = folders.unpack()
    page = folders.home() / "site" / "index.html"
    if not page.exists() or page.stat().st_mtime < _changed(source):
        _build(source, page.parent)
    console.print(f"The documentation lies at {page}")
    if show:
        webbrowser.open(page.as_uri())


def _changed(source: Path) -> float:
    """When a file that the documentation is made of was changed last."""
    made_of = [*source.glob("*.md"), *source.glob("mkdocs.yml"), *(source / "docs").rglob("*")]
    return max(path.stat().st_mtime for path in made_of)


def _build(source: Path, site: Path) -> None:
    with needing("docs"):
        for name in ("mkdocs", "material", "mkdocstrings"):
            import_module(name)
    console.print("Building the documentation, once …")
    command = [sys.executable, "-m", "mkdocs", "build", "--quiet", "--site-dir", str(site)]
    done = subprocess.run(command, cwd=source, capture_output=True, text=True, check=False)
    if done.returncode:
        *_, last = done.stderr.strip().splitlines() or ["no word"]
        raise CropdashError("The documentation could not be built: {a}", a=last)
