"""What models say of real land: those trained on the simulation alone, and those trained there.

    python -m bench.real [--rows NAME ...] [--seeds 0 1 2 3 4] [--folder KEPT] [--side 128]
                         [--landscape 3] [--parts simulation across] [--last] [--jobs 2]

Builds a small simulated landscape (40 zones of `--side` pixels) and another to judge by, trains each
row on the first for each seed, and prints accuracy / macro F1 over the classes that occur in

- the other simulated landscape, on which settings may be chosen as on the real sets below;
- Flanders 2018 (maize and grass), Herault 2018 (eleven crops, two zones) and Canada 2017 (points of
  seven crops) of ../shared/data, of which no label was seen;
- across Herault 2018 and across Canada 2017: trained on one half of the place, scored on the other.

`--last` prints California 2021 beside them, the set that no choice was made by: for the end alone.
`--parts` names one of both ways of training. All rows of a seed come before the next seed; of
`--jobs` at once, each with one thread.

Beside the default models stand a random forest and extra trees of scikit-learn and LightGBM
(requirements-dev.txt) with their own defaults, on as many rows of the same columns, drawn by area.
Means over the seeds with their 95 % interval (Student's t); then each row minus the first, paired by
seed. Models answer as they come out of training, without the adjustment that a run fits afterwards.
"""

from __future__ import annotations

import argparse
import multiprocessing
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from scipy import stats

from bench import real_sets
from bench.real_sets import RealSet
from cropdash import classify, evaluate, legend
from cropdash.classify import description, features, sampling
from cropdash.domain import Sample
from cropdash.settings import classifiers
from cropdash.simulate.source import SimulatedSource
from cropdash.storage.datasets import DatasetFolder
from cropdash.workflow import build, partition
from cropdash.workflow.zone_dataset import ZoneDataset

ROWS: dict[str, tuple[str, dict[str, Any]]] = {
    "cnn": ("cnn", {}),
    "xgboost": ("xgboost", {}),
    "forest": ("forest", {}),
    "xgboost in season": ("xgboost", {"in_season": True}),
    "random forest": ("RandomForestClassifier", {}),
    "extra trees": ("ExtraTreesClassifier", {}),
    "lightgbm": ("LGBMClassifier", {}),
    "cnn without location": ("cnn", {"location": False}),
    "cnn not varied": ("cnn", {"variation": 0.0}),
    "cnn surroundings always": ("cnn", {"context_dropout": 0.0}),
    "cnn adjusted .2": ("cnn", {"logit_adjustment": 0.2}),
    "cnn dropout .3": ("cnn", {"dropout": 0.3}),
    "xgboost without location": ("xgboost", {"location": False}),
    "xgboost not varied": ("xgboost", {"variation": 0.0}),
    "forest not varied": ("forest", {"variation": 0.0}),
}
DEFAULTS = ("cnn", "xgboost", "forest", "random forest", "extra trees", "lightgbm")
PARTS = ("simulation", "across")
K = legend.load().n_classes


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", nargs="+", choices=ROWS, default=DEFAULTS)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2, 3, 4])
    parser.add_argument("--folder", type=Path, help="Where the landscapes are kept.")
    parser.add_argument("--side", type=int, default=128)
    parser.add_argument("--landscape", type=int, default=3)
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=PARTS)
    parser.add_argument("--last", action="store_true")
    parser.add_argument("--jobs", type=int, default=1)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        report(arguments.folder or Path(scratch), arguments)


def report(folder: Path, arguments: argparse.Namespace) -> None:
    _, sets, across = places(folder, arguments.landscape, arguments.side, arguments.last)
    sets = sets if "simulation" in arguments.parts else ()
    across = across if "across" in arguments.parts else ()
    names = [one.name for one in sets] + [f"across {one.name}" for one in across]
    print(f"{'':<26}{'seed':>5}" + "".join(f"{name:>24}" for name in names) + f"{'CPU s':>7}")
    asked = [(row, seed) for seed in arguments.seeds for row in arguments.rows]
    found: dict[str, list[list[float]]] = {}
    # Begun anew: torch's and XGBoost's threads do not survive a fork.
    ways = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(arguments.jobs, mp_context=ways) as pool:
        waiting = [pool.submit(measured, folder, arguments, *each) for each in asked]
        for (row, seed), one in zip(asked, waiting, strict=True):
            scores, spent = one.result()
            found.setdefault(row, []).append([value for pair in scores for value in pair])
            cells = "".join(f"{a:16.3f} / {f:.3f}" for a, f in scores)
            print(f"{row:<26}{seed:>5}{cells}{spent:7.0f}", flush=True)
    summary(names, {row: np.array(values) for row, values in found.items()})


@cache
def places(
    folder: Path, landscape: int, side: int, last: bool
) -> tuple[DatasetFolder, tuple[RealSet, ...], tuple[RealSet, ...]]:
    """What is learned from, what is scored, and of that what is learned from by halves."""
    learn = simulated(folder, landscape, side, 5)
    other = simulated(folder, landscape + 1, side, 2)
    real = [real_sets.flanders(), real_sets.herault(folder), real_sets.canada()]
    real += [real_sets.california()] if last else []
    there = [found for found in real if found is not None]
    land = RealSet("simulated", tuple(other.sample(zone) for zone in other.built_zones()))
    return learn, (land, *there), tuple(one for one in there if len(one.zones) == 2)


def measured(
    folder: Path, arguments: argparse.Namespace, row: str, seed: int
) -> tuple[list[tuple[float, float]], float]:
    """Accuracy and macro F1 by set, and the seconds of processor time of learning on simulation."""
    learn, sets, across = places(folder, arguments.landscape, arguments.side, arguments.last)
    scores, spent = [], 0.0
    if "simulation" in arguments.parts:
        start = time.process_time()
        said = trained_on_simulation(row, seed, learn)
        spent = time.process_time() - start
        scores += [score(said, one.zones) for one in sets]
    if "across" in arguments.parts:
        scores += [between(row, seed, one) for one in across]
    return scores, spent


def summary(names: Sequence[str], found: dict[str, np.ndarray]) -> None:
    """Means and intervals, and the same of the differences from the first row."""
    first = next(iter(found))
    for row, values in found.items():
        for title, table in ((row, values), (f"{row} minus {first}", values - found[first])):
            if title.endswith(f"{first} minus {first}"):
                continue
            print(f"\n{title}")
            for i, name in enumerate(names):
                parts = [interval(table[:, 2 * i + j]) for j in (0, 1)]
                print(f"  {name:<24}accuracy {parts[0]}   macro F1 {parts[1]}")


def interval(values: np.ndarray) -> str:
    n = len(values)
    reach = stats.t(n - 1).ppf(0.975) * values.std(ddof=1) / np.sqrt(n) if n > 1 else np.nan
    return f"{values.mean():+.3f} +- {reach:.3f}"


def simulated(folder: Path, number: int, side: int, zones: int) -> DatasetFolder:
    source = SimulatedSource(seed=number, size=side, zones_per_region=zones)
    name = f"landscape_{number}_{side}_{zones}"
    dataset = DatasetFolder(folder, name)
    if not (folder / name).is_dir():
        described = build.describe(source, name, name, {"seed": number})
        build.build(source, dataset, described, workers=1, progress=lambda stage, done: None)
    return dataset


Answers = Callable[[Sample], np.ndarray]  # (H, W) class ids of a zone


def trained_on_simulation(row: str, seed: int, learn: DatasetFolder) -> Answers:
    zones = partition.choose_zones(learn, classifiers.parse(settings_of("xgboost", {}, seed)))
    return fitted(row, seed, ZoneDataset(learn, zones.train), ZoneDataset(learn, zones.validation))


def between(row: str, seed: int, place: RealSet) -> tuple[float, float]:
    """Each half of a place by a model of the other: the mean of both scores."""
    one, other = place.zones
    pairs = [score(fitted(row, seed, [a], []), [b]) for a, b in ((one, other), (other, one))]
    accuracy, macro = np.mean(pairs, axis=0)
    return float(accuracy), float(macro)


def settings_of(kind: str, changes: dict[str, Any], seed: int) -> dict[str, Any]:
    return {"classifier": kind, "dataset": "d", "seed": seed, "threads": 1, **changes}


def fitted(row: str, seed: int, train: Sequence[Sample], held: Sequence[Sample]) -> Answers:
    kind, changes = ROWS[row]
    if kind not in classifiers.MODULES:
        return ordinary(kind, seed, train)
    model = classify.build(classifiers.parse(settings_of(kind, changes, seed)), legend.load())
    with tempfile.TemporaryDirectory() as scratch:
        model.fit(
            train, held, folder=Path(scratch), on_epoch=lambda values: None,
            should_stop=lambda: False,
        )  # fmt: skip
    return lambda zone: model.predict_proba(zone.cube).argmax(axis=0)


def ordinary(kind: str, seed: int, train: Sequence[Sample]) -> Answers:
    """A library's own defaults, on rows that are drawn by area and see no place."""
    config = classifiers.parse(settings_of("forest", {"location": False}, seed))
    schema, rng = description.schema_of(train, config), np.random.default_rng(seed)
    rows, labels = sampling.draw(train, schema, config.pixels, "none", rng)
    if kind == "LGBMClassifier":
        from lightgbm import LGBMClassifier

        made = LGBMClassifier(random_state=seed, n_jobs=1, verbosity=-1)
    else:
        from sklearn import ensemble

        made = getattr(ensemble, kind)(random_state=seed, n_jobs=1)
    made.fit(np.nan_to_num(rows), labels)
    classes = np.array(schema.classes)

    def say(zone: Sample) -> np.ndarray:
        table = features.table(zone.cube, schema.inputs)
        said: np.ndarray = classes[made.predict(np.nan_to_num(table))]
        return said.reshape(zone.cube.grid.shape)

    return say


def score(said: Answers, zones: Sequence[Sample]) -> tuple[float, float]:
    counted = [
        evaluate.confusion(real_sets.scored(zone), said(zone).astype(np.uint8), K) for zone in zones
    ]
    total = sum(counted[1:], counted[0])
    return total.accuracy, total.macro_f1


if __name__ == "__main__":
    main()
