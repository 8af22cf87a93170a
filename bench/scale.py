"""What numbers of zones cost: bookkeeping, the exponent of time, memory of a worker, reads.

    python -m bench.scale [--zones 100 300 900] [--size 32] [--workers 2] [--keep FOLDER]
    python -m bench.scale --catalogue 5500

For each number, in a process of its own: as many small zones of made-up fields are built, predicted
by a run that was trained on a few of them, and scored, by so many workers; then the catalogue is
read anew, and what pages ask of it. Times are processor seconds, which others' work on the machine does
not change much: those of the process that deals out the zones are bookkeeping, those of the workers
are reading, computing and writing (but for what each worker takes to start). The exponent is the slope
of the logarithm of time over that of zones: 1 is linear.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from bench import land
from cropdash.settings import classifiers
from cropdash.settings.folders import Folders
from cropdash.storage import runs
from cropdash.storage.datasets import DatasetFolder
from cropdash.storage.store import Store
from cropdash.workflow import build, predict, score, train

STEPS = ("build", "predict", "score")
HOME = 8  # zones that are learned from


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--zones", type=int, nargs="+", default=[100, 300, 900])
    parser.add_argument("--size", type=int, default=32)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--keep", type=Path, help="folder whose data and models are left")
    parser.add_argument("--catalogue", type=int, help="read the catalogue of so many zones, alone")
    parser.add_argument("--one", action="store_true", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.one:
        print(json.dumps(measured(asked.keep, asked.zones[0], asked.size, asked.workers)))
        return
    with tempfile.TemporaryDirectory() as temporary:
        if asked.catalogue:
            found = catalogue_of(asked.catalogue, Path(temporary))
            print(", ".join(f"{name} {seconds:.3f} s" for name, seconds in found.items()))
            return
        told = [_apart(asked, n, asked.keep or Path(temporary)) for n in asked.zones]
    exponents(asked.zones, told)


def _apart(asked: Any, n: int, where: Path) -> dict[str, Any]:
    place = where / str(n)
    options = ["--zones", n, "--size", asked.size, "--workers", asked.workers, "--keep", place]
    command = [sys.executable, "-m", "bench.scale", "--one", *map(str, options)]
    environment = os.environ | {
        "CROPDASH_DATA": str(place / "data"), "CROPDASH_MODELS": str(place / "models"),
        "OMP_NUM_THREADS": "1",
    }  # fmt: skip
    said = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, env=environment)
    found: dict[str, Any] = json.loads(said.stdout.splitlines()[-1])
    report([n], [found])
    return found


def measured(where: Path, n: int, size: int, workers: int) -> dict[str, Any]:
    """All that is measured of one number of zones; a step that is whole is not done again."""
    folders, told = Folders(where / "data", where / "models"), where / "steps.json"
    found: dict[str, Any] = json.loads(told.read_text()) if told.exists() else {}
    kept = runs.list_all(folders.models)
    run = kept[0] if found else _trained(folders, size)
    zones = tuple(replace(z, split="test") for z in land.squares(n, size))
    source, dataset = land.Fields(zones), DatasetFolder(folders.data, "many")
    described = build.describe(source, "many", "Many", {})

    def step(name: str, work: Callable[[], object]) -> None:
        if name not in found:
            found[name] = _cost(work)
            used = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
            found["worker_mb"] = max(used, found.get("worker_mb", 0.0))
            told.write_text(json.dumps(found))

    def again() -> object:
        return build.build(source, dataset, described, workers=workers, progress=_silent)

    step("build", again)
    built = dataset.built_zones()
    step("predict", lambda: predict.predict_zones(run, dataset, built, _silent, workers=workers))
    there = predict.elsewhere.at(run, "many")
    step("score", lambda: score.score_run(there, dataset, built, workers=workers))
    step("again", again)
    found["catalogue_s"] = float(_apart_look(where))
    found["reads"] = _reads(folders)
    found["server_mb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return found


def catalogue_of(n: int, where: Path) -> dict[str, float]:
    """Processor seconds to read how `n` zones are: without a catalogue, by it, and what pages then ask.

    One zone is built, and its files are linked into the folders of all.
    """
    zones = land.squares(n, 32)
    dataset = DatasetFolder(where / "data", "many")
    first = land.Fields(zones[:1])
    build.build(first, dataset, build.describe(first, "many", "Many", {}), progress=_silent)
    mine = dataset.zone_folder(zones[0].zone_id)
    for zone in zones[1:]:
        there = dataset.zone_folder(zone.zone_id)
        there.mkdir()
        for file in mine.iterdir():
            os.link(file, there / file.name)
    source = land.Fields(zones)
    (dataset.path / "dataset.json").unlink()
    dataset.describe(build.describe(source, "many", "Many", {}))
    (dataset.path / "catalogue.jsonl").unlink()
    anew, by_it = float(_apart_look(where)), float(_apart_look(where))
    folders = Folders(where / "data", where / "models")
    return {"without one": anew, "by it": by_it} | _reads(folders)


def _trained(folders: Folders, size: int) -> runs.RunFolder:
    zones = tuple(replace(z, split="train") for z in land.squares(HOME, size, name="home"))
    source, home = land.Fields(zones), DatasetFolder(folders.data, "home")
    build.build(source, home, build.describe(source, "home", "Home", {}), progress=_silent)
    values = {"classifier": "xgboost", "dataset": "home", "trees": 20, "threads": 1}
    run = runs.queue(folders, classifiers.parse(values))
    train.train_run(run, folders, progress=_silent)
    return run


def _cost(work: Callable[[], object]) -> dict[str, float]:
    """Processor seconds of this process and of its children, and seconds."""
    before, own, start = os.times(), time.process_time(), time.perf_counter()
    work()
    after = os.times()
    children = after.children_user + after.children_system
    children -= before.children_user + before.children_system
    return {
        "own": time.process_time() - own,
        "workers": children,
        "wall": time.perf_counter() - start,
    }


def _apart_look(where: Path) -> str:
    """Processor seconds in which a new process reads how all zones are."""
    code = (
        "import sys, time; from pathlib import Path; "
        "from cropdash.storage.datasets import DatasetFolder; "
        "f = DatasetFolder(Path(sys.argv[1]), 'many'); f.description(); t = time.process_time(); "
        "assert all(k.is_built for k in f.look().values()); print(time.process_time() - t)"
    )
    command = [sys.executable, "-c", code, str(where / "data")]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout


def _reads(folders: Folders) -> dict[str, float]:
    """Processor seconds of what pages ask of all zones, once the catalogue is in memory."""
    store = Store(folders.data, folders.models)
    store.fingerprint("many")
    asked: dict[str, Callable[[], object]] = {
        "fingerprint": lambda: store.fingerprint("many"),
        "zone states": lambda: store.zone_states("many"),
        "class counts": lambda: store.class_counts("many"),
        "runs": lambda: store.runs("many"),
        "parcel facts, joined first": lambda: store.parcel_facts("many"),
        "parcel facts": lambda: store.parcel_facts("many"),
        "series, joined first": lambda: store.seasons("many"),
        "series": lambda: store.seasons("many"),
        "dates, joined first": lambda: store.clear_dates("many"),
        "dates": lambda: store.clear_dates("many"),
    }
    found = {}
    for name, ask in asked.items():
        start = time.process_time()
        ask()
        found[name] = time.process_time() - start
    return found


def report(zones: list[int], told: list[dict[str, Any]]) -> None:
    """What was measured of each number."""
    print("zones  step     own s  workers s  ms a zone  bookkeeping  wall s")
    for n, found in zip(zones, told, strict=True):
        for step in (*STEPS, "again"):
            cost = found[step]
            whole = cost["own"] + cost["workers"]
            print(f"{n:5}  {step:7} {cost['own']:6.2f} {cost['workers']:10.2f} {1000 * whole / n:10.1f}"
                  f" {cost['own'] / whole:12.1%} {cost['wall']:7.1f}")  # fmt: skip
    for n, found in zip(zones, told, strict=True):
        reads = ", ".join(f"{name} {seconds:.2f}" for name, seconds in found["reads"].items())
        print(f"{n:5}: catalogue read in {found['catalogue_s']:.3f} s; worker {found['worker_mb']:.0f}"
              f" MB, reader {found['server_mb']:.0f} MB; reads [s]: {reads}", flush=True)  # fmt: skip


def exponents(zones: list[int], told: list[dict[str, Any]]) -> None:
    """How time and memory grow with the number of zones: 1 is linear."""
    if len(zones) > 1:
        for name, of in (
            ("processor time", _whole),
            ("bookkeeping", _own),
            ("a worker's memory", _mb),
        ):
            slope = np.polyfit(np.log(zones), np.log([of(found) for found in told]), 1)[0]
            print(f"Exponent of {name} over {', '.join(map(str, zones))} zones: {slope:.2f}")


def _whole(found: dict[str, Any]) -> float:
    return sum(found[step]["own"] + found[step]["workers"] for step in STEPS)


def _own(found: dict[str, Any]) -> float:
    return sum(float(found[step]["own"]) for step in STEPS)


def _mb(found: dict[str, Any]) -> float:
    return float(found["worker_mb"])


def _silent(stage: str, done: float) -> None:
    """Nobody listens."""


if __name__ == "__main__":
    main()
