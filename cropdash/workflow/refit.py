"""The second training of a run: on all its zones, as long as was best on those held out."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping, Sequence

import numpy as np

from cropdash import classify
from cropdash.classify.classifier import Classifier
from cropdash.domain import Legend, Sample
from cropdash.settings.train import TrainConfig
from cropdash.storage.runs import RunFolder

_SCRATCH = "refit"  # where the second training keeps what it needs to go on


def refit(
    run: RunFolder,
    config: TrainConfig,
    samples: Sequence[Sample],
    legend: Legend,
    *,
    progress: Callable[[str, float], None],
    should_stop: Callable[[], bool],
) -> Classifier | None:
    """A model trained on all `samples` for the number of epochs that validated best.

    None if it was asked to stop; a later call goes on from its last epoch, until it is told to
    `forget` them.
    """
    rounds = best_round(run)
    model = classify.build(config.with_rounds(rounds), legend)
    scratch = run.path / _SCRATCH
    scratch.mkdir(exist_ok=True)

    def on_epoch(values: Mapping[str, float]) -> None:
        done = min(float(values.get("progress", 0.0)), 1.0)
        progress(f"Training on all zones, epoch {int(values.get('epoch', 0))}", done)

    model.fit(samples, [], folder=scratch, on_epoch=on_epoch, should_stop=should_stop)
    return None if should_stop() else model


def best_round(run: RunFolder) -> int:
    """The epoch, or number of trees, that did best on the zones held out.

    The last one where these could not tell: none of their crops was trained.
    """
    told = run.epochs()
    scores = told.get("validation_score", told["epoch"])
    judged = told["epoch"] if scores.isna().all() else scores
    return int(told["epoch"].to_numpy(int)[np.nanargmax(judged.to_numpy(float))])


def forget(run: RunFolder) -> None:
    """Delete what the second training kept on its way, and what a killed one left there."""
    shutil.rmtree(run.path / _SCRATCH, ignore_errors=True)
