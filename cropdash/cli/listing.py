"""`cropdash doctor`: whether it works."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from cropdash.cli.options import Json
from cropdash.cli.terminal import console, marked, print_json
from cropdash.settings import folders


def doctor(
    endpoint: Annotated[
        str | None,
        typer.Option(help="Ask 'earthengine', a STAC provider or an address whether it answers."),
    ] = None,
    register: Annotated[list[Path] | None, typer.Option(help="A register; repeatable.")] = None,
    as_json: Json = False,
) -> None:
    """Check packages, folders, disk, memory, datasets, and what unfinished builds need.

    One line each, with a way out; ends with code 1 if something needed is broken.

    Examples: `python -m cropdash doctor`

    `python -m cropdash doctor --endpoint planetary-computer --register RPG.gpkg`
    """
    from cropdash.workflow.doctor import examine

    findings = examine(folders.folders(), endpoint=endpoint, registers=register or ())
    if as_json:
        print_json([asdict(finding) for finding in findings])
    for finding in () if as_json else findings:
        word, style = ("ok", "green") if finding.ok else ("fault", "red")
        line = marked(f"{word:>5}", style, f"  {finding.subject}: {finding.text}")
        console.print(line)
    if not all(finding.ok for finding in findings):
        raise typer.Exit(1)
