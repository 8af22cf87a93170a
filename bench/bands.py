"""What ten bands are worth beside four on the simulated landscape, and what they cost.

    python -m bench.bands [--landscapes 0 1 2] [--size 96] [--zones 2] [--models NAME ...]
                          [--epochs 4] [--season 2023] [--every month] [--threads 2]

Each landscape is built twice, with the four bands of 10 m and with all ten (the four are the same
in both, bit for bit), and each model learns from the training zones of both and is scored on their
test zones, which it never sees. Differences are paired by landscape: what a landscape makes easy or
hard, it does so for both. The interval is Student's, over the landscapes.

The landscape draws its bands of 20 m by PROSAIL, with leaf water by crop, age and thirst, and one
dry matter for all crops: see `cropdash/simulate/radiometry.py`. What it says of real fields is no
more than that.

By default small landscapes, and few epochs of what learns in epochs, so that all of it takes less
than 15 minutes on two free cores; with `--size 256 --zones 5 --epochs 10` it is the demo.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from scipy.stats import t as student

from bench import models
from cropdash import classify
from cropdash.domain import Season
from cropdash.domain.sentinel2 import BAND_SETS
from cropdash.settings import classifiers
from cropdash.simulate.source import SimulatedSource
from cropdash.storage import layout
from cropdash.storage.datasets import DatasetFolder
from cropdash.workflow import build, calibrate, partition
from cropdash.workflow.zone_dataset import ZoneDataset

FEW, MANY = "10m", "all"  # sets of bands
SCORES = {
    "accuracy": "accuracy of pixels",
    "macro_f1": "macro F1 of pixels",
    "parcel_accuracy": "accuracy of parcels",
    "parcel_macro_f1": "macro F1 of parcels",
}
COSTS = {
    "build_s": "build, processor s",
    "megabytes": "composites, MB",
    "cpu_s": "training, processor s",
    "kpx_s": "prediction, 1,000 pixels/s",
    "gb": "peak memory, GB",
}
LEVEL = 0.95
Found = Mapping[str, float]


def main() -> None:
    trainable = [kind.name for kind in classifiers.trainable()]
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--landscapes", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--size", type=int, default=96, help="Pixels on a side of a zone.")
    parser.add_argument("--zones", type=int, default=2, help="A region; the first is a test zone.")
    parser.add_argument("--models", nargs="+", choices=trainable, default=trainable)
    parser.add_argument("--epochs", type=int, default=4, help="Of those that learn in epochs.")
    parser.add_argument("--season", default="2023")
    parser.add_argument("--every", default="month")
    parser.add_argument("--threads", type=int, default=2, help="Of each training.")
    parser.add_argument("--train", nargs=2, metavar=("DATA", "MODEL"), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.train:
        print(json.dumps(trained(Path(arguments.train[0]), arguments.train[1], arguments)))
        return
    found = measure(arguments)
    print_table(found, arguments)


def measure(arguments: argparse.Namespace) -> dict[tuple[str, str], list[Found]]:
    """Model and set of bands to what was measured, a landscape after another."""
    found: dict[tuple[str, str], list[Found]] = {}
    for number in arguments.landscapes:
        with tempfile.TemporaryDirectory() as scratch:
            for bands in (FEW, MANY):
                data = Path(scratch) / bands
                cost = built(data, number, bands, arguments)
                for model in arguments.models:
                    told = in_own_process(data, model, arguments)
                    found.setdefault((model, bands), []).append(cost | told)
                    said = " ".join(f"{name} {value:.3g}" for name, value in told.items())
                    print(f"landscape {number}, {bands}, {model}: {said}", flush=True)
    return found


def built(data: Path, seed: int, bands: str, arguments: argparse.Namespace) -> dict[str, float]:
    """Build one landscape; processor seconds of the build and megabytes of its composites."""
    source = SimulatedSource(
        seed=seed,
        size=arguments.size,
        zones_per_region=arguments.zones,
        season=Season.of(arguments.season, arguments.every),
        bands=BAND_SETS[bands],
    )
    folder = DatasetFolder(data, "demo")
    described = build.describe(source, "demo", "Demo", {"seed": seed})
    start = time.process_time()
    result = build.build(source, folder, described, workers=1, progress=lambda stage, done: None)
    if result.failed:
        raise SystemExit(f"Landscape {seed} was not built: {result.failed}")
    size = sum(path.stat().st_size for path in data.rglob(layout.COMPOSITE))
    return {"build_s": time.process_time() - start, "megabytes": size / 1e6}


def in_own_process(data: Path, model: str, arguments: argparse.Namespace) -> dict[str, float]:
    """Train and score in a process of its own, whose memory is then the training's."""
    command = [sys.executable, "-m", "bench.bands", "--train", str(data), model]
    command += ["--threads", str(arguments.threads), "--epochs", str(arguments.epochs)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return {n: v for n, v in json.loads(done.stdout.splitlines()[-1]).items() if n != "parcels"}


def trained(data: Path, model: str, arguments: argparse.Namespace) -> dict[str, Any]:
    """Train on the training zones, score on the test zones."""
    dataset = DatasetFolder(data, "demo")
    fixed = {"classifier": model, "dataset": "demo", "threads": arguments.threads}
    if "epochs" in classifiers.kind(model).settings.model_fields:
        fixed["epochs"] = arguments.epochs
    config = classifiers.parse(fixed)
    zones = partition.choose_zones(dataset, config)
    learned, held, test = (
        ZoneDataset(dataset, part) for part in (zones.train, zones.validation, zones.test)
    )
    for part in (learned, held, test):
        list(part)  # read before the clock starts
    start = time.process_time()
    made = models.fitted(classify.build(config, dataset.legend()), learned, held, lambda: False)
    cpu = time.process_time() - start
    answers = models.Answers(made, calibrate.Calibration())
    return {"cpu_s": cpu} | models.judged(data, model, dataset, answers, test)


def print_table(
    found: Mapping[tuple[str, str], Sequence[Found]], arguments: argparse.Namespace
) -> None:
    n = len(arguments.landscapes)
    print(
        f"\n{n} landscapes of {8 * arguments.zones} zones of {arguments.size} px, season "
        f"{arguments.season} by {arguments.every}; {os.cpu_count()} cores\n"
        "means over landscapes; differences paired by landscape, with 95 % intervals"
    )
    print(f"{'':<36}{'4 bands':>9}{'10 bands':>10}{'difference':>13}{'95 % of':>20}")
    for model in arguments.models:
        few, many = (found[model, bands] for bands in (FEW, MANY))
        for name, label in SCORES.items():
            one, ten = (np.array([row[name] for row in rows]) for rows in (few, many))
            low, high = interval(ten - one)
            print(
                f"{model + ': ' + label:<36}{one.mean():9.3f}{ten.mean():10.3f}"
                f"{(ten - one).mean():+13.3f}{f'{low:+.3f} to {high:+.3f}':>20}"
            )
    for model in arguments.models:
        few, many = (found[model, bands] for bands in (FEW, MANY))
        for name, label in COSTS.items():
            one, ten = (float(np.mean([row[name] for row in rows])) for rows in (few, many))
            print(f"{model + ': ' + label:<36}{one:9.2f}{ten:10.2f}{f'x {ten / one:.2f}':>13}")


def interval(differences: np.ndarray) -> tuple[float, float]:
    """Student's interval of the mean difference; unbounded with one landscape."""
    n = len(differences)
    if n < 2:
        return -np.inf, np.inf
    reach = student.ppf((1 + LEVEL) / 2, n - 1) * differences.std(ddof=1) / np.sqrt(n)
    return differences.mean() - reach, differences.mean() + reach


if __name__ == "__main__":
    main()
