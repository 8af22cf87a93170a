"""Both models, their seeds and their variants on the same held-out zones, in one run.

    python -m bench.models [--folder DEMO] [--rows NAME ...] [--seed 0] [--repeats 1]
                           [--landscapes 0 ...] [--side 256] [--threads 2]

Builds the demo (or takes the one in `--folder`, which holds data/demo), trains each row in a
process of its own (`--repeats` times, with one seed after the other, and then prints their means)
and prints, over the test zones,

- accuracy and macro F1 (over the classes with support) of crop pixels and of parcels,
- the expected calibration error of parcels and, where calibrated, the share of them whose set of
  classes (90 % promised) holds the declared one, and how often those sure of their class are right,
- isolated pixels and pieces a parcel of the map, see `bench.texture`,
- seconds of processor time in training, pixels a second in prediction, peak memory.

A rare crop has a few parcels in the test zones of one landscape, so that chance moves macro F1:
with several `--landscapes` each row learns and is scored on each of them, as with other seeds.

The seed project's network gets the processor time of the default one and what its last epoch takes
beyond, and again three times that. A calibrated row answers as a run does: adjusted for rare classes
and scaled, both as fitted on the zones that it held out; the others answer as the bare model does.
Nothing is chosen here: settings were chosen on folds of the training zones and on real land.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from bench import texture
from bench.transfer import build_demo
from cropdash import classify, evaluate
from cropdash.classify import features
from cropdash.domain import Float, Sample
from cropdash.evaluate import conformal, parcels, uncertainty
from cropdash.settings import classifiers
from cropdash.storage.datasets import DatasetFolder
from cropdash.workflow import calibrate, partition
from cropdash.workflow.zone_dataset import ZoneDataset

DEFAULT = {"xgboost": "xgboost", "cnn": "cnn"}  # the rows with default settings
ROWS: dict[str, tuple[str, dict[str, Any]]] = {
    "xgboost seed": ("xgboost", {"preset": "seed"}),
    "xgboost": ("xgboost", {}),
    "xgboost raw values": ("xgboost", {"inputs": "raw"}),
    "xgboost by area": ("xgboost", {"weighting": "none"}),
    "forest": ("forest", {}),
    "forest random": ("forest", {"preset": "random"}),
    "cnn": ("cnn", {}),
    "cnn seed": ("cnn", {"preset": "seed", "share": 1.0}),
    "cnn seed, 3x": ("cnn", {"preset": "seed", "share": 3.0}),
    "cnn without location": ("cnn", {"location": False}),
    "cnn not varied": ("cnn", {"variation": 0.0}),
    "cnn surroundings always": ("cnn", {"context_dropout": 0.0}),
    "cnn all pixels alike": ("cnn", {"weighting": "none"}),
    "cnn float32": ("cnn", {"half_precision": False}),
    "cnn elevation": ("cnn", {"layers": "elevation"}),
    "cnn rare merged": ("cnn", {"rare": "merge"}),
    "cnn last crop": ("cnn", {"last_crop": True}),
    "xgboost no location": ("xgboost", {"location": False}),
    "xgboost elevation": ("xgboost", {"layers": "elevation"}),
    "xgboost last crop": ("xgboost", {"last_crop": True}),
    "xgboost rare merged": ("xgboost", {"rare": "merge"}),
    "xgboost rare dropped": ("xgboost", {"rare": "drop"}),
    "xgboost calibrated": ("xgboost", {"calibrated": True}),
    "cnn calibrated": ("cnn", {"calibrated": True}),
}
NO_SETTINGS = ("preset", "share", "calibrated")  # what a row says beside its settings
HEAD = (
    f"{'':<24}{'pixels':>13}{'parcels':>13}{'ECE':>6}{'sets':>6}{'sure':>6}{'alone':>7}{'pieces':>7}"
    f"{'CPU s':>7}{'kpx/s':>7}{'GB':>6}  "
    "(accuracy/macro F1)"
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--rows", nargs="+", choices=ROWS)
    parser.add_argument("--seed", type=int, default=0, help="Of the first training.")
    parser.add_argument("--repeats", type=int, default=1)
    parser.add_argument("--threads", type=int, default=2, help="Of each training.")
    parser.add_argument("--landscapes", type=int, nargs="+", default=[0])
    parser.add_argument("--side", type=int, default=256, help="Pixels of a zone that is built.")
    parser.add_argument("--row", choices=ROWS, help=argparse.SUPPRESS)
    parser.add_argument("--budget", type=float, default=0.0, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.row:
        print(json.dumps(measure(arguments.folder, arguments.row, arguments)))
        return
    with tempfile.TemporaryDirectory() as scratch:
        seeds = range(arguments.seed, arguments.seed + arguments.repeats)
        tables = []
        for number in arguments.landscapes:
            folder = built(arguments, arguments.folder or Path(scratch), number)
            rows = arguments.rows or list(ROWS)
            tables += [compare(folder, rows, seed, arguments.threads) for seed in seeds]
        if len(tables) > 1:
            print_means(tables)


def built(arguments: argparse.Namespace, folder: Path, number: int) -> Path:
    """Where the demo of this landscape is; it is built unless it was before."""
    if len(arguments.landscapes) > 1:
        folder = folder / f"landscape_{number}"
        print(f"landscape {number}")
    if not (folder / "data" / "demo").is_dir():
        build_demo(folder / "data", number, arguments.side)
    return folder


def compare(
    folder: Path, rows: Sequence[str], seed: int, threads: int
) -> dict[str, dict[str, Any]]:
    """Train and score each row in its own process; print as they come."""
    print(f"seed {seed}\n{HEAD}")
    found: dict[str, dict[str, Any]] = {}
    for row in rows:
        kind, settings = ROWS[row]
        budget = settings["share"] * time_of_default(found, kind) if "share" in settings else 0.0
        command = [sys.executable, "-m", "bench.models", "--row", row, "--folder", str(folder)]
        command += ["--budget", str(budget), "--seed", str(seed)]
        command += ["--threads", str(threads)]
        done = subprocess.run(command, check=True, capture_output=True, text=True)
        found[row] = json.loads(done.stdout.splitlines()[-1])
        print(line(row, found[row]), flush=True)
    for kind, default in DEFAULT.items():
        for row in (default, f"{kind} calibrated"):
            if {row, f"{kind} seed"} <= found.keys():
                print_gain(row, found[row], found[f"{kind} seed"])
    if {"cnn", "xgboost"} <= found.keys():
        print_pool(folder, found["cnn"], found["xgboost"])
    return found


def time_of_default(found: Mapping[str, Mapping[str, Any]], kind: str) -> float:
    """Processor seconds of the row with default settings, which a row with a share needs."""
    for row in (DEFAULT[kind], f"{kind} calibrated"):
        if row in found:
            return float(found[row]["cpu_s"])
    raise SystemExit(f"Name the row {DEFAULT[kind]!r} before a row that gets its time.")


def print_means(tables: Sequence[Mapping[str, Mapping[str, Any]]]) -> None:
    print(f"mean of {len(tables)}\n{HEAD}")
    for row in tables[0]:
        names = [name for name, value in tables[0][row].items() if isinstance(value, float)]
        print(line(row, {n: np.mean([table[row][n] for table in tables]) for n in names}))


def line(row: str, values: Mapping[str, Any]) -> str:
    covered, sure = (f"{values[n]:.3f}" if n in values else "" for n in ("covered", "sure"))
    return (
        f"{row:<24}{values['accuracy']:7.3f}/{values['macro_f1']:.3f}"
        f"{values['parcel_accuracy']:7.3f}/{values['parcel_macro_f1']:.3f}{values['ece']:6.3f}"
        f"{covered:>6}{sure:>6}{values['isolated']:7.2%}{values['pieces']:7.2f}{values['cpu_s']:7.0f}{values['kpx_s']:7.0f}{values['gb']:6.2f}"
    )


def print_gain(row: str, ours: Mapping[str, Any], seed: Mapping[str, Any]) -> None:
    print(
        f"{row} over its seed: macro F1 x {ours['macro_f1'] / seed['macro_f1']:.2f}, "
        f"accuracy {ours['accuracy'] - seed['accuracy']:+.3f}, "
        f"processor time x {ours['cpu_s'] / seed['cpu_s']:.2f}"
    )


def print_pool(folder: Path, *members: Mapping[str, Any]) -> None:
    """Both models' parcels by the mean of their probabilities."""
    tables = [np.load(folder / m["parcels"], allow_pickle=False) for m in members]
    truth = tables[0]["truth"]
    pooled = sum(table["probabilities"] for table in tables) / len(tables)
    accuracy, macro = scores(truth, pooled.argmax(1), pooled.shape[1])
    print(f"{'mean of both':<24}{'':>13}{accuracy:7.3f}/{macro:.3f}{ece(truth, pooled):6.3f}")


def measure(folder: Path, row: str, arguments: argparse.Namespace) -> dict[str, Any]:
    """Train one row and score it on the test zones."""
    kind, settings = ROWS[row]
    dataset = DatasetFolder(folder / "data", "demo")
    config = parsed(kind, settings, arguments)
    zones = partition.choose_zones(dataset, config)
    learned_as, _ = partition.rare_classes(dataset, zones.train, config)
    learned = ZoneDataset(dataset, zones.train, learned_as)
    held, test = ZoneDataset(dataset, zones.validation), ZoneDataset(dataset, zones.test)
    for part in (learned, held, test):
        list(part)  # read before the clock starts
    model = classify.build(config, dataset.legend())
    start = time.process_time()

    def spent() -> bool:
        return time.process_time() - start > (arguments.budget or np.inf)

    model = fitted(model, learned, held, spent)
    cpu = time.process_time() - start
    told = calibrate.Calibration()
    if settings.get("calibrated"):
        prior = features.class_shares(learned, dataset.legend().n_classes)
        told = calibrate.fit(model, held, prior)
    return {"cpu_s": cpu} | judged(folder, row, dataset, Answers(model, told), test)


@dataclass(frozen=True)
class Answers:
    """What a model says, bent as it was fitted to be."""

    model: Any
    calibration: calibrate.Calibration

    def bent(self, bare: Float, sample: Sample) -> tuple[Float, parcels.ParcelMeans]:
        """(K, H, W) of the pixels and (P, K) of the parcels."""
        means = parcels.parcel_probabilities(bare, sample.labels.parcel_id)
        said = self.calibration.of_parcels(means.probabilities)
        shown = bare
        if self.calibration.zones:  # else it is the bare model that is asked
            shown = calibrate.of_map(self.model, bare, sample.cube)
        return self.calibration.of_pixels(shown), means._replace(probabilities=said)


def fitted(
    model: Any, learned: Sequence[Sample], held: Sequence[Sample], spent: Callable[[], bool]
) -> Any:
    """The model trained until it has learned or spent its time."""
    late: list[Mapping[str, float]] = []

    def on_epoch(values: Mapping[str, float]) -> None:
        if spent():  # asked after whole epochs only: what is cut short would be lost
            late.append(values)

    with tempfile.TemporaryDirectory() as scratch:
        model.fit(
            learned, held, folder=Path(scratch), on_epoch=on_epoch, should_stop=lambda: bool(late)
        )
    return model


def parsed(kind: str, settings: Mapping[str, Any], arguments: argparse.Namespace) -> Any:
    values: dict[str, Any] = {k: v for k, v in settings.items() if k not in NO_SETTINGS}
    preset = classifiers.preset_values(kind, settings.get("preset", "light"))
    fixed = {"classifier": kind, "dataset": "demo"}
    fixed |= {"threads": arguments.threads, "seed": arguments.seed}
    # With a share of time it ends when that is spent, not before.
    endless = {"epochs": 1000, "patience": 1000} if "share" in settings else {}
    return classifiers.parse(fixed | preset | values | endless)


def judged(
    folder: Path, row: str, dataset: DatasetFolder, answers: Answers, test: Sequence[Sample]
) -> dict[str, Any]:
    """Scores of pixels and parcels, speed and memory."""
    size = dataset.legend().n_classes
    counts, seconds, pixels = np.zeros((size, size), np.int64), 0.0, 0
    truths, said, textures = [], [], []
    for sample in test:
        start = time.perf_counter()
        bare = answers.model.predict_proba(sample.cube)
        seconds += time.perf_counter() - start
        probabilities, means = answers.bent(bare, sample)
        pixels += sample.labels.crop.size
        counts += evaluate.confusion(sample.labels.crop, probabilities.argmax(0), size).counts
        textures.append((probabilities.argmax(0), sample))
        truth, chosen = mapped(dataset, sample, means)
        truths.append(truth)
        said.append(chosen)
    truth, means = np.concatenate(truths), np.concatenate(said)
    name = f"{row.replace(' ', '_').replace(',', '')}.npz"
    np.savez(folder / name, truth=truth, probabilities=means)
    matrix = evaluate.Confusion(counts, "pixel", includes_background=False)
    threshold = answers.calibration.threshold
    covered = {} if threshold is None else {"covered": coverage(truth, means, threshold)}
    if (least := answers.calibration.back_off) is not None:
        sure = means.max(1) >= least
        covered["sure"] = float((means.argmax(1) == truth)[sure].mean())
    isolated, pieces, _ = texture.of_maps(textures)
    accuracy, macro = scores(truth, means.argmax(1), size)
    return {
        "accuracy": matrix.accuracy,
        "macro_f1": matrix.macro_f1,
        "parcel_accuracy": accuracy,
        "parcel_macro_f1": macro,
        "ece": ece(truth, means),
        "kpx_s": pixels / seconds / 1e3,
        "gb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6,
        "isolated": isolated,
        "pieces": pieces,
        "parcels": name,
    } | covered


def mapped(
    dataset: DatasetFolder, sample: Sample, means: parcels.ParcelMeans
) -> tuple[np.ndarray, np.ndarray]:
    """(P,) declared crops and (P, K) mean probabilities of the parcels with a mapped crop."""
    declared = dataset.parcels(sample.zone.zone_id).set_index("parcel_id")["crop"]
    truth = declared.reindex(means.ids).to_numpy()
    crops = (truth > 0) & (truth < 255)
    return truth[crops].astype(np.uint8), means.probabilities[crops]


def scores(truth: np.ndarray, said: np.ndarray, size: int) -> tuple[float, float]:
    matrix = evaluate.confusion(truth, said.astype(np.uint8), size, unit="parcel")
    return matrix.accuracy, matrix.macro_f1


def ece(truth: np.ndarray, probabilities: np.ndarray) -> float:
    confidence = probabilities.max(1) / probabilities.sum(1)
    return uncertainty.calibration_error(confidence, probabilities.argmax(1) == truth)


def coverage(truth: np.ndarray, probabilities: np.ndarray, threshold: float) -> float:
    """Share of the parcels whose set of classes holds the truth."""
    sets = conformal.class_sets(probabilities, threshold)
    return float(sets[np.arange(len(truth)), truth].mean())


if __name__ == "__main__":
    main()
