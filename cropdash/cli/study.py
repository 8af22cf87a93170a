"""`python -m cropdash crossvalidate` and `search`: several trainings that answer one question."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table

from cropdash.cli.models import FIRST, Dataset, Model, Settings, assignments
from cropdash.cli.options import Json
from cropdash.cli.terminal import at_work, console, print_json, print_whole
from cropdash.domain.errors import ConfigError
from cropdash.settings import command, folders, waits
from cropdash.settings import study as study_config
from cropdash.settings.study import CrossValidation, Search

if TYPE_CHECKING:
    from cropdash.storage.studies import StudyFolder, Trial

Study = Annotated[str | None, typer.Option("--study", help="Go on with this queued or ended one.")]


def crossvalidate(
    dataset: Dataset = None,
    classifier: Model = FIRST,
    folds: Annotated[int, typer.Option(help="Groups of whole zones, each scored once.")] = 3,
    steps: Annotated[
        int, typer.Option(help="Above 1: each fold also on half its parcels, a quarter, ….")
    ] = 1,
    settings: Settings = None,
    study: Study = None,
    as_json: Json = False,
) -> None:
    """Score every training zone with a model that never saw it; test zones take no part.

    With steps it says how many more parcels each rare class is likely to take to an F1 of .5.

    Examples: `python -m cropdash crossvalidate demo --classifier xgboost --folds 3`

    `python -m cropdash crossvalidate demo --classifier xgboost --folds 2 --steps 4`
    """
    own = {"kind": "crossvalidate", "folds": folds, "steps": steps}
    _work(_found(study) or _queued(dataset, classifier, settings, own), as_json)


def search(
    dataset: Dataset = None,
    classifier: Model = FIRST,
    kind: Annotated[str, typer.Option(help="'optuna' or 'grid'.")] = "optuna",
    trials: Annotated[int, typer.Option(help="At most.")] = 20,
    minutes: Annotated[
        float, typer.Option(help="After which no new trial begins; 0: no limit.")
    ] = 60.0,
    folds: Annotated[int, typer.Option(help="1: the validation fold alone.")] = 1,
    prune: Annotated[bool, typer.Option(help="End trials early that do badly.")] = True,
    seed: Annotated[int, typer.Option(help="Fixes what is tried.")] = 0,
    settings: Settings = None,
    study: Study = None,
    as_json: Json = False,
) -> None:
    """Look for the settings that score best on training zones held out; test zones take no part.

    Example: `python -m cropdash search demo --classifier xgboost --trials 30 --minutes 20`
    """
    own: dict[str, Any] = {"kind": kind, "trials": trials, "minutes": minutes, "folds": folds}
    own |= {"prune": prune, "draws": seed}
    _work(_found(study) or _queued(dataset, classifier, settings, own), as_json)


def _found(study: str | None) -> StudyFolder | None:
    from cropdash.storage import studies

    return None if study is None else studies.find(folders.folders().models, study)


def _queued(
    dataset: str | None, classifier: str, settings: list[str] | None, own: dict[str, Any]
) -> StudyFolder:
    from cropdash.storage import studies

    if dataset is None:
        raise ConfigError("Name a dataset to train on, or a study with --study.")
    values = own | {"dataset": dataset, "classifier": classifier, "fixed": assignments(settings)}
    return studies.queue(folders.folders(), study_config.parse(values))


def _work(study: StudyFolder, as_json: bool) -> None:
    """Run the study as a worker, and print what came of it."""
    from cropdash.storage import waiting
    from cropdash.workflow.crossvalidate import crossvalidate as run_folds
    from cropdash.workflow.search import search as run_search

    console.print(f"Study {study.study_id}")
    where, settings = folders.folders(), study.config
    console.print(waits.told(waiting.study(where.data, where.models, settings)))
    with at_work(study.path, in_turn=True) as told:
        (run_search if isinstance(settings, Search) else run_folds)(study, where, **told)
    if as_json:
        _print_json(study)
    elif isinstance(settings, Search):
        _print_trials(settings, study.trials())
    else:
        _print_folds(settings, study.scores())


def _print_json(study: StudyFolder) -> None:
    found: dict[str, Any] = {"study": study.study_id}
    if isinstance(study.config, Search):
        found["trials"] = [asdict(trial) for trial in study.trials()]
    else:
        found["scores"] = study.scores()
    print_json(found)


def _print_trials(settings: Search, trials: tuple[Trial, ...]) -> None:
    table = Table("Trial", "State", "Score", "Accuracy", "Macro F1", "Seconds", "Settings")
    for trial in sorted(trials, key=lambda t: -(t.score or 0)):
        shown = [_number(v) for v in (trial.score, trial.accuracy, trial.macro_f1)]
        tried = ", ".join(f"{name}={value}" for name, value in trial.settings.items())
        number = str(trial.number + 1)
        table.add_row(number, trial.state, *shown, f"{trial.seconds:.0f}", tried)
    print_whole(table)
    console.print(
        "Score: mean of accuracy and macro F1 over crop pixels of training zones held out."
    )
    from cropdash.storage import studies

    if best := studies.best(trials):
        console.print(f"The best settings, trial {best.number + 1}, as a training:")
        line = command.command_line(settings.training(**best.settings))
        console.print(line)


def _print_folds(settings: CrossValidation, scores: dict[str, Any]) -> None:
    if not scores:
        console.print("No fold is scored yet.")
        return
    table = Table("Fold", "Zones", *(f"{u} {n}" for u in _UNITS for n in ("accuracy", "macro F1")))
    for fold in scores["folds"]:
        cells = [_number(fold[u][name]) for u in _UNITS for name in _NAMES]
        table.add_row(str(fold["fold"] + 1), str(len(fold["zones"])), *cells)
    spread = [scores["mean"][u][name] for u in _UNITS for name in _NAMES]
    table.add_row(
        "mean ± sd", "", *(f"{_number(s['mean'])} ± {_number(s['deviation'])}" for s in spread)
    )
    print_whole(table)
    if scores.get("curve"):
        _print_curve(scores["curve"])
    done, wanted = len(scores["folds"]), settings.folds
    console.print(
        f"{done} of {wanted} folds of training zones, scored by models that never saw them."
    )


def _print_curve(rows: Sequence[Mapping[str, Any]]) -> None:
    table = Table("Class", "Parcels", "Scored", "F1", "Parcels to F1 .5", "95 %")
    for row in rows:
        ends = [_whole(row[end]) for end in ("low", "high")]
        table.add_row(
            str(row["name"]), f"{row['parcels']:,}", f"{row['scored']:,.0f}", _number(row["f1"]),
            _whole(row["wanted"]), " to ".join(ends),
        )  # fmt: skip
    print_whole(table)


def _whole(value: float | None) -> str:
    return "?" if value is None else f"{value:,.0f}"


_UNITS, _NAMES = ("pixel", "parcel"), ("accuracy", "macro_f1")


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}"
