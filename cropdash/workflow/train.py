"""From a dataset to a run: learn, calibrate, predict, score."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

import numpy as np

from cropdash import classify
from cropdash.classify import features
from cropdash.domain.errors import NotEnoughData
from cropdash.domain.message import Message
from cropdash.settings import classifiers
from cropdash.settings.ensemble import EnsembleConfig
from cropdash.settings.folders import Folders
from cropdash.storage import layout
from cropdash.storage.runs import RunFolder
from cropdash.workflow import calibrate, ensemble, ranks
from cropdash.workflow.partition import Zones, held_out_doubts
from cropdash.workflow.predict import applicability_of, predict_zones
from cropdash.workflow.score import score_run
from cropdash.workflow.zone_dataset import material

Progress = Callable[[str, float], None]
ShouldStop = Callable[[], bool]
_TRAIN, _PREDICT = 0.85, 0.97  # shares of the progress bar where these steps end


def train_run(
    run: RunFolder,
    folders: Folders,
    *,
    progress: Progress,
    should_stop: ShouldStop = lambda: False,
    zones: Zones | None = None,
) -> None:
    """Train the run's model, predict the test zones and write the scores.

    Without `zones` they are as the settings divide them. A run that was broken off goes on from
    the last epoch that was kept; where it is asked to stop, what it has is kept.
    Raises NotEnoughData if the dataset has no training zone, InvalidRun if its legend differs or
    if it lacks what the model is to see.
    """
    config = classifiers.parse(run.config)
    started = time.monotonic()

    # Partition: which whole zones are learned from, held out to judge by, and never looked at.
    # Rare classes are kept, dropped or merged, as the settings say.
    progress(Message("Reading zones and training the first epoch"), 0.0)
    found = material(folders, config, zones, layout.TAUGHT.find(run.path))
    dataset, zones, learned, held_out, rare, taught = found
    legend = dataset.legend()
    run.write_classes(rare)
    if config.decisions == "apply":  # those that were begun with, also where it goes on later
        layout.TAUGHT.write(run.path, taught.to_json())
        progress(taught.told, 0.0)
    sides = {side: [z.zone_id for z in held] for side, held in vars(zones).items()}
    run.write_sides(sides | {"beside": learned.beside})
    for doubt in held_out_doubts(dataset, zones):
        progress(doubt, 0.0)

    # Training: stopped early by the zones held out. Of runs that are joined only their weights.
    model: classify.Classifier
    if isinstance(config, EnsembleConfig):
        model = ensemble.assemble(config, folders.models, legend)
        prior = ensemble.prior(config, folders.models)
    else:
        model = classify.build(config, legend)
        prior = features.class_shares(learned, legend.n_classes)
    on_epoch = _curve(run, lambda stage, done: progress(stage, done * _TRAIN))
    with ranks.assisted(run, folders, config):
        model.fit(learned, held_out, folder=run.path, on_epoch=on_epoch, should_stop=should_stop)
    model.save(run.path)

    # Calibration: how sure it may be, how far it is bent for rare classes; on the zones held out.
    progress(Message("Calibrating"), _TRAIN)
    run.write_calibrated(calibrate.fit(model, held_out, prior).to_json())

    # Applicability: how unlike the parcels learned from one may be and still be believed.
    if (area := applicability_of(learned, config.seed)) is not None:
        run.write_applicability(area.to_arrays())
    if should_stop():
        return
    classify.forget_checkpoint(run.path)
    seconds = {"train": round(time.monotonic() - started, 1)}

    # Prediction of the test zones, and its scores.
    started = time.monotonic()
    rest = _PREDICT - _TRAIN
    predict_zones(
        run, dataset, zones.test, lambda stage, done: progress(stage, _TRAIN + done * rest)
    )
    seconds["predict"] = round(time.monotonic() - started, 1)
    progress(Message("Scoring"), _PREDICT)
    if zones.test:
        trained = np.flatnonzero(prior > 0).tolist()
        try:
            score_run(run, dataset, zones.test, trained=trained, seconds=seconds)
        except NotEnoughData as told:
            progress(str(told), 1.0)


def assist_run(run: RunFolder, folders: Folders) -> None:
    """Be one of the other processes of the run's training: share its steps, write nothing."""
    config = classifiers.parse(run.config)
    found = material(folders, config, kept=layout.TAUGHT.find(run.path))
    dataset, learned, held_out = found.dataset, found.learned, found.held_out
    classify.build(config, dataset.legend()).fit(
        learned,
        held_out,
        folder=run.path,
        on_epoch=lambda _: None,
        should_stop=lambda: False,
    )


def _curve(run: RunFolder, progress: Progress) -> Callable[[Mapping[str, float]], None]:
    """Writes each epoch's numbers, over those of an earlier attempt that is gone through again."""
    told: list[int] = []

    def on_epoch(values: Mapping[str, float]) -> None:
        epoch = int(values["epoch"])
        if not told:
            run.keep_epochs_before(epoch)
        told.append(epoch)
        run.append_epoch(values)
        progress(
            Message("Training, epoch {n}", n=epoch), min(float(values.get("progress", 0.0)), 1.0)
        )

    return on_epoch
