"""The search for settings: many trainings, each judged on training zones that it did not learn.

Each trial is a file of its own, and what is tried next follows from the search's seed and the
trials before it alone: a search that was broken off goes on as if it had not been.
"""

from __future__ import annotations

import math
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import optuna

from cropdash import classify
from cropdash.classify import stopping
from cropdash.domain.errors import InvalidRun, NotEnoughData, TrainingFailed
from cropdash.domain.message import Message
from cropdash.settings import classifiers
from cropdash.settings.folders import Folders
from cropdash.settings.study import Point, Search
from cropdash.settings.train import TrainConfig
from cropdash.storage import layout, studies
from cropdash.storage.datasets import DatasetFolder
from cropdash.storage.runs import RunFolder
from cropdash.storage.studies import StudyFolder, Trial
from cropdash.workflow import partition, proposals
from cropdash.workflow.zone_dataset import material

Progress = Callable[[str, float], None]
ShouldStop = Callable[[], bool]
# A trial is looked at this often, at equal shares of its training: trials of many small steps and
# of few large ones are as far along when they are compared.
LOOKS = 20
_SCORES = ("score", "accuracy", "macro_f1")
_OVER = ("done", "pruned", "failed")  # states of a trial that is not taken up again


def search(
    study: StudyFolder,
    folders: Folders,
    *,
    progress: Progress,
    should_stop: ShouldStop = lambda: False,
) -> Trial | None:
    """Run the trials that are left; returns the best one, None if none was finished.

    A trial that was broken off goes on from its last epoch. Test zones take no part.
    Raises NotEnoughData if the dataset has fewer training zones than two or than folds, InvalidRun
    if it changed since the search began.
    """
    config = study.config
    if not isinstance(config, Search):
        raise InvalidRun("Study {a} is no search.", a=study.study_id)
    dataset = DatasetFolder(folders.data, config.dataset)
    partition.check_unchanged(study.record(), dataset)
    _check_folds(dataset, config)
    finished = [trial for trial in study.trials() if trial.state in _OVER]
    begun = {trial.number: trial for trial in study.trials() if trial.state not in _OVER}
    while len(finished) < config.n_trials and not should_stop() and not _is_late(config, finished):
        number = len(finished)
        progress(_stage(number, config), _reached(config, finished, number))
        asked, point = proposals.ask(config, finished)
        trial = begun.get(number) or Trial(number, "running", point)

        def told(epoch: int, share: float, number: int = number) -> None:
            reached = _reached(config, finished, number + share)
            progress(_stage(number, config, epoch), reached)

        trial = _Attempt(study, folders, config, trial, asked, told, should_stop).run()
        if trial.state == "stopped":
            break
        finished.append(trial)
    return studies.best(study.trials())


class _Attempt:
    """One trial on its way: its file always says how far it is."""

    def __init__(
        self,
        study: StudyFolder,
        folders: Folders,
        config: Search,
        trial: Trial,
        asked: optuna.Trial,
        told: Callable[[int, float], None],
        should_stop: ShouldStop,
    ) -> None:
        self._study, self._folders, self._config = study, folders, config
        self._asked, self._told, self._should_stop = asked, told, should_stop
        self._began, self._before = time.monotonic(), trial.seconds
        self.trial = replace(trial, state="running")
        for step, score in trial.curve:
            asked.report(score, step)
        self._is_worse = asked.should_prune()  # true if it was broken off on that very word

    def run(self) -> Trial:
        """Train fold by fold; returns the trial as it ended."""
        self._keep()
        try:
            self._train()
        except TrainingFailed as error:
            self._keep(state="failed", error=str(error))
        except (KeyboardInterrupt, SystemExit):
            self._keep(state="stopped")
            raise
        return self.trial

    def _train(self) -> None:
        folder = self._study.trial_folder(self.trial.number)
        found: list[dict[str, float]] = []
        for fold, settings in enumerate(_trainings(self._config, self.trial.settings)):
            found.append(self._train_fold(fold, settings, folder / str(fold)))
            if self._should_stop():
                self._keep(state="stopped")
                return
            if self._is_worse and fold == self._reached:
                break
        for fold in range(len(found)):
            classify.forget_checkpoint(folder / str(fold))
        means = {name: statistics.fmean(one[name] for one in found) for name in _SCORES}
        self._keep(state="pruned" if self._is_worse else "done", **means)

    @property
    def _reached(self) -> int:
        """The fold of the last look."""
        return (self.trial.curve[-1][0] - 1) // LOOKS if self.trial.curve else 0

    def _train_fold(self, fold: int, settings: TrainConfig, folder: Path) -> dict[str, float]:
        """Scores of the best epoch on the zones held out."""
        if found := layout.FOLD_DONE.find(folder):
            return found
        folder.mkdir(exist_ok=True)
        run = RunFolder(folder)
        told: list[int] = []

        def on_epoch(values: Mapping[str, float]) -> None:
            if "validation_score" not in values:
                return  # cut short by a stop
            epoch = int(values["epoch"])
            if not told:  # epochs of an earlier attempt that are gone through again
                run.keep_epochs_before(epoch)
            told.append(epoch)
            run.append_epoch(values)
            self._report(fold, values)

        if not self._is_worse:
            _fit(
                settings,
                self._folders,
                run,
                on_epoch=on_epoch,
                should_stop=lambda: self._is_worse or self._should_stop(),
            )
        best = _best_epoch(run, settings)
        if self._should_stop():
            return best
        if not best:
            raise NotEnoughData(
                "The zones of {a} that are held out have no pixel of a class that is learned"
                " from the others: use more or larger zones, or another validation fold.",
                a=settings.dataset,
            )
        layout.FOLD_DONE.write(folder, best)
        return best

    def _report(self, fold: int, values: Mapping[str, float]) -> None:
        score, share = values["validation_score"], values.get("progress", 1.0)
        if self.trial.score is None or score > self.trial.score:
            self._keep(**{name: values[f"validation_{name}"] for name in _SCORES})
        step = fold * LOOKS + math.ceil(share * LOOKS)
        if step not in dict(self.trial.curve):
            self._asked.report(score, step)
            self._keep(curve=(*self.trial.curve, (step, score)))
            self._is_worse = self._asked.should_prune()
        self._told(int(values["epoch"]), (fold + share) / self._config.folds)

    def _keep(self, **changes: Any) -> None:
        spent = self._before + time.monotonic() - self._began
        self.trial = replace(self.trial, seconds=round(spent, 2), **changes)
        self._study.write_trial(self.trial)


def _check_folds(dataset: DatasetFolder, config: Search) -> None:
    """Each fold needs a zone of its own, or some would be held out more than once."""
    learnable = [z for z in dataset.built_zones() if z.split == "train"]
    n_zones = partition.mapped_parcels(dataset, learnable)["zone_id"].nunique() if learnable else 0
    if config.folds > max(n_zones, 1):
        dataset.check_damage()
        raise NotEnoughData(
            "{a} training zones can't make {b} folds: use fewer folds or more zones.",
            a=n_zones,
            b=config.folds,
        )


def _trainings(config: Search, point: Point) -> list[TrainConfig]:
    """Settings of a trial's trainings: one, or one for each fold that is held out."""
    own = config.training(**point)
    if config.folds == 1:
        return [own]
    folds = [{"folds": config.folds, "validation_fold": i} for i in range(config.folds)]
    return [own.model_copy(update=fold) for fold in folds]


def _fit(
    settings: TrainConfig,
    folders: Folders,
    run: RunFolder,
    *,
    on_epoch: Callable[[Mapping[str, float]], None],
    should_stop: ShouldStop,
) -> None:
    """Train as a run of these settings is trained, but keep no model."""
    dataset, zones, learned, held_out, rare, _ = material(folders, settings)
    if not zones.validation:
        raise NotEnoughData(
            "Dataset {a} has a single training zone, and a search needs one to learn from"
            " and another to judge by: build more zones.",
            a=dataset.name,
        )
    run.write_classes(rare)
    classify.build(settings, dataset.legend()).fit(
        learned, held_out, folder=run.path, on_epoch=on_epoch, should_stop=should_stop
    )


def _best_epoch(run: RunFolder, settings: TrainConfig) -> dict[str, float]:
    """Scores on the zones held out, of the round that a training would keep, if any."""
    epochs, rounds = run.epochs(), classifiers.kind(settings.classifier).rounds
    if not {"validation_score", "validation_loss"} <= set(epochs):
        return {}
    last = len(epochs) - 1
    losses = epochs["validation_loss"].tolist()
    row = epochs.iloc[stopping.kept(losses, getattr(settings, rounds)) if rounds else last]
    return {name: float(row[f"validation_{name}"]) for name in _SCORES}


def _reached(config: Search, finished: Sequence[Trial], trials: float) -> float:
    """Progress, by trials or by the time limit, whichever will end the search first."""
    spent = sum(trial.seconds for trial in finished) / 60
    late = spent / config.minutes if config.minutes else 0.0
    return min(max(trials / config.n_trials, late), 1.0)


def _is_late(config: Search, finished: Sequence[Trial]) -> bool:
    """True once the search has used up its time; breaks don't count."""
    return 0 < config.minutes <= sum(trial.seconds for trial in finished) / 60


def _stage(number: int, config: Search, epoch: int = 0) -> str:
    if not epoch:
        return Message("Trial {n} of {total}", n=number + 1, total=config.n_trials)
    return Message(
        "Trial {n} of {total}, epoch {epoch}", n=number + 1, total=config.n_trials, epoch=epoch
    )
