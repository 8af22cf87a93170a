"""From a dataset to a run: train, predict the held-out zones, score."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cropdash import classify
from cropdash.classify import imbalance
from cropdash.classify.classifier import Classifier
from cropdash.domain import IGNORE, Bytes, Legend, Sample, Zone
from cropdash.domain.errors import InvalidRun
from cropdash.prepare import rare, splits
from cropdash.settings import classifiers
from cropdash.settings.ensemble import EnsembleConfig
from cropdash.settings.folders import Folders
from cropdash.settings.train import TrainConfig
from cropdash.storage.datasets import DatasetFolder
from cropdash.storage.layout import VALIDATED
from cropdash.storage.runs import RunFolder
from cropdash.workflow import calibrate, ensemble, ranks, refit
from cropdash.workflow.partition import Zones, check_context, choose_zones, mapped_parcels
from cropdash.workflow.score import predict_zones, score_run
from cropdash.workflow.zone_dataset import Samples, Together

Progress = Callable[[str, float], None]
_TRAIN, _PREDICT = 0.85, 0.97  # shares of the progress bar where these steps end


def train_run(
    run: RunFolder,
    folders: Folders,
    *,
    progress: Progress,
    should_stop: Callable[[], bool] = lambda: False,
    zones: Zones | None = None,
) -> None:
    """Train the run's model, predict the test zones and write the scores.

    Without `zones` they are as the settings divide them. A run that was broken off goes on from the last epoch that was kept.
    Raises NotEnoughData if the dataset has no training zone, InvalidRun if its legend differs.
    """
    config = classifiers.parse(run.config)
    dataset = DatasetFolder(folders.data, config.dataset)
    zones = zones or choose_zones(dataset, config)
    progress("Reading zones and training the first epoch", 0.0)
    classifier = _untrained(config, run, dataset)
    learned_as = settle_rare(run, dataset, zones.train, config)
    learned, held_out = _samples(folders, dataset, zones, config, learned_as)
    again = _learns_again(config, zones)
    first = _TRAIN / 2 if again else _TRAIN
    told: list[int] = []
    started = time.monotonic()

    def on_epoch(values: Any) -> None:
        if not told:  # epochs of an earlier attempt that are gone through again
            run.keep_epochs_before(int(values["epoch"]))
        told.append(int(values["epoch"]))
        run.append_epoch(values)
        done = min(float(values.get("progress", 0.0)), 1.0)
        progress(f"Training, epoch {int(values.get('epoch', 0))}", done * first)

    with ranks.assisted(run, folders, config):
        classifier.fit(
            learned,
            held_out,
            folder=run.path,
            on_epoch=on_epoch,
            should_stop=should_stop,
        )
    classifier.save(run.path)
    progress("Calibrating", first)
    prior = _prior(config, folders, learned, dataset.legend())
    run.write_calibrated(calibrate.fit(classifier, held_out, prior).to_json())
    if again and not should_stop():
        everything = Together((learned, Samples(dataset, zones.validation, learned_as)))
        _learn_again(run, classifier, everything, dataset.legend(), progress, should_stop)
    seconds = {"train": round(time.monotonic() - started, 1)}
    if not should_stop():
        classify.forget_checkpoint(run.path)
        shares = run.calibrated().get("prior") or prior.tolist()
        trained = [k for k, share in enumerate(shares) if share > 0]
        finish_run(run, dataset, zones, trained, seconds, progress)


def _learns_again(config: TrainConfig, zones: Zones) -> bool:
    """An ensemble has nothing to learn from more zones."""
    joins = classifiers.kind(config.classifier).joins
    return config.refit and bool(zones.validation) and not joins


def _learn_again(
    run: RunFolder,
    validated: Classifier,
    samples: Sequence[Sample],
    legend: Legend,
    progress: Progress,
    should_stop: Callable[[], bool],
) -> None:
    """Put a model of all zones in the place of the validated one, which is kept beside it.

    The calibration stays: it is that of the model whose zones were held out; only the shares of
    the classes are those of what is now learned from.
    """
    config = validated.config

    def told(stage: str, done: float) -> None:
        progress(stage, (1 + done) * _TRAIN / 2)

    (run.path / VALIDATED).mkdir(exist_ok=True)
    validated.save(run.path / VALIDATED)
    model = refit.refit(run, config, samples, legend, progress=told, should_stop=should_stop)
    if model is not None:
        shares = imbalance.census(samples, legend.n_classes).shares
        fitted = calibrate.Calibration.from_json(run.calibrated())
        run.write_calibrated(replace(fitted, prior=tuple(shares.tolist())).to_json())
        model.save(run.path)
        refit.forget(run)


def _prior(
    config: TrainConfig, folders: Folders, learned: Sequence[Sample], legend: Legend
) -> NDArray[np.float64]:
    """(K,) shares of the classes in what was learned, by an ensemble's members in theirs."""
    if isinstance(config, EnsembleConfig):
        return ensemble.prior(config, folders.models)
    return imbalance.census(learned, legend.n_classes).shares


def assist_run(run: RunFolder, folders: Folders) -> None:
    """Be one of the other processes of the run's training: share its steps, write nothing."""
    config = classifiers.parse(run.config)
    dataset = DatasetFolder(folders.data, config.dataset)
    zones = choose_zones(dataset, config)
    learned_as, _ = rare_classes(dataset, zones.train, config)
    learned, held_out = _samples(folders, dataset, zones, config, learned_as)
    classify.build(config, dataset.legend()).fit(
        learned, held_out, folder=run.path, on_epoch=lambda _: None, should_stop=lambda: False
    )


def _samples(
    folders: Folders, dataset: DatasetFolder, zones: Zones, config: TrainConfig, learned_as: Bytes
) -> tuple[Together, Samples]:
    """What is learned from, and what is held out to judge by."""
    own = Samples(dataset, zones.train, learned_as)
    learned = Together((own, also_learned(folders, dataset, zones, config, learned_as)))
    return learned, Samples(dataset, zones.validation)


def _untrained(config: TrainConfig, run: RunFolder, dataset: DatasetFolder) -> Classifier:
    if isinstance(config, EnsembleConfig):
        return ensemble.assemble(config, run.path.parent, dataset.legend(), validated=True)
    return classify.build(config, dataset.legend())


def finish_run(
    run: RunFolder,
    dataset: DatasetFolder,
    zones: Zones,
    trained: Sequence[int],
    seconds: dict[str, float],
    progress: Progress,
) -> None:
    """Predict the test zones and score them; `trained` are the classes that were learned."""
    started = time.monotonic()

    def predicting(stage: str, done: float) -> None:
        progress(stage, _TRAIN + done * (_PREDICT - _TRAIN))

    predict_zones(run, dataset, zones.test, predicting)
    seconds["predict"] = round(time.monotonic() - started, 1)
    progress("Scoring", _PREDICT)
    if zones.test:
        score_run(run, dataset, zones.test, trained=trained, seconds=seconds)


def also_learned(
    folders: Folders, own: DatasetFolder, zones: Zones, config: TrainConfig, learned_as: Bytes
) -> Sequence[Sample]:
    """Training zones of the other dataset that the settings name; none if they name none.

    Those on the ground of own zones that are not learned from are left out.

    Raises InvalidRun if it has other classes, bands or periods.
    """
    if not config.also:
        return ()
    other = DatasetFolder(folders.data, config.also)
    ours, theirs = own.description(), other.description()
    if (ours.bands, len(ours.season.periods)) != (theirs.bands, len(theirs.season.periods)):
        raise InvalidRun(
            f"Dataset {other.name} has {len(theirs.season.periods)} periods of {', '.join(theirs.bands)} "
            f"and {own.name} {len(ours.season.periods)} of {', '.join(ours.bands)}: learn from one of the "
            "same kind."
        )
    if ours.legend_hash != theirs.legend_hash:
        raise InvalidRun(f"Datasets {own.name} and {other.name} have different classes.")
    theirs_to_learn = [z for z in other.built_zones() if z.split == "train"]
    check_context(other, theirs_to_learn, config)
    learned = {zone.zone_id for zone in zones.train}
    held = [zone for zone in own.built_zones() if zone.zone_id not in learned]
    return Samples(other, splits.apart(theirs_to_learn, held), learned_as)


def settle_rare(
    run: RunFolder, dataset: DatasetFolder, zones: Sequence[Zone], config: TrainConfig
) -> Bytes:
    """(K,) the class that each class is learned as; what was decided is written into the run."""
    learned_as, decided = rare_classes(dataset, zones, config)
    run.write_classes(decided)
    return learned_as


def rare_classes(
    dataset: DatasetFolder, zones: Sequence[Zone], config: TrainConfig
) -> tuple[Bytes, dict[str, Any]]:
    """(K,) the class that each is learned as, by the settings' rule, and what that means in words."""
    legend = dataset.legend()
    crops = mapped_parcels(dataset, zones)["crop"]
    counts = np.bincount(crops[crops != IGNORE], minlength=legend.n_classes)
    target = rare.learned_as(counts, legend.group_of("group"), config.least_parcels, config.rare)
    names = [c.name for c in legend.classes]
    return target, {
        "parcels": {name: int(n) for name, n in zip(names, counts, strict=True) if n},
        "dropped": [names[k] for k in np.flatnonzero((target == IGNORE) & (counts > 0))],
        "merged": {
            names[k]: names[target[k]]
            for k in np.flatnonzero((target != np.arange(len(target))) & (target != IGNORE))
            if counts[k]
        },
    }


def weights_path(run: RunFolder) -> Path:
    """The file that holds the run's trained model; raises InvalidRun if there is none."""
    path = run.path / classifiers.kind(run.config["classifier"]).weights
    if path.is_file():
        return path
    raise InvalidRun(f"Run {run.run_id} has no trained model yet: let its training finish.")
