"""What people's decisions are worth to a model, on landscapes whose truth is known.

    python -m bench.learn [--landscapes 11 12 13 14] [--size 256] [--zones 2] [--start 200] [--n 100]

For each landscape a model is trained again and again by `decisions=apply`, and scored on test zones,
whose parcels no decision touches, against what truly grows there.

- Learning: `start` parcels of the training zones are known in truth, all others are left out. Then n
  more become known: those that `evaluate.learning.most_to_learn` names by the model's own answers, or
  random ones (the mean of `--randoms` draws).
- Cleaning: all training parcels are learned as declared, some wrongly. Then, of at most n that
  `evaluate.learning.most_to_clean` names by models that never saw their zone (four folds), all are left
  out, or told in truth; or, without its limits, the n that the declared class fits least; or n random ones.

Differences are paired by landscape; the interval is Student's, over the landscapes.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from bench.bands import interval
from cropdash import evaluate, legend
from cropdash.domain import Zone
from cropdash.evaluate import learning, suspicion
from cropdash.settings import classifiers
from cropdash.settings.folders import Folders
from cropdash.simulate import landscape, tables
from cropdash.simulate.source import SimulatedSource
from cropdash.storage import decisions, runs
from cropdash.storage.datasets import DatasetFolder
from cropdash.storage.decisions import Parcel, Said
from cropdash.workflow import build, partition, train
from cropdash.workflow.partition import Zones
from cropdash.workflow.predict import predict_zones

FOLDS = 4
ROWS = {
    "start": "known at the start",
    "random": "and n random ones",
    "learn": "and the n that teach most",
    "declared": "all, as declared",
    "cleaned": "without those likely wrong",
    "corrected": "those likely wrong told in truth",
    "doubtful": "without the n least supported",
    "fewer": "without n random ones",
}
PAIRS = (("learn", "random"), ("random", "start"), ("learn", "start"),
         ("cleaned", "declared"), ("corrected", "declared"), ("doubtful", "declared"),
         ("fewer", "declared"))  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--landscapes", type=int, nargs="+", default=[11, 12, 13, 14])
    parser.add_argument("--size", type=int, default=256, help="Pixels on a side of a zone.")
    parser.add_argument("--zones", type=int, default=2, help="A region; the first is a test zone.")
    parser.add_argument("--start", type=int, default=200, help="Parcels known at the start.")
    parser.add_argument("--n", type=int, default=100, help="Decisions.")
    parser.add_argument("--randoms", type=int, default=3, help="Random draws.")
    parser.add_argument("--model", default=next(k.name for k in classifiers.trainable()))
    parser.add_argument("--trees", type=int, default=100)
    parser.add_argument("--only", choices=["learn", "clean"], help="One of the two questions.")
    parser.add_argument("--workers", type=int, default=1)
    arguments = parser.parse_args()
    found = []
    for number in arguments.landscapes:
        begun = time.monotonic()
        with tempfile.TemporaryDirectory() as scratch:
            found.append(World(Path(scratch), number, arguments).measure())
        said = {k: {n: round(v, 4) for n, v in row.items()} for k, row in found[-1].items()}
        print(
            f"landscape {number} ({time.monotonic() - begun:.0f} s): {json.dumps(said)}", flush=True
        )
    report(found)


class World:
    """A landscape: its dataset, the truth of its parcels, and what is said of them."""

    def __init__(self, scratch: Path, seed: int, arguments: argparse.Namespace) -> None:
        self.seed, self.args = seed, arguments
        self.where = Folders(scratch / "data", scratch / "models")
        source = SimulatedSource(seed=seed, size=arguments.size, zones_per_region=arguments.zones)
        self.dataset = DatasetFolder(self.where.data, "demo")
        described = build.describe(source, "demo", "Demo", {"seed": seed})
        done = build.build(
            source, self.dataset, described, workers=arguments.workers, progress=lambda *_: None
        )
        if done.failed:
            raise SystemExit(f"Landscape {seed} was not built: {done.failed}")
        self.names = [item.name for item in legend.load().classes]
        self.sides = partition.choose_zones(self.dataset, self.config())
        self.pool = self.table((*self.sides.train, *self.sides.validation))
        self.tested = self.table(self.sides.test)
        self.rng = np.random.default_rng(seed)

    def measure(self) -> dict[str, dict[str, float]]:
        """Scores of each row of ROWS, or of those of one question."""
        if self.args.only == "clean":
            return self.clean(self.args.n)
        n, known = self.args.n, self.rng.permutation(len(self.pool))[: self.args.start]
        first = self.run(self.only(known))
        found = {"start": self.score(first)}
        rest = np.setdiff1d(np.arange(len(self.pool)), known)
        said = self.answers(first, rest)
        chosen = rest[
            learning.most_to_learn(
                learning.uncertainty(said),
                said.argmax(1),
                self.pool["n_pixels"].to_numpy()[rest],
                np.ones(len(rest)),
                n,
            )
        ]
        found["learn"] = self.score(self.run(self.only(np.concatenate([known, chosen]))))
        draws = [self.rng.choice(rest, n, replace=False) for _ in range(self.args.randoms)]
        scores = [self.score(self.run(self.only(np.concatenate([known, d])))) for d in draws]
        found["random"] = {k: float(np.mean([s[k] for s in scores])) for k in scores[0]}
        return found if self.args.only else found | self.clean(n)

    def clean(self, n: int) -> dict[str, dict[str, float]]:
        """Scores after leaving out parcels, and how many of them were declared wrongly."""
        declared, said = self.pool["crop"].to_numpy(np.int64), self.out_of_fold()
        wrong = (self.pool["crop"] != self.pool["truth"]).to_numpy()
        likely = learning.most_to_clean(declared, said, n)
        every = suspicion.ranked(suspicion.evidence(declared, [said], [None]))
        todo = {
            "declared": [],
            "cleaned": [self.left_out(i) for i in likely],
            "corrected": [self.told(i) for i in likely],
            "doubtful": [self.left_out(i) for i in every.index.to_numpy()[:n]],
            "fewer": [self.left_out(i) for i in self.rng.choice(len(wrong), n, replace=False)],
        }
        found = {key: self.score(self.run(said)) for key, said in todo.items()}
        found["declared"] |= {"wrong": float(wrong.mean()), "n": float(len(wrong))}
        found["cleaned"] |= {"wrong": float(wrong[likely].mean()), "n": float(len(likely))}
        return found

    def config(self, decided: str = "ignore"):
        values = {
            "classifier": self.args.model,
            "dataset": "demo",
            "threads": 1,
            "trees": self.args.trees,
        }
        return classifiers.parse(values | {"pixels": 20_000, "decisions": decided})

    def table(self, zones: Sequence[Zone]) -> pd.DataFrame:
        """Parcels of mapped crops that hold pixels, with their true class; those unknown are left out."""
        parts = []
        for zone in zones:
            held = pd.DataFrame(self.dataset.parcels(zone.zone_id).drop(columns="geometry"))
            held["truth"] = held["register_id"].astype(str).map(truth_of(zone, self.seed))
            parts.append(held)
        whole = pd.concat(parts, ignore_index=True)
        kept = whole["crop"].between(1, 254) & whole["truth"].gt(0) & whole["n_pixels"].gt(0)
        return whole[kept].reset_index(drop=True).astype({"truth": int})

    def run(self, said: Sequence[Said], sides: Zones | None = None):
        """A run trained after these decisions and no others."""
        (self.where.data / "cropdash.db").unlink(missing_ok=True)
        decisions.decide(self.where.data, "demo", said)
        run = runs.queue(self.where, self.config("apply"))
        train.train_run(run, self.where, progress=lambda *_: None, zones=sides)
        return run

    def only(self, known: np.ndarray) -> list[Said]:
        """The truth of these parcels, and all others of the training zones left out."""
        inside = np.isin(np.arange(len(self.pool)), known)
        return [self.told(i) if inside[i] else self.left_out(i) for i in range(len(self.pool))]

    def told(self, i: int) -> Said:
        row = self.pool.iloc[i]
        return Said(self.parcel(row), "relabel", crop=self.names[row["truth"]])

    def left_out(self, i: int) -> Said:
        return Said(self.parcel(self.pool.iloc[i]), "leave_out")

    def parcel(self, row: pd.Series) -> Parcel:
        return Parcel(str(row["register_id"]), str(row["zone_id"]), int(row["parcel_id"]))

    def answers(self, run, rows: np.ndarray) -> np.ndarray:
        """(P, K) what a run says of these rows of the pool."""
        wanted = self.pool.iloc[rows]
        zones = [z for z in self.dataset.built_zones() if z.zone_id in set(wanted["zone_id"])]
        predict_zones(run, self.dataset, zones, lambda *_: None)
        return self.said(run, wanted)

    def said(self, run, wanted: pd.DataFrame) -> np.ndarray:
        by_zone = {
            z: run.parcel_prediction(z).set_index("parcel_id").filter(regex=r"^p_\d+$")
            for z in wanted["zone_id"].unique()
        }
        keys = zip(wanted["zone_id"], wanted["parcel_id"], strict=True)
        return np.array([by_zone[z].loc[i].to_numpy(np.float32) for z, i in keys])

    def out_of_fold(self) -> np.ndarray:
        """(P, K) what models that never saw its zone say of each parcel of the pool."""
        zones = (*self.sides.train, *self.sides.validation)
        said = np.zeros((len(self.pool), len(self.names)), np.float32)
        for fold in range(FOLDS):
            there = zones[fold::FOLDS]
            here = [zone for zone in zones if zone not in there]
            run = self.run([], Zones(tuple(here[:-1]), tuple(here[-1:]), ()))
            rows = np.flatnonzero(self.pool["zone_id"].isin([z.zone_id for z in there]))
            said[rows] = self.answers(run, rows)
        return said

    def score(self, run) -> dict[str, float]:
        """Macro F1 and accuracy on the parcels of the test zones, against the truth."""
        named = self.said(run, self.tested).argmax(1).astype(np.uint8)
        truth = self.tested["truth"].to_numpy(np.uint8)
        found = evaluate.confusion(truth, named, len(self.names), unit="parcel")
        return {"macro_f1": float(found.macro_f1), "accuracy": float(found.accuracy)}


def truth_of(zone: Zone, seed: int) -> dict[str, int]:
    """Register id -> class of what truly grows there."""
    land, table = landscape.lay_out(zone, seed), tables.codes()
    grows = dict(zip(table["code"], table["grows_as"], strict=True))
    crops = dict(zip(table["code"], table["class_id"], strict=True))
    common = pd.DataFrame({k: table[k] for k in ("grows_as", "class_id", "parcels")})
    common = common.sort_values("parcels").groupby("grows_as")["class_id"].last()
    block = int.from_bytes(zone.zone_id.encode()[-6:], "big") % 9_000 + 1_000
    found = {}
    for i in np.flatnonzero(land.code != ""):
        code, growth = land.code[i], land.growth[i]
        right = growth == grows[code]
        found[f"{block}{i:05d}"] = int(crops[code] if right else common[growth])
    return found


def report(found: Sequence[Mapping[str, Mapping[str, float]]]) -> None:
    for key, words in ROWS.items():
        if key not in found[0]:
            continue
        means = [np.mean([row[key][name] for row in found]) for name in ("macro_f1", "accuracy")]
        print(f"{words:<36}macro F1 {means[0]:.3f}   accuracy {means[1]:.3f}")
    for one, two in PAIRS:
        if not {one, two} <= found[0].keys():
            continue
        each = np.array([row[one]["macro_f1"] - row[two]["macro_f1"] for row in found])
        low, high = interval(each)
        listed = " ".join(f"{value:+.3f}" for value in each)
        print(
            f"{one} against {two}: {each.mean():+.3f} ({low:+.3f} to {high:+.3f}), each: {listed}"
        )
    if "cleaned" not in found[0]:
        return
    wrong, base, n = (
        np.mean([row[key][name] for row in found])
        for key, name in (("cleaned", "wrong"), ("declared", "wrong"), ("cleaned", "n"))
    )
    print(f"declared wrongly: {wrong:.0%} of {n:.0f} that are likely so, {base:.1%} of all")


if __name__ == "__main__":
    main()
