"""The command line `cropdash …`: its commands, each loaded where it is asked for, and its end."""

from __future__ import annotations

import ast
import logging
import os
import signal
import sys
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NoReturn

import typer
from typer.core import TyperCommand, TyperGroup

from cropdash import i18n
from cropdash.cli.terminal import errors, marked
from cropdash.domain.errors import CropdashError, of_length, of_memory
from cropdash.domain.secret import hidden
from cropdash.i18n import say

# The modules, with the commands, or the group of commands, that each has as functions of that name.
_MODULES = {
    "train": "demo train",
    "build": "build",
    "place": "provenance",
    "predict": "predict evaluate",
    "mosaic": "mosaic",
    "runs": "runs",
    "listing": "doctor",
    "serve": "dashboard docs",
    "model": "ensemble optimism",
    "study": "crossvalidate search",
    "season": "season",
    "zones": "zones",
    "audit": "audit",
    "reports": "dossier report",
    "team": "users record",
    "database": "database",
    "decisions": "decisions",
    "simulate": "simulate",
}
COMMANDS = {name: module for module, names in _MODULES.items() for name in names.split()}


class _Commands(TyperGroup):
    """The commands by name and first sentence; help lists them without loading what they need."""

    def __init__(self, **more: Any) -> None:
        super().__init__(**more)
        self.commands = {name: TyperCommand(name, help=_told(name)) for name in COMMANDS}

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """The command that the first of the words names, whole."""
        if args[0] in COMMANDS:
            self.commands[args[0]] = command(args[0])
        return super().resolve_command(ctx, args)


app = typer.Typer(
    name="cropdash",
    cls=_Commands,
    no_args_is_help=True,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
)


@app.callback()
def cropdash() -> None:
    """Map crop types from a year of Sentinel-2, and judge the map."""


def command(name: str) -> Any:
    """A command, or a group of them, with its options: its module is loaded."""
    module = import_module(f"cropdash.cli.{COMMANDS[name]}")
    group = getattr(module, "app", None)
    if group is None or group.info.name != name:
        group = typer.Typer(rich_markup_mode="markdown", add_completion=False)
        group.command(name)(getattr(module, name))
    group.pretty_exceptions_enable = False
    return typer.main.get_command(group)


@cache
def _told(name: str) -> str:
    """What a command does: the docstring of its function, read and not run."""
    found = find_spec(f"cropdash.cli.{COMMANDS[name]}")
    assert found is not None and found.origin is not None  # noqa: PT018, S101 (of our own package)
    tree = ast.parse(Path(found.origin).read_text(encoding="utf-8"))
    (function,) = (n for n in tree.body if isinstance(n, ast.FunctionDef) and n.name == name)
    return ast.get_docstring(function) or ""


def main() -> None:
    """Run the command line; a fault of input ends with one sentence and exit code 2."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    if logging.lastResort:  # what libraries say of addresses that they asked
        logging.lastResort.addFilter(_worth_saying)
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # idle threads sleep instead of spinning
    with i18n.speaking(os.environ.get(i18n.VARIABLE, "en")):
        try:
            app(prog_name="cropdash")
        except CropdashError as error:
            _refuse(say(str(error)))
        except OSError as error:
            if told := of_memory(error):
                _refuse(say(str(told)))
            if error.filename is None:
                raise  # nothing that was typed
            if too_long := of_length(error):
                _refuse(say(str(too_long)))
            _refuse(
                f"{error.filename} can't be used ({error.strerror}): check its path and rights."
            )
        except Exception as error:  # of libraries, each with a word of its own for it
            if told := of_memory(error):
                _refuse(say(str(told)))
            raise


def _worth_saying(record: logging.LogRecord) -> bool:
    """What a library logs is said without keys; that it was stopped is no fault of it."""
    if record.exc_info and isinstance(record.exc_info[1], SystemExit | KeyboardInterrupt):
        return False
    record.msg, record.args = hidden(record.getMessage()), ()
    return True


def _refuse(sentence: str) -> NoReturn:
    errors.print(marked("Error:", "red", f" {sentence}"))
    sys.exit(2)
