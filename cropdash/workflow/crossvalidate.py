"""Folds of whole zones: each is scored by a model that was trained on the others."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import product
from typing import Any

import numpy as np
import pandas as pd

from cropdash.domain import IGNORE, Zone
from cropdash.domain.errors import InvalidRun, NotEnoughData
from cropdash.domain.message import Message
from cropdash.domain.scores import UnitScores
from cropdash.evaluate import learning_curve, scores, tables
from cropdash.prepare import splits
from cropdash.settings.folders import Folders
from cropdash.settings.study import CrossValidation
from cropdash.storage import layout
from cropdash.storage.datasets import DatasetFolder
from cropdash.storage.runs import RunFolder
from cropdash.storage.studies import StudyFolder
from cropdash.workflow import partition, train
from cropdash.workflow.partition import Zones
from cropdash.workflow.score import UNITS
from cropdash.workflow.taught import Taught, decisions_of

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

    For a learning curve, each is then trained on halves of its parcels, see `_thinned`. Test zones take no part. A fold that was broken off goes on from its last epoch.
    Raises NotEnoughData if there are fewer training zones than folds.
    """
    config = study.config
    if not isinstance(config, CrossValidation):
        raise InvalidRun("Study {a} is no cross-validation.", a=study.study_id)
    dataset = DatasetFolder(folders.data, config.dataset)
    partition.check_unchanged(study.record(), dataset)
    folds = divide(dataset, config)
    done: list[RunFolder] = []
    learned: list[pd.DataFrame] = []
    total = config.n_trainings
    for i, (step, zones) in enumerate(product(range(config.steps), folds)):

        def told(stage: str, share: float, i: int = i) -> None:
            progress(
                Message("Fold {n} of {total}: {stage}", n=i + 1, total=total, stage=stage),
                (i + share) / total,
            )

        run = study.fold(i, config.step(step).model_dump(mode="json"))
        if config.steps > 1:
            taught, table = _thinned(folders, dataset, config, zones, step)
            learned.append(table)
            if step and not run.scores():
                layout.TAUGHT.write(run.path, taught.to_json())
        if not run.scores():
            train.train_run(run, folders, progress=told, should_stop=should_stop, zones=zones)
        if not run.scores():
            return  # asked to stop: what is finished stays
        study.write_fold_parcels(i, _parcels(run, dataset, zones.test))
        if not step:
            done.append(run)
        found = summarise(done, dataset)
        if step and (i + 1) % config.folds == 0:  # all zones are scored at this step
            found["curve"] = _curve(study, config, dataset, pd.concat(learned))
        study.write_scores(found)


def _thinned(
    folders: Folders, dataset: DatasetFolder, config: CrossValidation, zones: Zones, step: int
) -> tuple[Taught, pd.DataFrame]:
    """What a fold learns at a step, and how many parcels of each class: step, class_id, n.

    Of every class the same share is left out, of a class's few at most all but one; what is learned at
    a step is part of what is learned at the one before.
    """
    one = config.training()
    taught = decisions_of(folders.data, dataset, zones) if one.decisions == "apply" else Taught()
    facts = [
        dataset.parcel_facts(z.zone_id, ("parcel_id", "crop")).assign(zone_id=z.zone_id)
        for z in zones.train
    ]
    parcels = pd.concat(facts, ignore_index=True)
    parcels = parcels.assign(order=np.random.default_rng(one.seed).random(len(parcels)))
    told = [
        taught.by_zone.get(z, {}).get(int(p), k)
        for z, p, k in zip(parcels["zone_id"], parcels["parcel_id"], parcels["crop"], strict=True)
    ]
    parcels = parcels.assign(crop=told)
    parcels = parcels[parcels["crop"].between(1, IGNORE - 1)]
    by_class = parcels.groupby("crop")["order"]
    kept = by_class.rank(method="first") <= np.ceil(by_class.transform("size") / 2**step)
    left = {str(zone): dict(held) for zone, held in taught.by_zone.items()}
    for zone, parcel in parcels.loc[~kept, ["zone_id", "parcel_id"]].itertuples(index=False):
        left.setdefault(str(zone), {})[int(parcel)] = IGNORE
    n = parcels[kept].groupby("crop").size()
    table = pd.DataFrame({"step": step, "class_id": n.index, "n": n.to_numpy()})
    return replace(taught, by_zone=left, left_out=taught.left_out + int((~kept).sum())), table


def _curve(
    study: StudyFolder, config: CrossValidation, dataset: DatasetFolder, learned: pd.DataFrame
) -> list[dict[str, Any]]:
    """Rows of `evaluate.learning_curve`, with the name of each class, as JSON holds them."""
    every = study.fold_parcels().assign(step=lambda t: t["fold"] // config.folds)
    counted = learning_curve.counts(every[every["step"] <= learned["step"].max()])
    mean = pd.DataFrame(learned.groupby(["step", "class_id"])["n"].sum().reset_index())
    mean["n"] = (mean["n"] / config.folds).round()
    found = learning_curve.curve(counted, mean, config.training().seed)
    found.insert(1, "name", [dataset.legend().classes[int(k)].name for k in found["class_id"]])
    known = found.replace([np.inf, -np.inf], np.nan).astype(object)
    rows = known.where(known.notna(), None).to_dict("records")
    return [{str(name): value for name, value in row.items()} for row in rows]


def divide(dataset: DatasetFolder, config: CrossValidation) -> tuple[Zones, ...]:
    """Zones of each fold, among the training zones only; its `test` zones are those it scores."""
    learnable = {z.zone_id: z for z in dataset.built_zones() if z.split == "train"}
    if not learnable:
        dataset.check_damage()
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
