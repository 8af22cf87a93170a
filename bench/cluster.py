"""Predicting on a dask cluster: two workers against one, and a worker killed at a random moment.

    python -m bench.cluster [--zones 24] [--size 128] [--rounds 3] [--kills 10] [--seed 0]

In turns the same zones are predicted by one worker and by two of clusters that run already; the ratio
is that of the medians of the seconds. Then one of two workers gets SIGKILL at a moment drawn between the
first and the last tenth of an undisturbed run, so many times, and what is written is compared byte by byte
with what was written undisturbed. The machine's load is told, since two workers want two cores.
"""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import statistics
import tempfile
import threading
import time
from dataclasses import replace
from pathlib import Path

import numpy as np

from bench import land
from cropdash.settings import classifiers
from cropdash.settings.folders import Folders
from cropdash.storage import elsewhere, layout, runs
from cropdash.storage.datasets import DatasetFolder
from cropdash.workflow import build, predict, train


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--zones", type=int, default=24)
    parser.add_argument("--size", type=int, default=128)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    from distributed import Client, LocalCluster

    plain = {"threads_per_worker": 1, "host": "127.0.0.1", "dashboard_address": None}
    with tempfile.TemporaryDirectory() as folder:
        work = Work(Path(folder), asked.zones, asked.size)
        with LocalCluster(1, **plain) as one, LocalCluster(2, **plain) as two:  # type: ignore[no-untyped-call]
            addresses = {1: one.scheduler_address, 2: two.scheduler_address}
            for n, address in addresses.items():
                work.seconds(address, n)  # each worker has loaded its packages then
            expected, took = work.written(), dict[int, list[float]]()
            for _ in range(asked.rounds):
                for n, address in addresses.items():
                    took.setdefault(n, []).append(work.seconds(address, n))
                    assert work.written() == expected
            middle = {n: statistics.median(all_of) for n, all_of in took.items()}
            load, cores = os.getloadavg()[0], os.cpu_count()
            told = ", ".join(
                f"{n} in {middle[n]:.1f} s ({min(took[n]):.1f} to {max(took[n]):.1f})" for n in took
            )
            print(f"{asked.zones} zones of {asked.size} px by workers: {told}; ratio {middle[1] / middle[2]:.2f}"
                  f" on {cores} cores with a load of {load:.1f}", flush=True)  # fmt: skip
            rng, same = np.random.default_rng(asked.seed), 0
            with Client(two.scheduler_address, set_as_default=False) as client:  # type: ignore[no-untyped-call]
                for _ in range(asked.kills):
                    pids = sorted(client.run(os.getpid).values())
                    after = float(rng.uniform(0.1, 0.9)) * middle[2]
                    timer = threading.Timer(after, os.kill, (int(rng.choice(pids)), signal.SIGKILL))
                    timer.start()
                    seconds = work.seconds(two.scheduler_address, 2)
                    timer.join()
                    is_same = work.written() == expected
                    same += is_same
                    print(f"  killed after {after:.1f} of {seconds:.1f} s: {'the same bytes' if is_same else 'OTHER BYTES'}", flush=True)  # fmt: skip
                    client.wait_for_workers(2, timeout=60)
            print(f"{same} of {asked.kills} results are byte-equal to the undisturbed one")


class Work:
    """A run that was trained on a few zones, and others to predict with it."""

    def __init__(self, where: Path, n: int, size: int) -> None:
        folders = Folders(where / "data", where / "models")
        home = tuple(replace(z, split="train") for z in land.squares(4, size, name="home"))
        _built(folders, "home", home)
        values = {"classifier": "xgboost", "dataset": "home", "trees": 40, "threads": 1}
        self._run = runs.queue(folders, classifiers.parse(values))
        train.train_run(self._run, folders, progress=_silent)
        self._dataset = _built(folders, "many", land.squares(n, size))
        self._there = elsewhere.at(self._run, "many")

    def seconds(self, scheduler: str, workers: int) -> float:
        """Predict all anew, and tell how long it took."""
        shutil.rmtree(self._there.path, ignore_errors=True)
        zones, start = self._dataset.built_zones(), time.perf_counter()
        found = predict.predict_zones(
            self._run, self._dataset, zones, _silent, workers=workers, scheduler=scheduler
        )
        assert not found.failed, found.failed
        assert len(found.done) == len(zones)
        return time.perf_counter() - start

    def written(self) -> dict[str, bytes]:
        """What each file of the predictions holds."""
        folders = (self._there.predictions, self._there.path / layout.EDGES)
        files = [p for f in folders for p in sorted(f.iterdir()) if p.name != layout.PREDICTED]
        assert len(files) == 3 * len(self._dataset.built_zones())
        return {f"{p.parent.name}/{p.name}": p.read_bytes() for p in files}


def _built(folders: Folders, name: str, zones: tuple[land.Zone, ...]) -> DatasetFolder:
    source, dataset = land.Fields(zones), DatasetFolder(folders.data, name)
    build.build(source, dataset, build.describe(source, name, name, {}), progress=_silent)
    return dataset


def _silent(stage: str, done: float) -> None:
    """Nobody listens."""


if __name__ == "__main__":
    main()
