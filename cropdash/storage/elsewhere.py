"""models/<run>/elsewhere/<dataset>/: what a run says of another dataset, in a run's own files."""

from __future__ import annotations

from pathlib import Path

from cropdash.domain import NAME, check_name
from cropdash.domain.errors import RunNotFound
from cropdash.storage import layout, runs
from cropdash.storage.runs import RunFolder

_ON = "~"  # between a run's name and the dataset's


def at(run: RunFolder, dataset: str) -> RunFolder:
    """The folder of the run's predictions of a dataset, and of their scores; its own for its own."""
    if dataset == run.config["dataset"]:
        return run
    return RunFolder(run.path / layout.ELSEWHERE / check_name(dataset, "Dataset"))


def name(run_id: str, dataset: str) -> str:
    """What the run's answers about another dataset are called."""
    return f"{run_id}{_ON}{dataset}"


def is_one(run_id: str) -> bool:
    """True for a `name`."""
    return _ON in run_id


def datasets(run: RunFolder) -> tuple[str, ...]:
    """Other datasets of which it has predicted zones."""
    found = (run.path / layout.ELSEWHERE).glob(f"*/{layout.PREDICTIONS}")
    return tuple(sorted(p.parent.name for p in found if NAME.fullmatch(p.parent.name)))


def find(models: Path, run_id: str) -> RunFolder:
    """The folder of that `name`, looked up in the listings. Raises RunNotFound."""
    known, _, dataset = run_id.partition(_ON)
    run = runs.find(models, known)
    if dataset not in datasets(run):
        raise RunNotFound(
            "Run {a} has predicted nothing of dataset {b}: 'python -m cropdash predict {c}"
            " --on DATASET' does.",
            a=known,
            b=repr(dataset[:64]),
            c=known,
        )
    return RunFolder(run.path / layout.ELSEWHERE / dataset)
