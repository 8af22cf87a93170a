"""Folds of whole zones: each is scored by a model that was trained on the others."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence
from typing import Any

import pandas as pd

from cropdash.domain import IGNORE, Zone
from cropdash.domain.errors import InvalidRun, NotEnoughData
from cropdash.domain.message import Message
from cropdash.domain.scores import UnitScores
from cropdash.evaluate import scores, tables
from cropdash.prepare import splits
from cropdash.settings.folders import Folders
from cropdash.settings.study import CrossValidation
from cropdash.storage.datasets import DatasetFolder
from cropdash.storage.runs import RunFolder
from cropdash.storage.studies import StudyFolder
from cropdash.workflow import partition, train
from cropdash.workflow.partition import Zones
from cropdash.workflow.score import UNITS

Progress = Callable[[str, float], None]
_AVERAGED = ("accuracy", "macro_f1")


def crossvalidate(
    study: StudyFolder,
    folders: Folders,
    *,
    progress: Progress,
    should_stop: Callable[[], bool] = lambda: False,
) -> None:
    """Train and score each fold that is not scored yet; write the scores after each.

    Test zones take no part. A fold that was broken off goes on from its last epoch.
    Raises NotEnoughData if there are fewer training zones than folds.
    """
    config = study.config
    if not isinstance(config, CrossValidation):
        raise InvalidRun("Study {a} is no cross-validation.", a=study.study_id)
    dataset = DatasetFolder(folders.data, config.dataset)
    partition.check_unchanged(study.record(), dataset)
    folds = divide(dataset, config)
    done: list[RunFolder] = []
    for i, zones in enumerate(folds):

        def told(stage: str, share: float, i: int = i) -> None:
            progress(
                Message("Fold {n} of {total}: {stage}", n=i + 1, total=len(folds), stage=stage),
                (i + share) / len(folds),
            )

        run = study.fold(i, config.training().model_dump(mode="json"))
        if not run.scores():
            train.train_run(run, folders, progress=told, should_stop=should_stop, zones=zones)
        if not run.scores():
            return  # asked to stop: what is finished stays
        study.write_fold_parcels(i, _parcels(run, dataset, zones.test))
        done.append(run)
        study.write_scores(summarise(done, dataset))


def divide(dataset: DatasetFolder, config: CrossValidation) -> tuple[Zones, ...]:
    """Zones of each fold, among the training zones only; its `test` zones are those it scores."""
    learnable = {z.zone_id: z for z in dataset.built_zones() if z.split == "train"}
    if not learnable:
        raise NotEnoughData(
            "Dataset {a} has no built training zone: build it first.", a=dataset.name
        )
    training = config.training()
    parcels = partition.mapped_parcels(dataset, list(learnable.values()))
    found = splits.nested(
        parcels,
        config.folds,
        inner_folds=training.folds,
        inner=training.validation_fold,
        seed=training.seed,
    )

    def chosen(ids: frozenset[str]) -> tuple[Zone, ...]:
        return tuple(zone for zone_id, zone in learnable.items() if zone_id in ids)

    return tuple(Zones(chosen(f.train), chosen(f.validation), chosen(f.scored)) for f in found)


def summarise(runs: Sequence[RunFolder], dataset: DatasetFolder) -> dict[str, Any]:
    """Scores of each fold, their mean and standard deviation, and those of all zones together."""
    k = dataset.legend().n_classes
    scored = [found for run in runs if (found := run.scores()) is not None]
    by_fold = [found.test for found in scored]
    counted = pd.concat([run.confusions() for run in runs], ignore_index=True)
    return {
        "folds": [
            {"fold": i, "zones": test.zones, **{unit: _few(test.of(unit)) for unit in UNITS}}
            for i, test in enumerate(by_fold)
        ],
        "mean": {
            unit: {
                name: _spread([getattr(test.of(unit), name) for test in by_fold])
                for name in _AVERAGED
            }
            for unit in UNITS
        },
        "pooled": {
            unit: scores.summary(tables.from_table(counted, k, unit=unit)) for unit in UNITS
        },
        "seconds": sum(sum(found.seconds.values()) for found in scored),
    }


def _few(found: UnitScores) -> dict[str, Any]:
    return {name: getattr(found, name) for name in (*_AVERAGED, "n_scored", "n_classes_averaged")}


def _spread(values: Sequence[float | None]) -> dict[str, float | None]:
    """Mean, and standard deviation over the folds (None for a single one)."""
    known = [value for value in values if value is not None]
    return {
        "mean": statistics.fmean(known) if known else None,
        "deviation": statistics.stdev(known) if len(known) > 1 else None,
    }


def _parcels(run: RunFolder, dataset: DatasetFolder, zones: Sequence[Zone]) -> pd.DataFrame:
    """What the fold's model says of each declared parcel of the zones that it never saw."""
    found = []
    for zone in zones:
        declared = pd.DataFrame(dataset.parcels(zone.zone_id)[["parcel_id", "crop"]])
        table = declared.rename(columns={"crop": "truth"}).merge(
            run.parcel_prediction(zone.zone_id), on="parcel_id"
        )
        table.insert(0, "zone_id", zone.zone_id)
        found.append(table[table["truth"] != IGNORE])
    return pd.concat(found, ignore_index=True)
