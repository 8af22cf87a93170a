"""What one model for all dates says by date, beside models that learned for one date alone.

    python -m bench.dates [--landscapes 51 52] [--size 128] [--settings NAME=VALUE ...]

Builds each simulated landscape, trains XGBoost on whole seasons (`whole`), on seasons cut off at
random days (`in season`) and on what was known by the end of June and of July alone (`June alone`,
`July alone`: what bounds the others), and scores the parcels of whole test zones by date: share
named right, the same over that of `whole` at the season's end, macro F1, calibration error (ECE)
beside the error that as many parcels would show if every confidence were true, and how often sets
of 90 % hold the declared crop.
"""

from __future__ import annotations

import argparse
import datetime as dt
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.metrics import f1_score

from cropdash import classify
from cropdash.classify import features
from cropdash.classify.classifier import Classifier
from cropdash.domain import IGNORE, Sample
from cropdash.evaluate import conformal, parcels, uncertainty
from cropdash.prepare import as_of
from cropdash.settings import classifiers
from cropdash.simulate.source import SimulatedSource
from cropdash.storage.datasets import DatasetFolder
from cropdash.workflow import build, calibrate, partition

ENDS = [dt.date(2023, *day) for day in ((4, 30), (5, 31), (6, 30), (7, 31), (8, 31), (12, 31))]
JUNE, JULY = ENDS[2:4]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--landscapes", type=int, nargs="+", default=[51, 52])
    parser.add_argument("--size", type=int, default=128)
    parser.add_argument("--settings", nargs="*", default=[], metavar="NAME=VALUE")
    chosen = parser.parse_args()
    more = dict(item.split("=", 1) for item in chosen.settings)
    for seed in chosen.landscapes:
        with tempfile.TemporaryDirectory() as folder:
            table = of_landscape(Path(folder), seed, chosen.size, more)
        print(f"Landscape {seed}")
        print(table.round(3).to_string(index=False), flush=True)


def of_landscape(folder: Path, seed: int, size: int, more: dict[str, str]) -> pd.DataFrame:
    """One row a model and date."""
    source, dataset = SimulatedSource(seed=seed, size=size), DatasetFolder(folder, "demo")
    described = build.describe(source, "demo", "Demo", {"seed": seed})
    build.build(source, dataset, described, workers=1, progress=lambda stage, done: None)
    values = {"classifier": "xgboost", "dataset": "demo", "threads": 1, **more}
    zones = partition.choose_zones(dataset, classifiers.parse(values))
    sides = [[dataset.sample(z) for z in of] for of in (zones.train, zones.validation, zones.test)]
    models = {
        "whole": (ENDS[-1:], {}, ENDS[-1]),
        "in season": (ENDS, {"in_season": True}, ENDS[-1]),
        "June alone": ([JUNE], {}, JUNE),
        "July alone": ([JULY], {}, JULY),
    }
    rows = []
    for name, (days, own, known) in models.items():
        config = classifiers.parse(values | own)
        learned, held = (by(side, known) for side in sides[:2])
        model = classify.build(config, dataset.legend())
        with tempfile.TemporaryDirectory() as scratch:
            model.fit(
                learned, held, folder=Path(scratch), on_epoch=lambda values: None,
                should_stop=lambda: False,
            )  # fmt: skip
        prior = features.class_shares(learned, dataset.legend().n_classes)
        rows += [{"model": name, "by": day, **scores(model, prior, sides, day)} for day in days]
    table = pd.DataFrame(rows)
    table.insert(3, "of_whole", table["right"] / table["right"][0])
    return table


def by(samples: Sequence[Sample], day: dt.date) -> list[Sample]:
    return [replace(s, cube=as_of.known_by(s.cube, day)) for s in samples]


def scores(
    model: Classifier, prior: np.ndarray, sides: Sequence[Sequence[Sample]], day: dt.date
) -> dict[str, float]:
    """Of the parcels of the test zones, calibrated by the day on the zones held out."""
    fitted, told = calibrate.fit(model, by(sides[1], day), prior), []
    for sample in by(sides[2], day):
        said = parcels.parcel_probabilities(
            model.predict_proba(sample.cube), sample.labels.parcel_id
        )
        truth = parcels.declared(sample.labels, said.ids)
        mapped = (truth > 0) & (truth != IGNORE)
        told.append((fitted.of_parcels(said.probabilities[mapped]), truth[mapped]))
    said, truth = (np.concatenate(part) for part in zip(*told, strict=True))
    right, sure = said.argmax(axis=1) == truth, said.max(axis=1)
    sets = conformal.class_sets(said, fitted.threshold or 0.0)
    return {
        "right": right.mean(),
        "macro_f1": f1_score(
            truth, said.argmax(axis=1), labels=np.unique(truth), average="macro", zero_division=0
        ),
        "ece": uncertainty.calibration_error(sure, right),
        "by_chance": uncertainty.error_by_chance(sure),
        "sure": sure.mean(),
        "in_sets": sets[np.arange(len(truth)), truth].mean(),
        "parcels": len(truth),
    }


if __name__ == "__main__":
    main()
