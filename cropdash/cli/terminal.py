"""What the command line shows: progress, tables, sentences."""

from __future__ import annotations

import json
import math
import os
import re
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from cropdash.domain import access
from cropdash.domain.secret import hidden
from cropdash.i18n import say
from cropdash.settings import folders, waits

if TYPE_CHECKING:
    import pandas as pd

    from cropdash.domain import Legend
    from cropdash.domain.scores import RunScores, TestScores

# Control characters but the new line, and what turns the direction of writing.
_ACTING = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")


class _Console(Console):
    """Shows text as it stands: names, titles and errors come from files of others.

    Neither square brackets nor colons nor control characters in them do anything.
    """

    def __init__(self, *, stderr: bool = False) -> None:
        super().__init__(stderr=stderr, markup=False, emoji=False, highlight=False)

    def print(self, *objects: Any, **options: Any) -> None:
        """As any console; but a sentence is one line, whose names a pipe gets whole."""
        is_sentence = all(isinstance(each, str | Text) for each in objects)
        super().print(*objects, **{"soft_wrap": is_sentence} | options)

    def render_str(self, text: str, **options: Any) -> Text:  # of cells and titles too
        return super().render_str(plain(text), **options)


def plain(text: str) -> str:
    """The text with its control characters written out, and without keys."""
    return _ACTING.sub(lambda found: f"\\x{ord(found[0]):02x}", hidden(text))


def marked(word: str, style: str, text: str = "") -> Text:
    """A word in a style, and text as it stands."""
    return Text.assemble((word, style), plain(text))


console = _Console()
errors = _Console(stderr=True)


def print_whole(table: Table) -> None:
    """A table whose names other commands need: no cell is cut or folded, however narrow the place.

    Where it does not fit, and in a pipe, it has no frame and its lines are as long as they are.
    """
    anywhere = console.options.update(max_width=sys.maxsize)
    if not console.is_terminal or console.measure(table, options=anywhere).maximum > console.width:
        table.box, table.pad_edge = None, False
    table.width = console.measure(table, options=anywhere).maximum
    console.print(table, crop=False)


def print_json(value: Any) -> None:
    """What a program asked for, on the standard output, as JSON: a number that is none is null."""
    sys.stdout.write(json.dumps(_finite(value), ensure_ascii=False, indent=2) + "\n")


def _finite(value: Any) -> Any:
    """Lists, tables and numbers as JSON knows them."""
    if isinstance(value, Mapping):
        return {str(key): _finite(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(each) for each in value]
    value = value.item() if hasattr(value, "item") else value  # one of numpy's
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else None
    return value if isinstance(value, str | int | bool | None) else str(value)


def scored(run_id: str, scores: RunScores | None) -> dict[str, Any]:
    """A run's scores for a program; null where no test zone was scored."""
    return {"run": run_id, "scores": None if scores is None else asdict(scores)}


def print_scores(run_id: str, scores: RunScores | None, as_json: bool = False) -> None:
    """The scores of a run, with what they were taken over."""
    if as_json:
        print_json(scored(run_id, scores))
        return
    if scores is None:
        console.print(f"Run {run_id}: trained; no test zone was scored.")
        return
    test = scores.test
    table = Table("Unit", "Accuracy", "Macro F1", "Scored", "Classes", title=f"Run {run_id}")
    for unit in ("pixel", "parcel", "hectare"):
        values = test.of(unit)
        table.add_row(
            unit,
            score(test, unit, "accuracy"),
            score(test, unit, "macro_f1"),
            f"{values.n_scored:,.0f}",
            str(values.n_classes_averaged),
        )
    print_whole(table)
    console.print(f"Crop pixels and parcels of the test zones {', '.join(test.zones)}.")
    if test.answers:
        console.print(_answered(test.answers))


def _answered(answers: Mapping[str, float | None]) -> str:
    """What the parcels' answers at two levels are worth."""
    right = {name: "–" if value is None else f"{value:.1%}" for name, value in answers.items()}
    return (
        f"Sure enough for a class: {right['by_class']} of the parcels, of which "
        f"{right['class_accuracy']} are right; of the others the group of crops is right for "
        f"{right['group_accuracy']}."
    )


def print_areas(areas: pd.DataFrame, legend: Legend) -> None:
    """Hectares by class, largest first: mapped, and corrected with their interval."""
    table = Table(
        "Class",
        "Mapped [ha]",
        "Corrected [ha]",
        "95 % interval",
        title="Area of the predicted zones",
    )
    for row in areas.sort_values("estimated_ha", ascending=False).to_dict("records"):
        low, high = float(row["low_ha"]), float(row["high_ha"])
        table.add_row(
            legend.classes[int(row["class_id"])].label(),
            f"{row['mapped_ha']:,.1f}",
            f"{row['estimated_ha']:,.1f}",
            "–" if math.isnan(low) else f"{low:,.1f} – {high:,.1f}",
        )
    print_whole(table)


def score(test: TestScores | None, unit: str, name: str) -> str:
    """One number of a run's scores, or a dash."""
    value = getattr(test.of(unit), name) if test else None
    return "–" if value is None else f"{value:.3f}"


@contextmanager
def bar() -> Iterator[Callable[[str, float], None]]:
    """A progress bar on a terminal; one line per stage elsewhere, as in a log file."""
    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f} %"),
        TextColumn("{task.fields[left]}", markup=False),
    )
    quiet = not console.is_terminal
    with Progress(*columns, TimeElapsedColumn(), console=console, disable=quiet) as display:
        task = display.add_task("Starting", total=1.0, left="")
        last, marks = "", cast("tuple[waits.Mark, ...]", ())

        def update(stage: str, done: float) -> None:
            nonlocal last, marks
            marks, now = waits.keep(marks, (time.monotonic(), done)), time.monotonic()
            left = waits.left_told(waits.remaining(marks, now))
            said = plain(say(stage).replace("\n", " "))
            display.update(task, description=said, completed=done, left=left)
            if quiet and stage != last:
                console.print(f"{done:4.0%} {say(stage)}{left and f' ({left})'}")
            last = stage

        yield update


@contextmanager
def at_work(folder: Path, *, in_turn: bool = False) -> Iterator[dict[str, Any]]:
    """Work on a folder as its worker: yields what a job tells its progress to and is stopped by.

    `in_turn`: after the jobs of the models' folder that were queued before it.
    """
    from cropdash.jobs import worker
    from cropdash.storage import record  # brings SQLAlchemy along, which help does without

    slot = folders.folders().models / ".slot.lock" if in_turn else None
    if access.FOR not in os.environ:  # else the page that started it has recorded it
        record.note(folders.folders().data, "start", folder.name)
    with bar() as told, worker.at_work(folder, slot=slot) as reporter:

        def progress(stage: str, done: float) -> None:
            told(stage, done)
            reporter.update(stage, done)

        yield {"progress": progress, "should_stop": reporter.should_stop}
